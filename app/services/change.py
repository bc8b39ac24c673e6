"""One change of one conversation: lock, decide, log, commit, fence, publish. Every use case that writes goes through.

The order is that of the takeover: lock the row; decide; cut; events; commit; cut again; publish; acknowledge.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog

from app.domain.conversation import Control, Conversation
from app.domain.delivery import Delivery, DeliveryStatus
from app.domain.job import Lane, NewJob
from app.domain.message import FinishReason, Message, SenderKind
from app.domain.reply import Outcome, Reply, ReplyStatus
from app.domain.shop import ShopRules
from app.services.clock import Clock
from app.services.delivery_steps import fence as fence_deliveries
from app.services.due_reply import ensure_reply
from app.services.fence import RETRY_S, UNCONFIRMED_ACK_S, Fence, HeldText, NoSessions, Shown
from app.services.ids import new_id
from app.services.inbox_lines import InboxLines
from app.services.outbox import Outbox, deliver_job
from app.services.ports import LoggedRow, Store, Transaction
from app.services.publish import Publication, Publisher, nudge, reply_ended, to_the_end
from app.services.rights import not_found
from app.services.wire import message_shape
from realtime.bus.frame import Audience
from realtime.bus.topic import conversation_topic
from realtime.live_reply.port import LiveReply
from realtime.protocol import events, shapes

log = structlog.get_logger(__name__)
Result = TypeVar("Result")


class Change:
    """The conversation under its lock, and what the change adds to it."""

    def __init__(
        self, tx: Transaction, conversation: Conversation, now: datetime, fence: Fence, outbox: Outbox
    ) -> None:
        self.tx = tx
        self.conversation = conversation
        self.now = now
        self.outbox = outbox
        self.publications: list[Publication] = []
        self.last_body: str | None = None
        self.has_changed = False
        self._fence = fence
        self._before = copy.copy(conversation)
        self._rules: ShopRules | None = None

    async def rules(self) -> ShopRules:
        """Return how the shop wants it."""
        if self._rules is None:
            self._rules = await self.tx.people.rules(self.conversation.shop)
        return self._rules

    async def append(self, kind: Callable[..., events.LoggedEvent], *, about: UUID | None = None, **fields: Any) -> int:
        """Log an event at the next position; it is published after the commit. `about` is the message concerned."""
        self.conversation.last_seq += 1
        seq = self.conversation.last_seq
        event = kind(conversation=self.conversation.id, seq=seq, at=self.now, **fields)
        frame = events.event_frame(event)
        self.last_body = frame.body.decode()
        await self.tx.events.append(
            LoggedRow(
                conversation=self.conversation.id,
                seq=seq,
                shop=self.conversation.shop,
                type=str(type(event).__struct_config__.tag),
                staff=frame.audience is not Audience.ALL,
                epoch=frame.epoch,
                message=about,
                body=self.last_body,
                at=self.now,
            )
        )
        self.publications.append((conversation_topic(self.conversation.id), frame))
        return seq

    async def say(
        self,
        sender: SenderKind,
        text: str,
        *,
        message: UUID | None = None,
        replaces: bool = False,
        template: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Message:
        """Insert a message and log it, with its way to the channel; `fields` are those of Message.

        With `delivery` among them it is not sent: it has been on the channel already, or never will be. `replaces` as
        in events.MessageCreated. `template` (its id and variables) goes out in the place of the text.
        """
        said = self._message(sender, text, message or new_id(), **fields)
        parts = await self._parts(said, template)
        if parts:
            said = replace(said, delivery={"status": DeliveryStatus.QUEUED.value})
        await self.tx.messages.add(said)
        await self.append(events.MessageCreated, about=said.id, message=message_shape(said), replaces=replaces)
        if parts:
            await self.tx.deliveries.add(parts, self.now)
            await self.add_job(deliver_job(parts[0], str(said.id)))
        return said

    async def _parts(self, said: Message, template: Mapping[str, Any] | None) -> list[Delivery]:
        """Return what goes out of a message; nothing on the widget, which speaks through live sessions."""
        if said.delivery is not None or said.sender is SenderKind.CUSTOMER:
            return []
        if self.outbox.limits(self.conversation.channel) is None:
            return []
        route = await self.tx.deliveries.route(self.conversation.id)
        return [] if route is None else self.outbox.parts(self.conversation, said, route.account, template)

    def _message(self, sender: SenderKind, text: str, message: UUID, **fields: Any) -> Message:
        said = Message(
            id=message,
            shop=self.conversation.shop,
            conversation=self.conversation.id,
            seq=self.conversation.last_seq + 1,
            sender=sender,
            sender_id=fields.pop("sender_id", None),
            sender_name=fields.pop("sender_name", None),
            text=text,
            created_at=self.now,
            **fields,
        )
        match sender:
            case SenderKind.CUSTOMER:
                self.conversation.note_customer_message(message, said.seq, self.now)
            case SenderKind.AGENT:
                self.conversation.note_agent_message(message, said.seq, self.now)
            case _ if text:
                self.conversation.note_message(message, self.now)
        return said

    async def change_control(
        self, control: Control, user: shapes.UserRef | None = None, *, covers: bool = False
    ) -> None:
        """Begin a new epoch: fence, end the reply that runs, log it all in one event.

        A reply that had said nothing leaves its question open for the bot's return, unless it `covers` it.
        """
        cut = await self._fence.cut(control.epoch)
        reply = await self.tx.replies.find_active(self.conversation.id)
        kept: shapes.Cut | None = None
        if reply is not None:
            known = await self._fence.kept_of(reply, cut)
            text = known.text
            await self.end_reply(reply, ReplyStatus.TAKEN_OVER, text, covers=covers or text != "")
            if text:
                kept = shapes.Cut(message=reply.id, text=text, replaces=known.replaces)
                bot_said = self._message(
                    SenderKind.BOT,
                    text,
                    reply.id,
                    finish_reason=FinishReason.TAKEN_OVER,
                    delivery=self.outbox.shown_of_cut(self.conversation.channel),
                )
                await self.tx.messages.add(bot_said)
        self.conversation.note_control(control, self.now)
        self.conversation.cut = None if kept is None else msgspec.to_builtins(kept)
        self.conversation.control_seq = await self.append(
            events.ControlChanged,
            about=None if kept is None else kept.message,
            controller=control.controller.value,
            epoch=control.epoch,
            user=user,
            cut=kept,
        )
        await fence_deliveries(self, None if kept is None else kept.message)

    async def stop_reply(self, reply: Reply) -> str:
        """End a reply where it is, with control unchanged; return the text that stays.

        One that nobody has seen begin leaves no message.
        """
        cut = await self._fence.cut(self.conversation.control.epoch, reply.id)
        kept = await self._fence.kept_of(reply, cut)
        text = kept.text
        await self.end_reply(reply, ReplyStatus.STOPPED, text, covers=True)
        if text or cut.found is not None or not cut.is_confirmed:
            delivery = self.outbox.shown_of_cut(self.conversation.channel)
            await self.say(
                SenderKind.BOT,
                text,
                message=reply.id,
                replaces=kept.replaces,
                finish_reason=FinishReason.STOPPED,
                delivery=delivery,
            )
        return text

    async def end_reply(
        self,
        reply: Reply,
        status: ReplyStatus,
        text: str,
        *,
        covers: bool,
        finish_reason: str | None = None,
        ids: tuple[int, ...] | None = None,
        failure: str | None = None,
        outcome: Outcome | None = None,
        is_dead: bool = False,
    ) -> None:
        """Move a reply's status for good, and complete its job, or bury it."""
        await self.tx.replies.end(
            reply.id,
            status,
            self.now,
            text=text,
            ids=ids,
            finish_reason=finish_reason or status.value,
            failure=failure,
            outcome=outcome,
        )
        await self.tx.jobs.end(reply.job, error=failure if is_dead else None)
        if covers:
            self.conversation.covered_seq = max(self.conversation.covered_seq, reply.covers_seq)
        if status is not ReplyStatus.DONE:
            self.publications.append(reply_ended(reply.id, self.conversation.control.epoch, status.value))

    async def add_job(self, job: NewJob) -> None:
        """Write a job, and wake its lane after the commit."""
        self.tx.jobs.enqueue(job)
        if not job.delay_s:
            self.wake(job.lane)

    def wake(self, lane: Lane) -> None:
        """Nudge the workers of a lane after the commit."""
        self.publications.append(nudge(lane))

    async def take_back(self) -> None:
        """Undo what was fenced: the change is given up."""
        await self._fence.take_back()

    async def complete(self) -> None:
        """Do what ends every transaction: the reply that is due, and the record."""
        if await ensure_reply(self.tx, self.conversation, self.now):
            self.wake(Lane.ANSWER)
        if self.conversation != self._before:
            await self.tx.conversations.save(self.conversation, self._before)
            self.has_changed = True


