"""From a vendor's event to what it means here: the job behind the webhook log.

Each event is one transaction that also marks its row, so that it has its effect once, however often the job is tried
and wherever a worker dies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog

from app.domain.channel import (
    Handover,
    InboundEvent,
    Media,
    MessageDeleted,
    MessageReceived,
    PolicyEnforced,
    Postback,
    Reaction,
)
from app.domain.job import ClaimedJob
from app.domain.message import Message, SenderKind, check_text
from app.services import transitions
from app.services.attachments import Incoming, incoming, keep_incoming
from app.services.change import Change, Changes
from app.services.clock import Clock
from app.services.ids import new_id
from app.services.inbox import Verdict
from app.services.ingest import HINT_CHARS, analysis_of, make_room, new_conversation, reopen_if_closed
from app.services.notifying import settle_handoff, tell_policy
from app.services.ports import Identity, Store, WaitingEvent
from app.services.referring import key_of, place_of, refers_to
from realtime.ports import CommandError
from realtime.protocol import events

log = structlog.get_logger(__name__)

TEXT_CHARS = 20_000  # more than any vendor passes on
UNSUPPORTED = "(unsupported content)"
STORY = "story"  # what a file is called that is a story
OTHER_APP = "other_app"  # why the queue has a conversation that another app answers
MOVES = ("pass", "take")  # what gives a thread to another app; a request only asks
REACTION_CHARS = 32  # of an emoji made of many, or of a vendor's word
LIFTED = "unblock"  # of a policy: good news rings no bell
_TRIES = 5  # at finding the conversation open while others close it

_decoder = msgspec.json.Decoder(InboundEvent)
Effect = Callable[[WaitingEvent, Any], Awaitable[None]]


class AlreadyDoneError(Exception):
    """Another worker has processed this event."""


class Receiving:
    """Handler of the jobs that a webhook leaves."""

    def __init__(self, store: Store, changes: Changes, clock: Clock) -> None:
        self._store = store
        self._changes = changes
        self._clock = clock
        self._effects: dict[type[Any], Effect] = {
            MessageReceived: self._message,
            Postback: self._postback,
            MessageDeleted: self._deleted,
            Reaction: self._reacted,
            Handover: self._handover,
            PolicyEnforced: self._policy,
        }

    def handle(self, effects: Mapping[type[Any], Effect]) -> None:
        """Let other use cases take events of these types."""
        self._effects.update(effects)

    async def __call__(self, job: ClaimedJob) -> None:
        """Process the events of one request at one account, in order; one that fails does not stop the others.

        Raises: the first error, after all have been tried; at the job's last try the failing ones are given up.
        """
        async with self._store.read() as tx:
            waiting = await tx.inbox.waiting(UUID(job.payload["post"]), UUID(job.payload["account"]))
        failures: list[Exception] = []
        for row in waiting:
            try:
                await self._process(row)
            except AlreadyDoneError:
                continue
            except Exception as error:
                failures.append(error)
                log.warning("event failed", action="event_failed", row=str(row.id), error=type(error).__name__)
                if job.tries >= job.max_tries:
                    await self._finish(row, error=type(error).__name__)
        if failures:
            raise failures[0]

    async def _process(self, row: WaitingEvent) -> None:
        event = _decoder.decode(row.event)
        effect = self._effects.get(type(event))
        if effect is None:
            await self._finish(row)  # kept in the log, and nothing to do
            return
        await effect(row, event)

    async def _finish(self, row: WaitingEvent, error: str | None = None) -> None:
        async with self._store.write() as tx:
            await tx.inbox.finish(row.id, error=error)
            await tx.commit()

    async def _refuse(self, row: WaitingEvent) -> None:
        """Leave the event of a blocked customer in the log, and do nothing about it."""
        async with self._store.write() as tx:
            await tx.inbox.finish(row.id, status=Verdict.BLOCKED.value)
            await tx.commit()

    async def _message(self, row: WaitingEvent, event: MessageReceived) -> None:
        files, story = incoming(event.attachments), incoming(_story_of(event))
        text = visible_text(event.text, has_attachments=bool(files))
        await self._receive(row, event, text, (*files, *story), story[0].url if story else None)

    async def _postback(self, row: WaitingEvent, event: Postback) -> None:
        await self._receive(row, event, visible_text(event.title), ())

    async def _receive(
        self,
        row: WaitingEvent,
        event: MessageReceived | Postback,
        text: str,
        files: tuple[Incoming, ...],
        story_url: str | None = None,
    ) -> None:
        name, phone = (event.name, event.phone) if isinstance(event, MessageReceived) else (None, None)
        identity = await self.identity(row, event.address, name, phone)
        if identity.is_blocked:
            await self._refuse(row)
            return

        async def step(change: Change) -> None:
            message_id = new_id()
            if not await change.tx.inbox.finish(row.id, message=message_id):
                raise AlreadyDoneError
            await reopen_if_closed(change)
            await make_room(change)
            refers = await refers_to(change.tx, row.account, identity.id, event, story_url)
            message = await change.say(
                SenderKind.CUSTOMER,
                text,
                message=message_id,
                sender_id=identity.id,
                sender_name=identity.name,
                client_id=key_of(event.key),
                attachments=tuple(one.shape for one in files),
                refers=refers,
            )
            await keep_incoming(change, message_id, row.account, files)
            if event.standby:  # another app answers: it is to be seen, and nothing more
                change.conversation.covered_seq = max(change.conversation.covered_seq, message.seq)
            await change.add_job(analysis_of(message))

        await self.in_conversation(identity, step)

    async def identity(
        self, row: WaitingEvent, address: str, name: str | None = None, phone: str | None = None
    ) -> Identity:
        """Find or insert the customer at an address."""
        async with self._store.read() as tx:
            found = await tx.people.identity_at(row.account, address)
        if found is not None:
            return found
        async with self._store.write() as tx:
            hint = None if not name or not name.isprintable() else name[:HINT_CHARS]
            identity = await tx.people.ensure_address(row.shop, row.account, address, hint, phone)
            await tx.commit()
        return identity

    async def in_conversation(self, identity: Identity, step: Callable[[Change], Awaitable[None]]) -> None:
        """Run a step in the identity's conversation: the open one, a recently closed one that the step reopens, or a
        new one."""
        conversation = await self._conversation(identity, is_closed_good=True)
        for _ in range(_TRIES):
            try:
                return await self._changes.run(conversation, step, waits=False)
            except CommandError as error:
                if error.code != "closed":
                    raise
            conversation = await self._conversation(identity, is_closed_good=False)
        raise RuntimeError("the conversation is closed again and again")

    async def _conversation(self, identity: Identity, *, is_closed_good: bool) -> UUID:
        async with self._store.write() as tx:
            found = await tx.conversations.find_open(identity.id)
            if found is None and is_closed_good:
                found = await tx.conversations.find_last(identity.id)
            if found is not None:
                return found
            fresh = new_conversation(identity, self._clock.now())
            if await tx.conversations.add(fresh):
                await tx.commit()
                return fresh.id
        return await self._conversation(identity, is_closed_good=is_closed_good)  # another worker was faster

    async def _deleted(self, row: WaitingEvent, event: MessageDeleted) -> None:
        identity = await self.identity(row, event.address)
        async with self._store.read() as tx:
            place = await tx.messages.place_of(identity.id, key_of(event.message))
        if place is None:  # it was never here, or comes after its deletion and says so itself
            await self._finish(row)
            return
        conversation, message_id = place

        async def step(change: Change) -> None:
            if not await change.tx.inbox.finish(row.id):
                raise AlreadyDoneError
            message = await change.tx.messages.find(conversation, message_id)
            if message is not None and not message.redacted:
                await redact(change, message)

        await self._changes.run(conversation, step, waits=False)

    async def _reacted(self, row: WaitingEvent, event: Reaction) -> None:
        """Keep the customer's reaction at the message; the last one counts."""
        async with self._store.read() as tx:
            identity = await tx.people.identity_at(row.account, event.address)
            place = None if identity is None else await place_of(tx, row.account, identity.id, event.message)
        if identity is not None and identity.is_blocked:
            await self._refuse(row)
            return
        if place is None:
            await self._finish(row)
            return
        conversation, message_id = place
        emoji = event.emoji[:REACTION_CHARS] if event.emoji else None

        async def step(change: Change) -> None:
            if not await change.tx.inbox.finish(row.id):
                raise AlreadyDoneError
            message = await change.tx.messages.find(conversation, message_id)
            if message is not None and not message.redacted and message.reaction != emoji:
                await change.tx.messages.set_reaction(message_id, emoji)
                await change.append(events.MessageReacted, about=message_id, message=message_id, emoji=emoji)

        await self._changes.run(conversation, step, waits=False)

    async def _policy(self, row: WaitingEvent, event: PolicyEnforced) -> None:
        """Tell owners and admins, and leave the vendor's reason in the log, where they look."""
        reason = f"{event.action}: {event.reason}" if event.reason else event.action
        async with self._store.write() as tx:
            if not await tx.inbox.finish(row.id, error=reason, status=Verdict.ACCEPTED.value):
                raise AlreadyDoneError
            told = await tell_policy(tx, row.shop, row.id, self._clock.now()) if event.action != LIFTED else ()
            await tx.commit()
        log.warning("policy enforced", action="policy_enforced", account=str(row.account), verdict=event.action)
        await self._changes.publish(told)

    async def _handover(self, row: WaitingEvent, event: Handover) -> None:
        """Let the bot be silent in a thread that another app has, and go on in one that is ours again."""
        if event.action not in MOVES:
            await self._finish(row)
            return
        async with self._store.read() as tx:
            is_ours = event.app is not None and event.app == await tx.inbox.app_of(row.account)
        if is_ours:
            await self._came_back(row, event)
            return
        identity = await self.identity(row, event.address)

        async def step(change: Change) -> None:
            if not await change.tx.inbox.finish(row.id):
                raise AlreadyDoneError
            await reopen_if_closed(change)
            control = change.conversation.control.hand_off()
            if control is not change.conversation.control:
                await transitions.queue(change, control, OTHER_APP, covers=True)

        await self.in_conversation(identity, step)

    async def _came_back(self, row: WaitingEvent, event: Handover) -> None:
        """Undo what another app's having the thread did; who asked for a person here goes on waiting for one."""
        async with self._store.read() as tx:
            identity = await tx.people.identity_at(row.account, event.address)
            conversation = None if identity is None else await tx.conversations.find_open(identity.id)
        if conversation is None:
            await self._finish(row)
            return

        async def step(change: Change) -> None:
            if not await change.tx.inbox.finish(row.id):
                raise AlreadyDoneError
            if change.conversation.handoff_reason == OTHER_APP:
                await transitions.to_bot(change, change.conversation.control.resume_bot())
                await settle_handoff(change)

        await self._changes.run(conversation, step, waits=False)


def _story_of(event: MessageReceived) -> Sequence[Media]:
    """A story is shown for a day, and its address is good for less: it is kept as a file of the message."""
    if event.story is None or event.story.url is None:
        return ()
    return (Media(kind=STORY, url=event.story.url),)


async def redact(change: Change, message: Message) -> None:
    """Wipe a message and say so; a reply to it that is under way ends."""
    reply = await change.tx.replies.find_active(change.conversation.id)
    if reply is not None and reply.question == message.id:
        await change.stop_reply(reply)
    await change.tx.messages.redact(message)
    await change.append(events.MessageRedacted, about=message.id, message=message.id)
    if change.conversation.question == message.id:
        change.conversation.covered_seq = max(change.conversation.covered_seq, message.seq)


def visible_text(text: str, *, has_attachments: bool = False) -> str:
    """Return what is shown of a message: its text, or that there was something else."""
    try:
        return check_text(text[:TEXT_CHARS], TEXT_CHARS)
    except CommandError:
        return "" if has_attachments else UNSUPPORTED
