"""Runs migrations, on a connection that `app.db.migrate` hands in or on one made from ASSISTIFY_DATABASE_URL."""

from __future__ import annotations

import asyncio
import os

from sqlalchemy import Connection

from alembic import context
from app.db import models
from app.db.base import Base
from app.db.database import Database
from app.db.migrate import prepare


def run(connection: Connection) -> None:
    """Run what was asked for, in one transaction."""
    assert models.Base is Base  # importing the models fills the metadata
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    """Open the database for a call of the alembic command."""
    database = Database(os.environ.get("ASSISTIFY_DATABASE_URL", "sqlite+aiosqlite:///var/assistify.db"))
    try:
        async with database.write_session() as session:
            connection = await session.connection()
            await connection.run_sync(prepare)
            await connection.run_sync(run)
            await session.commit()
    finally:
        await database.aclose()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_alone())
