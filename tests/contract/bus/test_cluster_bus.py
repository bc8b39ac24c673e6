"""The bus on a Redis Cluster whose slots move and whose nodes die, freeze and are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import pytest

from realtime.bus.cluster import ClusterBus
from realtime.bus.cluster_map import ClusterUrl, Node, slot_of
from realtime.bus.frame import Frame, Kind
from realtime.bus.port import BusUnavailableError
from realtime.bus.redis import channel_of
from realtime.bus.topic import conversation_topic
from tests.fixtures.bus_ear import BusEar
from tests.fixtures.redis_cluster import MASTERS, RedisCluster
from tests.fixtures.redis_server import RedisServer

TIMEOUT_S = 2.0
SOON_S = 30.0
FRAME = Frame(Kind.EVENT, b"{}", seq=1)

MakeBus = Callable[[RedisCluster], ClusterBus]


@pytest.fixture
async def make_bus() -> AsyncIterator[MakeBus]:
    made: list[ClusterBus] = []

    def make(cluster: RedisCluster) -> ClusterBus:
        bus = ClusterBus(
            cluster.url, timeout_s=TIMEOUT_S, unsubscribe_after_s=0.1, probe_after_s=0.2, backoff_s=(0.01, 0.05)
        )
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.aclose()


@pytest.fixture
def cluster_with_replicas() -> Iterator[RedisCluster]:
    cluster = RedisCluster(replicas=1)
    yield cluster
    cluster.close()


def topic_at(cluster: RedisCluster, server: RedisServer) -> str:
    return conversation_topic(cluster.key_at(server))


def name_of(server: RedisServer) -> str:
    return f"bus shard 127.0.0.1:{server.port}"


def next_reconnect(bus: ClusterBus) -> asyncio.Event:
    event = asyncio.Event()
    bus.on_reconnect(lambda topics: event.set())
    return event


async def wait_for(event: asyncio.Event) -> None:
    async with asyncio.timeout(SOON_S):
        await event.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that only the servers can say."""
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - the servers offer no event
            await asyncio.sleep(0.02)


async def hears_again(publisher: ClusterBus, ear: BusEar, topic: str) -> None:
    """Publish until one frame arrives: the publisher and the listener learn of a change each for themselves."""
    ear.frames.clear()
    async with asyncio.timeout(SOON_S):
        while not ear.frames:
            try:
                await publisher.publish(topic, FRAME)
            except BusUnavailableError:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.02)
    ear.frames.clear()
    await publisher.publish(topic, FRAME)
    assert FRAME in await ear.heard(1)


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    url = ClusterUrl.parse("rediss+cluster://user:pa%20ss@one:7001,[::1]:7002,three?ssl_ca_certs=ca.pem")
    assert url.seeds == (Node("one", 7001), Node("::1", 7002), Node("three", 6379))
    assert url.of(Node("::1", 5)) == "rediss://user:pa%20ss@[::1]:5/?ssl_ca_certs=ca.pem"
    for wrong in ("redis://one:1", "redis+cluster://", "redis+cluster://one:1,"):
        with pytest.raises(ValueError, match="cluster"):
            ClusterUrl.parse(wrong)


async def test_topics_of_all_nodes_are_heard_where_their_slots_are(
    redis_cluster: RedisCluster, make_bus: MakeBus
) -> None:
    bus, publisher = make_bus(redis_cluster), make_bus(redis_cluster)
    topics = [conversation_topic(uuid4()) for _ in range(300)]
    ears = await asyncio.gather(*(BusEar.open(bus, topic) for topic in topics))
    await asyncio.gather(*(publisher.publish(topic, FRAME) for topic in topics))
    for ear in ears:
        assert await ear.heard_all() == [FRAME]
    heard_at = {}
    for server in redis_cluster.servers:
        here = redis_cluster.heard_at(server, "*conversation*")
        heard_at[server.port] = len(here)
        assert all(redis_cluster.owner_of(channel) is server for channel in sorted(here)[:3])
    assert sum(heard_at.values()) >= len(topics)
    assert min(heard_at.values()) > 0
    assert bus.healthy
    assert bus.away == ()


async def test_a_topic_follows_its_slot_and_says_that_frames_may_be_missed(
    own_redis_cluster: RedisCluster, make_bus: MakeBus
) -> None:
    cluster = own_redis_cluster
    bus, publisher = make_bus(cluster), make_bus(cluster)
    source, target = cluster.servers[:2]
    topic, elsewhere = topic_at(cluster, source), topic_at(cluster, cluster.servers[2])
    ear, other = await BusEar.open(bus, topic), await BusEar.open(bus, elsewhere)
    await hears_again(publisher, ear, topic)
    moved = next_reconnect(bus)
    slot = slot_of(channel_of(topic))
    await asyncio.to_thread(cluster.move, slot, target)
    await wait_for(moved)
    await hears_again(publisher, ear, topic)
    await publisher.publish(elsewhere, FRAME)
    assert await other.heard(1) == [FRAME]
    back = next_reconnect(bus)
    await asyncio.to_thread(cluster.move, slot, source)
    await wait_for(back)
    await hears_again(publisher, ear, topic)
    assert bus.healthy


