"""The durable inbox of vendors' events: stored once each before the vendor is answered, worked on later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from app.domain.channel import Account, Ignored, InboundEvent
from app.domain.job import Lane, NewJob
from app.services.ids import new_id
from app.services.ports import InboxRow, Store
from app.services.publish import Publisher, nudge

RECEIVE_KIND = "receive_webhook"
PRUNE_WEBHOOKS_KIND = "webhooks.prune"
WEBHOOKS_KEEP_DAYS = 30  # vendors send again for at most a week
ADDRESS_CHARS = 320
DETAIL_CHARS = 500


class Verdict(StrEnum):
    """What became of an event, or of a whole request."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_ACCOUNT = "unknown_account"
    IGNORED_TYPE = "ignored_type"
    UNREADABLE = "unreadable"
    BLOCKED = "blocked"  # of a customer from whom the shop takes nothing
    FAILED = "failed"  # accepted, and processing gave up


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of a verified request, with the account it is for and its bytes."""

    account: Account
    event: InboundEvent
    raw: bytes


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A row of the webhook log without what was said."""

    id: UUID
    channel: str
    status: str
    received_at: datetime
    account: UUID | None
    kind: str | None
    provider_id: str | None
    processed_at: datetime | None
    error: str | None


class WebhookLog(Protocol):
    """The webhook log, for people's eyes."""

    async def page(
        self, shop: UUID, *, channel: str | None, status: str | None, before: UUID | None, limit: int
    ) -> Sequence[LoggedEvent]:
        """Return rows of a shop, the newest first, those with an id below `before`."""


class Inbox:
    """Stores what came, and has it processed."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher

    async def accept(
        self,
        channel: str,
        arrivals: Sequence[Arrival],
        headers: Mapping[str, str],
        *,
        notes_duplicates: bool = True,
    ) -> int:
        """Store every event that is not here yet, with one job per account; return how many are new.

        Everything is durable when this returns, so that the vendor may forget it.
        """
        post = new_id()
        rows = _rows(channel, post, arrivals, headers)
        jobs = [
            NewJob(Lane.RECEIVE, RECEIVE_KIND, f"{post}:{account}", shop=shop, payload=_payload(post, account))
            for account, shop in {row.account: row.shop for row in rows if row.waits}.items()
            if account is not None
        ]
        async with self._store.write(urgent=True) as tx:
            # In the order of their keys, so that two requests with the same events wait for each other, not in a ring.
            new = await tx.inbox.add(sorted(rows, key=lambda row: (row.account_ref or "", row.provider_id or "")))
            accounts = {row.account for row in rows if row.id in new and row.waits}
            for job in jobs:
                if UUID(job.payload["account"]) in accounts:
                    tx.jobs.enqueue(job)
            if len(new) < len(rows) and notes_duplicates:
                await tx.inbox.add([_duplicates(channel, post, arrivals, len(rows) - len(new))])
            await tx.commit()
        if accounts:
            await self._publisher.publish([nudge(Lane.RECEIVE)])
        return len(new)

    async def note(
        self,
        channel: str,
        verdict: Verdict,
        *,
        account: Account | None = None,
        account_ref: str | None = None,
        headers: Mapping[str, str],
        detail: str,
        body: bytes = b"",
    ) -> None:
        """Log a request that was not accepted; keep a body only when the vendor has signed it."""
        row = InboxRow(
            id=new_id(),
            post=new_id(),
            channel=channel,
            status=verdict.value,
            shop=None if account is None else account.shop,
            account=None if account is None else account.id,
            account_ref=account_ref,
            headers=headers,
            error=detail[:DETAIL_CHARS],
            body=body,
            waits=False,
        )
        async with self._store.write(urgent=True) as tx:
            await tx.inbox.add([row])
            await tx.commit()


def _payload(post: UUID, account: UUID | None) -> dict[str, str]:
    return {"post": str(post), "account": str(account)}


def _rows(channel: str, post: UUID, arrivals: Sequence[Arrival], headers: Mapping[str, str]) -> list[InboxRow]:
    """Make a row per event, each key once; ids grow in the order of the events."""
    rows: dict[tuple[UUID, str], InboxRow] = {}
    for row_id, arrival in zip(sorted(new_id() for _ in arrivals), arrivals, strict=True):
        event = _storable(arrival.event)
        is_ignored = isinstance(event, Ignored)
        row = InboxRow(
            id=row_id,
            post=post,
            channel=channel,
            status=(Verdict.IGNORED_TYPE if is_ignored else Verdict.ACCEPTED).value,
            shop=arrival.account.shop,
            account=arrival.account.id,
            account_ref=arrival.account.external_id,
            provider_id=event.key,
            kind=event.kind if isinstance(event, Ignored) else str(type(event).__struct_config__.tag),
            address=event.address,
            headers=headers,
            body=arrival.raw,
            event=msgspec.json.encode(event).decode(),
            waits=not is_ignored,
        )
        rows.setdefault((arrival.account.id, event.key), row)
    return list(rows.values())


def _storable(event: InboundEvent) -> InboundEvent:
    """An address that is longer than the database takes cannot be answered: keep the event, and nothing else."""
    if len(event.address) <= ADDRESS_CHARS:
        return event
    return Ignored(key=event.key, account=event.account, at=event.at, kind="address too long")


def _duplicates(channel: str, post: UUID, arrivals: Sequence[Arrival], count: int) -> InboxRow:
    account = arrivals[0].account
    return InboxRow(
        id=new_id(),
        post=post,
        channel=channel,
        status=Verdict.DUPLICATE.value,
        shop=account.shop,
        account=account.id,
        account_ref=account.external_id,
        error=f"{count} of {len(arrivals)} events were here already",
        waits=False,
    )
