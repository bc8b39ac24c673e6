"""What each command does. Most are the product's; following, typing and tokens are the live session's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from realtime.attendance import Attendance
from realtime.bus.topic import connection_topic
from realtime.hub import Hub, Prepared
from realtime.ports import Authenticated, Principal, Sessions
from realtime.protocol.answers import encode_ack
from realtime.protocol.commands import (
    Command,
    ConversationOpen,
    ConversationUnwatch,
    ConversationWatch,
    Cursor,
    InboxWatch,
    PresenceSet,
    SuggestRequest,
    TokenRefresh,
    Typing,
)
from realtime.protocol.shapes import PresentParticipant
from realtime.watch import Reader


class Session(Reader, Protocol):
    """The live session that a command came in on."""

    @property
    def principal(self) -> Principal: ...

    @property
    def watched(self) -> set[UUID]: ...

    def answer(self, body: bytes) -> None:
        """Give the client the answer of the command in progress."""

    def answer_position(self, conversation: UUID, body: bytes) -> None:
        """Queue an answer that brings the conversation to the present: its frames in the queue are not needed."""

    async def listen(self, topic: str) -> None:
        """Receive the notices of a topic until the session ends."""

    def extend(self, authenticated: Authenticated) -> None:
        """Live on with a newer token."""


class Dispatcher:
    """Carries out commands of all sessions of a node."""

    def __init__(self, hub: Hub, sessions: Sessions, attendance: Attendance) -> None:
        self._hub = hub
        self._sessions = sessions
        self._attendance = attendance

    async def carry_out(self, session: Session, command: Command) -> None:
        """Carry out a command and send its ack.

        Raises: CommandError; any error of the product.
        """
        await self._sessions.admit(session.principal, command)
        match command:
            case ConversationWatch():
                await self._watch(session, command)
            case ConversationOpen():
                await self._open(session, command)
            case InboxWatch():
                await self._watch_inbox(session, command)
            case _:
                session.answer(encode_ack(command.id, await self._plain(session, command)))

    async def prepare(self, session: Session, conversation: UUID, cursor: Cursor | None) -> Prepared:
        """Begin to follow a conversation; see Hub.prepare."""
        prepared = await self._hub.prepare(session, session.principal, conversation, cursor)
        session.watched.add(conversation)
        return prepared

    def open_watch(self, session: Session, prepared: Prepared) -> None:
        """The answer was sent: let traffic through, and let the others know who came."""
        self._hub.open_watch(prepared)
        self._attendance.enter(prepared.feed.conversation, session, _present(session.principal))

    async def leave(self, session: Session) -> None:
        """The session is over: stop following everything."""
        watched = list(session.watched)
        session.watched.clear()
        for conversation in watched:
            self._hub.unwatch(session, conversation)
        self._hub.unwatch_inbox(session, session.principal)
        for conversation in watched:
            await self._attendance.leave(conversation, session.id)
        await self._attendance.gone(session.id)

    async def _plain(self, session: Session, command: Command) -> Mapping[str, Any]:
        """Carry out a command whose ack needs no care about order; return its fields."""
        match command:
            case ConversationUnwatch():
                self._hub.unwatch(session, command.conversation)
                session.watched.discard(command.conversation)
                await self._attendance.leave(command.conversation, session.id)
                return {}
            case Typing():
                if command.conversation not in session.watched:
                    await self._sessions.check_watch(session.principal, command.conversation)
                await self._attendance.typing(
                    command.conversation, session.id, _present(session.principal), on=command.on
                )
                if not (session.principal.is_staff and command.on):
                    return {}  # else the product may pass it on to where the customer is
            case PresenceSet():
                self._show(session, command)
                return {}
            case TokenRefresh():
                authenticated = await self._sessions.refresh(session.principal, command.token)
                session.extend(authenticated)
                return {} if authenticated.token is None else {"token": authenticated.token}
            case SuggestRequest():
                await session.listen(connection_topic(session.id))
        return await self._sessions.execute(session.principal, session.id, command)

    def _show(self, session: Session, command: PresenceSet) -> None:
        if command.conversation is None:
            self._attendance.look(session.id, command.state)
        for conversation in session.watched:
            if command.conversation in (None, conversation):
                self._attendance.look_at(conversation, session.id, command.state)

    async def _watch(self, session: Session, command: ConversationWatch) -> None:
        cursor = Cursor(conversation=str(command.conversation), log=command.log, seq=command.seq, live=command.live)
        prepared = await self.prepare(session, command.conversation, cursor)
        session.answer_position(command.conversation, encode_ack(command.id, prepared.answer.fields))
        self.open_watch(session, prepared)

    async def _open(self, session: Session, command: ConversationOpen) -> None:
        """The product finds or makes the conversation; what it answers needs no more than the id."""
        fields = await self._sessions.execute(session.principal, session.id, command)
        opened = fields["conversation"]
        found = opened["id"] if isinstance(opened, Mapping) else opened
        prepared = await self.prepare(session, found if isinstance(found, UUID) else UUID(str(found)), None)
        ack = encode_ack(command.id, {**fields, "conversation": prepared.answer.fields["snapshot"]})
        session.answer_position(prepared.feed.conversation, ack)
        self.open_watch(session, prepared)

    async def _watch_inbox(self, session: Session, command: InboxWatch) -> None:
        watch, page = await self._hub.watch_inbox(session, session.principal, command.queue)
        session.answer(encode_ack(command.id, {"conversations": page}))
        self._hub.open_inbox(watch, page)


def _present(principal: Principal) -> PresentParticipant:
    if principal.is_staff:
        return PresentParticipant(kind="agent", id=principal.id, name=principal.name, state="online")
    # By the visitor's own id, as receipts name them too: a customer's record may be made only while they are here.
    return PresentParticipant(kind="customer", id=principal.id, name=principal.name, state="online")
