from __future__ import annotations

import json
from uuid import UUID

import pytest

from realtime.bus.frame import NO_MESSAGE, Audience, Frame, Kind
from realtime.protocol.events import (
    ConversationAssigned,
    ConversationUpdated,
    LoggedEvent,
    MessageAnalyzed,
    ReplyFailed,
    encode,
    event_frame,
    frame_of_logged,
)
from realtime.protocol.shapes import Cut, Scored
from tests.unit.realtime.frames import AT, CONVERSATION, control, customer_message, plain_event, reply_done, reply_id

SCORED = Scored(label="order_status", score=0.5)
EVENTS: list[LoggedEvent] = [
    MessageAnalyzed(conversation=CONVERSATION, seq=4, at=AT, message=reply_id(1), intent=SCORED, sentiment=SCORED),
    ReplyFailed(conversation=CONVERSATION, seq=5, at=AT, message=reply_id(1), reason="model"),
    ConversationAssigned(conversation=CONVERSATION, seq=6, at=AT, user=None),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_read_back_makes_the_same_frame(event: LoggedEvent) -> None:
    frame = event_frame(event)
    assert frame_of_logged(frame.audience, frame.seq, frame.epoch, encode(event)) == frame


@pytest.mark.parametrize(
    ("frame", "ended"),
    [
        (reply_done(1, reply_id(1), "text"), reply_id(1)),
        (control(1, 2, Cut(message=reply_id(2), text="te")), reply_id(2)),
        (event_frame(EVENTS[1]), reply_id(1)),
        (customer_message(1), NO_MESSAGE),
        (control(1, 2), NO_MESSAGE),
        (event_frame(EVENTS[0]), NO_MESSAGE),
        (plain_event(1), NO_MESSAGE),
    ],
)
def test_a_frame_names_the_reply_that_its_event_ends(frame: Frame, ended: UUID) -> None:
    assert frame.kind is Kind.EVENT
    assert frame.message == ended


def test_audience_and_epoch_are_in_the_prefix() -> None:
    assert event_frame(EVENTS[0]).audience is Audience.STAFF
    assert event_frame(EVENTS[2]).audience is Audience.ALL
    assert control(3, 7).epoch == 7


def test_times_are_utc_and_optional_fields_are_left_out() -> None:
    body = json.loads(plain_event(9).body)
    expected = {"type": "csat.requested", "conversation": str(CONVERSATION), "seq": 9, "at": "2026-01-02T03:04:05Z"}
    assert body == expected
    assert json.loads(encode(EVENTS[2]))["user"] is None
    updated = ConversationUpdated(conversation=CONVERSATION, seq=1, at=AT, draft=None)
    assert {"draft"} == json.loads(encode(updated)).keys() - expected.keys()
