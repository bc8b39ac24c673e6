"""Orders between processes, sent on the topics of users and visitors; never written to a socket."""

from __future__ import annotations

import msgspec

from realtime.bus.frame import Audience, Frame, Kind


class Revoke(msgspec.Struct, frozen=True, tag_field="type", tag="revoke"):
    """Close all live connections of this user or visitor, or only those that rest on one `session`."""

    reason: str = "the session was revoked"
    session: str | None = None


_decoder = msgspec.json.Decoder(Revoke)


def revoke_frame(revoke: Revoke) -> Frame:
    """Return the bus frame of a revocation, for `user_topic` or `visitor_topic`."""
    return Frame(kind=Kind.CONTROL, body=msgspec.json.encode(revoke), audience=Audience.STAFF)


def read_revoke(frame: Frame) -> Revoke | None:
    """Return the revocation in a frame, None when it is another order."""
    if frame.kind is not Kind.CONTROL:
        return None
    try:
        return _decoder.decode(frame.body)
    except msgspec.DecodeError:
        return None
