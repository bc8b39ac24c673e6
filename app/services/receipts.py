"""What vendors tell of things that were sent: receipts of ours, and echoes of everybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.channels.port import Channel
from app.domain.channel import Echo, Receipt, ReceiptStatus, RefusalKind, Refused
from app.domain.conversation import Controller
from app.domain.delivery import Delivery, DeliveryStatus
from app.domain.message import SenderKind
from app.services.attachments import incoming, keep_incoming
from app.services.change import Change, Changes
from app.services.deliver import OF_RECEIPT, Deliver
from app.services.delivery_steps import move
from app.services.ids import new_id
from app.services.ingest import reopen_if_closed
from app.services.ports import Store, Transaction, WaitingEvent
from app.services.receiving import OTHER_APP, AlreadyDoneError, Receiving, visible_text
from app.services.referring import key_of

OTHER_APP_NAME = "Another inbox"
ON_THE_CHANNEL: Mapping[str, str] = {"status": DeliveryStatus.SENT.value}


class UnknownDeliveryError(Exception):
    """A receipt is about something whose sending is not stored yet: it is tried again in a moment."""


class Receipts:
    """Effects of receipts and echoes, for the jobs that webhooks leave."""

    def __init__(
        self, store: Store, changes: Changes, deliver: Deliver, receiving: Receiving, channels: Mapping[str, Channel]
    ) -> None:
        self._store = store
        self._changes = changes
        self._deliver = deliver
        self._receiving = receiving
        self._channels = channels

    async def receipt(self, row: WaitingEvent, event: Receipt) -> None:
        """Move the deliveries that a receipt is about; doing it twice changes nothing.

        Raises: UnknownDeliveryError.
        """
        async with self._store.read() as tx:
            found = await _meant(tx, row, event)
            is_early = not found and event.message is not None
            if is_early and await tx.deliveries.is_sending_to(row.account, event.address):
                raise UnknownDeliveryError
        for conversation in dict.fromkeys(one.conversation for one in found):
            ids = [one.id for one in found if one.conversation == conversation]
            await self._move(conversation, ids, row.channel, event)
        await self._finish(row)

    async def _move(self, conversation: UUID, ids: Sequence[UUID], channel: str, event: Receipt) -> None:
        refused = self._refusal(channel, event)

        async def step(change: Change) -> None:
            for delivery in ids:
                found = await change.tx.deliveries.find(delivery)
                if found is None:
                    continue
                if found.provider_id is None and event.message is not None and event.delivery == found.id:
                    found = replace(found, provider_id=event.message)
                if refused is not None:
                    await self._deliver.refused(change, found, refused)
                else:
                    await move(change, found, OF_RECEIPT[event.status])

        await self._changes.run(conversation, step, waits=False)

    def _refusal(self, channel: str, event: Receipt) -> Refused | None:
        if event.status is not ReceiptStatus.FAILED:
            return None
        sender = self._channels[channel].sender if channel in self._channels else None
        code = event.error or "failed"
        return Refused(RefusalKind.PERMANENT if sender is None else sender.classify(code), code)

    async def _finish(self, row: WaitingEvent) -> None:
        async with self._store.write() as tx:
            await tx.inbox.finish(row.id)
            await tx.commit()

    async def echo(self, row: WaitingEvent, event: Echo) -> None:
        """Match an echo to our own part; what another app or a person said is recorded, and the bot is silent.

        Raises: UnknownDeliveryError.
        """
        async with self._store.read() as tx:
            ours = await _echoed(tx, row, event)
            is_early = ours is None and event.metadata is None
            if is_early and await tx.deliveries.is_sending_to(row.account, event.address):
                raise UnknownDeliveryError  # it may be the part whose id the vendor is just telling us
            is_forgotten = ours is None and event.app is not None and event.app == await tx.inbox.app_of(row.account)
        if is_forgotten:  # said by us, and erased or pruned since: nobody answered, and nobody is to come back
            await self._finish(row)
            return
        if ours is None:
            await self._others(row, event)
            return

        async def step(change: Change) -> None:
            found = await change.tx.deliveries.find(ours.id)
            if found is not None:
                known = found if found.provider_id is not None else replace(found, provider_id=event.message)
                await move(change, known, DeliveryStatus.SENT)

        await self._changes.run(ours.conversation, step, waits=False)
        await self._finish(row)

    async def _others(self, row: WaitingEvent, event: Echo) -> None:
        identity = await self._receiving.identity(row, event.address)
        files = incoming(event.attachments)

        async def step(change: Change) -> None:
            message = new_id()
            if not await change.tx.inbox.finish(row.id, message=message):
                raise AlreadyDoneError
            await reopen_if_closed(change)
            control = change.conversation.control.hand_off()
            if control.controller is not change.conversation.control.controller:
                # No time limit: whoever answers there has the conversation until somebody here takes or releases it.
                await change.change_control(control, covers=True)
                change.conversation.handoff_reason = OTHER_APP
            await change.say(
                SenderKind.AGENT,
                visible_text(event.text, has_attachments=bool(files)),
                message=message,
                sender_name=OTHER_APP_NAME,
                client_id=key_of(event.message),
                attachments=tuple(one.shape for one in files),
                delivery=ON_THE_CHANNEL,
            )
            await keep_incoming(change, message, row.account, files)
            if change.conversation.control.controller is Controller.QUEUE:
                change.conversation.waiting_since = None

        await self._receiving.in_conversation(identity, step)


async def _meant(tx: Transaction, row: WaitingEvent, event: Receipt) -> Sequence[Delivery]:
    """Return the deliveries that a receipt is about: one, or all up to a time or to a message that was read."""
    if event.until is not None:
        return await tx.deliveries.sent_before(row.account, event.address, event.until)
    found = None if event.delivery is None else await tx.deliveries.find(event.delivery)
    if found is None and event.message is not None:
        found = await tx.deliveries.find_by_provider_id(row.account, event.message)
    if found is None or found.account != row.account:
        return []
    if event.status is not ReceiptStatus.READ or found.sending_at is None:
        return [found]
    earlier = await tx.deliveries.sent_before(row.account, event.address, found.sending_at)
    return [*(one for one in earlier if one.id != found.id), found]


async def _echoed(tx: Transaction, row: WaitingEvent, event: Echo) -> Delivery | None:
    try:
        found = None if event.metadata is None else await tx.deliveries.find(UUID(event.metadata))
    except ValueError:
        found = None
    if found is None:
        found = await tx.deliveries.find_by_provider_id(row.account, event.message)
    return found if found is not None and found.account == row.account else None
