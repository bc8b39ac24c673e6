"""What a connection must do in time: say hello, renew its token, and hear from us while nothing happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from realtime.ports import Authenticated
from realtime.protocol.connection import Connection, State
from realtime.protocol.errors import CloseError
from realtime.writer import Writer


class Deadlines:
    """One timer for whatever comes first. `on_end` is told why the connection must end; `on_silence` shall ping."""

    __slots__ = ("_loop", "_machine", "_on_end", "_on_silence", "_ping_after_s", "_timer", "_writer")

    def __init__(
        self,
        machine: Connection,
        ping_after_s: float,
        on_end: Callable[[CloseError], None],
        on_silence: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._machine = machine
        self._ping_after_s = ping_after_s
        self._on_end = on_end
        self._on_silence = on_silence
        self._writer: Writer | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, writer: Writer) -> None:
        """Begin to count the silence of this writer."""
        self._writer = writer
        self._schedule()

    def opened(self, authenticated: Authenticated) -> None:
        """The hello was good."""
        self._machine.opened(self._expiry(authenticated))
        self._schedule()

    def extend(self, authenticated: Authenticated) -> None:
        """A newer token was accepted."""
        self._machine.extended(self._expiry(authenticated))
        self._schedule()

    def stop(self) -> None:
        """Nothing is due any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expiry(self, authenticated: Authenticated) -> float | None:
        """Return the end of the session on the loop's clock: tokens tell it in wall time."""
        if authenticated.expires_at is None:
            return None
        return self._loop.time() + authenticated.expires_at - time.time()

    def _schedule(self) -> None:
        self.stop()
        if self._machine.state is State.CLOSED or self._writer is None:
            return
        due = self._writer.last_write + self._ping_after_s
        deadline = self._machine.deadline
        self._timer = self._loop.call_at(due if deadline is None else min(due, deadline), self._tick, self._writer)

    def _tick(self, writer: Writer) -> None:
        self._timer = None
        now = self._loop.time()
        try:
            self._machine.check(now)
        except CloseError as error:
            self._on_end(error)
            return
        if now >= writer.last_write + self._ping_after_s:
            writer.last_write = now  # of the ping: the next one is due an interval later
            self._on_silence()
        self._schedule()
