"""The bus on a Redis that goes away, comes back, freezes, or only looks alive."""

import asyncio
import contextlib
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from uuid import uuid4

import pytest
import uvloop

from realtime.bus.commands import RedisAwayError, RedisCommands
from realtime.bus.frame import Frame, Kind
from realtime.bus.port import BusUnavailableError
from realtime.bus.redis import RESUBSCRIBE_BATCH, RedisBus, channel_of
from tests.fixtures.bus_ear import BusEar
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.redis_pair import RedisPair
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.tcp_proxy import TcpProxy

TIMEOUT_S = 2.0
SOON_S = 30.0
FRAME = Frame(Kind.EVENT, b"{}", seq=1)

MakeBus = Callable[[str], RedisBus]


@pytest.fixture
async def make_bus() -> AsyncIterator[MakeBus]:
    made: list[RedisBus] = []

    def make(url: str) -> RedisBus:
        bus = RedisBus(url, timeout_s=TIMEOUT_S, unsubscribe_after_s=0.1, probe_after_s=0.2, backoff_s=(0.01, 0.05))
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.aclose()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that only the server can say."""
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - the server offers no event
            await asyncio.sleep(0.01)


def next_reconnect(bus: RedisBus) -> asyncio.Event:
    event = asyncio.Event()
    bus.on_reconnect(lambda topics: event.set())
    return event


async def wait_for(event: asyncio.Event) -> None:
    async with asyncio.timeout(SOON_S):
        await event.wait()


async def refuses_in_time(step: Callable[[], object], limit_s: float = 4 * TIMEOUT_S) -> None:
    began = time.monotonic()
    with pytest.raises(BusUnavailableError):
        await step()  # type: ignore[misc]
    assert time.monotonic() - began < limit_s


def listeners(server: RedisServer, topic: str) -> int:
    with server.client() as client:
        return int(client.pubsub_numsub(channel_of(topic).decode())[0][1])


def ignore(topic: str, frame: Frame) -> None:
    """Listen to nothing in particular."""


async def test_the_server_unsubscribe_comes_later_and_only_when_nobody_came_back(
    redis_server: RedisServer, make_bus: MakeBus
) -> None:
    bus, topic = make_bus(redis_server.url), f"topic:{uuid4()}"
    (await bus.subscribe(topic, ignore)).close()
    assert listeners(redis_server, topic) == 1
    stays = await BusEar.open(bus, topic)
    other = f"topic:{uuid4()}"
    (await bus.subscribe(other, ignore)).close()
    await until(lambda: listeners(redis_server, other) == 0)
    assert listeners(redis_server, topic) == 1
    stays.close()
    await until(lambda: listeners(redis_server, topic) == 0)


async def test_coming_back_just_when_the_unsubscribe_goes_out_loses_nothing(
    redis_server: RedisServer, make_bus: MakeBus
) -> None:
    bus, publisher = make_bus(redis_server.url), make_bus(redis_server.url)

    async def flap(number: int) -> None:
        topic = f"topic:{uuid4()}"
        (await bus.subscribe(topic, ignore)).close()
        await asyncio.sleep(0.08 + number * 0.0004)  # around the 100 ms of the delayed unsubscribe
        ear = await BusEar.open(bus, topic)
        await publisher.publish(topic, FRAME)
        await until(lambda: ear.frames == [FRAME])

    await asyncio.gather(*(flap(number) for number in range(100)))


async def test_subscriptions_of_one_loop_turn_share_a_command(own_redis_server: RedisServer, make_bus: MakeBus) -> None:
    bus = make_bus(own_redis_server.url)
    await bus.subscribe("first", ignore)
    await asyncio.gather(*(bus.subscribe(f"topic:{number}", ignore) for number in range(300)))
    with own_redis_server.client() as client:
        assert client.info("commandstats")["cmdstat_subscribe"]["calls"] < 10


async def test_after_a_restart_all_subscriptions_work_again(own_redis_server: RedisServer, make_bus: MakeBus) -> None:
    bus, publisher = make_bus(own_redis_server.url), make_bus(own_redis_server.url)
    topics = [f"topic:{number}" for number in range(2 * RESUBSCRIBE_BATCH + 50)]
    ears = await asyncio.gather(*(BusEar.open(bus, topic) for topic in topics))
    reconnected = next_reconnect(bus)
    own_redis_server.kill()
    await until(lambda: not bus.healthy)
    await refuses_in_time(lambda: publisher.publish(topics[0], FRAME))
    await refuses_in_time(lambda: bus.subscribe("another", ignore))
    own_redis_server.start()
    await wait_for(reconnected)
    assert bus.healthy
    await asyncio.gather(*(publisher.publish(topic, FRAME) for topic in topics))
    for ear in ears:
        assert await ear.heard_all() == [FRAME]


async def test_a_subscription_refused_while_away_is_not_held(own_redis_server: RedisServer, make_bus: MakeBus) -> None:
    bus, publisher = make_bus(own_redis_server.url), make_bus(own_redis_server.url)
    stays = await BusEar.open(bus, "stays")
    reconnected = next_reconnect(bus)
    heard: list[Frame] = []
    own_redis_server.kill()
    await refuses_in_time(lambda: bus.subscribe("refused", lambda _, frame: heard.append(frame)))
    own_redis_server.start()
    await wait_for(reconnected)
    await publisher.publish("refused", FRAME)
    await stays.heard_all()
    assert heard == []


async def test_a_subscribe_made_while_the_server_restarts_returns_when_it_is_back(
    own_redis_server: RedisServer,
) -> None:
    bus = RedisBus(own_redis_server.url, timeout_s=SOON_S, backoff_s=(0.01, 0.05))
    await bus.subscribe("first", ignore)
    own_redis_server.kill()
    waiting = asyncio.create_task(BusEar.open(bus, "second"))
    await until(lambda: not bus.healthy)
    own_redis_server.start()
    ear = await waiting
    await bus.publish("second", FRAME)
    assert await ear.heard_all() == [FRAME]
    await bus.aclose()


async def test_a_dropped_connection_is_replaced(own_redis_server: RedisServer, make_bus: MakeBus) -> None:
    bus = make_bus(own_redis_server.url)
    ear = await BusEar.open(bus, "topic")
    reconnected = next_reconnect(bus)
    with own_redis_server.client() as client:
        client.client_kill_filter(_type="pubsub")
    await wait_for(reconnected)
    await bus.publish("topic", FRAME)
    assert await ear.heard_all() == [FRAME]


async def test_a_frozen_server_is_noticed_and_noticed_again_when_it_goes_on(
    own_redis_server: RedisServer, make_bus: MakeBus
) -> None:
    bus = make_bus(own_redis_server.url)
    ear = await BusEar.open(bus, "topic")
    own_redis_server.freeze()
    await refuses_in_time(lambda: bus.publish("topic", FRAME))
    await until(lambda: not bus.healthy)
    recovered = next_reconnect(bus)
    own_redis_server.thaw()
    await wait_for(recovered)
    await until(lambda: bus.healthy)
    ear.frames.clear()
    await bus.publish("topic", FRAME)
    assert await ear.heard_all() == [FRAME]


async def test_a_connection_that_is_up_and_delivers_nothing_is_replaced(
    redis_server: RedisServer, make_bus: MakeBus
) -> None:
    proxy = TcpProxy(redis_server.url)
    bus = make_bus(await proxy.start())
    ear = await BusEar.open(bus, "topic")
    accepted = proxy.accepted
    reconnected = next_reconnect(bus)
    health: list[bool] = []
    bus.on_reconnect(lambda topics: health.append(bus.healthy))
    proxy.mute()
    await wait_for(reconnected)
    await until(lambda: bus.healthy)
    assert proxy.accepted > accepted
    assert health[0] is False  # connected again, and still to be shown to deliver
    await bus.publish("topic", FRAME)
    assert await ear.heard_all() == [FRAME]
    await bus.aclose()
    await proxy.aclose()


async def test_publishing_at_what_has_become_a_replica_is_noticed_and_ended(make_bus: MakeBus) -> None:
    """A failover may leave connections to the old master open. A replica takes publishes, and nobody else hears them.

    What is published at the new master arrives through the replica all the while, so that nothing seems wrong.
    """
    pair = RedisPair(lambda address: setattr(proxy, "target", address))
    proxy = FaultProxy(pair.address, "resp")
    bus = make_bus(f"redis://127.0.0.1:{await proxy.start()}/0")
    try:
        ear = await BusEar.open(bus, "topic")
        await bus.publish("topic", FRAME)
        assert await ear.heard_all() == [FRAME]
        reconnected = next_reconnect(bus)
        await asyncio.to_thread(pair.switch)
        elsewhere = make_bus(pair.master.url)
        far_ear = await BusEar.open(elsewhere, "topic")
        async with asyncio.timeout(SOON_S):
            while not far_ear.frames:
                await elsewhere.publish("noise", FRAME)
                with contextlib.suppress(BusUnavailableError):
                    await bus.publish("topic", FRAME)
                await asyncio.sleep(0.02)
        await wait_for(reconnected)
        await until(lambda: bus.healthy)
        ear.frames.clear()
        await elsewhere.publish("topic", FRAME)
        assert FRAME in await ear.heard(1)
    finally:
        await bus.aclose()
        await proxy.aclose()
        pair.close()


async def test_a_server_that_refuses_writes_is_as_good_as_gone(make_bus: MakeBus) -> None:
    server = RedisServer(options=["--save", "3600 1", "--enable-protected-configs", "yes"])
    bus, commands = make_bus(server.url), RedisCommands(server.url, timeout_s=TIMEOUT_S)
    try:
        await bus.subscribe("topic", ignore)
        with server.client() as client:
            client.config_set("min-replicas-to-write", 1)
            await until(lambda: not bus.healthy)
            with pytest.raises(RedisAwayError):
                await commands.execute("SET", "key", "misses its replicas")
            client.config_set("min-replicas-to-write", 0)
            await until(lambda: bus.healthy)
            client.config_set("dir", "/proc")  # where it cannot save
            client.bgsave()
            await until(lambda: not bus.healthy)
            with pytest.raises(RedisAwayError):
                await commands.execute("SET", "key", "cannot be saved")
            client.config_set("stop-writes-on-bgsave-error", "no")
            await until(lambda: bus.healthy)
    finally:
        await commands.aclose()
        await bus.aclose()
        server.close()


async def test_a_failing_reconnect_callback_keeps_nobody_from_being_called(
    own_redis_server: RedisServer, make_bus: MakeBus
) -> None:
    def fail(topics: Collection[str]) -> None:
        raise LookupError("broken callback")

    told: list[str] = []

    bus = make_bus(own_redis_server.url)
    await bus.subscribe("topic", ignore)
    left = await bus.subscribe("left a moment ago", ignore)
    left.close()
    bus.on_reconnect(fail)
    bus.on_reconnect(told.extend)
    reconnected = next_reconnect(bus)
    own_redis_server.restart()
    await wait_for(reconnected)
    assert told == ["topic"]


async def test_bytes_that_are_no_frame_are_dropped(redis_server: RedisServer, make_bus: MakeBus) -> None:
    bus, topic = make_bus(redis_server.url), f"topic:{uuid4()}"
    ear = await BusEar.open(bus, topic)
    with redis_server.client() as client:
        client.publish(channel_of(topic).decode(), b"not a frame")
    await bus.publish(topic, FRAME)
    assert await ear.heard_all() == [FRAME]


async def test_a_bus_without_a_server_refuses_in_time(make_bus: MakeBus) -> None:
    bus = make_bus("redis://127.0.0.1:1/0")
    await refuses_in_time(lambda: bus.publish("topic", FRAME))
    await refuses_in_time(lambda: bus.subscribe("topic", ignore))
    assert not bus.healthy


def test_it_works_on_uvloop_too(own_redis_server: RedisServer) -> None:
    async def publish_over_a_restart() -> None:
        bus = RedisBus(own_redis_server.url, timeout_s=SOON_S, probe_after_s=0.2, backoff_s=(0.01, 0.05))
        ear = await BusEar.open(bus, "topic")
        reconnected = next_reconnect(bus)
        own_redis_server.restart()
        await wait_for(reconnected)
        await bus.publish("topic", FRAME)
        assert await ear.heard_all() == [FRAME]
        await bus.aclose()

    uvloop.run(publish_over_a_restart())


async def test_a_password_is_sent_and_a_wrong_one_refused(make_bus: MakeBus) -> None:
    server = RedisServer(password="right word: é@")
    try:
        bus = make_bus(server.url)
        ear = await BusEar.open(bus, "topic")
        await bus.publish("topic", FRAME)
        assert await ear.heard_all() == [FRAME]
        wrong = make_bus(server.url.replace("right", "wrong"))
        await refuses_in_time(lambda: wrong.subscribe("topic", ignore))
        await refuses_in_time(lambda: wrong.publish("topic", FRAME))
    finally:
        server.close()


async def test_tls_is_spoken_and_the_certificate_checked(tmp_path: Path, make_bus: MakeBus) -> None:
    certificate, key = self_signed(tmp_path)
    server = RedisServer(tls=(certificate, key))
    try:
        bus = make_bus(f"{server.url}?ssl_ca_certs={certificate}")
        ear = await BusEar.open(bus, "topic")
        await bus.publish("topic", FRAME)
        assert await ear.heard_all() == [FRAME]
        untrusting = make_bus(server.url)
        await refuses_in_time(lambda: untrusting.subscribe("topic", ignore))
        await refuses_in_time(lambda: untrusting.publish("topic", FRAME))
    finally:
        server.close()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise RuntimeError("this test needs openssl on the PATH")
    certificate, key = folder / "server.crt", folder / "server.key"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
