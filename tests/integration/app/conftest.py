"""The composed product on a fresh copy of a migrated SQLite file."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.db.database import Database
from app.db.migrate import migrate
from app.services.answer import pipeline
from app.services.answer.knowledge import Knowledge
from tests.integration.app.rig import Product, product


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not one that fails: what an answer would go on without is waited for."""
    monkeypatch.setattr(pipeline, "STAGE_TIMEOUT_S", 60.0)
    known: dict[str, Any] = dict(Knowledge.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(Knowledge.__init__, "__kwdefaults__", {**known, "patience_s": 30.0})


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file at the newest revision."""
    path = tmp_path_factory.mktemp("migrated") / "assistify.db"
    asyncio.run(migrate_new(f"sqlite+aiosqlite:///{path}"))
    return path


async def migrate_new(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.aclose()


@pytest.fixture
def folder(migrated: Path, tmp_path: Path) -> Path:
    """Return a var folder with an empty database at the newest revision."""
    shutil.copy(migrated, tmp_path / "assistify.db")
    return tmp_path


@pytest.fixture
async def rig(folder: Path) -> AsyncIterator[Product]:
    async with product(folder) as opened:
        yield opened
