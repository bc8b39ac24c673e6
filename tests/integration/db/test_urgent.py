"""On SQLite, which has one writer, what an agent waits for goes before the worker's writes that wait already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import pytest

from app.services.ids import new_id
from tests.integration.db.world import World

Command = Callable[[World, UUID], Coroutine[Any, Any, object]]


async def take(world: World, conversation: UUID) -> object:
    return await world.control.take(world.ada, conversation)


async def send(world: World, conversation: UUID) -> object:
    return await world.sending.send(world.ada, conversation, "k1", "Hello!")


async def note(world: World, conversation: UUID) -> object:
    return await world.desk.add_note(world.ada, conversation, new_id(), "calls at noon")


@pytest.mark.parametrize("command", [take, send, note])
async def test_an_agents_command_goes_before_the_workers_backlog(world: World, command: Command) -> None:
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL has many writers")
    conversation = await world.open()
    await world.ask(conversation)
    before, seen = (await world.record(conversation)).last_seq, list[int]()

    async def write() -> None:
        async with world.store.write() as tx:
            found = await tx.conversations.lock(conversation)
            assert found is not None
            seen.append(found.last_seq)

    async with asyncio.TaskGroup() as tasks, world.store.write():
        for _ in range(3):
            tasks.create_task(write())
        await asyncio.sleep(0)  # they wait for the turn
        tasks.create_task(command(world, conversation))
        for _ in range(10):
            await asyncio.sleep(0)  # it does, too: there is nothing else to wait for before its turn
    assert len(seen) == 3
    assert min(seen) > before
