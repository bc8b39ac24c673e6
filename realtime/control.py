"""Orders between processes, sent on the topics of users and visitors; never written to a socket."""

from __future__ import annotations

from uuid import UUID

import msgspec

from realtime.bus.frame import NO_MESSAGE, Audience, Frame, Kind
from realtime.mirror import MirroredReply


class Revoke(msgspec.Struct, frozen=True, tag_field="type", tag="revoke"):
    """Close all live connections of this user or visitor, or only those that rest on one `session`."""

    reason: str = "the session was revoked"
    session: str | None = None


class AskShown(msgspec.Struct, frozen=True, tag_field="type", tag="shown.ask"):
    """Tell `node` what you have shown of this conversation's reply in progress."""

    id: UUID
    node: UUID


class ToldShown(msgspec.Struct, frozen=True, tag_field="type", tag="shown.told"):
    """What `teller` has shown; nothing: an empty text, and no message in the frame."""

    id: UUID
    teller: UUID
    text: str


_revokes = msgspec.json.Decoder(Revoke)
_asks = msgspec.json.Decoder(AskShown)
_told = msgspec.json.Decoder(ToldShown)


def revoke_frame(revoke: Revoke) -> Frame:
    """Return the bus frame of a revocation, for `user_topic` or `visitor_topic`."""
    return Frame(kind=Kind.CONTROL, body=msgspec.json.encode(revoke), audience=Audience.STAFF)


def read_revoke(frame: Frame) -> Revoke | None:
    """Return the revocation in a frame, None when it is another order."""
    if frame.kind is not Kind.CONTROL:
        return None
    try:
        return _revokes.decode(frame.body)
    except msgspec.DecodeError:
        return None


def ask_frame(ask: AskShown) -> Frame:
    """Return the bus frame of a question, for the conversation's topic."""
    return Frame(kind=Kind.CONTROL, body=msgspec.json.encode(ask), audience=Audience.STAFF)


def read_ask(frame: Frame) -> AskShown | None:
    """Return the question in a CONTROL frame of a conversation's topic, None when it is another order."""
    try:
        return _asks.decode(frame.body)
    except msgspec.DecodeError:
        return None


def told_frame(ask: AskShown, teller: UUID, shown: MirroredReply | None) -> Frame:
    """Return the answer, for the topic of the node that asked."""
    body = msgspec.json.encode(ToldShown(ask.id, teller, "" if shown is None else shown.text))
    message = NO_MESSAGE if shown is None else shown.message
    return Frame(kind=Kind.CONTROL, body=body, audience=Audience.STAFF, message=message)


def read_told(frame: Frame) -> ToldShown | None:
    """Return the answer in a CONTROL frame of a node's topic, None when it is another order."""
    try:
        return _told.decode(frame.body)
    except msgspec.DecodeError:
        return None
