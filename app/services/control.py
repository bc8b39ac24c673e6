"""Who may speak: take, release, hand-off, close, reopen, stop. Repeats are acknowledged with what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.domain.conversation import Controller, HeldError, Status
from app.domain.delivery import Delivery
from app.domain.job import ClaimedJob
from app.domain.message import SenderKind
from app.domain.people import Actor, Staff, Visitor
from app.domain.reply import ReplyStatus
from app.domain.shop import HandoffTimeout
from app.services import transitions
from app.services.change import Change, Changes
from app.services.fence import HeldText
from app.services.notifying import tell_assigned, tell_team
from app.services.ports import Store
from app.services.rights import check_conversation
from realtime.ports import CommandError

IN_FLIGHT_S = 5.0
IN_FLIGHT_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Taken:
    """Of a takeover: the epoch that began, the reply it cut ({message, text}), and the parts of the bot that are with
    the provider of an external channel and may still arrive."""

    epoch: int
    cut: Mapping[str, Any] | None
    in_flight: Sequence[Delivery] = ()


class ControlDesk:
    """Use cases that change who may speak. After each returns, no byte of the bot comes beyond the cut text."""

    def __init__(self, changes: Changes, store: Store) -> None:
        self._changes = changes
        self._store = store

    async def take(self, staff: Staff, conversation: UUID, *, held: HeldText | None = None) -> Taken:
        """Take over from the bot or the queue; parts of the bot that are with a provider are waited for, up to 5 s.

        Raises: CommandError `not_found`, `forbidden`, `closed`, `conflict` with the holder.
        """

        async def step(change: Change) -> tuple[Taken, bool]:
            check_conversation(staff, change.conversation)
            await transitions.take(change, staff)
            goes_out = change.outbox.limits(change.conversation.channel) is not None
            return Taken(change.conversation.control.epoch, change.conversation.cut), goes_out

        taken, goes_out = await self._changes.run(conversation, step, held=held, urgent=True)
        return replace(taken, in_flight=await self._in_flight(conversation)) if goes_out else taken

    async def _in_flight(self, conversation: UUID) -> Sequence[Delivery]:
        """Return the parts of the bot whose sending has not ended within the time."""
        deadline = asyncio.get_running_loop().time() + IN_FLIGHT_S
        while True:
            async with self._store.read() as tx:
                left = await tx.deliveries.bot_parts_in_flight(conversation)
            if not left or asyncio.get_running_loop().time() >= deadline:
                return left
            await asyncio.sleep(IN_FLIGHT_POLL_S)

    async def release(self, staff: Staff, conversation: UUID, to: Controller, *, held: HeldText | None = None) -> int:
        """Give control to the bot or the queue; return the epoch.

        Raises: CommandError `not_found`, `forbidden`, `closed`, `conflict` with the holder.
        """

        async def step(change: Change) -> int:
            check_conversation(staff, change.conversation)
            try:
                control = change.conversation.control.release(staff, to)
            except HeldError as error:
                raise await transitions.held_by_other(change, error) from None
            if control is not change.conversation.control:
                if to is Controller.QUEUE:
                    await transitions.queue(change, control, "agent", by=staff)
                else:
                    await transitions.to_bot(change, control)
            return change.conversation.control.epoch

        return await self._changes.run(conversation, step, held=held, urgent=True)

    async def request_handoff(self, visitor: Visitor, conversation: UUID, *, held: HeldText | None = None) -> None:
        """Ask for a person; nothing when one was asked for or is here.

        Raises: CommandError `not_found`, `closed`.
        """

        async def step(change: Change) -> None:
            check_conversation(visitor, change.conversation)
            control = change.conversation.control.hand_off()
            if control is not change.conversation.control:
                await transitions.queue(change, control, "customer")

        await self._changes.run(conversation, step, held=held, urgent=True)

    async def close(
        self, actor: Actor, conversation: UUID, *, seen: int | None = None, held: HeldText | None = None
    ) -> int:
        """Close; return the position of conversation.closed.

        Raises: CommandError `not_found`, `forbidden`; `conflict` when a customer message came after `seen`.
        """

        async def step(change: Change) -> int:
            check_conversation(actor, change.conversation)
            if change.conversation.control.status is Status.OPEN:
                _check_seen(change, seen)
                await transitions.close(change, transitions.ref_of(actor) if isinstance(actor, Staff) else None)
            return change.conversation.status_seq

        return await self._changes.run(conversation, step, held=held, urgent=True)

    async def reopen(self, staff: Staff, conversation: UUID, *, seen: int | None = None) -> int:
        """Open a closed conversation again, held by `staff`; return the position of conversation.reopened.

        Raises: CommandError `not_found`, `forbidden`; `conflict` when the customer has another open one, or a message
            of theirs came after `seen`.
        """

        async def step(change: Change) -> int:
            check_conversation(staff, change.conversation)
            if change.conversation.control.status is Status.CLOSED:
                _check_seen(change, seen)
                await transitions.reopen(change, staff)
            return change.conversation.status_seq

        return await self._changes.run(conversation, step, urgent=True)

    async def stop(self, actor: Actor, conversation: UUID, reply: UUID, *, held: HeldText | None = None) -> str:
        """End a reply where it is; return the text that stays. Of one that has ended, the text it ended with.

        Raises: CommandError `not_found`, `forbidden`.
        """

        async def step(change: Change) -> str:
            check_conversation(actor, change.conversation)
            found = await change.tx.replies.find(reply)
            if found is None or found.conversation != conversation:
                raise CommandError("not_found", "there is no such reply")
            if found.status.is_active:
                return await change.stop_reply(found)
            return found.text if found.status is not ReplyStatus.FAILED else ""

        return await self._changes.run(conversation, step, held=held, urgent=True)

    async def assign(self, staff: Staff, conversation: UUID, user: UUID | None) -> None:
        """Say whose conversation it is, or nobody's.

        Raises: CommandError `not_found` (also for a user of another shop), `forbidden`.
        """

        async def step(change: Change) -> None:
            check_conversation(staff, change.conversation)
            ref = None if user is None else await change.tx.people.user(user, staff.shop)
            if user is not None and ref is None:
                raise CommandError("not_found", "there is no such user")
            known = change.conversation.assignee
            await transitions.assign(change, ref)
            if user is not None and user not in (known, staff.id):
                await tell_assigned(change, user, staff)

        await self._changes.run(conversation, step, urgent=True)

    async def expire_handoff(self, job: ClaimedJob) -> None:
        """Do what the shop wants when nobody took a hand-off in time; nothing when somebody did."""
        if job.conversation is None:
            raise ValueError(f"the job {job.id} names no conversation")

        async def step(change: Change) -> None:
            if not await change.tx.jobs.end(job.id, attempt=job.attempt):
                return
            control = change.conversation.control
            if control.epoch != job.epoch or control.controller is not Controller.QUEUE:
                return
            rules = await change.rules()
            await change.say(SenderKind.SYSTEM, rules.handoff_timeout_text)
            await tell_team(change, "waiting", f"{job.conversation}:{control.epoch}")
            if rules.handoff_timeout is HandoffTimeout.RESUME:
                await transitions.to_bot(change, control.resume_bot())

        await self._changes.run(job.conversation, step)


def _check_seen(change: Change, seen: int | None) -> None:
    if seen is not None and change.conversation.customer_seq > seen:
        raise CommandError("conflict", "a newer message of the customer is there")
