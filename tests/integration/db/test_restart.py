"""A database that crashes and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database
from app.db.migrate import migrate
from tests.fixtures.postgres_server import PostgresServer
from tests.integration.db.crowd import Crowd
from tests.integration.db.world import World, together


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


async def test_a_crash_under_messages_that_share_a_transaction_loses_none(server: PostgresServer) -> None:
    database = Database(server.create_database())
    await migrate(database)
    world = World(database)
    await world.populate()
    restarted = asyncio.Event()

    async def limit(sender: UUID) -> None:
        """Crash under the locks of the first who is asked; the others are stored meanwhile, or not."""
        if not restarted.is_set():
            restarted.set()
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)

    crowd = Crowd(world, limit=limit)
    try:
        conversations = await crowd.open(8)
        said = [(one, "Hi") for one in conversations]
        results = await together(*await crowd.say_together(said, key="the same"))
        assert restarted.is_set()
        # Who was told of the failure, or of nothing, says it again.
        sent = await asyncio.gather(*await crowd.say_together(said, key="the same"))
        for conversation, result, again in zip(conversations, results, sent, strict=True):
            assert isinstance(result, Exception) or result == again
            assert await crowd.texts(conversation) == ["Hi"]
            assert await world.types(conversation) == ["message.created"]
    finally:
        await database.aclose()
