"""A client that follows the wire's rules, fed through Position, holds the text and the count that the server made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from realtime.bus.frame import Frame, Kind
from realtime.protocol.position import Position, Verdict, joined, tail
from realtime.protocol.shapes import Cut
from tests.unit.realtime.frames import control, delta, deltas, plain_event, reply_done, reply_id, started

TEXT = "Grüße 👩‍👩‍👧, שלום! Your order leaves today."
REPLY = reply_id(1)


@dataclass
class Client:
    """protocol.md, live frames: `from == H` append; `to <= H` ignore; else it would have to resume."""

    seq: int = 0
    texts: dict[str, bytes] = field(default_factory=dict)

    def receive(self, frame: Frame) -> None:
        body = json.loads(frame.body)
        if frame.kind is Kind.EVENT:
            assert body["seq"] == self.seq + 1
            self.seq = body["seq"]
        elif frame.kind is Kind.STARTED:
            self.texts[body["message"]] = b""
        else:
            held = self.texts.setdefault(body["message"], b"")
            assert body["from"] == len(held)
            assert body["to"] == len(held) + len(body["text"].encode())
            self.texts[body["message"]] = held + body["text"].encode()


def send(position: Position, frame: Frame, client: Client) -> Verdict:
    known = position.end
    verdict = position.take(frame)
    if verdict is Verdict.SEND:
        client.receive(frame)
    elif verdict is Verdict.TAIL:
        client.receive(tail(frame, known))
    return verdict


@given(st.lists(st.integers(1, 200), max_size=8), st.lists(st.integers(1, 200), max_size=8), st.randoms())
def test_doubled_overlapping_and_reordered_frames_never_spoil_a_client(
    cuts: list[int], other_cuts: list[int], random: object
) -> None:
    position, client = Position(seq=0), Client()
    frames = [started(REPLY), *deltas(REPLY, TEXT, cuts), *deltas(REPLY, TEXT, other_cuts)]
    for frame in random.sample(frames, len(frames)):  # type: ignore[attr-defined]
        send(position, frame, client)
    for frame in deltas(REPLY, TEXT, cuts):
        send(position, frame, client)
    assert client.texts[str(REPLY)].decode() == TEXT


@given(st.lists(st.integers(1, 12), max_size=40))
def test_events_come_in_order_once(seqs: list[int]) -> None:
    position, client = Position(seq=0), Client()
    for seq in seqs:
        before = position.seq
        verdict = send(position, plain_event(seq), client)
        expected = Verdict.DROP if seq <= before else Verdict.SEND if seq == before + 1 else Verdict.GAP
        assert verdict is expected
        assert position.seq == client.seq


def test_no_live_frame_of_an_older_epoch_after_control_changed() -> None:
    position = Position(seq=4)
    assert position.take(started(REPLY, epoch=1)) is Verdict.SEND
    assert position.take(delta(REPLY, 0, "Your", epoch=1)) is Verdict.SEND
    assert position.take(control(5, epoch=2, cut=Cut(message=REPLY, text="Your"))) is Verdict.SEND
    assert position.take(delta(REPLY, 4, " order", epoch=1)) is Verdict.DROP
    assert position.take(started(reply_id(2), epoch=1)) is Verdict.DROP
    assert position.take(started(reply_id(2), epoch=2)) is Verdict.SEND


def test_a_new_reply_may_start_before_the_event_of_its_epoch_arrives() -> None:
    position = Position(seq=4, epoch=1)
    assert position.take(delta(REPLY, 0, "New", epoch=2)) is Verdict.SEND
    assert position.take(control(5, epoch=2)) is Verdict.SEND
    assert position.take(delta(REPLY, 3, " text", epoch=2)) is Verdict.SEND


def test_a_continued_reply_is_not_started_twice() -> None:
    position = Position(seq=0)
    position.take(started(REPLY))
    position.take(delta(REPLY, 0, "Your"))
    assert position.take(started(REPLY, attempt=2)) is Verdict.DROP
    assert position.take(delta(REPLY, 4, " order")) is Verdict.SEND


def test_the_end_of_another_reply_leaves_this_one() -> None:
    position = Position(seq=0)
    position.take(started(REPLY))
    position.take(reply_done(1, reply_id(7), "other"))
    assert position.message == REPLY
    position.take(reply_done(2, REPLY, "this"))
    assert position.message == UUID(int=0)


def test_a_delta_of_an_unknown_reply_is_a_gap_unless_it_is_the_first() -> None:
    assert Position(seq=0).take(delta(REPLY, 5, "late")) is Verdict.GAP
    assert Position(seq=0).take(delta(REPLY, 0, "first")) is Verdict.SEND


@given(st.lists(st.integers(1, 200), max_size=8))
def test_joined_deltas_are_the_delta_of_the_whole(cuts: list[int]) -> None:
    whole = joined(deltas(REPLY, TEXT, cuts))
    assert whole == delta(REPLY, 0, TEXT)


def test_a_higher_epoch_ends_the_older_reply_even_without_a_cut() -> None:
    position = Position(seq=0)
    position.take(started(REPLY, epoch=1))
    position.take(control(1, epoch=2))
    assert (position.message, position.end) == (UUID(int=0), 0)
