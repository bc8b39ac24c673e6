"""The answer to a hello: where every conversation goes on, who the client is, and what it missed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from realtime.bus.topic import user_topic, visitor_topic
from realtime.dispatch import Dispatcher, Session
from realtime.hub import Hub, Prepared
from realtime.ports import Authenticated, CommandError, Missed, Sessions
from realtime.protocol.answers import (
    HEARTBEAT_S,
    PROTOCOL_VERSION,
    Welcome,
    encode_fields,
    encode_welcome,
    not_found_fields,
)
from realtime.protocol.codec import MAX_FRAME_BYTES
from realtime.protocol.commands import AgentHello, Cursor, Hello
from realtime.protocol.shapes import Limits, UserSelf, VisitorSelf

RESUMES_AT_ONCE = 8

Resumption = Prepared | dict[str, Any]
"""A conversation that is followed from now on, or the answer for one that is not there."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """A hello that can be answered: send `welcome`, open what is `resumed`, and ask for a resume of what is `left_out`
    because a frame has no room for it.
    """

    welcome: bytes
    resumed: Sequence[Resumption]
    left_out: Sequence[UUID]
    missed: Missed | None


class Greeter:
    """Answers hellos; knows nothing of sockets."""

    __slots__ = ("_dispatcher", "_hub", "_sessions", "_settings")

    def __init__(self, hub: Hub, sessions: Sessions, dispatcher: Dispatcher) -> None:
        self._hub = hub
        self._sessions = sessions
        self._dispatcher = dispatcher
        self._settings = hub.settings

    async def greet(self, session: Session, hello: Hello, authenticated: Authenticated) -> Greeting:
        """Begin to listen for a client that is known now, and read what brings it to the present.

        Raises: any error of the product. What the session follows by then, it lets go of at its end.
        """
        principal = authenticated.principal
        await session.listen(user_topic(principal.id) if principal.is_staff else visitor_topic(principal.id))
        resumed, left_out = self._fitting(session, await self._resume(session, hello.resume))
        # Their topic is heard: what is stored after this comes from there.
        missed = None
        if isinstance(hello, AgentHello):
            missed = await self._sessions.missed(principal, hello.notifications)
        welcome = self._welcome(session.id, hello.id, authenticated, resumed, missed)
        return Greeting(encode_welcome(welcome), resumed, left_out, missed)

    async def _resume(self, session: Session, cursors: Sequence[Cursor]) -> list[Resumption]:
        slots = asyncio.Semaphore(RESUMES_AT_ONCE)

        async def one(cursor: Cursor) -> Resumption:
            async with slots:
                try:
                    return await self._dispatcher.prepare(session, UUID(cursor.conversation), cursor)
                except (ValueError, CommandError):
                    return not_found_fields(cursor.conversation)

        read = await asyncio.gather(*(one(cursor) for cursor in _once_each(cursors)), return_exceptions=True)
        return [_or_raise(result) for result in read]

    def _fitting(self, session: Session, resumed: list[Resumption]) -> tuple[list[Resumption], list[UUID]]:
        """Let go of conversations that are too long for one frame with those before them: they are to be asked for."""
        if len(resumed) < 2:
            return resumed, []  # each alone fits
        fitting: list[Resumption] = []
        left_out: list[UUID] = []
        left = self._settings.resume_bytes
        for one in resumed:
            left -= len(encode_fields(_fields(one)))
            if left >= 0 or isinstance(one, dict):
                fitting.append(one)
                continue
            conversation = one.feed.conversation
            self._hub.unwatch(session, conversation)
            session.watched.discard(conversation)
            left_out.append(conversation)
        return fitting, left_out

    def _welcome(
        self,
        connection: UUID,
        request_id: str,
        authenticated: Authenticated,
        resumed: Sequence[Resumption],
        missed: Missed | None,
    ) -> Welcome:
        principal = authenticated.principal
        return Welcome(
            id=request_id,
            protocol=PROTOCOL_VERSION,
            connection=connection,
            heartbeat_s=HEARTBEAT_S,
            limits=Limits(
                frame_bytes=MAX_FRAME_BYTES,
                commands_per_minute=self._settings.commands_per_minute,
                message_chars=self._settings.message_chars,
            ),
            conversations=[_fields(one) for one in resumed],
            token=authenticated.token,
            visitor=None
            if principal.is_staff
            else VisitorSelf(id=principal.id, name=principal.name, verified=principal.verified),
            user=UserSelf(id=principal.id, name=principal.name or "", role=principal.role or "")
            if principal.is_staff
            else None,
            unread=None if missed is None or missed.unread is None else list(missed.unread),
        )


def _fields(one: Resumption) -> dict[str, Any]:
    return one if isinstance(one, dict) else one.answer.fields


def _or_raise(result: Resumption | BaseException) -> Resumption:
    if isinstance(result, BaseException):
        raise result
    return result


def _once_each(cursors: Sequence[Cursor]) -> list[Cursor]:
    """Keep the last cursor of each conversation."""
    return list({cursor.conversation.lower(): cursor for cursor in cursors}.values())
