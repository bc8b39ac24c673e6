"""SQLite connections: set up alike, waiting for other processes, their threads ended before the event loop.

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

BUSY_TIMEOUT_S = 10
ROWS_PER_FETCH = 64

# FULL: what was acknowledged survives a power cut (NORMAL may lose the last commits of a WAL).
# secure_delete: what was wiped is overwritten, not left in free pages of the file.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_RETRY_S = 0.05


class SqliteConnections:
    """Opens connections and waits for the end of their threads. One per `Database`."""

    def __init__(self) -> None:
        self._stopping: set[asyncio.Future[Any]] = set()

    async def open(self, path: str, **options: Any) -> aiosqlite.Connection:
        """Open the file; the options are those of `sqlite3.connect`. Raises: sqlite3.Error."""
        # The driver's own transaction handling would begin late and commit around DDL: there is none.
        options = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None} | options
        connection = await _Connection(self._stopping, path, options)
        try:
            await _prepare(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def join(self) -> None:
        """Wait for the threads that were told to stop on this loop."""
        loop = asyncio.get_running_loop()
        if mine := [future for future in self._stopping if future.get_loop() is loop]:
            await asyncio.wait(mine)


async def _prepare(connection: aiosqlite.Connection) -> None:
    """Set a connection up. A new file is turned to WAL by one process; SQLite does not let the others wait for it."""
    async with asyncio.timeout(BUSY_TIMEOUT_S):
        for pragma in _PRAGMAS:
            while True:
                try:
                    await connection.execute_fetchall(f"PRAGMA {pragma}")
                    break
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                        raise
                await asyncio.sleep(_RETRY_S)


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
