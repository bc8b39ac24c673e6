"""SQLite connections whose threads are known to have ended before the event loop does.

aiosqlite runs every connection in a thread of its own and reports each result to the event loop. When a connection
cannot be opened, or its task is cancelled, the thread is told to stop and nobody waits for it
(https://github.com/omnilib/aiosqlite, `Connection.stop`): a loop that closes first makes the thread die of
"Event loop is closed".
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import Any

import aiosqlite

ROWS_PER_FETCH = 64


class SqliteThreads:
    """Opens connections and waits for the end of their threads. One per `Database`."""

    def __init__(self) -> None:
        self._stopping: set[asyncio.Future[Any]] = set()

    async def open(self, path: str, **options: Any) -> aiosqlite.Connection:
        """Open the file; the options are those of `sqlite3.connect`. Raises: sqlite3.Error."""
        return await _Connection(self._stopping, path, options)

    async def join(self) -> None:
        """Wait for the threads that were told to stop on this loop."""
        loop = asyncio.get_running_loop()
        if mine := [future for future in self._stopping if future.get_loop() is loop]:
            await asyncio.wait(mine)


class _Connection(aiosqlite.Connection):
    def __init__(self, stopping: set[asyncio.Future[Any]], path: str, options: dict[str, Any]) -> None:
        super().__init__(partial(sqlite3.connect, path, **options), ROWS_PER_FETCH)
        # A process that is told to exit does not wait for a query.
        self._thread.daemon = True
        self._stopping = stopping
        self._stopped: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """Tell the thread to end. A second call waits for the first: a thread that is gone answers nobody."""
        if self._stopped is None and (stopped := super().stop()):
            self._stopping.add(stopped)
            stopped.add_done_callback(self._stopping.discard)
            self._stopped = stopped
        return self._stopped
