"""Presence stores and a way to let time pass in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import cast
from uuid import UUID

import pytest

from realtime.presence import MemoryPresence, Presence
from realtime.presence_redis import RedisPresence, presence_keys, typing_key
from tests.fixtures.redis_cluster import RedisCluster
from tests.fixtures.redis_server import RedisServer

TTL_S = 30.0
GRACE_S = 15.0
TYPING_TTL_S = 6.0


class Store(ABC):
    presence: Presence

    @abstractmethod
    def let_pass(self, conversation: UUID, seconds: float) -> None:
        """Let all entries of a conversation grow older."""


class MemoryStore(Store):
    def __init__(self) -> None:
        self.now = 1_000.0
        self.presence = MemoryPresence(ttl_s=TTL_S, grace_s=GRACE_S, typing_ttl_s=TYPING_TTL_S, clock=lambda: self.now)

    def let_pass(self, conversation: UUID, seconds: float) -> None:
        self.now += seconds


class RedisStore(Store):
    def __init__(self, server: RedisServer | RedisCluster) -> None:
        self.server = server
        self.presence = RedisPresence(server.url, timeout_s=10, ttl_s=TTL_S, grace_s=GRACE_S, typing_ttl_s=TYPING_TTL_S)

    def let_pass(self, conversation: UUID, seconds: float) -> None:
        """Move the expiry times back, since the server's clock cannot be moved on."""
        with self.server.client() as client:
            for key in (presence_keys(conversation)[0], typing_key(conversation)):
                for member in cast(list[bytes], client.zrange(key, 0, -1)):
                    client.zincrby(key, -seconds * 1000, member)


@pytest.fixture(params=["memory", "redis_server", "redis_cluster"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else RedisStore(request.getfixturevalue(request.param))
    yield made
    await made.presence.aclose()
