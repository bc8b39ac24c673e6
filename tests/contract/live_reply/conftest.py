"""A store of live replies, a second process's view of it, and what a test does behind its back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from realtime.bus.channels_layer import ChannelsLayerBus
from realtime.bus.cluster import ClusterBus
from realtime.bus.cluster_map import is_cluster
from realtime.bus.memory import MemoryBus
from realtime.bus.port import Bus
from realtime.bus.redis import RedisBus
from realtime.bus.topic import conversation_topic
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import LiveReply
from realtime.live_reply.redis import RedisLiveReply, record_key
from tests.fixtures.bus_ear import BusEar
from tests.fixtures.redis_cluster import RedisCluster
from tests.fixtures.redis_server import RedisServer

TTL_S = 60.0
PATIENCE_S = 10.0


class Store(ABC):
    """`here` and `there` are two processes on one store."""

    here: LiveReply
    there: LiveReply
    bus: Bus
    publishes_within_the_step = True
    """Whether whoever hears all has heard a step by the time it is answered."""

    @abstractmethod
    def forget(self, conversation: UUID) -> None:
        """Lose the record, as FLUSHALL does."""

    @abstractmethod
    def let_pass(self, conversation: UUID, seconds: float) -> None:
        """Let the record grow older."""

    async def listen(self, conversation: UUID) -> BusEar:
        """Hear what is published of a conversation."""
        return await BusEar.open(self.bus, conversation_topic(conversation))


class MemoryStore(Store):
    def __init__(self) -> None:
        self.now = 0.0
        self.memory_bus = MemoryBus()
        self.bus = self.memory_bus
        self.memory = MemoryLiveReply(self.memory_bus, ttl_s=TTL_S, clock=lambda: self.now)
        self.here = self.there = self.memory

    def forget(self, conversation: UUID) -> None:
        self.memory.clear()

    def let_pass(self, conversation: UUID, seconds: float) -> None:
        self.now += seconds


class RedisStore(Store):
    def __init__(self, server: RedisServer | RedisCluster, other_bus: Bus | None = None) -> None:
        self.server = server
        self.publishes_within_the_step = other_bus is None
        bus_class = ClusterBus if is_cluster(server.url) else RedisBus
        self.bus = other_bus or bus_class(server.url, timeout_s=PATIENCE_S)
        self.here = RedisLiveReply(server.url, timeout_s=PATIENCE_S, ttl_s=TTL_S, bus=other_bus)
        self.there = RedisLiveReply(server.url, timeout_s=PATIENCE_S, ttl_s=TTL_S, bus=other_bus)

    def forget(self, conversation: UUID) -> None:
        self.server.flushall()

    def let_pass(self, conversation: UUID, seconds: float) -> None:
        with self.server.client() as client:
            left = client.pttl(record_key(conversation))
            assert isinstance(left, int)
            client.pexpire(record_key(conversation), left - int(seconds * 1000))


def make_store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    server: RedisServer | RedisCluster = request.getfixturevalue(
        "redis_cluster" if request.param == "cluster" else "redis_server"
    )
    if request.param in ("redis", "cluster"):
        return RedisStore(server)
    layers = pytest.importorskip("channels.layers")
    return RedisStore(server, ChannelsLayerBus(layers.InMemoryChannelLayer(capacity=10_000), timeout_s=PATIENCE_S))


@pytest.fixture(params=["memory", "redis", "cluster", "redis, bus on a channels layer"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    made = make_store(request)
    yield made
    await made.here.aclose()
    await made.there.aclose()
    await made.bus.aclose()
