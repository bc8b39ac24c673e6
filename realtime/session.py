"""One live connection: reads without pause, carries commands out in order, writes through one writer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID, uuid4

from realtime.bus.frame import Audience, Frame, Kind
from realtime.control import read_revoke
from realtime.deadlines import Deadlines
from realtime.dispatch import Dispatcher
from realtime.failure import log_failure
from realtime.greeting import Greeter
from realtime.hub import Hub, Listening, Prepared
from realtime.notices import Notices
from realtime.outbox import Burst, Outbox, Packet
from realtime.ports import Authenticated, CommandError, Peer, Principal, Sessions
from realtime.protocol.answers import encode_error
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.commands import AgentHello, Command, Hello, VisitorHello
from realtime.protocol.connection import Connection, State
from realtime.protocol.errors import CloseError, RefusedError
from realtime.protocol.events import Drain, Ping, Resync, encode
from realtime.writer import Writer

logger = logging.getLogger(__name__)

FINISH_S = 10.0  # for commands that were received before the client went
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
        self.notices = Notices()
        self._hub = hub
        self._sessions = sessions
        self._settings = hub.settings
        self._counters = hub.counters
        self._dispatcher = dispatcher
        self._greeter = Greeter(hub, sessions, dispatcher)
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._machine = Connection(
            staff=staff,
            started_at=self._loop.time(),
            commands_per_minute=self._settings.commands_per_minute,
            message_chars=self._settings.message_chars,
            hello_timeout_s=self._settings.hello_timeout_s,
        )
        self._deadlines = Deadlines(self._machine, self._settings.ping_after_s, self._end, self._ping)
        self._principal: Principal | None = None
        self._writer: Writer | None = None
        self._commands: list[Hello | Command] = []  # few; a deque takes 760 bytes
        self._executor: asyncio.Task[None] | None = None
        self._listening: dict[str, Listening] = {}

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
        self._deadlines.start(writer)
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
        self._deadlines.extend(authenticated)

    def _on_frame(self, topic: str, frame: Frame) -> None:
        revoke = read_revoke(frame)
        if revoke is not None:
            if revoke.session is None or revoke.session == self.principal.session:
                self.revoke(revoke.reason)
        elif (
            frame.kind is Kind.NOTICE
            and (self.is_staff or frame.audience is Audience.ALL)
            and self.notices.pass_on(frame.body)
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
            self._principal = authenticated.principal
            greeting = await self._greeter.greet(self, hello, authenticated)
        except Exception as error:
            self._refuse_hello(hello, error)
            return
        if self.is_closing:
            return
        self.send(greeting.welcome)
        for one in greeting.resumed:
            if isinstance(one, Prepared):
                self._dispatcher.open_watch(self, one)
        for conversation in greeting.left_out:
            self.send(encode(Resync(conversation=conversation)))
        self._deadlines.opened(authenticated)
        cursor = hello.notifications if isinstance(hello, AgentHello) else None
        for body in self.notices.opened(greeting.missed, cursor):
            self.send(body)
        if self.is_staff:
            self._hub.attend(self)

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

    def _refuse(self, error: RefusedError) -> None:
        self._counters.commands_refused += 1
        body = encode_error(error.code, error.message, request_id=error.request_id, retry_after_ms=error.retry_after_ms)
        self.answer(body)

    def _end(self, error: CloseError) -> None:
        if error.error is not None:
            self._refuse(error.error)
        self.close(error.code, error.reason)

    def _ping(self) -> None:
        self.deliver(_PING)

    async def _finish(self, writer: Writer) -> None:
        """Carry out what the client sent before it went, then let go of everything."""
        self._deadlines.stop()
        try:
            if self._executor is not None:
                _, unfinished = await asyncio.wait({self._executor}, timeout=FINISH_S)
                for task in unfinished:
                    task.cancel()
                if unfinished:
                    await asyncio.wait(unfinished, timeout=FINISH_S)  # what it began to follow is let go of below
        finally:
            writer.stop()
            self._hub.leave(self)
            for listening in self._listening.values():
                self._hub.unlisten(listening)
            if self._principal is not None:
                await self._dispatcher.leave(self)


def _error(request_id: str, error: CommandError) -> bytes:
    return encode_error(
        error.code,
        error.message,
        request_id=request_id,
        retry_after_ms=error.retry_after_ms,
        fields=error.fields,
    )
