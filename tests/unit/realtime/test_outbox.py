from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode

from realtime.bus.frame import Frame, encode_frame
from realtime.outbox import Burst, Outbox, Packet
from tests.unit.realtime.frames import CONVERSATION, delta, deltas, plain_event, reply_id, started

REPLY = reply_id(1)


def put(outbox: Outbox, frame: Frame) -> bool:
    return outbox.put(Packet(frame.body, CONVERSATION, frame))


def bodies(outbox: Outbox) -> list[dict[str, object]]:
    return [json.loads(packet.body) for packet in outbox.take(10**9)]


@given(st.sampled_from([0, 1, 125, 126, 127, 65535, 65536, 70_000]))
def test_frame_bytes_are_what_a_websocket_library_makes(size: int) -> None:
    body = b"x" * size
    assert Packet(body).frame_bytes == WebSocketFrame(Opcode.TEXT, body).serialize(mask=False)


def test_frames_are_taken_as_bytes_in_order() -> None:
    outbox = Outbox()
    outbox.put(Packet(b"1"))
    assert outbox.take_frames(100) == b"\x81\x011"
    assert (outbox.size, len(outbox)) == (0, 0)
    for body in (b"1", b"2", b"3"):
        outbox.put(Packet(body))
    assert outbox.take_frames(2) == b"\x81\x011\x81\x012"
    assert outbox.take_frames(2) == b"\x81\x013"
    assert outbox.take_frames(2) == b""


@given(st.integers(1, 5), st.sampled_from([1, 60, 900, 70_000]))
def test_a_burst_is_what_its_packets_are_one_by_one(count: int, size: int) -> None:
    frames = deltas(REPLY, "x" * size * count, [size * number for number in range(1, count)])
    burst = Burst(CONVERSATION, [encode_frame(frame) for frame in frames])
    packets = [Packet(frame.body, CONVERSATION, frame) for frame in frames]
    assert burst.frame_bytes == b"".join(packet.frame_bytes for packet in packets)
    assert [(one.body, one.conversation, one.frame) for one in burst.packets] == [
        (one.body, one.conversation, one.frame) for one in packets
    ]
    assert burst.frames == frames
    assert burst.bodies == [frame.body for frame in frames]


def test_without_pressure_nothing_is_merged() -> None:
    outbox = Outbox()
    for frame in deltas(REPLY, "abc", [1, 2]):
        put(outbox, frame)
    assert [body["text"] for body in bodies(outbox)] == ["a", "b", "c"]


def test_under_pressure_deltas_of_one_reply_become_one() -> None:
    outbox = Outbox()
    outbox.merging = True
    put(outbox, started(REPLY))
    for frame in deltas(REPLY, "Grüße an alle", list(range(13))):
        put(outbox, frame)
    kinds = bodies(outbox)
    assert [body["type"] for body in kinds] == ["reply.started", "reply.delta"]
    assert (kinds[1]["from"], kinds[1]["to"], kinds[1]["text"]) == (0, 15, "Grüße an alle")


def test_a_delta_is_not_merged_over_what_follows_its_reply() -> None:
    outbox = Outbox()
    outbox.merging = True
    put(outbox, delta(REPLY, 0, "a"))
    put(outbox, plain_event(1))
    put(outbox, delta(REPLY, 1, "b"))
    assert [body["type"] for body in bodies(outbox)] == ["reply.delta", "csat.requested", "reply.delta"]


def test_a_delta_is_not_merged_into_one_that_was_taken() -> None:
    outbox = Outbox()
    outbox.merging = True
    put(outbox, delta(REPLY, 0, "a"))
    outbox.take(1)
    put(outbox, delta(REPLY, 1, "b"))
    assert [body["from"] for body in bodies(outbox)] == [1]


def test_the_limit_at_n_and_n_plus_one() -> None:
    outbox = Outbox(limit=10)
    assert outbox.put(Packet(b"12345"))
    assert outbox.put(Packet(b"67890"))
    assert not outbox.put(Packet(b"1"))
    assert outbox.size == 10


def test_one_large_packet_fits_into_an_empty_outbox() -> None:
    outbox = Outbox(limit=10)
    assert outbox.put(Packet(b"x" * 100))
    assert not outbox.put(Packet(b"1"))


def test_merging_comes_before_the_limit() -> None:
    frames = deltas(REPLY, "x" * 200, list(range(200)))
    outbox = Outbox(limit=5 * len(frames[0].body))
    outbox.merging = True
    assert all(put(outbox, frame) for frame in frames)
    (whole,) = bodies(outbox)
    assert whole["text"] == "x" * 200


def test_a_resume_removes_the_events_and_live_frames_of_its_conversation_alone() -> None:
    outbox = Outbox()
    put(outbox, delta(REPLY, 0, "a"))
    put(outbox, plain_event(1))
    outbox.put(Packet(b'{"type":"ack"}'))
    outbox.put(Packet(plain_event(2).body, reply_id(9), plain_event(2)))
    outbox.remove(CONVERSATION)
    assert [body["type"] for body in bodies(outbox)] == ["ack", "csat.requested"]
    assert outbox.size == 0


@given(st.lists(st.tuples(st.sampled_from(["delta", "event", "take"]), st.booleans()), max_size=60))
def test_the_size_is_always_what_is_queued_and_the_text_is_whole(steps: list[tuple[str, bool]]) -> None:
    outbox, sent, written, seq = Outbox(), "", "", 0
    for step, merging in steps:
        outbox.merging = merging
        if step == "delta":
            put(outbox, delta(REPLY, len(sent), "x"))
            sent += "x"
        elif step == "event":
            seq += 1
            put(outbox, plain_event(seq))
        else:
            taken = [json.loads(packet.body) for packet in outbox.take(300)]
            written += "".join(body.get("text", "") for body in taken)
    written += "".join(str(body.get("text", "")) for body in bodies(outbox))
    assert written == sent
    assert (outbox.size, len(outbox)) == (0, 0)
