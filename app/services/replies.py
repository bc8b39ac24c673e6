"""The life of a reply, as its worker lives it. Every step holds only for the (reply, attempt) that was claimed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from app.domain.conversation import Conversation
from app.domain.job import ClaimedJob, Lane, pause_s
from app.domain.message import FinishReason, Message, SenderKind
from app.domain.reply import Frozen, Outcome, Reply, ReplyStatus
from app.services import transitions
from app.services.change import Change, Changes
from app.services.clock import Clock
from app.services.disclosure import disclose
from app.services.notifying import tell_dead
from app.services.ports import Checkpoint, Store
from app.services.signs import TYPING_KIND, show
from realtime.live_reply.port import LiveReply
from realtime.protocol import events

log = structlog.get_logger(__name__)

LEASE_S = 10.0


class ReplyEndedError(Exception):
    """The reply is no longer this worker's: ended, or claimed again by another. Stop, and say nothing more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A reply to be made: its job, its row (with what an earlier attempt froze and checkpointed), its conversation."""

    job: ClaimedJob
    reply: Reply
    conversation: Conversation

    @property
    def attempt(self) -> int:
        return self.job.attempt


@dataclass(frozen=True, slots=True)
class Progress:
    """What a worker has of one reply."""

    claim: Claim
    text: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A whole answer. `products` and `sources` are those of the message, as on the wire; those frozen when None."""

    text: str
    ids: tuple[int, ...]
    finish_reason: FinishReason
    products: Sequence[Mapping[str, Any]] | None = None
    sources: Sequence[Mapping[str, Any]] | None = None
    outcome: Outcome = field(default_factory=Outcome)
    handoff_reason: str | None = None  # hand the conversation to the queue once this is said


class Replies:
    """Use cases of the worker that answers."""

    def __init__(
        self, store: Store, changes: Changes, live: LiveReply, clock: Clock, *, lease_s: float = LEASE_S
    ) -> None:
        self._store = store
        self._changes = changes
        self._live = live
        self._clock = clock
        self._lease_s = lease_s
        self._lost: list[ClaimedJob] = []  # the database was away when their try was to begin or to be given back

    async def claim(self, worker: UUID, slots: int) -> list[Claim]:
        """Lease replies that wait, at most `slots`; call only with free slots of the engine."""
        async with self._store.write() as tx:
            jobs = await tx.jobs.claim(Lane.ANSWER, worker, slots, self._lease_s)
            await tx.commit()
        claims = []
        for number, job in enumerate(jobs):
            try:
                claims.append(await self._start(job))
            except Exception as error:
                log.warning("replies not begun", action="replies_not_begun", error=type(error).__name__)
                self._lost += jobs[number:]
                break
        return [claim for claim in claims if claim is not None]

    def lose(self, claim: Claim) -> None:
        """Note a try that could not be given back; the next heartbeat sees to it that it does not count."""
        self._lost.append(claim.job)

    async def _start(self, job: ClaimedJob) -> Claim | None:
        """Note in the reply that this attempt has it. The job's lock is gone by now: conversations come first."""
        if job.conversation is None:
            raise ValueError(f"the job {job.id} names no conversation")

        async def step(change: Change) -> Claim | None:
            reply = await change.tx.replies.find_by_job(job.id)
            if reply is None or not reply.status.is_active:
                await change.tx.jobs.end(job.id, attempt=job.attempt)
                return None
            if not await change.tx.jobs.holds(job.id, job.attempt):
                return None
            if job.is_exhausted:
                await _fail(change, reply, job, "the answer could not be made")
                return None
            await change.tx.replies.start(reply.id, job.attempt, change.now)
            await show(change, TYPING_KIND, str(reply.id))
            started = await change.tx.replies.find_by_job(job.id)
            return None if started is None else Claim(job, started, change.conversation)

        return await self._changes.run(job.conversation, step)

    async def freeze(self, claim: Claim, frozen: Frozen) -> Frozen:
        """Store what decides the text, before the first token; what an earlier attempt stored stays and is returned.

        Raises: ReplyEndedError.
        """
        async with self._store.write() as tx:
            if await tx.replies.freeze(claim.reply.id, claim.attempt, frozen, self._clock.now()):
                await tx.commit()
                return frozen
            stored = await tx.replies.find(claim.reply.id)
        if stored is None or not _is_owner(stored, claim) or stored.frozen is None:
            raise ReplyEndedError(f"reply {claim.reply.id}, attempt {claim.attempt}")
        return stored.frozen

    async def heartbeat(self, worker: UUID, progress: Sequence[Progress]) -> set[UUID]:
        """Checkpoint all replies of a worker and renew their leases; return the ids of those it still owns.

        A lease that ran out while its worker lived, and a try that never began, do not count as tries.
        Call once a second. A worker whose last success began over 2 s ago must not append or send.
        """
        checkpoints = [Checkpoint(one.claim.reply.id, one.claim.attempt, one.text, one.ids) for one in progress]
        async with self._store.write() as tx:
            owned = await tx.replies.checkpoint(checkpoints)
            jobs = [one.claim.job.id for one in progress if one.claim.reply.id in owned]
            await tx.jobs.renew(worker, jobs, self._lease_s)
            lost = list(self._lost)
            await tx.jobs.forgive([*lost, *(one.claim.job for one in progress if one.claim.reply.id not in owned)])
            await tx.commit()
        del self._lost[: len(lost)]
        return owned

    async def revalidate(self, claim: Claim, cut_id: UUID | None = None) -> bool:
        """Find out whether the reply is still this worker's. A cut that fenced it and was rolled back is undone now.

        True: `begin` again with the whole text, and go on. False: stop.
        """

        async def step(change: Change) -> bool:
            reply = await change.tx.replies.find(claim.reply.id)
            if reply is None or not _is_owner(reply, claim) or reply.epoch != change.conversation.control.epoch:
                return False
            # Under the lock no takeover is between its cut and its commit: this cut is one that rolled back.
            if cut_id is not None:
                await self._live.uncut(change.conversation.id, cut_id)
            return True

        return await self._changes.run(claim.conversation.id, step)

    async def finish(self, claim: Claim, finished: Finished) -> Message:
        """End a reply with its message; call after the last append and `finish` of the live reply.

        The same call again returns the same message. Raises: ReplyEndedError.
        """

        async def step(change: Change) -> Message:
            reply = await change.tx.replies.find(claim.reply.id)
            if reply is not None and reply.status is ReplyStatus.DONE and reply.attempt == claim.attempt:
                said = await change.tx.messages.find(reply.conversation, reply.id)
                if said is not None:
                    return said
            reply = _owned(reply, claim)
            message = await self._say(change, reply, finished)
            await change.end_reply(
                reply,
                ReplyStatus.DONE,
                finished.text,
                covers=True,
                ids=finished.ids,
                finish_reason=finished.finish_reason.value,
                outcome=finished.outcome,
            )
            if finished.handoff_reason is not None:
                control = change.conversation.control.hand_off()
                await transitions.queue(change, control, finished.handoff_reason)
            return message

        return await self._changes.run(claim.conversation.id, step)

    async def _say(self, change: Change, reply: Reply, finished: Finished) -> Message:
        frozen = reply.frozen
        products = finished.products if finished.products is not None else frozen.products if frozen else ()
        sources = finished.sources if finished.sources is not None else frozen.sources if frozen else ()
        await disclose(change)
        message = await change.say(
            SenderKind.BOT,
            finished.text,
            message=reply.id,
            finish_reason=finished.finish_reason,
            products=tuple(products),
            sources=tuple(sources),
        )
        await change.tx.messages.add_recommendations(message, None if frozen is None else frozen.model)
        return message

    async def hand_off(self, claim: Claim, reason: str) -> None:
        """End a reply that says nothing, and hand the conversation to the queue.

        Raises: ReplyEndedError.
        """

        async def step(change: Change) -> None:
            _owned(await change.tx.replies.find(claim.reply.id), claim)
            await transitions.queue(change, change.conversation.control.hand_off(), reason, covers=True)

        await self._changes.run(claim.conversation.id, step)

    async def fail(self, claim: Claim, error: str, *, is_final: bool = False) -> bool:
        """Give a reply back to be tried again after a pause; at the limit, or when final, end it with reply.failed
        and hand the conversation to the queue. Return whether it ended. `error` must hold no text of customers.

        Raises: ReplyEndedError.
        """

        async def step(change: Change) -> bool:
            reply = _owned(await change.tx.replies.find(claim.reply.id), claim)
            if is_final or claim.job.tries >= claim.job.max_tries:
                await _fail(change, reply, claim.job, error)
                return True
            pause = pause_s(claim.job.tries, random.random())
            await change.tx.jobs.retry(claim.job.id, claim.attempt, error, pause)
            return False

        return await self._changes.run(claim.conversation.id, step)

    async def restart(self, claim: Claim, reason: str) -> None:
        """End a reply that this worker cannot continue (another model or tokenizer), and let a new one begin.

        Raises: ReplyEndedError.
        """

        async def step(change: Change) -> None:
            reply = _owned(await change.tx.replies.find(claim.reply.id), claim)
            await change.end_reply(reply, ReplyStatus.FAILED, reply.text, covers=False, failure=reason)
            await change.append(events.ReplyFailed, about=reply.id, message=reply.id, reason=reason)

        await self._changes.run(claim.conversation.id, step)

    async def release(self, progress: Progress) -> bool:
        """Give a reply back while draining: text and ids are stored, the try is not counted."""
        claim = progress.claim
        async with self._store.write() as tx:
            await tx.replies.checkpoint([Checkpoint(claim.reply.id, claim.attempt, progress.text, progress.ids)])
            is_released = await tx.jobs.release(claim.job.id, claim.attempt)
            await tx.commit()
        return is_released


async def _fail(change: Change, reply: Reply, job: ClaimedJob, reason: str) -> None:
    """End a reply without an answer: people take over."""
    await change.end_reply(reply, ReplyStatus.FAILED, reply.text, covers=True, failure=reason, is_dead=True)
    await change.append(events.ReplyFailed, about=reply.id, message=reply.id, reason="error")
    await transitions.queue(change, change.conversation.control.hand_off(), "failure")
    change.publications += await tell_dead(change.tx, job, change.now)


def _is_owner(reply: Reply, claim: Claim) -> bool:
    return reply.status is ReplyStatus.RUNNING and reply.attempt == claim.attempt


def _owned(reply: Reply | None, claim: Claim) -> Reply:
    """Return the reply.

    Raises: ReplyEndedError.
    """
    if reply is None or not _is_owner(reply, claim):
        raise ReplyEndedError(f"reply {claim.reply.id}, attempt {claim.attempt}")
    return reply
