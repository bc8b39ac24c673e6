"""uvicorn's protocols, with a way past ASGI: frames written as bytes, and transports that can be aborted.

ASGI's send encodes per socket, waits while a client does not read, and uvicorn's keepalive closes a stalled transport
gracefully, that is, never. Used through `uvicorn.Config(ws=AbortableWebSocketProtocol)`; the application finds the
DirectSocket in `scope["extensions"]`. On another server it is not there, and plain ASGI send is used.
`uvicorn.Config(http=AbortableHttpProtocol)` puts the abort of an HTTP connection there, for event streams.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request
from websockets.protocol import State

from realtime.protocol.close_codes import CloseCode

EXTENSION = "assistify.socket"
ABORT_EXTENSION = "assistify.abort"
UNSENT_BYTES = 32 * 1024  # that the kernel takes for one socket beyond what the client has room for
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # not on every system
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time
KEEPALIVE_GRACE_S = 1.0  # for the close frame of a client that did not answer pings


class SocketWriter(Protocol):
    """Whoever writes to a socket."""

    def flush(self) -> None:
        """The transport takes more."""


class Mailbox:
    """A queue for one consumer, of the interface that uvicorn uses; an asyncio.Queue takes 3 KiB."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        """Add an item."""
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> Any:
        """Wait for the next item and remove it."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.pop(0)

    def empty(self) -> bool:
        """Say whether nothing waits."""
        return not self._items


class Gate:
    """An event of the interface that uvicorn uses, without the deque that every asyncio.Event holds."""

    __slots__ = ("_is_open", "_waiters")

    def __init__(self) -> None:
        self._is_open = True
        self._waiters: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        """Say whether the gate is open."""
        return self._is_open

    def set(self) -> None:
        """Open it, and let everybody through who waits."""
        self._is_open = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def clear(self) -> None:
        """Close it."""
        self._is_open = False

    async def wait(self) -> None:
        """Return when the gate is, or was, open."""
        if not self._is_open:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter


class AbortableHttpProtocol(HttpToolsProtocol):
    """The HTTP protocol of uvicorn; a stream finds in its scope how to drop a client that does not read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Keep what a client does not take out of the kernel, which would hold megabytes of it in silence."""
        super().connection_made(transport)
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX and _NOTSENT_LOWAT is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, UNSENT_BYTES)

    def on_headers_complete(self) -> None:
        """Put the abort into the scope; the parent class starts the application in the next loop turn."""
        super().on_headers_complete()
        cast(dict[str, Any], self.scope).setdefault("extensions", {})[ABORT_EXTENSION] = self.transport.abort

    def handle_websocket_upgrade(self) -> None:
        """Break the cycle of parser and protocol: their work is done, and a collection would be long in coming."""
        super().handle_websocket_upgrade()
        self.parser = cast(Any, None)


class AbortableWebSocketProtocol(WebSocketsSansIOProtocol):
    """The sans-IO protocol of uvicorn >= 0.53, with its socket put into the scope."""

    direct: DirectSocket | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue = cast(Any, Mailbox())
        self.writable = cast(Any, Gate())

    def handle_connect(self, event: Request) -> None:
        """Put the direct socket into the scope that the parent class makes."""
        super().handle_connect(event)
        if not self.close_sent:
            self.direct = DirectSocket(self)
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self.direct

    def pause_writing(self) -> None:
        """Tell the socket too."""
        super().pause_writing()
        if self.direct is not None:
            self.direct.is_writable = False

    def resume_writing(self) -> None:
        """Tell the socket and its writer too."""
        super().resume_writing()
        if self.direct is not None:
            self.direct.is_writable = True
            if self.direct.writer is not None:
                self.direct.writer.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Break the cycle between protocol and socket, so that both are freed at once."""
        super().connection_lost(exc)
        if self.direct is not None:
            self.direct.writer = None

    def keepalive_timeout(self) -> None:
        """Close with the protocol's own code, then abort: a client that is gone never takes the rest of the buffer."""
        self.pong_timer = None
        self.pending_ping_payload = None
        if self.direct is not None:
            self.direct.close(CloseCode.HEARTBEAT, "no answer to a ping", KEEPALIVE_GRACE_S)


class DirectSocket:
    """One accepted WebSocket as its server sees it."""

    __slots__ = ("_protocol", "_transport", "is_writable", "writer")

    def __init__(self, protocol: AbortableWebSocketProtocol) -> None:
        self.writer: SocketWriter | None = None
        self.is_writable = True
        """Whether the transport's buffer is below its high-water mark."""
        self._protocol = protocol
        self._transport = protocol.transport

    @property
    def is_open(self) -> bool:
        """Whether frames may be written: accepted, and no side has begun to close."""
        protocol = self._protocol
        return (
            protocol.handshake_complete
            and not protocol.close_sent
            and not protocol.disconnected
            and protocol.conn.state is State.OPEN
            and not protocol.transport.is_closing()
        )

    def forget_handshake(self) -> None:
        """Let go of what only the handshake needed: 3 KiB for as long as the connection lives."""
        protocol = self._protocol
        if protocol.handshake_complete:
            protocol.request.headers.clear()  # the parser holds the request itself
            vars(protocol).pop("request", None)
            vars(protocol).pop("response", None)

    @property
    def takes_frames(self) -> bool:
        """Whether frames may be written now, to a socket that was accepted; `is_open` for the hot path.

        Whatever ends the connection sets one of the two, together with what `is_open` looks at.
        """
        return self.is_writable and not self._protocol.close_sent and not self._transport.is_closing()

    def write(self, frames: bytes) -> None:
        """Write whole WebSocket frames. Uncompressed frames are valid whatever was negotiated (RFC 7692, 6)."""
        self._transport.write(frames)

    def try_write(self, frames: bytes) -> bool:
        """Write if the socket `takes_frames`, and return whether it did."""
        transport = self._transport
        if not self.is_writable or self._protocol.close_sent or transport.is_closing():
            return False
        transport.write(frames)
        return True

    def close(self, code: int, reason: str, grace_s: float) -> None:
        """Send a close frame, whether or not the client reads, and abort when it is still there after `grace_s`."""
        protocol = self._protocol
        if self.is_open:
            try:
                protocol.conn.send_close(code, reason)
            except InvalidState:
                self.abort()
                return
            protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
            protocol.transport.write(b"".join(protocol.conn.data_to_send()))
            protocol.close_sent = True
            if protocol.read_paused:
                protocol.read_paused = False
                protocol.transport.resume_reading()
        protocol.close_timer = protocol.loop.call_later(grace_s, self.abort)

    def abort(self) -> None:
        """Drop the connection and whatever is still in its buffer, the kernel's too: it will not be read."""
        transport = self._protocol.transport
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None and not transport.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
