"""The one writer of a connection: moves packets from its outbox to its socket, and ends what does not read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from realtime.loop_turn import LoopTurn
from realtime.outbox import Outbox
from realtime.protocol.close_codes import CloseCode
from realtime.settings import RealtimeSettings
from realtime.transport import DirectSocket

logger = logging.getLogger(__name__)

WRITE_BYTES = 64 * 1024  # given to the transport at a time; the rest stays in the outbox, where it can be merged
MAX_REASON_BYTES = 123  # of a close frame (RFC 6455, 5.5)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Writer(Protocol):
    """What a session needs of a socket."""

    last_write: float
    """Loop time of the last frame."""

    def wake(self) -> None:
        """There is something in the outbox."""

    def write_through(self, frames: bytes, now: float) -> bool:
        """Write WebSocket frames past the outbox, if that is empty and the socket takes them; `now` is loop time."""

    def close(self, code: int, reason: str, *, flush: bool) -> None:
        """Write what is queued (with `flush`), send a close frame, and end the connection; idempotent."""

    def stop(self) -> None:
        """The connection is gone: write no more."""


class DirectWriter:
    """Writes frame bytes to the transport: all packets of one loop turn in one write, without a task."""

    __slots__ = (
        "_closing",
        "_deadline",
        "_ended",
        "_on_stalled",
        "_outbox",
        "_settings",
        "_socket",
        "_turn",
        "_waiting",
        "last_write",
    )

    def __init__(
        self,
        socket: DirectSocket,
        outbox: Outbox,
        settings: RealtimeSettings,
        turn: LoopTurn,
        on_stalled: Callable[[], None],
    ) -> None:
        self.last_write = asyncio.get_running_loop().time()
        self._socket = socket
        self._outbox = outbox
        self._settings = settings
        self._turn = turn
        self._on_stalled = on_stalled
        self._waiting = False
        self._closing: tuple[int, str] | None = None
        self._ended = False
        self._deadline: asyncio.TimerHandle | None = None
        socket.writer = self

    def wake(self) -> None:
        """Write at the end of this loop turn."""
        if not self._waiting:
            self._waiting = True
            self._turn.add(self)

    def turn(self, now: float) -> int:
        """Write what was queued until now."""
        self._waiting = False
        outbox, socket = self._outbox, self._socket
        if outbox.merging or self._closing is not None or outbox.size > WRITE_BYTES or not socket.takes_frames:
            self.flush()
        elif outbox.size:
            socket.write(outbox.take_frames(WRITE_BYTES))
            self.last_write = now
        return 1

    def write_through(self, frames: bytes, now: float) -> bool:
        """See the port."""
        outbox = self._outbox
        if outbox.size or outbox.merging or self._closing is not None or not self._socket.try_write(frames):
            return False
        self.last_write = now
        return True

    def close(self, code: int, reason: str, *, flush: bool) -> None:
        """See the port. A client that does not take the rest in time is aborted."""
        if self._closing is not None:
            return
        self._closing = (int(code), _short(reason))
        if not flush:
            self._outbox.clear()
            self._end()
        else:
            self.flush()

    def stop(self) -> None:
        """Let go of the socket."""
        self._socket.writer = None
        self._outbox.clear()
        self._cancel_deadline()

    def flush(self) -> None:
        """Write as much as the transport takes; the rest waits, and is merged, until it takes more."""
        loop = asyncio.get_running_loop()
        if not self._socket.is_open:
            self._outbox.clear()
        while self._outbox and self._socket.is_writable:
            self._socket.write(self._outbox.take_frames(WRITE_BYTES))
            self.last_write = loop.time()
            self._cancel_deadline()
        self._outbox.merging = bool(self._outbox)
        if self._outbox:
            if self._deadline is None:
                self._deadline = loop.call_later(self._settings.send_deadline_s, self._stalled)
        elif self._closing is not None:
            self._end()

    def _stalled(self) -> None:
        self._deadline = None
        self._on_stalled()
        self._closing = (int(CloseCode.SLOW_CONSUMER), "the client does not read")
        self._outbox.clear()
        self._end()

    def _end(self) -> None:
        self._cancel_deadline()
        if self._closing is not None and not self._ended:
            self._ended = True
            self._socket.close(*self._closing, self._settings.close_grace_s)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class AsgiWriter:
    """Writes through ASGI send, for servers other than ours. Such a server may buffer without bound (Daphne does)."""

    def __init__(self, send: Send, outbox: Outbox, settings: RealtimeSettings, on_stalled: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.last_write = self._loop.time()
        self._send = send
        self._outbox = outbox
        self._settings = settings
        self._on_stalled = on_stalled
        self._task: asyncio.Task[None] | None = None
        self._closing: tuple[int, str] | None = None
        self._reader = asyncio.current_task()

    def wake(self) -> None:
        """Start writing unless that goes on already."""
        if self._task is None:
            self._task = self._loop.create_task(self._write())

    def write_through(self, frames: bytes, now: float) -> bool:
        """Decline: the server makes the frames."""
        return False

    def close(self, code: int, reason: str, *, flush: bool) -> None:
        """See the port."""
        if self._closing is not None:
            return
        self._closing = (int(code), _short(reason))
        if not flush:
            self._outbox.clear()
        self.wake()

    def stop(self) -> None:
        """Stop writing."""
        self._outbox.clear()
        if self._task is not None:
            self._task.cancel()

    async def _write(self) -> None:
        try:
            while self._outbox:
                (packet,) = self._outbox.take(0)
                self._outbox.merging = True
                async with asyncio.timeout(self._settings.send_deadline_s):
                    await self._send({"type": "websocket.send", "text": packet.body.decode()})
                self.last_write = self._loop.time()
            self._outbox.merging = False
            if self._closing is not None:
                code, reason = self._closing
                async with asyncio.timeout(self._settings.close_grace_s):
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self._on_stalled()
            self._end_reader()
        except (OSError, RuntimeError):  # the client went while we wrote (ASGI 2.4: OSError)
            self._end_reader()
        finally:
            self._task = None

    def _end_reader(self) -> None:
        """End the application, which makes the server drop the connection."""
        self._outbox.clear()
        if self._reader is not None:
            self._reader.cancel()


def _short(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
