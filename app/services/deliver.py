"""The life of a delivery: queued with its message, handed to the vendor once, and moved by what the vendor tells.

Under the conversation's lock a part becomes `sending`, and only then is the vendor called. Whoever dies in between
leaves it there: it is never sent again by itself, but looked up, or told by an echo or a callback, or `unknown` after
a minute, for a person to decide.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.channels.port import Channel, Sender
from app.domain.channel import (
    Accepted,
    Account,
    Card,
    HumanPart,
    Limits,
    OutgoingMedia,
    OutgoingPart,
    ReceiptStatus,
    RefusalKind,
    Refused,
    SendResult,
)
from app.domain.delivery import Delivery, DeliveryStatus
from app.domain.job import Lane, NewJob, pause_s
from app.domain.message import SenderKind
from app.domain.people import Staff
from app.services.accounts import Accounts
from app.services.attachments import FileLinks
from app.services.change import Change, Changes
from app.services.delivery_steps import check_window, is_open, move, tell
from app.services.notifying import tell_broken
from app.services.outbox import Route, deliver_job
from app.services.ports import Store
from app.services.rights import check_conversation
from realtime.ports import CommandError

CHECK_KIND = "check_delivery"
SWEEP_KIND = "sweep_deliveries"
CHECK_S = 20.0  # longer than a call of a vendor may take
CHECKS = 3  # and then it is unknown
MOST_ATTEMPTS = 8
FORGOTTEN = timedelta(minutes=2)
SWEEP_ROWS = 200

WINDOW_CLOSED = "window_closed"
ACCOUNT_BROKEN = "account_broken"

OF_RECEIPT = {
    ReceiptStatus.SENT: DeliveryStatus.SENT,
    ReceiptStatus.DELIVERED: DeliveryStatus.DELIVERED,
    ReceiptStatus.READ: DeliveryStatus.READ,
    ReceiptStatus.FAILED: DeliveryStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class Sending:
    """A part that is with the vendor, or about to be."""

    delivery: Delivery
    part: OutgoingPart
    account: Account
    sender: Sender


class Deliver:
    """Use cases of sending. `channels` by kind; `check_s` is how long a call may stay unanswered."""

    def __init__(
        self,
        store: Store,
        changes: Changes,
        accounts: Accounts,
        channels: Mapping[str, Channel],
        links: FileLinks,
        *,
        public_url: str,
        check_s: float = CHECK_S,
    ) -> None:
        self._store = store
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._links = links
        self._public_url = public_url
        self._check_s = check_s

    async def begin(self, conversation: UUID, *, retried: UUID | None = None) -> Sending | None:
        """Commit the next part of a conversation as `sending`; None when there is none, or one is under way.

        `retried` is the part whose pause is over.
        """

        async def step(change: Change) -> tuple[Delivery, Route] | None:
            parts = await change.tx.deliveries.open_of(conversation)
            route = await change.tx.deliveries.route(conversation) if parts else None
            for found in parts:
                if found.status is DeliveryStatus.SENDING or (found.retry_at is not None and found.id != retried):
                    return None
                reason = self._refusal(change, found, route)
                if reason is None and route is not None:
                    return await self._commit_sending(change, found), route
                ended = DeliveryStatus.CANCELED if reason == "" else DeliveryStatus.FAILED
                await move(change, found, ended, error=reason or None)
            return None

        begun = await self._changes.run(conversation, step)
        return None if begun is None else await self._sending(*begun)

    async def _commit_sending(self, change: Change, delivery: Delivery) -> Delivery:
        sending = replace(
            delivery,
            status=DeliveryStatus.SENDING,
            attempt=delivery.attempt + 1,
            sending_at=change.now,
            retry_at=None,
            error=None,
        )
        await change.tx.deliveries.save(sending, change.now)
        await change.add_job(self._check_job(sending, 1))
        return sending

    def _check_job(self, delivery: Delivery, number: int) -> NewJob:
        return NewJob(
            lane=Lane.DELIVER,
            kind=CHECK_KIND,
            cause=f"{delivery.id}:{delivery.attempt}:{number}",
            shop=delivery.shop,
            conversation=delivery.conversation,
            delay_s=self._check_s,
            payload={"delivery": str(delivery.id), "attempt": delivery.attempt, "number": number},
        )

    def _refusal(self, change: Change, delivery: Delivery, route: Route | None) -> str | None:
        """Say why a part may not be sent now: "" when it is out of date; None when it may."""
        if delivery.sender is SenderKind.BOT and delivery.epoch != change.conversation.control.epoch:
            return ""
        if route is None or route.problem is not None or (limits := change.outbox.limits(route.kind)) is None:
            return ACCOUNT_BROKEN
        is_template = "template" in delivery.content and delivery.sender is SenderKind.AGENT
        if is_template or is_open(limits, route, change.now, by_human=delivery.sender is SenderKind.AGENT):
            return None
        return WINDOW_CLOSED

    async def _sending(self, delivery: Delivery, route: Route) -> Sending | None:
        """Put together what the vendor is to get; an account that is gone or broken fails the part."""
        account = await self._accounts.find(delivery.account)
        channel = self._channels.get(route.kind)
        if account is None or channel is None or channel.sender is None:
            await self.settle(delivery, Refused(RefusalKind.CREDENTIALS, ACCOUNT_BROKEN))
            return None
        callback = channel.webhook_url(self._public_url)
        part = part_of(delivery, route, channel.sender.limits, callback, self._links)
        return Sending(delivery, part, account, channel.sender)

    async def settle(self, delivery: Delivery, result: SendResult) -> None:
        """Store what the vendor said to one call; a newer call of the same part is not touched by it."""

        async def step(change: Change) -> None:
            found = await change.tx.deliveries.find(delivery.id)
            if found is None or found.attempt != delivery.attempt:
                return
            if isinstance(result, Accepted):
                if found.provider_id is None:
                    found = replace(found, provider_id=result.provider_id)
                await move(change, found, OF_RECEIPT[result.status])
            else:
                await self.refused(change, found, result)

        await self._changes.run(delivery.conversation, step)

    async def refused(self, change: Change, found: Delivery, refused: Refused) -> None:
        """Queue a part again when that is worth it, else fail it."""
        can_retry = refused.kind is RefusalKind.TEMPORARY and found.attempt < MOST_ATTEMPTS
        if can_retry and found.status in (DeliveryStatus.SENDING, DeliveryStatus.SENT):
            delay_s = max(pause_s(found.attempt, random.random()), refused.retry_after_s or 0.0)
            retry_at = change.now + timedelta(seconds=delay_s)
            again = replace(found, status=DeliveryStatus.QUEUED, retry_at=retry_at, provider_id=None)
            await change.tx.deliveries.save(again, change.now)
            cause = f"{found.id}:{found.attempt}:again"
            await change.add_job(deliver_job(found, cause, delay_s=delay_s, retries=True))
            await tell(change, found.message)
            return
        if refused.kind is RefusalKind.CREDENTIALS and refused.code != ACCOUNT_BROKEN:
            await change.tx.deliveries.stop_account(found.account, refused.code)
            await tell_broken(change, found.account)
        error = {
            RefusalKind.WINDOW_CLOSED: WINDOW_CLOSED,
            RefusalKind.CREDENTIALS: ACCOUNT_BROKEN,
        }.get(refused.kind, refused.code)
        await move(change, found, DeliveryStatus.FAILED, error=error)

    async def reach(self, conversation: UUID) -> tuple[Route, Account, Sender] | None:
        """Return how the customer of a conversation is reached; None for one that cannot be."""
        async with self._store.read() as tx:
            route = await tx.deliveries.route(conversation)
        channel = None if route is None else self._channels.get(route.kind)
        if route is None or channel is None or channel.sender is None:
            return None
        account = await self._accounts.find(route.account)
        return None if account is None else (route, account, channel.sender)

    async def unresolved(self, delivery: UUID, attempt: int) -> Sending | None:
        """Return a part whose call is unanswered; None when it has been resolved."""
        async with self._store.read() as tx:
            found = await tx.deliveries.find(delivery)
            route = None if found is None else await tx.deliveries.route(found.conversation)
        if found is None or route is None or found.attempt != attempt or found.status is not DeliveryStatus.SENDING:
            return None
        return await self._sending(found, route)

    async def known_ids(self, conversation: UUID) -> set[str]:
        """Return the vendor's ids of all parts of a conversation."""
        async with self._store.read() as tx:
            return await tx.deliveries.provider_ids(conversation)

    async def leave(self, delivery: Delivery, number: int) -> None:
        """Note that a look at the vendor did not find the part: look again later, or let it be unknown."""

        async def step(change: Change) -> None:
            found = await change.tx.deliveries.find(delivery.id)
            if found is None or found.attempt != delivery.attempt or found.status is not DeliveryStatus.SENDING:
                return
            if number < CHECKS:
                await change.add_job(self._check_job(found, number + 1))
            else:
                await move(change, found, DeliveryStatus.UNKNOWN)

        await self._changes.run(delivery.conversation, step)

    async def resend(self, staff: Staff, conversation: UUID, message: UUID, client_id: UUID) -> None:
        """Send the parts of a message again that failed or whose fate is unknown, once per `client_id`.

        Raises: CommandError `not_found`, `forbidden`, `closed` when the channel's window is.
        """

        async def step(change: Change) -> None:
            check_conversation(staff, change.conversation)
            parts = await change.tx.deliveries.of_message(message)
            if not parts or parts[0].conversation != conversation:
                raise CommandError("not_found", "there is nothing to send again")
            again = [part for part in parts if part.status.may_be_resent]
            if not again or not await self._is_first(change, again[0], client_id):
                return
            if "template" not in again[0].content:
                await check_window(change, by_human=again[0].sender is SenderKind.AGENT)
            for part in again:
                queued = replace(
                    part,
                    status=DeliveryStatus.QUEUED,
                    epoch=change.conversation.control.epoch,
                    provider_id=None,
                    error=None,
                    retry_at=None,
                )
                await change.tx.deliveries.save(queued, change.now)
            await tell(change, message)

        await self._changes.run(conversation, step)

    async def _is_first(self, change: Change, part: Delivery, client_id: UUID) -> bool:
        """Write the job; its cause is unique, so that the same click again finds it there."""
        job = deliver_job(part, f"resend:{client_id}")
        if await change.tx.jobs.add(job) is None:
            return False
        change.wake(Lane.DELIVER)
        return True

    async def sweep(self, now: datetime) -> int:
        """Wake what was forgotten (its job died for good); return how many deliveries that were."""
        async with self._store.write() as tx:
            found = await tx.deliveries.forgotten(now - FORGOTTEN, SWEEP_ROWS)
            for one in found:
                if one.status is DeliveryStatus.SENDING:
                    await tx.jobs.add(replace(self._check_job(one, CHECKS), cause=f"{one.id}:{one.attempt}:sweep"))
                else:
                    cause = f"{one.id}:{one.attempt}:sweep:{now:%Y%m%d%H%M}"
                    await tx.jobs.add(deliver_job(one, cause, retries=one.retry_at is not None))
            await tx.commit()
        return len(found)


def part_of(
    delivery: Delivery, route: Route, limits: Limits, callback_url: str | None, links: FileLinks
) -> OutgoingPart:
    """Return what the vendor gets. Only what an agent wrote becomes a HumanPart, and so may use a human-only lane."""
    content = delivery.content
    fields: dict[str, Any] = {
        "delivery": delivery.id,
        "address": route.address,
        "text": delivery.text,
        "media": _media(content["media"], links) if "media" in content else None,
        "cards": tuple(Card(**card) for card in content.get("cards", ())),
        "callback_url": callback_url,
    }
    if delivery.sender is not SenderKind.AGENT:
        return OutgoingPart(**fields)
    at = delivery.sending_at
    is_late = limits.window is not None and (
        at is None or route.last_inbound_at is None or at - route.last_inbound_at >= limits.window
    )
    fields |= {"template": content.get("template"), "variables": content.get("variables", {})}  # people's alone
    return HumanPart(**fields, after_window=is_late)


def _media(content: Mapping[str, Any], links: FileLinks) -> OutgoingMedia:
    """Return a file to send; the vendor can fetch it for a while."""
    return OutgoingMedia(**{**content, "url": links.for_vendor(content["url"])})
