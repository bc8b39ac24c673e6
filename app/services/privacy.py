"""What people may ask about their data: that it is erased everywhere, and that they get it.

Erasing is done at once and leaves a report of rows by table. An export is made when it is fetched, and is never stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from msgspec import Struct

from app.domain.channel import Record
from app.services.change import Change, Changes
from app.services.clock import Clock
from app.services.ports import Store, WaitingEvent
from realtime.protocol import events

log = structlog.get_logger(__name__)

DATA_REQUEST, CUSTOMER_REDACT, SHOP_REDACT = "customers/data_request", "customers/redact", "shop/redact"
TOPICS: Final = frozenset({DATA_REQUEST, CUSTOMER_REDACT, SHOP_REDACT})
"""Shopify's mandatory topics: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance"""
EXPORT_WITHIN = timedelta(days=30)


class PrivacyRequest(Struct, frozen=True):
    """A request and what became of it; `report` counts rows by table. An export is due by `due_at`."""

    id: UUID
    kind: str
    source: str
    customer: UUID | None
    report: Mapping[str, int]
    created_at: datetime
    due_at: datetime | None = None
    done_at: datetime | None = None


class ErasureReport(Struct, frozen=True):
    """The proof of an erasure: how many rows of each table were wiped or deleted."""

    request: UUID
    rows: Mapping[str, int]


class Archive(Protocol):
    """Where people are found and requests are kept."""

    async def find(self, shop: UUID, external_id: str | None, email: str | None, phone: str | None) -> list[UUID]:
        """Return the customers that are meant, by the shop's id, e-mail address or telephone number, and whom they were
        joined with."""

    async def person(self, shop: UUID, customer: UUID) -> Sequence[UUID]:
        """Return a customer and whom it was joined with; nobody when the shop has no such customer."""

    async def customers(self, shop: UUID) -> Sequence[UUID]: ...

    async def conversations(self, customer: UUID) -> Sequence[UUID]:
        """Return a customer's conversations."""

    async def export(self, shop: UUID, customer: UUID) -> Mapping[str, Any] | None:
        """Return all that is held about a customer of the shop."""

    async def add(
        self,
        shop: UUID,
        kind: str,
        source: str,
        *,
        customer: UUID | None,
        user: UUID | None,
        report: Mapping[str, int] | None,
        due_at: datetime | None = None,
    ) -> UUID:
        """Keep a request; one with a report is done."""

    async def requests(self, shop: UUID) -> Sequence[PrivacyRequest]:
        """Return the newest requests of a shop."""

    async def mark_exported(self, shop: UUID, customer: UUID) -> None:
        """Note that the open exports of a customer were fetched."""

    async def close_accounts(self, shop: UUID, account: UUID) -> int:
        """Forget the secrets of an account and use it no more."""

    async def forget(self) -> None:
        """Leave nothing of wiped rows on the disk outside the tables."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a vendor's request is about."""

    external_id: str | None
    email: str | None
    phone: str | None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Person:
        """Read `customer` of a request."""
        customer = body.get("customer")
        found = customer if isinstance(customer, dict) else {}
        texts = [str(found[name]) if found.get(name) else None for name in ("id", "email", "phone")]
        return cls(*texts)

    @property
    def needles(self) -> list[bytes]:
        """What is looked for in what vendors sent."""
        return [text.lower().encode() for text in (self.email, self.phone) if text]


