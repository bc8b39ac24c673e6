"""A database that crashes and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database
from app.db.migrate import migrate
from tests.fixtures.postgres_server import PostgresServer
from tests.integration.db.world import World


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


async def test_after_a_crash_of_the_server_the_same_pool_goes_on(server: PostgresServer) -> None:
    database = Database(server.create_database())
    try:
        await migrate(database)
        world = World(database)
        await world.populate()
        conversation = await world.open()
        await world.ask(conversation, "Before")
        server.kill()
        with pytest.raises((SQLAlchemyError, OSError)):
            await world.ask(conversation, "Meanwhile")
        server.start()
        await world.ask(conversation, "After")
        assert [one.text for one in await world.messages(conversation)] == ["Before", "After"]
        assert (await world.record(conversation)).last_seq == 2
    finally:
        await database.aclose()
