"""What the clusters under fault share: a nursery of processes, a database server, an empty migrated database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.db.database import Database
from app.db.migrate import migrate
from tests.e2e.faults.node import Nursery
from tests.fixtures.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The URL of an empty database at the newest revision, to be copied."""
    url = postgres.create_database()
    asyncio.run(_migrate(url))
    return url


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.aclose()
