"""What opening and closing a SQLite database promises."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db.database import Database

# Runs on in SQLite for a second, without the loop, whatever becomes of the one who asked.
SLOW = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n")


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
