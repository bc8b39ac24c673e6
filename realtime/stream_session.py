"""One visitor's live session over HTTP: frames leave as an event stream, commands come as requests beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from realtime.dispatch import Dispatcher
from realtime.hub import Hub
from realtime.outbox import Outbox
from realtime.ports import Authenticated, Peer, Sessions
from realtime.protocol.answers import encode_error
from realtime.protocol.codec import request_id_of
from realtime.protocol.commands import Cursor, Hello
from realtime.protocol.connection import MAX_PENDING
from realtime.protocol.events import StreamClosed, encode
from realtime.session import LiveSession, Receive
from realtime.settings import RealtimeSettings
from realtime.writer import WRITE_BYTES, Send, Writer

HELLO_ID = "stream"  # of the welcome: a stream's hello is its request


class StreamSession(LiveSession):
    """A live session whose visitor is known already, and whose answers go to whoever asked."""

    def __init__(
        self, hub: Hub, sessions: Sessions, dispatcher: Dispatcher, peer: Peer, authenticated: Authenticated
    ) -> None:
        super().__init__(hub, sessions, dispatcher, peer, staff=False)
        self.owner = authenticated.principal.id
        self._authenticated = authenticated
        self._inbound: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._awaited: asyncio.Future[bytes | None] | None = None

    async def stream(self, receive: Receive, writer: Writer, cursors: Sequence[Cursor]) -> None:
        """Serve the started response until it is over."""
        hello = {"type": "hello", "id": HELLO_ID, "widget_key": "", "resume": cursors}
        self._inbound.put_nowait({"type": "websocket.receive", "text": msgspec.json.encode(hello).decode()})
        watcher = asyncio.create_task(self._until_disconnect(receive))
        try:
            await self.run(self._inbound.get, writer)
        finally:
            watcher.cancel()
            if self._awaited is not None and not self._awaited.done():
                self._awaited.set_result(None)

    def hang_up(self) -> None:
        """The client is gone, or was let go."""
        self._inbound.put_nowait({"type": "websocket.disconnect"})

    async def command(self, text: str | None) -> bytes:
        """Carry out one command (None: bytes that are no text) and return its answer; the next one waits for it."""
        if self._waiting >= MAX_PENDING:
            return _refusal(text, "rate_limited", f"{MAX_PENDING} commands wait already", retry_after_ms=1000)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._command(text)
        finally:
            self._waiting -= 1

    def answer(self, body: bytes) -> None:
        """Give the answer to the request that waits for it; that of the hello goes into the stream."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(body)
        else:
            self.send(body)

    async def _command(self, text: str | None) -> bytes:
        answer: bytes | None = None
        if not self.is_closing:
            awaited = self._awaited = asyncio.get_running_loop().create_future()
            self._receive(text)
            answer = await awaited
        return answer or _refusal(text, "unavailable", "the stream is over: open a new one")

    async def _authenticate(self, hello: Hello) -> Authenticated:
        return self._authenticated

    async def _until_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.hang_up()


class StreamWriter:
    """Writes packets as server-sent events (HTML Living Standard, 9.2), all of one loop turn together.

    `abort` drops the connection with what is in its buffer; where the server has none, the response just ends.
    """

    def __init__(
        self, send: Send, session: StreamSession, settings: RealtimeSettings, abort: Callable[[], None] | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.last_write = self._loop.time()
        self._send = send
        self._session = session
        self._outbox: Outbox = session.outbox
        self._settings = settings
        self._abort = abort
        self._task: asyncio.Task[None] | None = None
        self._closing: StreamClosed | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Start writing unless that goes on already."""
        if self._task is None:
            self._task = self._loop.create_task(self._write())

    def write_through(self, frames: bytes, now: float) -> bool:
        """Decline: this is no WebSocket."""
        return False

    def close(self, code: int, reason: str, *, flush: bool) -> None:
        """See the port; the code goes out as the last frame."""
        if self._closing is not None:
            return
        self._closing = StreamClosed(code=int(code), reason=reason)
        if not flush:
            self._outbox.clear()
            self._deadline = self._loop.call_later(self._settings.close_grace_s, self._drop)
        self.wake()

    def stop(self) -> None:
        """Stop writing."""
        self._outbox.clear()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _write(self) -> None:
        try:
            while self._outbox:
                packets = self._outbox.take(WRITE_BYTES)
                self._outbox.merging = True
                events = b"".join([b"data: %b\n\n" % packet.body for packet in packets])
                await self._give(events, self._settings.send_deadline_s)
                self.last_write = self._loop.time()
            self._outbox.merging = False
            if self._closing is not None:
                await self._give(b"data: %b\n\n" % encode(self._closing), self._settings.close_grace_s, last=True)
                self._end()
        except TimeoutError:
            self._session.stalled()
            self._drop()
        except (OSError, RuntimeError):  # the client went while we wrote (ASGI 2.4: OSError)
            self._session.hang_up()
        finally:
            self._task = None

    async def _give(self, body: bytes, within_s: float, *, last: bool = False) -> None:
        async with asyncio.timeout(within_s):
            await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    def _end(self) -> None:
        """The response is whole; a client that does not take the rest of it in time is aborted."""
        if self._abort is not None:
            self._loop.call_later(self._settings.close_grace_s, self._abort)
        self._session.hang_up()

    def _drop(self) -> None:
        self._outbox.clear()
        if self._abort is not None:
            self._abort()  # the server then tells of the disconnect
        else:
            self._session.hang_up()


def _refusal(text: str | None, code: str, message: str, *, retry_after_ms: int | None = None) -> bytes:
    request_id = None if text is None else request_id_of(text.encode())
    return encode_error(code, message, request_id=request_id, retry_after_ms=retry_after_ms)
