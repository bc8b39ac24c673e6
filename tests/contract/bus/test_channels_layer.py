"""The bus on a Channels layer that forgets, goes away and comes back, and beside a Django consumer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest

from realtime.bus.channels_layer import ChannelsLayerBus, group_of, message_of
from realtime.bus.frame import Frame, Kind
from realtime.bus.open_layer import UnknownLayerError, open_layer
from realtime.bus.port import BusUnavailableError
from realtime.bus.topic import conversation_topic
from tests.fixtures.bus_ear import BusEar
from tests.fixtures.redis_server import RedisServer

pytest.importorskip("channels_redis")

CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
TIMEOUT_S = 2.0
SOON_S = 30.0
FRAME = Frame(Kind.EVENT, b"{}", seq=1)

MakeBus = Callable[[str], ChannelsLayerBus]


@pytest.fixture(params=[CORE, PUBSUB])
async def make_bus(request: pytest.FixtureRequest) -> AsyncIterator[MakeBus]:
    made: list[ChannelsLayerBus] = []

    def make(url: str) -> ChannelsLayerBus:
        bus = open_layer(request.param, url, timeout_s=TIMEOUT_S, unsubscribe_after_s=0.1, probe_after_s=0.2)
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.aclose()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that only the server can say."""
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - the layer offers no event
            await asyncio.sleep(0.01)


def next_reconnect(bus: ChannelsLayerBus) -> asyncio.Event:
    event = asyncio.Event()
    bus.on_reconnect(lambda topics: event.set())
    return event


async def arrives(bus: ChannelsLayerBus, ear: BusEar, topic: str) -> None:
    ear.frames.clear()
    await bus.publish(topic, FRAME)
    assert await ear.heard(1) == [FRAME]


def test_groups_have_names_that_layers_take() -> None:
    assert group_of("conversation:{3f-1}") == "assistify.conversation.3f-1"
    for topic in ("", "a.b", "a b", "é"):
        with pytest.raises(ValueError, match="no group"):
            group_of(topic)


async def test_a_layer_that_forgets_its_groups_is_told_again(
    own_redis_server: RedisServer, make_bus: MakeBus, request: pytest.FixtureRequest
) -> None:
    bus, other = make_bus(own_redis_server.url), make_bus(own_redis_server.url)
    topic = conversation_topic(uuid4())
    ear = await BusEar.open(bus, topic)
    await arrives(other, ear, topic)
    reconnected = next_reconnect(bus)
    own_redis_server.flushall()
    if CORE in request.node.name:  # the other one keeps its groups in this process
        async with asyncio.timeout(SOON_S):
            await reconnected.wait()
    await arrives(other, ear, topic)


async def test_a_server_that_restarts_is_noticed_and_used_again(
    own_redis_server: RedisServer, make_bus: MakeBus
) -> None:
    bus, other = make_bus(own_redis_server.url), make_bus(own_redis_server.url)
    topic = conversation_topic(uuid4())
    ear = await BusEar.open(bus, topic)
    reconnected = next_reconnect(bus)
    own_redis_server.kill()
    await until(lambda: not bus.healthy)
    with pytest.raises(BusUnavailableError):
        await other.publish(topic, FRAME)
    with pytest.raises(BusUnavailableError):
        await bus.subscribe("conversation:another", lambda topic, frame: None)
    own_redis_server.start()
    async with asyncio.timeout(SOON_S):
        await reconnected.wait()
    assert bus.healthy
    await arrives(other, ear, topic)


async def test_a_frozen_server_is_noticed_and_noticed_again_when_it_goes_on(
    own_redis_server: RedisServer, make_bus: MakeBus
) -> None:
    bus = make_bus(own_redis_server.url)
    topic = conversation_topic(uuid4())
    ear = await BusEar.open(bus, topic)
    own_redis_server.freeze()
    await until(lambda: not bus.healthy)
    reconnected = next_reconnect(bus)
    own_redis_server.thaw()
    async with asyncio.timeout(SOON_S):
        await reconnected.wait()
    await arrives(bus, ear, topic)


async def test_a_closed_bus_has_left_its_groups(own_redis_server: RedisServer) -> None:
    bus = open_layer(CORE, own_redis_server.url)
    ear = await BusEar.open(bus, "conversation:{a}")
    await arrives(bus, ear, "conversation:{a}")
    await bus.aclose()
    with own_redis_server.client() as client:
        assert client.keys("asgi:group:*") == []


def test_what_is_no_layer_is_refused_by_name() -> None:
    for path in ("nothing.at.all", "channels_redis.core.Nothing", "asyncio.Lock"):
        with pytest.raises(UnknownLayerError, match=path):
            open_layer(path, "redis://127.0.0.1:1")


async def test_messages_that_hold_no_frame_are_dropped() -> None:
    from channels.layers import InMemoryChannelLayer

    layer = InMemoryChannelLayer()
    bus = ChannelsLayerBus(layer)
    topic = conversation_topic(uuid4())
    ear = await BusEar.open(bus, topic)
    good: dict[str, Any] = message_of(topic, FRAME)
    for bad in ({**good, "frame": b"short"}, {"type": good["type"]}, {**good, "topic": 1}):
        await layer.group_send(group_of(topic), bad)
    await arrives(bus, ear, topic)
    await bus.aclose()
