"""Engines and transactions on SQLite and PostgreSQL.

SQLite: WAL, foreign keys, and one writer at a time: a write transaction takes an in-process lock and begins with
BEGIN IMMEDIATE, so that it never meets SQLITE_BUSY half-way. PostgreSQL: writes are READ COMMITTED (rows are locked
by hand), reads see one snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import asyncpg
import structlog
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.db.batch import BatchSession
from app.db.sqlite import READ, WRITE, SqliteConnections, sqlite_driver
from app.db.turns import Turns

log = structlog.get_logger(__name__)

CLOSE_S = 2.0
POOL_SIZE = 10
MAX_OVERFLOW = 10
DRIVERS = 3  # connections whose statements do without SQLAlchemy
DRIVER_S = 5.0  # that one of them is lent
LOCK_MS = 500  # that one of them waits for a lock
IDLE_S = 30  # that a transaction may do nothing: a process that froze or lost its way here must not keep its locks
_WRITES = "assistify_writes"


class Database:
    """One database. Open it once per process; close it with `aclose`."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        # Parameters hold messages and password hashes: errors and logs must not repeat them.
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": MAX_OVERFLOW, "hide_parameters": True}
        self._sqlite = SqliteConnections()
        if self.is_sqlite:
            options["connect_args"] = {"async_creator_fn": self._sqlite.open}
        self.engine: AsyncEngine = create_async_engine(parsed, **options)
        self._turns = Turns() if self.is_sqlite else None
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "begin", _begin_on_sqlite)
            return
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self.engine.sync_engine, "connect", _set_up)
        self._drivers = create_async_engine(parsed, pool_size=DRIVERS, max_overflow=0, hide_parameters=True)
        event.listen(self._drivers.sync_engine, "checkout", _refuse_closed)
        event.listen(self._drivers.sync_engine, "connect", _set_up_driver)

    @asynccontextmanager
    async def write_session(self, *, urgent: bool = False) -> AsyncIterator[BatchSession]:
        """Open a transaction that may write; rolled back unless committed. An urgent one goes before what waits."""
        options: dict[str, Any] = {_WRITES: True} if self.is_sqlite else {"isolation_level": "READ COMMITTED"}
        async with self._turn(urgent), BatchSession(self.engine, expire_on_commit=False, autoflush=False) as session:
            await session.connection(execution_options=options)
            yield session

    def _turn(self, urgent: bool) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._turns is None else self._turns.taken(urgent=urgent)

    @asynccontextmanager
    async def read_session(self) -> AsyncIterator[BatchSession]:
        """Open a read-only transaction that sees one snapshot throughout."""
        options: dict[str, Any] = (
            {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        async with BatchSession(self.engine, expire_on_commit=False, autoflush=False) as session:
            await session.connection(execution_options=options)
            yield session

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Lend the driver's own connection to PostgreSQL for a short while, without a transaction; leave none open.

        Its statements look rows up by keys, and are planned once, not for the values that they come with. There are
        few, and what all wait for: one that does not answer is given up.

        Raises: TimeoutError.
        """
        async with asyncio.timeout(DRIVER_S), self._drivers.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            if not isinstance(driver, asyncpg.Connection):
                raise TypeError(f"expected a connection of asyncpg, got {type(driver).__name__}")
            try:
                yield driver
            except asyncio.CancelledError:
                driver.terminate()  # who has it next would wait for what it is at
                raise

    @asynccontextmanager
    async def alone(self, lock: int) -> AsyncIterator[None]:
        """Run the body while no other process is in one with this lock. Of SQLite there is but one process."""
        if self.is_sqlite:
            yield
            return
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": lock})
            try:
                yield
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": lock})

    async def ping(self) -> None:
        """Raises: sqlalchemy.exc.SQLAlchemyError or OSError when the database cannot be reached."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def forget(self) -> None:
        """Leave nothing of wiped rows outside the tables: SQLite's log of writes is emptied into its file.

        PostgreSQL's dead rows go with its own vacuum.
        """
        if self.is_sqlite:
            async with self._turn(urgent=False), self.engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def aclose(self) -> None:
        """Close all connections; idempotent. A server that does not say goodbye is left without one."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.engine.dispose()
                if not self.is_sqlite:
                    await self._drivers.dispose()
                await self._sqlite.join()
        except TimeoutError:
            log.warning("the database did not end its connections", action="database_close_timeout")


def _refuse_closed(connection: DBAPIConnection, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    """Let the pool make another connection when the server has ended this one; a ping would be three round trips.

    Raises: DisconnectionError.
    """
    if record.driver_connection is not None and record.driver_connection.is_closed():
        raise DisconnectionError("the server ended this connection")


def _set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    """Let the server end a transaction that does nothing for long."""
    _configure(connection, idle_in_transaction_session_timeout=f"{IDLE_S}s")


def _set_up_driver(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    """With arrays of parameters the server would plan each call anew, which takes it longer than the call.

    A plan that was made while the tables were small must not read all of them later: there is an index for each lookup.
    And what somebody else has locked is no reason for all messages to wait.
    """
    _configure(
        connection,
        plan_cache_mode="force_generic_plan",
        enable_seqscan="off",
        enable_hashjoin="off",
        enable_mergejoin="off",
        lock_timeout=f"{LOCK_MS}ms",
        idle_in_transaction_session_timeout=f"{DRIVER_S}s",
    )


def _configure(connection: DBAPIConnection, **settings: str) -> None:
    """Set what holds for all of a connection."""
    cursor = connection.cursor()
    cursor.execute("SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items()))
    cursor.close()
    connection.commit()


def _begin_on_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    sqlite_driver(connection).begin(WRITE if writes else READ)