async def test_subscribing_with_an_old_map_finds_the_new_owner(
    own_redis_cluster: RedisCluster, make_bus: MakeBus
) -> None:
    cluster = own_redis_cluster
    bus = make_bus(cluster)
    source, target = cluster.servers[:2]
    await BusEar.open(bus, topic_at(cluster, source))
    topic = topic_at(cluster, source)
    await asyncio.to_thread(cluster.move, slot_of(channel_of(topic)), target)
    ear = await BusEar.open(bus, topic)
    await bus.publish(topic, FRAME)
    assert await ear.heard_all() == [FRAME]


async def test_a_node_that_dies_takes_only_its_own_topics_and_brings_them_back(
    own_redis_cluster: RedisCluster, make_bus: MakeBus
) -> None:
    cluster = own_redis_cluster
    bus, publisher = make_bus(cluster), make_bus(cluster)
    dies, lives = cluster.servers[0], cluster.servers[1]
    lost, kept = topic_at(cluster, dies), topic_at(cluster, lives)
    lost_ear, kept_ear = await BusEar.open(bus, lost), await BusEar.open(bus, kept)
    new_at_both = (topic_at(cluster, dies), topic_at(cluster, lives))
    await hears_again(publisher, lost_ear, lost)
    await asyncio.to_thread(dies.kill)
    await until(lambda: bus.away == (name_of(dies),))
    assert not bus.healthy
    assert [bus.hears(topic) for topic in (lost, kept, *new_at_both)] == [False, True, False, True]
    for _ in range(20):
        await publisher.publish(kept, FRAME)
    assert len(await kept_ear.heard(20)) == 20
    await bus.subscribe(kept.replace("conversation", "another"), ignore)
    with pytest.raises(BusUnavailableError):
        await publisher.publish(lost, FRAME)
    with pytest.raises(BusUnavailableError):
        await bus.subscribe(lost.replace("conversation", "another"), ignore)
    reconnected, told = next_reconnect(bus), set[str]()
    bus.on_reconnect(told.update)
    await asyncio.to_thread(dies.start)
    await wait_for(reconnected)
    assert told == {lost}
    await until(lambda: bus.healthy)
    await hears_again(publisher, lost_ear, lost)
    assert bus.hears(lost)


async def test_a_frozen_node_is_noticed_and_named(own_redis_cluster: RedisCluster, make_bus: MakeBus) -> None:
    cluster = own_redis_cluster
    bus, publisher = make_bus(cluster), make_bus(cluster)
    frozen, lives = cluster.servers[0], cluster.servers[1]
    stuck, kept = topic_at(cluster, frozen), topic_at(cluster, lives)
    stuck_ear, kept_ear = await BusEar.open(bus, stuck), await BusEar.open(bus, kept)
    frozen.freeze()
    await until(lambda: bus.away == (name_of(frozen),))
    await publisher.publish(kept, FRAME)
    assert await kept_ear.heard(1) == [FRAME]
    reconnected = next_reconnect(bus)
    frozen.thaw()
    await wait_for(reconnected)
    await until(lambda: bus.healthy)
    await hears_again(publisher, stuck_ear, stuck)


async def test_a_replica_takes_over_from_a_master_that_lives_on_and_from_one_that_was_killed(
    cluster_with_replicas: RedisCluster, make_bus: MakeBus
) -> None:
    """The one is a replica then, with all connections as they were, and the other is not there."""
    cluster = cluster_with_replicas
    bus, publisher = make_bus(cluster), make_bus(cluster)
    first = cluster.servers[0]
    topics = [topic_at(cluster, server) for server in cluster.servers[:MASTERS]]
    ears = [await BusEar.open(bus, topic) for topic in topics]
    for ear, topic in zip(ears, topics, strict=True):
        await hears_again(publisher, ear, topic)
    moved = next_reconnect(bus)
    dies = await asyncio.to_thread(cluster.fail_over, first)
    await wait_for(moved)
    for ear, topic in zip(ears, topics, strict=True):
        await hears_again(publisher, ear, topic)
    await until(lambda: bus.healthy)
    moved = next_reconnect(bus)
    await asyncio.to_thread(dies.kill)
    await wait_for(moved)
    for ear, topic in zip(ears, topics, strict=True):
        await hears_again(publisher, ear, topic)
    await until(lambda: bus.healthy)
    await asyncio.to_thread(dies.start)  # as a replica of its replica
    for ear, topic in zip(ears, topics, strict=True):
        await hears_again(publisher, ear, topic)
    assert bus.healthy


async def test_a_cluster_that_is_not_there_refuses_in_time(make_bus: MakeBus) -> None:
    bus = ClusterBus("redis+cluster://127.0.0.1:1,127.0.0.1:2", timeout_s=TIMEOUT_S)
    async with asyncio.timeout(4 * TIMEOUT_S):
        with pytest.raises(BusUnavailableError):
            await bus.publish("topic", FRAME)
        with pytest.raises(BusUnavailableError):
            await bus.subscribe("topic", ignore)
    assert bus.away == ("bus",)
    await bus.aclose()
    with pytest.raises(BusUnavailableError):
        await bus.publish("topic", FRAME)


def ignore(topic: str, frame: Frame) -> None:
    """Listen to nothing in particular."""
