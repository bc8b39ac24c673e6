"""A node that loses, doubles and reorders what the bus carries still hands out a gapless conversation."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.bus.frame import NO_MESSAGE, Frame, Kind
from realtime.live_reply.port import LiveText
from realtime.protocol.position import Position, Verdict, tail
from realtime.protocol.shapes import Cut
from realtime.topic_order import HELD_MAX, Missing, TopicOrder
from tests.unit.realtime.frames import (
    CONVERSATION,
    control,
    delta,
    plain_event,
    reply_done,
    reply_id,
    started,
)

REPLY = reply_id(1)


def live_text(message: UUID, text: str, start: int = 0, epoch: int = 0) -> LiveText:
    rest = text.encode()[start:].decode()
    return LiveText(message, epoch, 1, start, len(text.encode()), rest, (), False)


def order_at(seq: int = 0) -> TopicOrder:
    order = TopicOrder(CONVERSATION)
    order.start(Position(seq=seq), 0.0)
    return order


def missing(order: TopicOrder) -> Missing | None:
    return order.missing


def test_everything_is_held_until_there_is_a_position() -> None:
    order = TopicOrder(CONVERSATION)
    assert order.offer(plain_event(6), 0.0) == []
    assert order.offer(plain_event(5), 0.0) == []
    assert order.start(Position(seq=4), 0.0) == [plain_event(5), plain_event(6)]


def test_a_gap_holds_live_frames_too_and_a_straggler_closes_it() -> None:
    order = order_at()
    assert order.offer(plain_event(2), 0.0) == []
    assert order.offer(started(REPLY), 0.0) == []
    assert missing(order) is Missing.EVENTS
    assert order.offer(plain_event(1), 0.0) == []
    assert order.events_read((), 0.03) == [plain_event(1), plain_event(2), started(REPLY)]
    assert missing(order) is None


def test_the_log_closes_a_gap_in_order() -> None:
    order = order_at()
    order.offer(plain_event(3), 0.0)
    order.offer(delta(REPLY, 0, "Hi"), 0.0)
    read = order.events_read([plain_event(1), plain_event(2), plain_event(3)], 0.03)
    assert read == [plain_event(1), plain_event(2), plain_event(3), delta(REPLY, 0, "Hi")]


def test_live_frames_of_an_ended_reply_are_dropped() -> None:
    order = order_at()
    order.offer(started(REPLY), 0.0)
    order.offer(reply_done(1, REPLY, "Hi there"), 0.0)
    assert order.offer(delta(REPLY, 0, "Hi"), 0.0) == []
    assert order.offer(started(REPLY), 0.0) == []
    assert order.has_ended(REPLY)


def test_only_the_next_delta_of_the_reply_in_progress_joins_without_a_further_look() -> None:
    order = order_at()
    assert not order.joins(delta(REPLY, 0, "Hi"))
    order.offer(delta(REPLY, 0, "Hi"), 0.0)
    assert order.joins(delta(REPLY, 2, " there"))
    assert order.went_on(8) == REPLY
    assert not order.joins(delta(REPLY, 2, " there"))  # known
    assert not order.joins(delta(REPLY, 9, "!"))  # a gap
    assert not order.joins(delta(reply_id(2), 8, "x"))
    order.note_ended([REPLY])
    assert not order.joins(delta(REPLY, 8, "!"))
    assert order.offer(delta(REPLY, 8, "!"), 0.0) == []


def test_nothing_joins_while_something_is_missing() -> None:
    order = order_at()
    order.offer(delta(REPLY, 0, "Hi"), 0.0)
    order.offer(plain_event(2), 0.0)
    assert not order.joins(delta(REPLY, 2, "!"))


def test_nothing_of_an_older_epoch_joins() -> None:
    order = order_at()
    order.offer(delta(REPLY, 0, "Hi"), 0.0)
    order.offer(control(1, 3), 0.0)
    assert not order.joins(delta(REPLY, 2, "!"))


def test_a_missing_range_of_a_reply_is_read_once_and_joins_on() -> None:
    order = order_at()
    order.offer(started(REPLY), 0.0)
    order.offer(delta(REPLY, 0, "Grü"), 0.0)
    assert order.offer(delta(REPLY, 8, "zu"), 0.0) == []
    assert missing(order) is Missing.LIVE
    assert order.live_read(live_text(REPLY, "Grüße zu", start=4), 0.03) == [delta(REPLY, 4, "ße zu")]
    assert missing(order) is None
    assert order.offer(delta(REPLY, 10, " Ihnen"), 0.1) == [delta(REPLY, 10, " Ihnen")]


def test_a_reply_whose_start_was_lost_is_started_from_what_was_read() -> None:
    order = order_at()
    order.offer(delta(REPLY, 3, "lo"), 0.0)
    assert order.live_read(live_text(REPLY, "Hello"), 0.03) == [started(REPLY), delta(REPLY, 0, "Hello")]


def test_a_reply_that_cannot_be_read_stays_silent_for_a_second_and_events_go_on() -> None:
    order = order_at()
    order.offer(delta(REPLY, 3, "lo"), 0.0)
    order.offer(plain_event(1), 0.0)
    assert order.live_read(None, 0.03) == [plain_event(1)]
    assert missing(order) is None
    assert order.offer(delta(REPLY, 5, " you"), 0.5) == []
    assert missing(order) is None
    assert order.offer(delta(REPLY, 9, " all"), 2.0) == []
    assert missing(order) is Missing.LIVE


def test_an_expected_event_that_never_came_is_asked_for() -> None:
    order = order_at(4)
    order.expect(4)
    assert missing(order) is None
    order.expect(6)
    assert missing(order) is Missing.EVENTS
    assert order.events_read((), 0.03) == []
    assert missing(order) is Missing.EVENTS
    assert order.events_read([plain_event(5), plain_event(6)], 0.04) == [plain_event(5), plain_event(6)]
    assert missing(order) is None


def test_giving_up_lets_the_rest_through() -> None:
    order = order_at()
    order.offer(plain_event(5), 0.0)
    order.offer(plain_event(6), 0.0)
    assert order.give_up(1.0) == [plain_event(5), plain_event(6)]
    assert missing(order) is None


def test_what_is_held_is_bounded_and_events_are_kept() -> None:
    order = order_at()
    order.offer(plain_event(2), 0.0)
    for number in range(HELD_MAX + 100):
        order.offer(delta(REPLY, number, "x"), 0.0)
    order.offer(plain_event(3), 0.0)
    released = order.events_read([plain_event(1)], 0.0)
    assert [frame.seq for frame in released if frame.kind is Kind.EVENT] == [1, 2, 3]
    assert len(released) <= HELD_MAX + 3


@dataclass
class Source:
    """The product: a log and one live reply, with the frames that it published."""

    log: list[Frame] = field(default_factory=list)
    published: list[Frame] = field(default_factory=list)
    message: UUID = NO_MESSAGE
    text: str = ""
    epoch: int = 0
    replies: int = 0

    def act(self, action: str) -> None:
        running = self.message != NO_MESSAGE
        if action == "start" and not running:
            self.replies += 1
            self.message, self.text = reply_id(self.replies), ""
            self.published.append(started(self.message, self.epoch))
        elif action == "token" and running:
            token = ("ü", " word", "👋", "x")[len(self.text) % 4]
            self.published.append(delta(self.message, len(self.text.encode()), token, self.epoch))
            self.text += token
        elif action == "finish" and running:
            self.commit(reply_done(len(self.log) + 1, self.message, self.text))
            self.message = NO_MESSAGE
        elif action == "take":
            self.epoch += 1
            cut = Cut(message=self.message, text=self.text) if running else None
            self.commit(control(len(self.log) + 1, self.epoch, cut))
            self.message = NO_MESSAGE
        elif action == "event":
            self.commit(plain_event(len(self.log) + 1))

    def commit(self, frame: Frame) -> None:
        self.log.append(frame)
        self.published.append(frame)

    def read_live(self, start: int) -> LiveText | None:
        if self.message == NO_MESSAGE:
            return None
        end = len(self.text.encode())
        return live_text(self.message, self.text, start if start <= end else 0, self.epoch)


@dataclass
class Reader:
    """A client behind its own Position; every rule of the wire is asserted."""

    position: Position = field(default_factory=lambda: Position(seq=0))
    texts: dict[UUID, str] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)

    def give(self, frames: list[Frame]) -> None:
        for frame in frames:
            known = self.position.end
            verdict = self.position.take(frame)
            assert verdict is not Verdict.GAP
            if verdict is Verdict.SEND:
                self.receive(frame)
            elif verdict is Verdict.TAIL:
                self.receive(tail(frame, known))

    def receive(self, frame: Frame) -> None:
        if frame.kind is Kind.EVENT:
            self.ended.add(frame.message)
            return
        assert frame.message not in self.ended
        assert frame.epoch >= self.position.epoch
        if frame.kind is Kind.DELTA:
            text = self.texts.get(frame.message, "")
            assert frame.start == len(text.encode())
            self.texts[frame.message] = text + frame.body.decode().split('"text":"')[1][:-2]


ACTIONS = st.lists(st.sampled_from(["start", "token", "token", "token", "finish", "take", "event"]), max_size=40)


@settings(max_examples=100)
@given(ACTIONS, st.randoms(use_true_random=False), st.floats(0, 0.5))
def test_readers_see_a_gapless_conversation_whatever_the_bus_does(
    actions: list[str], chance: random.Random, loss: float
) -> None:
    source, order, reader = Source(), order_at(), Reader()
    late: list[Frame] = []
    now = 0.0
    for action in actions:
        before = len(source.published)
        source.act(action)
        arriving = [frame for frame in source.published[before:] if chance.random() >= loss]
        late += [frame for frame in arriving if chance.random() < 0.3]
        if late and chance.random() < 0.5:
            arriving.append(late.pop(chance.randrange(len(late))))
        for frame in arriving:
            now += 0.01
            if order.joins(frame):
                order.went_on(frame.end)
                reader.give([frame])
            else:
                reader.give(order.offer(frame, now))
            if chance.random() < 0.7:
                heal(order, source, reader, now, live_fails=chance.random() < 0.1)
    order.expect(len(source.log))
    heal(order, source, reader, now, live_fails=False)
    assert reader.position.seq == len(source.log)
    for message, text in reader.texts.items():
        if message == source.message:
            assert source.text.startswith(text)


def heal(order: TopicOrder, source: Source, reader: Reader, now: float, *, live_fails: bool) -> None:
    """What the driver does: stragglers, then reads, until nothing is missing."""
    reader.give(order.events_read((), now))
    for _ in range(50):
        position = order.position
        assert position is not None
        if order.missing is None:
            return
        if order.missing is Missing.EVENTS:
            reader.give(order.events_read(source.log[position.seq :], now))
        else:
            reader.give(order.live_read(None if live_fails else source.read_live(position.end), now))
    raise AssertionError("healing does not end")
