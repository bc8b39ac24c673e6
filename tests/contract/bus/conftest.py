"""Two buses as two processes would have them; in memory they are one and the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from realtime.bus.channels_layer import ChannelsLayerBus
from realtime.bus.cluster import ClusterBus
from realtime.bus.memory import MemoryBus
from realtime.bus.open_layer import open_layer
from realtime.bus.port import Bus
from realtime.bus.redis import RedisBus
from tests.fixtures.redis_cluster import RedisCluster
from tests.fixtures.redis_server import RedisServer

PATIENCE_S = 10.0
LAYERS = ("channels_redis.core.RedisChannelLayer", "channels_redis.pubsub.RedisPubSubChannelLayer")


@dataclass(frozen=True)
class Buses:
    """Publisher and subscriber side."""

    here: Bus
    there: Bus
    keeps_order: bool = True


def open_buses(request: pytest.FixtureRequest) -> Buses:
    if request.param == "memory":
        bus = MemoryBus()
        return Buses(bus, bus)
    near: Bus
    far: Bus
    if request.param == "channels":
        layers = pytest.importorskip("channels.layers")
        layer = layers.InMemoryChannelLayer(capacity=10_000)
        near, far = (ChannelsLayerBus(layer, timeout_s=PATIENCE_S, unsubscribe_after_s=0.05) for _ in range(2))
        return Buses(near, far, keeps_order=False)
    if request.param == "cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        near, far = (ClusterBus(cluster.url, timeout_s=PATIENCE_S, unsubscribe_after_s=0.05) for _ in range(2))
        return Buses(near, far)
    server: RedisServer = request.getfixturevalue("redis_server")
    if request.param in LAYERS:
        pytest.importorskip("channels_redis")
        near, far = (
            open_layer(request.param, server.url, timeout_s=PATIENCE_S, unsubscribe_after_s=0.05) for _ in range(2)
        )
        return Buses(near, far, keeps_order=False)
    near, far = (RedisBus(server.url, timeout_s=PATIENCE_S, unsubscribe_after_s=0.05) for _ in range(2))
    return Buses(near, far)


@pytest.fixture(params=["memory", "redis", "cluster", "channels", *LAYERS])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[Buses]:
    pair = open_buses(request)
    yield pair
    await pair.here.aclose()
    await pair.there.aclose()
