"""SQLite connections: set up alike, waiting for other processes, their threads ended before the event loop.

A statement is one turn of the connection's thread, from the BEGIN that is due to its last row. Writes that need no
answer are due as well, and go with the next statement or with the COMMIT: a transaction that reads twice and writes
five rows is three turns. aiosqlite alone makes thirty of it (a cursor, the statement, its rows and the cursor's end are
a turn each, and so are BEGIN and the pool's rollback of what was committed), and where the models hold the interpreter
each turn waits for it twice.

aiosqlite runs every connection in a thread of its own and reports each result to the event loop. When a connection
cannot be opened, or its task is cancelled, the thread is told to stop and nobody waits for it
(https://github.com/omnilib/aiosqlite, `Connection.stop`): a loop that closes first makes the thread die of
"Event loop is closed".
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite
from sqlalchemy import Connection

BUSY_TIMEOUT_S = 10
ROWS_PER_FETCH = 64

# FULL: what was acknowledged survives a power cut (NORMAL may lose the last commits of a WAL).
# secure_delete: what was wiped is overwritten, not left in free pages of the file.
READ, WRITE = _BEGINS = "BEGIN", "BEGIN IMMEDIATE"

_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_RETRY_S = 0.05

Statement = tuple[str, Sequence[Any]]
"""Its text and its parameters."""


class SqliteConnections:
    """Opens connections and waits for the end of their threads. One per `Database`."""

    def __init__(self) -> None:
        self._stopping: set[asyncio.Future[Any]] = set()

    async def open(self, path: str, **options: Any) -> aiosqlite.Connection:
        """Open the file; the options are those of `sqlite3.connect`. Raises: sqlite3.Error."""
        # The driver's own transaction handling would begin late and commit around DDL: there is none.
        options = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None} | options
        connection = await SqliteConnection(self._stopping, path, options)
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


class SqliteConnection(aiosqlite.Connection):
    """A connection as SQLAlchemy uses it: `cursor`, `commit`, `rollback`, and what is due with a statement."""

    def __init__(self, stopping: set[asyncio.Future[Any]], path: str, options: dict[str, Any]) -> None:
        super().__init__(partial(sqlite3.connect, path, **options), ROWS_PER_FETCH)
        # A process that is told to exit does not wait for a query.
        self._thread.daemon = True
        self._stopping = stopping
        self._stopped: asyncio.Future[Any] | None = None
        self._due: list[Statement] = []
        self._may_be_open = False  # whether anything was sent since the last end of a transaction
        self._only_reads = False

    def begin(self, statement: str) -> None:
        """Begin a transaction with the next statement."""
        self._due = [(statement, ())]

    def later(self, sql: str, parameters: Sequence[Any]) -> None:
        """Execute this with the next statement, or with the commit."""
        self._due.append((sql, parameters))

    def cursor(self) -> Any:  # aiosqlite's is one to await
        """Return a cursor at once."""
        return _Cursor(self)

    async def commit(self) -> None:
        """End the transaction with what is due, if there is one.

        Raises: sqlite3.Error, with all of it rolled back: SQLAlchemy takes a transaction that fails here for ended.
        """
        due = self._taken_due()
        if self._may_be_open or any(statement not in _BEGINS for statement, _ in due):
            self._may_be_open = False  # the thread ends it, whoever still waits
            await self._execute(self._commit, due)  # type: ignore[no-untyped-call]

    async def rollback(self) -> None:
        """End the transaction, if there is one. That of a snapshot is not waited for: the next BEGIN comes after it."""
        self._due = []
        if self._may_be_open and self._only_reads:
            self._may_be_open = False
            self._tx.put_nowait((None, self._conn.rollback))
        elif self._may_be_open:
            await super().rollback()
            self._may_be_open = False

    async def run(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run a function of the sqlite3 connection in the thread, after what is due."""
        due = self._taken_due()
        if not self._may_be_open:
            self._only_reads = [statement for statement, _ in due] == [READ]
        self._may_be_open = True
        await self._execute(self._after, due, function, *arguments)  # type: ignore[no-untyped-call]

    def _taken_due(self) -> list[Statement]:
        due, self._due = self._due, []
        return due

    def _after(self, due: list[Statement], function: Callable[..., None], *arguments: Any) -> None:
        for sql, parameters in due:
            self._conn.execute(sql, parameters)
        function(self._conn, *arguments)

    def _commit(self, due: list[Statement]) -> None:
        try:
            self._after(due, sqlite3.Connection.commit)
        except BaseException:
            self._conn.rollback()
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """Tell the thread to end. A second call waits for the first: a thread that is gone answers nobody."""
        if self._stopped is None and (stopped := super().stop()):
            self._stopping.add(stopped)
            stopped.add_done_callback(self._stopping.discard)
            self._stopped = stopped
        return self._stopped


def sqlite_driver(connection: Connection) -> SqliteConnection:
    """Return what a connection of SQLAlchemy stands on. Raises: TypeError when it is not one of this module's."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, SqliteConnection):
        raise TypeError(f"expected a connection of app.db.sqlite, got {type(driver).__name__}")
    return driver


class _Cursor:
    """A statement and its rows, read with it."""

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection.run(self._run, sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._connection.run(self._run, sqlite3.Cursor.executemany, sql, parameters)

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """The cursor in the thread is closed already."""

    def _run(self, connection: sqlite3.Connection, execute: Callable[..., Any], sql: str, parameters: Any) -> None:
        cursor = connection.cursor()
        try:
            execute(cursor, sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
