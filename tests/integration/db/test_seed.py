"""Every web process with the demo loads it at its start, several of them at the same moment."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

from app.bootstrap.core import open_core, seed
from app.db import models
from app.db.database import Database
from app.demo.people import demo_records
from app.settings import Settings


async def _seeded(url: str, folder: Path) -> None:
    settings = Settings(database_url=url, var_dir=folder)
    async with open_core(settings) as core:
        await core.migrate()
        await seed(core)


async def test_processes_that_load_the_demo_at_once_load_it_once(database_url: str, tmp_path: Path) -> None:
    is_sqlite = database_url.startswith("sqlite")
    await asyncio.gather(*(_seeded(database_url, tmp_path) for _ in range(1 if is_sqlite else 3)))
    await _seeded(database_url, tmp_path)
    expected = demo_records(date.today())
    database = Database(database_url)
    try:
        async with database.read_session() as session:
            for model, count in (
                (models.Order, len(expected.orders)),
                (models.Product, len(expected.products)),
                (models.Interaction, len(expected.interactions)),
                (models.User, 3),
            ):
                assert await session.scalar(select(func.count()).select_from(model)) == count
    finally:
        await database.aclose()
