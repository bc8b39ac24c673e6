"""One live connection: reads without pause, carries commands out in order, writes through one writer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID, uuid4

from realtime.bus.frame import Audience, Frame, Kind
from realtime.bus.topic import user_topic, visitor_topic
from realtime.control import read_revoke
from realtime.dispatch import Dispatcher
from realtime.failure import log_failure
from realtime.hub import Hub, Listening, Prepared
from realtime.notices import Notices
from realtime.outbox import Burst, Outbox, Packet
from realtime.ports import Authenticated, CommandError, Missed, Peer, Principal, Sessions
from realtime.protocol.answers import (
    HEARTBEAT_S,
    PROTOCOL_VERSION,
    Welcome,
    encode_error,
    encode_fields,
    encode_welcome,
    not_found_fields,
)
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.codec import MAX_FRAME_BYTES
from realtime.protocol.commands import AgentHello, Command, Cursor, Hello, VisitorHello
from realtime.protocol.connection import Connection, State
from realtime.protocol.errors import CloseError, RefusedError
from realtime.protocol.events import Drain, Ping, Resync, encode
from realtime.protocol.shapes import Limits, UserSelf, VisitorSelf
from realtime.writer import Writer

logger = logging.getLogger(__name__)

FINISH_S = 10.0  # for commands that were received before the client went
RESUMES_AT_ONCE = 8
_TRY_AGAIN = frozenset({"unavailable", "rate_limited"})  # errors of a hello that are not the client's credentials
_CLOSED = State.CLOSED
_PING = Packet(encode(Ping()))

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class LiveSession:
    """See the module. `run` returns when the connection is over."""

    def __init__(self, hub: Hub, sessions: Sessions, dispatcher: Dispatcher, peer: Peer, *, staff: bool) -> None:
        self.id: UUID = uuid4()
        self.is_staff = staff
        self.watched: set[UUID] = set()
        self.outbox = Outbox(hub.settings.outbox_bytes)
        self._hub = hub
        self._sessions = sessions
        self._settings = hub.settings
        self._counters = hub.counters
        self._dispatcher = dispatcher
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._machine = Connection(
            staff=staff,
            started_at=self._loop.time(),
            commands_per_minute=self._settings.commands_per_minute,
            message_chars=self._settings.message_chars,
            hello_timeout_s=self._settings.hello_timeout_s,
        )
        self._principal: Principal | None = None
        self._writer: Writer | None = None
        self._commands: list[Hello | Command] = []  # few; a deque takes 760 bytes
        self._executor: asyncio.Task[None] | None = None
        self._listening: dict[str, Listening] = {}
        self._left_out: list[UUID] = []  # of the welcome, because it has no room
        self._notices = Notices()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def principal(self) -> Principal:
        if self._principal is None:
            raise ValueError("expected an open session, hello was not answered yet")
        return self._principal

    @property
    def is_open(self) -> bool:
        """Whether the hello was answered and nothing has ended the session."""
        return self._machine.state is State.OPEN

    @property
    def is_closing(self) -> bool:
        return self._machine.state is State.CLOSED

    def refuse(self, writer: Writer, code: CloseCode, reason: str) -> None:
        """Close the accepted connection before anything is said on it; `run` then waits for its end."""
        self._machine.closed()
        writer.close(code, reason, flush=False)

    async def run(self, receive: Receive, writer: Writer) -> None:
        """Serve the accepted connection until it is over."""
        self._writer = writer
        self._schedule()
        try:
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    break
                if not self.is_closing:
                    self._receive(message.get("text"))
        finally:
            self._machine.closed()
            await self._finish(writer)

    def deliver(self, packet: Packet) -> None:
        """Queue a packet; a client that is too slow for its outbox is closed."""
        writer = self._writer
        if writer is None or self._machine.state is _CLOSED:
            return
        self._counters.frames_queued += 1
        if self.outbox.put(packet):
            writer.wake()
        else:
            self._counters.slow_closed += 1
            self.close(CloseCode.SLOW_CONSUMER, "the client reads too slowly", flush=False)

    def deliver_burst(self, burst: Burst, now: float) -> None:
        """Write a burst at once if nothing is before it, else queue its packets."""
        writer = self._writer
        if writer is not None and writer.write_through(burst.frame_bytes, now):
            self._counters.frames_queued += len(burst.bodies)
        else:
            for packet in burst.packets:
                self.deliver(packet)

    def send(self, body: bytes) -> None:
        """Queue wire JSON for this connection alone."""
        self.deliver(Packet(body))

    def answer(self, body: bytes) -> None:
        """Give the client the answer of the command in progress."""
        self.send(body)

    def answer_position(self, conversation: UUID, body: bytes) -> None:
        """Answer a resume, in place of the conversation's frames that are still queued."""
        self.outbox.remove(conversation)
        self.answer(body)

    def close(self, code: CloseCode, reason: str, *, flush: bool = True) -> None:
        """Take no more commands, write what is queued (with `flush`), and close."""
        self._machine.closed()
        self._commands.clear()
        if self._writer is not None:
            self._writer.close(code, reason, flush=flush)

    def drain(self, reconnect_after_s: float) -> None:
        """Ask the client to go to another node."""
        self.send(encode(Drain(reconnect_after_ms=round(reconnect_after_s * 1000))))

    def revoke(self, reason: str) -> None:
        """End the session for good: who it acts for may no more."""
        self._counters.revoked += 1
        self.close(CloseCode.REVOKED, reason)

    def stalled(self) -> None:
        """The writer gave up on a client that does not read."""
        self._counters.stalled_aborted += 1
        self._machine.closed()

    async def listen(self, topic: str) -> None:
        """Receive the notices and revocations of a topic until the session ends."""
        if topic not in self._listening:
            self._listening[topic] = self._hub.listen(topic, self._on_frame)
        await self._hub.heard(self._listening[topic])

    def extend(self, authenticated: Authenticated) -> None:
        """Live on with a newer token."""
        self._machine.extended(self._expiry(authenticated))
        self._schedule()

    def _on_frame(self, topic: str, frame: Frame) -> None:
        revoke = read_revoke(frame)
        if revoke is not None:
            if revoke.session is None or revoke.session == self.principal.session:
                self.revoke(revoke.reason)
        elif (
            frame.kind is Kind.NOTICE
            and (self.is_staff or frame.audience is Audience.ALL)
            and not self._notices.keep(frame.body)
        ):
            self.deliver(Packet(frame.body))

    def _receive(self, text: str | None) -> None:
        now = self._loop.time()
        try:
            if text is None:
                self._machine.receive_binary(now)
                return
            command = self._machine.receive(text, now)
        except RefusedError as error:
            self._refuse(error)
        except CloseError as error:
            self._end(error)
        else:
            self._counters.commands += 1
            self._commands.append(command)
            if self._executor is None:
                self._executor = self._loop.create_task(self._execute())

    async def _execute(self) -> None:
        """Carry out what was received, in order; reading goes on meanwhile."""
        try:
            while self._commands:
                await self._answer(self._commands.pop(0))
                self._machine.answered()
        finally:
            self._executor = None

    async def _answer(self, command: Hello | Command) -> None:
        try:
            if isinstance(command, VisitorHello | AgentHello):
                await self._greet(command)
            elif self._principal is not None:
                await self._dispatcher.carry_out(self, command)
        except CommandError as error:
            self._counters.commands_refused += 1
            self.answer(_error(command.id, error))
        except Exception as error:
            self._counters.commands_failed += 1
            log_failure(logger, f"{type(command).__name__} failed", "command_failed", error)
            self.answer(encode_error("unavailable", "this could not be done now, try again", request_id=command.id))

    async def _greet(self, hello: Hello) -> None:
        try:
            authenticated = await self._authenticate(hello)
            principal = self._principal = authenticated.principal
            await self.listen(user_topic(principal.id) if principal.is_staff else visitor_topic(principal.id))
            resumed = self._fitting(await self._resume(hello.resume))
            missed = await self._missed(hello, principal)
        except Exception as error:
            self._refuse_hello(hello, error)
            return
        if self.is_closing:
            return
        fields = [prepared if isinstance(prepared, dict) else prepared.answer.fields for prepared in resumed]
        self.send(encode_welcome(self._welcome(hello.id, authenticated, fields, missed)))
        for prepared in resumed:
            if isinstance(prepared, Prepared):
                self._dispatcher.open_watch(self, prepared)
        for conversation in self._left_out:
            self.send(encode(Resync(conversation=conversation)))
        self._left_out.clear()
        self._machine.opened(self._expiry(authenticated))
        self._schedule()
        for body in self._notices.opened(missed, hello.notifications if isinstance(hello, AgentHello) else None):
            self.send(body)

    async def _missed(self, hello: Hello, principal: Principal) -> Missed | None:
        """Read what staff were told meanwhile. Their topic is heard: what is stored after this comes from there."""
        if not isinstance(hello, AgentHello):
            return None
        return await self._sessions.missed(principal, hello.notifications)

    async def _authenticate(self, hello: Hello) -> Authenticated:
        if isinstance(hello, VisitorHello):
            return await self._sessions.authenticate_visitor(hello, self._peer)
        return await self._sessions.authenticate_user(hello, self._peer)

    def _refuse_hello(self, hello: Hello, error: Exception) -> None:
        self._counters.hellos_refused += 1
        if not isinstance(error, CommandError):
            log_failure(logger, "hello failed", "hello_failed", error)
            error = CommandError("unavailable", "this could not be done now, try again")
        self.send(_error(hello.id, error))
        if error.code in _TRY_AGAIN:
            self.close(CloseCode.RESYNC, error.message)
        elif error.code == "forbidden":
            self.close(CloseCode.REVOKED, error.message)
        else:
            self.close(CloseCode.UNAUTHORIZED, error.message)

    async def _resume(self, cursors: list[Cursor]) -> list[Prepared | dict[str, Any]]:
        slots = asyncio.Semaphore(RESUMES_AT_ONCE)

        async def one(cursor: Cursor) -> Prepared | dict[str, Any]:
            async with slots:
                try:
                    return await self._dispatcher.prepare(self, UUID(cursor.conversation), cursor)
                except (ValueError, CommandError):
                    return not_found_fields(cursor.conversation)

        read = await asyncio.gather(*(one(cursor) for cursor in _once_each(cursors)), return_exceptions=True)
        return [_or_raise(result) for result in read]

    def _fitting(self, resumed: list[Prepared | dict[str, Any]]) -> list[Prepared | dict[str, Any]]:
        """Let go of conversations that are too long for one frame with those before them: they are to be asked for."""
        if len(resumed) < 2:
            return resumed  # each alone fits
        fitting: list[Prepared | dict[str, Any]] = []
        left = self._settings.resume_bytes
        for one in resumed:
            left -= len(encode_fields(one if isinstance(one, dict) else one.answer.fields))
            if left >= 0 or isinstance(one, dict):
                fitting.append(one)
                continue
            conversation = one.feed.conversation
            self._hub.unwatch(self, conversation)
            self.watched.discard(conversation)
            self._left_out.append(conversation)
        return fitting

    def _welcome(
        self,
        request_id: str,
        authenticated: Authenticated,
        conversations: list[dict[str, Any]],
        missed: Missed | None,
    ) -> Welcome:
        principal = authenticated.principal
        return Welcome(
            id=request_id,
            protocol=PROTOCOL_VERSION,
            connection=self.id,
            heartbeat_s=HEARTBEAT_S,
            limits=Limits(
                frame_bytes=MAX_FRAME_BYTES,
                commands_per_minute=self._settings.commands_per_minute,
                message_chars=self._settings.message_chars,
            ),
            conversations=conversations,
            token=authenticated.token,
            visitor=None
            if principal.is_staff
            else VisitorSelf(id=principal.id, name=principal.name, verified=principal.verified),
            user=UserSelf(id=principal.id, name=principal.name or "", role=principal.role or "")
            if principal.is_staff
            else None,
            unread=None if missed is None or missed.unread is None else list(missed.unread),
        )

    def _refuse(self, error: RefusedError) -> None:
        self._counters.commands_refused += 1
        body = encode_error(error.code, error.message, request_id=error.request_id, retry_after_ms=error.retry_after_ms)
        self.answer(body)

    def _end(self, error: CloseError) -> None:
        if error.error is not None:
            self._refuse(error.error)
        self.close(error.code, error.reason)

    def _expiry(self, authenticated: Authenticated) -> float | None:
        """Return the end of the session on the loop's clock: tokens tell it in wall time."""
        if authenticated.expires_at is None:
            return None
        return self._loop.time() + authenticated.expires_at - time.time()

    def _schedule(self) -> None:
        """Set the timer for the next deadline or ping, whichever comes first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.is_closing or self._writer is None:
            return
        due = self._writer.last_write + self._settings.ping_after_s
        deadline = self._machine.deadline
        self._timer = self._loop.call_at(due if deadline is None else min(due, deadline), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        try:
            self._machine.check(now)
        except CloseError as error:
            self._end(error)
            return
        assert self._writer is not None
        if now >= self._writer.last_write + self._settings.ping_after_s:
            self._writer.last_write = now  # of the ping: the next one is due an interval later
            self.deliver(_PING)
        self._schedule()

    async def _finish(self, writer: Writer) -> None:
        """Carry out what the client sent before it went, then let go of everything."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            if self._executor is not None:
                _, unfinished = await asyncio.wait({self._executor}, timeout=FINISH_S)
                for task in unfinished:
                    task.cancel()
                if unfinished:
                    await asyncio.wait(unfinished, timeout=FINISH_S)  # what it began to follow is let go of below
        finally:
            writer.stop()
            for listening in self._listening.values():
                self._hub.unlisten(listening)
            if self._principal is not None:
                await self._dispatcher.leave(self)


def _or_raise(result: Prepared | dict[str, Any] | BaseException) -> Prepared | dict[str, Any]:
    if isinstance(result, BaseException):
        raise result
    return result


def _once_each(cursors: list[Cursor]) -> list[Cursor]:
    """Keep the last cursor of each conversation."""
    return list({cursor.conversation: cursor for cursor in cursors}.values())


def _error(request_id: str, error: CommandError) -> bytes:
    return encode_error(
        error.code,
        error.message,
        request_id=request_id,
        retry_after_ms=error.retry_after_ms,
        fields=error.fields,
    )
