"""A bus that comes back to a node with thousands of topics: what was lost is found, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from realtime.bus.topic import conversation_topic
from realtime.hub import CHECKED_AT_ONCE, READS_AT_ONCE, Hub
from realtime.live_reply.memory import MemoryLiveReply
from realtime.outbox import Burst, Packet
from realtime.ports import LogPage, Principal
from realtime.protocol.shapes import Customer
from tests.integration.realtime.node import QUICK, LossyBus
from tests.integration.realtime.shop import Conversation, MemoryShop

TOPICS = 2000


class CountingShop(MemoryShop):
    """Counts what a node asks the database, and how much of it at the same time."""

    def __init__(self, bus: LossyBus) -> None:
        super().__init__(bus, MemoryLiveReply(bus))
        self.checks: list[int] = []
        self.reading = 0
        self.most_reading = 0

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        self.checks.append(len(conversations))
        return await super().last_seqs(conversations)

    async def read_log(self, conversation: UUID, after: int, limit: int) -> LogPage:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        await asyncio.sleep(0)
        self.reading -= 1
        return await super().read_log(conversation, after, limit)


class Desk:
    """A reader of all conversations."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.is_staff = True
        self.events = 0
        self.enough = asyncio.Event()
        self.waits_for = 0

    def deliver(self, packet: Packet) -> None:
        self.events += 1
        if self.events == self.waits_for:
            self.enough.set()

    def deliver_burst(self, burst: Burst, now: float) -> None:
        raise AssertionError("no reply is in progress")


class Rig:
    """A hub that watches 2,000 conversations and is never due to check them by itself."""

    def __init__(self) -> None:
        self.bus = LossyBus()
        self.shop = CountingShop(self.bus)
        settings = replace(QUICK, check_every_s=3600.0, heal_after_s=0.0)
        self.hub = Hub(self.bus, self.shop.live_reply, self.shop, settings)
        self.desk = Desk()
        somebody = Customer(id=uuid4(), verified=False)
        self.conversations = [Conversation(uuid4(), somebody, uuid4()) for _ in range(TOPICS)]
        self.turns = 0

    async def watch(self) -> None:
        agent = Principal(kind="user", id=uuid4(), shop=self.shop.id, name="Ada", role="agent")
        for one in self.conversations:
            self.shop.conversations[one.id] = one
            self.hub.open_watch(await self.hub.prepare(self.desk, agent, one.id, None))

    async def lose(self) -> None:
        """Log an event in each, of which nobody hears."""
        self.bus.loses = lambda frame: True
        for one in self.conversations:
            await self.shop.say(one, "lost")
        self.bus.loses = lambda frame: False

    def reconnect(self, conversations: Sequence[Conversation]) -> None:
        for callback in self.bus.reconnected:
            callback([conversation_topic(one.id) for one in conversations])

    async def until_heard(self, count: int) -> None:
        self.desk.waits_for = count
        async with asyncio.timeout(30):
            while not self.desk.enough.is_set():
                self.turns += 1
                await asyncio.sleep(0)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    await made.watch()
    await made.lose()
    running = asyncio.create_task(made.hub.run())
    yield made
    running.cancel()
    await asyncio.wait([running])
    made.hub.close()


async def test_two_thousand_topics_are_checked_in_two_statements_and_healed_a_few_at_a_time(rig: Rig) -> None:
    rig.reconnect(rig.conversations)
    await rig.until_heard(TOPICS)
    assert rig.shop.checks == [1000, 1000]
    assert rig.shop.reads == TOPICS
    assert rig.shop.most_reading <= READS_AT_ONCE
    assert rig.turns >= TOPICS / CHECKED_AT_ONCE


async def test_only_the_topics_of_the_lost_connection_are_checked(rig: Rig) -> None:
    rig.reconnect(rig.conversations[:50])
    await rig.until_heard(50)
    assert (rig.shop.checks, rig.shop.reads) == ([50], 50)


async def test_a_check_that_the_database_did_not_answer_is_made_again(rig: Rig) -> None:
    rig.shop.broken = True
    rig.reconnect(rig.conversations[:50])
    async with asyncio.timeout(30):
        while not rig.shop.checks:  # noqa: ASYNC110 -- a few turns of the loop
            await asyncio.sleep(0)
    rig.shop.broken = False
    await rig.until_heard(50)
    assert set(rig.shop.checks) == {50}
