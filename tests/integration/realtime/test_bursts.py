"""Deltas that go on where the last one ended are not decoded: what comes out is the same, in the same order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from realtime.bus.fanout import deliver
from realtime.bus.frame import Audience, Frame, Kind, encode_frame
from realtime.bus.memory import MemoryBus
from realtime.bus.topic import conversation_topic
from realtime.hub import Hub
from realtime.live_reply.memory import MemoryLiveReply
from realtime.outbox import Burst, Packet
from realtime.ports import Principal
from realtime.protocol.commands import ConversationOpen
from realtime.protocol.events import ReplyDelta, ReplyStarted, TypingChanged, delta_frame, notice_frame, started_frame
from realtime.protocol.shapes import Participant
from realtime.settings import RealtimeSettings
from tests.integration.realtime.shop import MemoryShop

REPLY = UUID(int=7)
STAFF = "jwt-ada"


class EncodedBus(MemoryBus):
    """The memory bus, with frames that come in as bytes, as they do from Redis. `decoded`: what had to be decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.decoded: list[Frame] = []

    def publish_now(self, topic: str, frame: Frame) -> None:
        subscriptions = self._topics.get(topic, [])
        if len(subscriptions) == 1 and subscriptions[0].take(encode_frame(frame)):
            return
        self.decoded.append(frame)
        deliver(subscriptions, topic, frame)


@dataclass
class Eye:
    """A connection that keeps what it is given."""

    id: UUID = field(default_factory=uuid4)
    is_staff: bool = True
    seen: list[Frame] = field(default_factory=list)
    bursts: list[int] = field(default_factory=list)
    given: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, packet: Packet) -> None:
        assert packet.frame is not None
        self.given.set()
        self.seen.append(packet.frame)

    def deliver_burst(self, burst: Burst, now: float) -> None:
        self.given.set()
        self.bursts.append(len(burst.frames))
        self.seen += burst.frames


@dataclass
class Stage:
    """A hub on such a bus, one conversation, one who looks."""

    bus: EncodedBus
    hub: Hub
    shop: MemoryShop
    live_reply: MemoryLiveReply
    conversation: UUID
    eye: Eye

    def publish(self, frame: Frame) -> None:
        self.bus.publish_now(conversation_topic(self.conversation), frame)

    def delta(self, start: int, text: str, message: UUID = REPLY, attempt: int = 1) -> Frame:
        end = start + len(text)
        delta = ReplyDelta(conversation=self.conversation, message=message, epoch=0, start=start, end=end, text=text)
        return delta_frame(delta, attempt)

    def started(self, message: UUID = REPLY) -> Frame:
        return started_frame(ReplyStarted(conversation=self.conversation, message=message, epoch=0), 1)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        return [(frame.start, frame.end) for frame in self.eye.seen if frame.kind is Kind.DELTA]

    async def watch(self, eye: Eye) -> None:
        """Follow the conversation."""
        self.hub.open_watch(await self.hub.prepare(eye, self.shop.staff[STAFF], self.conversation, None))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    bus = EncodedBus()
    live_reply = MemoryLiveReply(bus)
    shop = MemoryShop(bus, live_reply)
    shop.add_staff("ada")
    visitor = Principal(kind="visitor", id=uuid4(), shop=shop.id)
    opened = await shop.execute(visitor, uuid4(), ConversationOpen(id="1"))
    hub = Hub(bus, live_reply, shop, RealtimeSettings(heal_after_s=0.0, heal_retry_s=0.0))
    made = Stage(bus, hub, shop, live_reply, UUID(str(opened["conversation"]["id"])), Eye())
    await made.watch(made.eye)
    made.publish(made.started())
    made.publish(made.delta(0, "a"))
    await asyncio.sleep(0)
    made.bus.decoded.clear()
    made.eye.seen.clear()
    made.eye.bursts.clear()
    yield made
    hub.close()


async def test_what_joins_on_leaves_as_one_burst_undecoded(stage: Stage) -> None:
    for at in range(1, 6):
        stage.publish(stage.delta(at, "x"))
    assert stage.eye.seen == []
    await asyncio.sleep(0)
    assert (stage.ranges, stage.eye.bursts) == ([(at, at + 1) for at in range(1, 6)], [5])
    assert stage.bus.decoded == []


async def test_what_does_not_join_on_is_looked_at_in_full(stage: Stage) -> None:
    known, other, newer = stage.delta(0, "a"), stage.delta(2, "b", message=uuid4()), stage.delta(2, "c", attempt=2)
    hidden = structs.replace(stage.delta(2, "d"), audience=Audience.STAFF)
    empty = structs.replace(stage.delta(2, ""), end=2)
    for frame in (stage.delta(1, "b"), known, other, newer, hidden, empty):
        stage.publish(frame)
    assert [frame.body for frame in stage.bus.decoded] == [frame.body for frame in (known, other, newer, hidden, empty)]


async def test_others_come_after_the_deltas_that_came_before_them(stage: Stage) -> None:
    typing = TypingChanged(
        conversation=stage.conversation, participant=Participant(kind="customer", id=uuid4(), name=None), on=True
    )
    stage.publish(stage.delta(1, "b"))
    stage.publish(notice_frame(typing))
    stage.publish(stage.delta(2, "c"))
    await asyncio.sleep(0)
    assert [frame.kind for frame in stage.eye.seen] == [Kind.DELTA, Kind.NOTICE, Kind.DELTA]
    assert stage.ranges == [(1, 2), (2, 3)]


async def test_who_comes_while_a_burst_waits_gets_what_came_after_its_answer_alone(stage: Stage) -> None:
    stage.publish(stage.delta(1, "b"))
    late = Eye()
    await stage.watch(late)
    await asyncio.sleep(0)
    assert stage.ranges == [(1, 2)]
    assert late.seen == []


async def test_a_lost_delta_is_read_from_the_store_and_comes_in_order(stage: Stage) -> None:
    await stage.live_reply.begin(stage.conversation, REPLY, 0, 1)
    stage.bus.decoded.clear()
    await stage.live_reply.append(stage.conversation, REPLY, 0, 1, start=0, text="abcd", ids=[1])
    stage.eye.seen.clear()
    stage.publish(stage.delta(4, "e"))
    stage.publish(stage.delta(6, "g"))
    await stage.live_reply.append(stage.conversation, REPLY, 0, 1, start=4, text="efg", ids=[1])
    async with asyncio.timeout(30):
        while not stage.ranges or stage.ranges[-1][1] < 7:
            stage.eye.given.clear()
            await stage.eye.given.wait()
    assert all(before[1] == after[0] for before, after in pairwise(stage.ranges))


async def test_the_text_held_is_up_to_date_while_a_burst_waits(stage: Stage) -> None:
    stage.publish(stage.delta(1, "b"))
    held = stage.hub.held(stage.conversation)
    assert held is not None
    assert held.text == "ab"
