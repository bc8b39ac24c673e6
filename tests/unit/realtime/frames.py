"""Frames as the product makes them, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID, uuid5

from realtime.bus.frame import Frame
from realtime.protocol.events import (
    ControlChanged,
    CsatRequested,
    MessageCreated,
    ReplyDelta,
    ReplyStarted,
    delta_frame,
    event_frame,
    started_frame,
)
from realtime.protocol.shapes import Cut, Message, ReplyEnd, Sender

CONVERSATION = UUID("0192f0c1-0000-7000-8000-000000000001")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reply_id(number: int) -> UUID:
    return uuid5(CONVERSATION, f"reply {number}")


def plain_event(seq: int) -> Frame:
    return event_frame(CsatRequested(conversation=CONVERSATION, seq=seq, at=AT))


def customer_message(seq: int, text: str = "hello") -> Frame:
    message = Message(id=reply_id(-seq), seq=seq, at=AT, sender=Sender(kind="customer"), text=text)
    return event_frame(MessageCreated(conversation=CONVERSATION, seq=seq, at=AT, message=message))


def reply_done(seq: int, message: UUID, text: str) -> Frame:
    end = ReplyEnd(finish_reason="stop", to=len(text.encode()))
    created = Message(id=message, seq=seq, at=AT, sender=Sender(kind="bot"), text=text, reply=end)
    return event_frame(MessageCreated(conversation=CONVERSATION, seq=seq, at=AT, message=created))


def control(seq: int, epoch: int, cut: Cut | None = None) -> Frame:
    return event_frame(
        ControlChanged(conversation=CONVERSATION, seq=seq, at=AT, controller="agent", epoch=epoch, cut=cut)
    )


def started(message: UUID, epoch: int = 0, attempt: int = 1) -> Frame:
    return started_frame(ReplyStarted(conversation=CONVERSATION, message=message, epoch=epoch), attempt)


def delta(message: UUID, start: int, text: str, epoch: int = 0) -> Frame:
    end = start + len(text.encode())
    return delta_frame(
        ReplyDelta(conversation=CONVERSATION, message=message, epoch=epoch, start=start, end=end, text=text), 1
    )


def deltas(message: UUID, text: str, pieces: list[int], epoch: int = 0) -> list[Frame]:
    """Cut `text` at the given character counts (any order, any number)."""
    cuts = sorted({0, len(text), *(piece % (len(text) + 1) for piece in pieces)})
    return [delta(message, len(text[:begin].encode()), text[begin:end], epoch) for begin, end in pairwise(cuts)]
