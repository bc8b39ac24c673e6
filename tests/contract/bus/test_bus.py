"""What every bus does."""

import asyncio
import logging
from uuid import uuid4

import pytest

from realtime.bus.frame import Audience, Frame, Kind
from realtime.bus.port import BusUnavailableError
from realtime.bus.topic import conversation_topic
from tests.contract.bus.conftest import Buses
from tests.fixtures.bus_ear import BusEar


def numbered(number: int) -> Frame:
    return Frame(Kind.EVENT, b'{"type":"message.created"}', seq=number)


def ignore(topic: str, frame: Frame) -> None:
    """Listen to nothing in particular."""


@pytest.fixture
def topic() -> str:
    return conversation_topic(uuid4())


async def test_a_frame_arrives_as_it_was_published(buses: Buses, topic: str) -> None:
    ear = await BusEar.open(buses.there, topic)
    frame = Frame(Kind.DELTA, '{"text":"é 🙂"}'.encode(), Audience.STAFF, 7, 3, 2, uuid4(), 10, 15)
    await buses.here.publish(topic, frame)
    assert await ear.heard_all() == [frame]


async def test_every_listener_hears_all_frames_in_the_order_of_the_publishes(buses: Buses, topic: str) -> None:
    ears = [await BusEar.open(buses.there, topic) for _ in range(3)]
    for number in range(100):
        await buses.here.publish(topic, numbered(number))
    for ear in ears:
        heard = [frame.seq for frame in await ear.heard(100)]
        assert (heard if buses.keeps_order else sorted(heard)) == list(range(100))


async def test_publishes_started_together_keep_the_order_they_were_started_in(buses: Buses, topic: str) -> None:
    ear = await BusEar.open(buses.there, topic)
    await asyncio.gather(*(buses.here.publish(topic, numbered(number)) for number in range(1_000)))
    heard = [frame.seq for frame in await ear.heard(1_000)]
    assert (heard if buses.keeps_order else sorted(heard)) == list(range(1_000))


async def test_a_topic_is_heard_by_nobody_else(buses: Buses, topic: str) -> None:
    ear = await BusEar.open(buses.there, topic)
    await buses.here.publish(conversation_topic(uuid4()), numbered(1))
    assert await ear.heard_all() == []


async def test_a_publish_without_listeners_is_dropped(buses: Buses, topic: str) -> None:
    await buses.here.publish(topic, numbered(1))
    ear = await BusEar.open(buses.there, topic)
    assert await ear.heard_all() == []


async def test_nothing_published_after_subscribe_returned_is_missed(buses: Buses) -> None:
    async def subscribe_and_hear() -> None:
        topic = conversation_topic(uuid4())
        first, second = await asyncio.gather(BusEar.open(buses.there, topic), BusEar.open(buses.there, topic))
        await buses.here.publish(topic, numbered(1))
        assert [frame.seq for frame in await first.heard(1)] == [1]
        assert [frame.seq for frame in await second.heard(1)] == [1]

    await asyncio.gather(*(subscribe_and_hear() for _ in range(100)))


async def test_a_closed_listener_hears_nothing_at_once_and_the_others_go_on(buses: Buses, topic: str) -> None:
    left, stays = await BusEar.open(buses.there, topic), await BusEar.open(buses.there, topic)
    left.close()
    left.close()
    await buses.here.publish(topic, numbered(1))
    assert [frame.seq for frame in await stays.heard_all()] == [1]
    assert left.frames == []


async def test_a_listener_closed_by_an_earlier_one_misses_that_very_frame(buses: Buses, topic: str) -> None:
    heard: list[int] = []
    subscription = await buses.there.subscribe(topic, lambda _, frame: second.close())
    second = await buses.there.subscribe(topic, lambda _, frame: heard.append(frame.seq))
    ear = await BusEar.open(buses.there, topic)
    await buses.here.publish(topic, numbered(1))
    assert [frame.seq for frame in await ear.heard_all()] == [1]
    assert heard == []
    subscription.close()


async def test_quick_leaving_and_coming_back_loses_nothing(buses: Buses, topic: str) -> None:
    for number in range(50):
        ear = await BusEar.open(buses.there, topic)
        await buses.here.publish(topic, numbered(number))
        assert [frame.seq for frame in await ear.heard_all()] == [number]
        ear.close()


async def test_a_listener_that_raises_is_reported_and_keeps_nobody_from_the_frame(
    buses: Buses, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(topic: str, frame: Frame) -> None:
        if frame.kind is Kind.EVENT:
            raise LookupError("broken listener")

    broken = await buses.there.subscribe(topic, fail)
    ear = await BusEar.open(buses.there, topic)
    with caplog.at_level(logging.ERROR):
        await buses.here.publish(topic, numbered(1))
        assert [frame.seq for frame in await ear.heard_all()] == [1]
    [record] = caplog.records
    assert record.exc_info is not None
    assert "broken listener" in str(record.exc_info[1])
    broken.close()


async def test_a_bus_with_a_subscription_is_healthy_until_closed(buses: Buses, topic: str) -> None:
    await buses.there.subscribe(topic, ignore)
    assert buses.there.healthy
    await buses.there.aclose()
    assert not buses.there.healthy


async def test_all_topics_of_a_healthy_bus_are_heard_and_none_of_a_closed_one(buses: Buses, topic: str) -> None:
    await BusEar.open(buses.there, topic)
    assert buses.there.hears(topic)
    assert buses.there.hears(f"{topic}:another")
    await buses.there.aclose()
    assert not buses.there.hears(topic)


async def test_a_closed_bus_refuses_and_closing_twice_is_fine(buses: Buses, topic: str) -> None:
    ear = await BusEar.open(buses.there, topic)
    await buses.there.aclose()
    await buses.there.aclose()
    ear.close()
    with pytest.raises(BusUnavailableError):
        await buses.there.publish(topic, numbered(1))
    with pytest.raises(BusUnavailableError):
        await buses.there.subscribe(topic, ignore)
    assert ear.frames == []
