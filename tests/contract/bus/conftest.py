"""Two buses as two processes would have them; in memory they are one and the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from realtime.bus.memory import MemoryBus
from realtime.bus.port import Bus
from realtime.bus.redis import RedisBus
from tests.fixtures.redis_server import RedisServer


@dataclass(frozen=True)
class Buses:
    """Publisher and subscriber side."""

    here: Bus
    there: Bus


@pytest.fixture(params=["memory", "redis"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[Buses]:
    if request.param == "memory":
        bus = MemoryBus()
        pair = Buses(bus, bus)
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        here, there = (RedisBus(server.url, timeout_s=10, unsubscribe_after_s=0.05) for _ in range(2))
        pair = Buses(here, there)
    yield pair
    await pair.here.aclose()
    await pair.there.aclose()