class Privacy:
    """Use cases of requests about data."""

    def __init__(self, store: Store, changes: Changes, archive: Archive, clock: Clock) -> None:
        self._store = store
        self._changes = changes
        self._archive = archive
        self._clock = clock

    async def erase(self, shop: UUID, customer: UUID, *, user: UUID | None) -> ErasureReport | None:
        """Erase a customer everywhere, and whom it was joined with: it is one person. None when the shop has no such
        customer. Doing it again is harmless."""
        person = await self._archive.person(shop, customer)
        if not person:
            return None
        rows = await self._erase(person)
        request = await self._archive.add(shop, "erase", "staff", customer=customer, user=user, report=rows)
        await self._archive.forget()
        return ErasureReport(request, rows)

    async def export(self, shop: UUID, customer: UUID) -> Mapping[str, Any] | None:
        """Return all that is held about a customer; None when the shop has no such customer."""
        found = await self._archive.export(shop, customer)
        if found is not None:
            await self._archive.mark_exported(shop, customer)
        return found

    async def requests(self, shop: UUID) -> Sequence[PrivacyRequest]:
        """Return the newest requests of a shop."""
        return await self._archive.requests(shop)

    async def record(self, row: WaitingEvent, event: Record) -> None:
        """Do what a vendor's privacy request asks; its own row is wiped with the person."""
        match event.topic:
            case "customers/redact":
                await self._redact(row, event)
            case "shop/redact":
                await self._redact_shop(row)
            case _:
                await self._note_export(row, event)
        async with self._store.write() as tx:
            await tx.inbox.finish(row.id)
            await tx.commit()
        await self._archive.forget()

    async def _redact(self, row: WaitingEvent, event: Record) -> None:
        person = Person.of(event.body)
        found = await self._archive.find(row.shop, person.external_id, person.email, person.phone)
        rows = await self._erase(found)
        orders = [str(order) for order in event.body.get("orders_to_redact") or ()]
        async with self._store.write() as tx:
            rows.update(await tx.erasure.wipe_orders(row.shop, orders))
            rows["webhook_logs"] += await tx.erasure.wipe_webhooks(row.shop, person.needles)
            await tx.commit()
        customer_id = found[0] if found else None
        await self._archive.add(row.shop, "erase", row.channel, customer=customer_id, user=None, report=rows)

    async def _redact_shop(self, row: WaitingEvent) -> None:
        rows = await self._erase(await self._archive.customers(row.shop))
        rows["channel_accounts"] += await self._archive.close_accounts(row.shop, row.account)
        await self._archive.add(row.shop, "erase_shop", row.channel, customer=None, user=None, report=rows)

    async def _note_export(self, row: WaitingEvent, event: Record) -> None:
        """Note that somebody wants their data: it waits for the shop's staff to fetch and send it."""
        person = Person.of(event.body)
        due_at = self._clock.now() + EXPORT_WITHIN
        found = await self._archive.find(row.shop, person.external_id, person.email, person.phone)
        for customer in found:
            await self._archive.add(
                row.shop, "export", row.channel, customer=customer, user=None, report=None, due_at=due_at
            )
        if not found:  # nothing is held about a stranger: that is the answer
            await self._archive.add(row.shop, "export", row.channel, customer=None, user=None, report={}, due_at=due_at)

    async def _erase(self, customers: Sequence[UUID]) -> Counter[str]:
        """Wipe the conversations, each under its lock and with the events that tell it, then the records."""
        rows: Counter[str] = Counter()
        for customer in customers:
            for conversation in await self._archive.conversations(customer):
                rows.update(await self._changes.run(conversation, _wipe, waits=False))
            async with self._store.write() as tx:
                rows.update(await tx.erasure.wipe_customer(customer))
                await tx.commit()
        log.info("customers erased", action="customers_erased", count=len(customers), rows=sum(rows.values()))
        return rows


async def _wipe(change: Change) -> Mapping[str, int]:
    """End the reply, tell everybody of each message that goes, and wipe the conversation with all its events."""
    reply = await change.tx.replies.find_active(change.conversation.id)
    if reply is not None:
        await change.stop_reply(reply)
    conversation = change.conversation
    conversation.covered_seq = max(conversation.covered_seq, conversation.customer_seq)
    for message in await change.tx.views.messages(conversation.id, before=None, limit=conversation.last_seq + 1):
        if not message.redacted:
            await change.append(events.MessageRedacted, about=message.id, message=message.id)
    conversation.page = conversation.draft = conversation.cut = conversation.csat = None
    conversation.receipts = []
    return await change.tx.erasure.wipe_conversation(conversation.id)
