"""Answers to commands: welcome, acknowledgements, errors, and the two forms of a resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.json import Encoder

from realtime.protocol.events import HiddenEvent, LoggedEvent
from realtime.protocol.shapes import Cut, Limits, Live, Snapshot, Summary, UserRef, UserSelf, VisitorSelf

ErrorCode = Literal[
    "bad_frame",
    "too_large",
    "unknown_type",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "rate_limited",
    "unavailable",
    "closed",
]

PROTOCOL_VERSION = 1
HEARTBEAT_S = 25

_encoder = Encoder()


class Resumed(Struct, frozen=True, kw_only=True):
    """A conversation goes on where the client was: the events after its position and the reply in progress."""

    conversation: UUID
    resumed: Literal[True]
    events: list[LoggedEvent | HiddenEvent]
    live: Live | None


class Restarted(Struct, frozen=True, kw_only=True):
    """A conversation begins anew with a snapshot; it is null, and `error` says why, when it may not be read."""

    conversation: UUID
    resumed: Literal[False]
    snapshot: LiveSnapshot | None
    error: Literal["not_found"] | None = None


class LiveSnapshot(Snapshot, frozen=True, kw_only=True, omit_defaults=True):
    """A snapshot as it goes to a client: with the reply in progress from 0."""

    live: Live | None


class Welcome(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="welcome"):
    """The answer to a good hello; `visitor` on /ws/chat, `user` on /ws/agent. `unread`: which of the notifications that
    the hello held unread still are; those that it lacks follow as frames."""

    id: str
    protocol: int
    connection: UUID
    heartbeat_s: int
    limits: Limits
    conversations: list[dict[str, Any]]  # of Resumed and Restarted
    token: str | None = None
    visitor: VisitorSelf | None = None
    user: UserSelf | None = None
    unread: list[UUID] | None = None


class ErrorFrame(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="error"):
    """A refused command (with its id) or frame (without); `holder` comes with `conflict` over control. `reason` is
    `window` when `closed` means a channel's time to answer, which was open `until`."""

    code: ErrorCode
    message: str
    id: str | None = None
    retry_after_ms: int | None = None
    holder: UserRef | None = None
    reason: str | None = None
    until: datetime | None = None


class Ack(Struct, frozen=True, kw_only=True, tag_field="type", tag="ack"):
    """A command was carried out."""

    id: str


class OpenAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of conversation.open."""

    conversation: LiveSnapshot


class ResumedAck(Resumed, frozen=True, kw_only=True, tag_field="type", tag="ack"):
    """Of conversation.watch from a position."""

    id: str


class RestartedAck(Restarted, frozen=True, kw_only=True, tag_field="type", tag="ack"):
    """Of conversation.watch with a snapshot."""

    id: str


class InboxAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of inbox.watch."""

    conversations: list[Summary]


class SendAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of message.send: the message's id and seq."""

    message: UUID
    seq: int


class StopAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of reply.stop: the text that stays."""

    text: str


class InFlight(Struct, frozen=True, kw_only=True):
    """A part of the bot that is with the provider of an external channel: it may still reach the customer."""

    message: UUID
    part: int
    text: str


class TakeAck(Ack, frozen=True, kw_only=True, omit_defaults=True, tag="ack"):
    """Of control.take."""

    epoch: int
    cut: Cut | None
    in_flight: list[InFlight] = []


class ReleaseAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of control.release."""

    epoch: int


class NoteAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of note.add: the note's id and seq."""

    note: UUID
    seq: int


class SeqAck(Ack, frozen=True, kw_only=True, tag="ack"):
    """Of conversation.close and conversation.reopen."""

    seq: int


ACKS: dict[str, tuple[type, ...]] = {
    "conversation.open": (OpenAck,),
    "conversation.watch": (ResumedAck, RestartedAck),
    "inbox.watch": (InboxAck,),
    "message.send": (SendAck,),
    "reply.stop": (StopAck,),
    "control.take": (TakeAck,),
    "control.release": (ReleaseAck,),
    "note.add": (NoteAck,),
    "conversation.close": (SeqAck,),
    "conversation.reopen": (SeqAck,),
}
"""Which acknowledgement a command gets; Ack alone for all others."""


def encode_ack(request_id: str, fields: Mapping[str, Any]) -> bytes:
    """Return the JSON of an ack with `fields` at top level."""
    return _encoder.encode({"type": "ack", "id": request_id, **fields})


def encode_error(
    code: str,
    message: str,
    *,
    request_id: str | None = None,
    retry_after_ms: int | None = None,
    fields: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the JSON of an error; `fields` are added at top level."""
    frame: dict[str, Any] = {"type": "error"}
    if request_id is not None:
        frame["id"] = request_id
    frame["code"] = code
    frame["message"] = message
    if retry_after_ms is not None:
        frame["retry_after_ms"] = retry_after_ms
    return _encoder.encode({**frame, **(fields or {})})


def encode_fields(fields: Mapping[str, Any]) -> bytes:
    """Return the JSON of a resume answer alone."""
    return _encoder.encode(fields)


def encode_welcome(welcome: Welcome) -> bytes:
    """Return the JSON of a welcome."""
    return _encoder.encode(welcome)


def resumed_fields(conversation: UUID, events: Sequence[bytes], live: Live | None) -> dict[str, Any]:
    """Return the fields of a resume answer; `events` are wire JSON as logged."""
    return {
        "conversation": conversation,
        "resumed": True,
        "events": [Raw(event) for event in events],
        "live": live,
    }


def restarted_fields(conversation: UUID, snapshot: Mapping[str, Any], live: Live | None) -> dict[str, Any]:
    """Return the fields of an answer with a snapshot."""
    return {"conversation": conversation, "resumed": False, "snapshot": {**snapshot, "live": live}}


def not_found_fields(conversation: str) -> dict[str, Any]:
    """Return the resume answer for a conversation that this client may not read or that is gone."""
    return {"conversation": conversation, "resumed": False, "snapshot": None, "error": "not_found"}
