"""What opening and closing a SQLite database promises."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, Text, text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.db.batch import inserting
from app.db.database import Database
from app.db.sqlite import SqliteConnection

# Runs on in SQLite for a second, without the loop, whatever becomes of the one who asked.
SLOW = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n")

ADDED = inserting(Table("meta", MetaData(), Column("key", Text), Column("value", Text)), "key", "value")


async def cannot_be_opened(folder: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder}")
    with pytest.raises(OperationalError):
        await database.ping()
    await database.aclose()


async def cancelled_in_mid_query(folder: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder / 'shop.db'}")
    begun = asyncio.Event()

    async def ask() -> None:
        async with database.engine.connect() as connection:
            begun.set()
            await connection.execute(SLOW)

    asking = asyncio.create_task(ask())
    await begun.wait()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await database.aclose()


async def used_again_after_closing(folder: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder / 'shop.db'}")
    for _ in range(2):
        await database.ping()
        await database.aclose()


@pytest.mark.parametrize("use", [cannot_be_opened, cancelled_in_mid_query, used_again_after_closing])
def test_the_loop_may_close_after_the_database(
    use: Callable[[Path], Awaitable[None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    before = set(threading.enumerate())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(use(tmp_path))
    loop.close()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert [args.exc_type for args in died] == []


async def test_a_new_file_that_another_process_is_writing_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    database = Database(f"sqlite+aiosqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    opening = asyncio.create_task(database.ping())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(opening), 0.3)
    other.execute("COMMIT")
    await opening
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    await database.aclose()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with a table."""
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    async with opened.write_session() as session:
        await session.execute(text("CREATE TABLE meta (key TEXT NOT NULL, value TEXT)"))
        await session.commit()
    yield opened
    await opened.aclose()


async def turns_of(database: Database, use: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> int:
    """Count what the thread of a connection is asked to do."""
    await database.ping()
    asked = 0
    execute = SqliteConnection._execute

    async def counted(self: SqliteConnection, *arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        return await execute(self, *arguments, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(SqliteConnection, "_execute", counted)
    await use()
    monkeypatch.undo()
    return asked


async def test_a_statement_is_one_turn_of_the_thread_and_begins_its_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write_twice() -> None:
        async with database.write_session() as session:
            await session.execute(text("INSERT INTO meta (key, value) VALUES ('a', '1')"))
            await session.execute(text("INSERT INTO meta (key, value) VALUES ('b', '2')"))
            await session.commit()

    async def read() -> None:
        async with database.read_session() as session:
            assert await session.scalar(text("SELECT count(*) FROM meta WHERE key IN ('a', 'b')")) == 2

    assert await turns_of(database, write_twice, monkeypatch) == 3  # with the commit
    assert await turns_of(database, read, monkeypatch) == 1  # the end of the snapshot is not waited for


async def test_writes_without_an_answer_are_one_turn_with_the_commit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write() -> None:
        async with database.write_session() as session:
            session.later(ADDED, {"key": "a", "value": "1"})
            session.later(ADDED, {"key": "b", "value": "2"})
            await session.commit()

    assert await turns_of(database, write, monkeypatch) == 1
    async with database.read_session() as session:
        assert await session.scalar(text("SELECT count(*) FROM meta WHERE key IN ('a', 'b')")) == 2


async def test_a_write_that_fails_with_the_commit_undoes_all_and_leaves_the_connection_usable(
    database: Database,
) -> None:
    async with database.write_session() as session:
        session.later(ADDED, {"key": "a", "value": "1"})
        session.later(ADDED, {"key": None, "value": "2"})
        with pytest.raises(IntegrityError):
            await session.commit()
    async with database.write_session() as session:
        assert await session.scalar(text("SELECT count(*) FROM meta")) == 0
        session.later(ADDED, {"key": "a", "value": "1"})
        await session.commit()
    async with database.read_session() as session:
        assert await session.scalar(text("SELECT value FROM meta")) == "1"


async def test_a_transaction_without_a_statement_asks_the_thread_for_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing() -> None:
        async with database.write_session() as session:
            await session.commit()

    assert await turns_of(database, nothing, monkeypatch) == 0


async def test_what_is_not_committed_is_undone_before_the_connection_is_used_again(database: Database) -> None:
    async with database.write_session() as session:
        await session.execute(text("INSERT INTO meta (key, value) VALUES ('a', '1')"))
    async with database.write_session() as session:
        assert await session.scalar(text("SELECT count(*) FROM meta WHERE key = 'a'")) == 0
        await session.commit()


async def test_the_rows_of_a_failed_statement_are_not_those_of_the_one_before(database: Database) -> None:
    async with database.write_session() as session:
        with pytest.raises(OperationalError):
            await session.execute(text("SELECT * FROM nothing_of_this_name"))
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_snapshot_ends_with_its_session_though_nobody_waits_for_that(database: Database) -> None:
    async with database.read_session() as session:
        assert await session.scalar(text("SELECT count(*) FROM meta")) == 0
    async with database.write_session() as session:
        await session.execute(text("INSERT INTO meta (key, value) VALUES ('a', '1')"))
        await session.commit()
    async with database.read_session() as session:
        assert await session.scalar(text("SELECT count(*) FROM meta")) == 1
        await session.execute(text("SELECT 1"))
    await database.forget()  # which a snapshot that is still open would not let through
    other = sqlite3.connect(str(database.engine.url.database), isolation_level=None)
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    other.close()
