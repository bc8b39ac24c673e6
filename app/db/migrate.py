"""Brings a database from whatever it is to a revision of the schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from alembic import command
from app.db.database import Database

_SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"
_LOCK = 0x4153_5349  # of PostgreSQL's advisory locks: one migration at a time


async def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to `revision`; all of it or nothing. Several processes may call it at once."""
    await _run(database, lambda config: command.upgrade(config, revision))


async def downgrade(database: Database, revision: str = "base") -> None:
    """Go back to `revision`; "base" is an empty database."""
    await _run(database, lambda config: command.downgrade(config, revision))


async def revision_of(database: Database) -> str | None:
    """Return the revision a database is at, None when it was never migrated."""
    async with database.read_session() as session:
        connection = await session.connection()
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def newest_revision() -> str | None:
    """Return the revision the code expects."""
    return ScriptDirectory(str(_SCRIPTS)).get_current_head()


def prepare(connection: Connection) -> None:
    """Wait for the migration of another process to end; call inside the transaction, before migrating."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.execute(text("SELECT 1"))  # SQLite's write lock comes with the first statement


async def _run(database: Database, step: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    async with database.write_session() as session:
        connection = await session.connection()

        def work(sync: Connection) -> None:
            prepare(sync)
            config.attributes["connection"] = sync
            step(config)

        await connection.run_sync(work)
        await session.commit()
