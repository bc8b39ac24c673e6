"""Migrations from nothing to head and back, and that they make what the models say."""

from __future__ import annotations

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select

from app.db.database import Database
from app.db.migrate import downgrade, migrate, newest_revision, revision_of
from app.db.models import Base, Meta


async def tables_of(database: Database) -> set[str]:
    async with database.read_session() as session:
        connection = await session.connection()
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def log_of(database: Database) -> str | None:
    async with database.read_session() as session:
        return await session.scalar(select(Meta.value).where(Meta.key == "log"))


async def test_from_nothing_to_head_and_back(empty_database: Database) -> None:
    assert await revision_of(empty_database) is None
    await migrate(empty_database)
    assert await revision_of(empty_database) == newest_revision()
    assert await tables_of(empty_database) == set(Base.metadata.tables) | {"alembic_version"}
    await downgrade(empty_database)
    assert await tables_of(empty_database) == {"alembic_version"}
    await migrate(empty_database)
    assert await revision_of(empty_database) == newest_revision()


async def test_the_migrated_schema_is_that_of_the_models(database: Database) -> None:
    def compare(sync: Connection) -> list[object]:
        context = MigrationContext.configure(sync, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))

    async with database.read_session() as session:
        connection = await session.connection()
        assert await connection.run_sync(compare) == []


async def test_a_second_migration_changes_nothing_and_keeps_the_log(database: Database) -> None:
    log = await log_of(database)
    assert log is not None
    assert len(log) == 16
    await migrate(database)
    assert await log_of(database) == log


async def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    databases = [Database(empty_url), Database(empty_url)]
    try:
        await asyncio.gather(*(migrate(database) for database in databases))
        assert await revision_of(databases[0]) == newest_revision()
    finally:
        for database in databases:
            await database.aclose()