Step = Callable[[Change], Awaitable[Result]]


class Changes:
    """Carries changes out."""

    def __init__(
        self, store: Store, live: LiveReply, publisher: Publisher, clock: Clock, outbox: Outbox | None = None
    ) -> None:
        self._outbox = outbox or Outbox()
        self._store = store
        self._live = live
        self._publisher = publisher
        self._lines = InboxLines(store, publisher)
        self._clock = clock
        self._shown: Shown = NoSessions()

    def use_sessions(self, shown: Shown) -> None:
        """Ask the live sessions what they have shown of a reply that is cut: nothing that was shown is taken back."""
        self._shown = shown

    async def run(
        self,
        conversation: UUID,
        step: Step[Result],
        *,
        held: HeldText | None = None,
        waits: bool = True,
        urgent: bool = False,
    ) -> Result:
        """Run `step` under the conversation's lock and make it durable; return once it may be acknowledged.

        Without `waits` the answer does not wait for an unconfirmed fence; what somebody looks at a screen for is
        `urgent`, and goes before the worker's own writes. Cancelling the caller does not stop it.

        Raises: CommandError `not_found`; what `step` raises, with nothing changed.
        """
        return await to_the_end(self._run(conversation, step, held, waits, urgent))

    async def _run(
        self, conversation_id: UUID, step: Step[Result], held: HeldText | None, waits: bool, urgent: bool
    ) -> Result:
        fence = Fence(self._live, conversation_id, self._shown, held)
        change: Change | None = None
        is_committing = False
        try:
            async with self._store.write(urgent=urgent) as tx:
                conversation = await tx.conversations.lock(conversation_id)
                if conversation is None:
                    raise not_found()
                change = Change(tx, conversation, self._clock.now(), fence, self._outbox)
                result = await step(change)
                await change.complete()
                is_committing = True
                await tx.commit()
        except BaseException:
            outcome = await self._was_committed(change) if is_committing and change is not None else False
            if outcome is False:
                await fence.take_back()
            if outcome is not True:
                raise
        await self._settle(change, fence, waits)
        return result

    def begin(self, tx: Transaction, conversation: Conversation, held: HeldText | None = None) -> Change:
        """Return a change of a conversation that is locked in `tx`."""
        fence = Fence(self._live, conversation.id, self._shown, held)
        return Change(tx, conversation, self._clock.now(), fence, self._outbox)

    async def commit(self, changes: Sequence[Change], commit: Callable[[], Awaitable[None]]) -> None:
        """Commit changes of one transaction; what was committed and not answered is no failure."""
        try:
            await commit()
        except Exception:
            if not await self._was_committed(changes[0]):
                raise

    async def publish(self, told: Sequence[Publication]) -> None:
        """Publish what was committed and is about no conversation."""
        await self._publisher.publish(told)

    async def settle(self, changes: Sequence[Change]) -> None:
        """Publish changes that were committed together; they have fenced nothing."""
        await self._publisher.publish([one for change in changes for one in change.publications])
        told = [change.conversation for change in changes if change.has_changed]
        await asyncio.gather(*(self._lines.tell(one.shop, one.id) for one in told))

    async def _settle(self, change: Change | None, fence: Fence, waits: bool) -> None:
        """Fence again and publish; until the fence stands, wait out a worker that may not have seen it."""
        committed_at = self._clock.monotonic()
        is_confirmed = await fence.confirm()
        if change is not None:
            await self._publisher.publish(change.publications)
            if change.has_changed:
                await self._lines.tell(change.conversation.shop, change.conversation.id)
        until = committed_at + UNCONFIRMED_ACK_S
        while waits and not is_confirmed and (left := until - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(RETRY_S, left))
            is_confirmed = await fence.confirm()

    async def _was_committed(self, change: Change) -> bool | None:
        """Find out what became of a commit that was not answered; None when that cannot be told now.

        The fence then stays: the reply's worker reads the row and undoes it if need be.
        """
        if change.last_body is None:
            return False
        try:
            async with self._store.read() as tx:
                stored = await tx.events.body_at(change.conversation.id, change.conversation.last_seq)
        except Exception as error:
            log.warning("commit unknown", action="commit_unknown", error=type(error).__name__)
            return None
        return stored == change.last_body
