"""What happens around the commit: answers that are lost, databases that fail, a bus that is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.db.store import SqlStore
from app.db.transaction import SqlTransaction
from app.services.change import Changes
from app.services.control import ControlDesk
from app.services.ports import Transaction
from realtime.live_reply.port import FencedError
from tests.integration.db.world import World


class LostConnection(Exception):
    """What a driver raises when the server goes away."""


class BreakingStore(SqlStore):
    """A store whose connection breaks at the commit: before the server has it, or after."""

    commits_first = False
    is_broken = True
    reads_fail = False

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[Transaction]:
        async with self._database.write_session(urgent=urgent) as session:
            transaction = SqlTransaction(session)
            commit = transaction.commit

            async def breaking() -> None:
                if self.commits_first:
                    await commit()
                raise LostConnection

            if self.is_broken:
                transaction.commit = breaking  # type: ignore[method-assign]
            yield transaction

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        if self.reads_fail:
            raise LostConnection
        async with super().read() as transaction:
            yield transaction


@pytest.fixture
def store(world: World) -> BreakingStore:
    return BreakingStore(world.database)


@pytest.fixture
def control(world: World, store: BreakingStore) -> ControlDesk:
    return ControlDesk(Changes(store, world.live, world.publisher, world.clock), store)


async def test_a_commit_that_failed_takes_the_cut_back(world: World, control: ControlDesk) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    heard = await world.watch(conversation)
    with pytest.raises(LostConnection):
        await control.take(world.ada, conversation)
    assert heard == []
    await world.say(claim, " on its way.")


async def test_a_commit_whose_answer_was_lost_is_found_and_acknowledged(
    world: World, control: ControlDesk, store: BreakingStore
) -> None:
    store.commits_first = True
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    heard = await world.watch(conversation)
    taken = await control.take(world.ada, conversation)
    assert taken.cut == {"message": str(claim.reply.id), "text": "It is"}
    assert [frame.seq for frame in heard] == [2, 3]
    with pytest.raises(FencedError):
        await world.say(claim, " on its way.")


async def test_a_commit_of_which_nothing_can_be_learnt_leaves_the_fence_to_the_worker(
    world: World, control: ControlDesk, store: BreakingStore
) -> None:
    store.reads_fail = True
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    with pytest.raises(LostConnection):
        await control.take(world.ada, conversation)
    with pytest.raises(FencedError) as fenced:
        await world.say(claim, " on")
    assert fenced.value.cut_id is not None
    assert await world.replies.revalidate(claim, fenced.value.cut_id)
    await world.say(claim, " on")


async def test_a_bus_that_is_away_costs_no_message(world: World) -> None:
    conversation = await world.open()
    await world.bus.aclose()
    sent = await world.ask(conversation)
    assert await world.types(conversation) == ["message.created"]
    assert sent.seq == 1
    assert world.publisher.failures > 0
    await world.control.take(world.ada, conversation)
    await world.sending.send(world.ada, conversation, str(uuid4()), "Here I am.")
    assert len(await world.messages(conversation)) == 2
