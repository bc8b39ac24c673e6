"""What travels on the bus: a fixed-layout prefix for routing, and the wire JSON as it goes to the sockets.

Routing, gap checks and merging read the prefix alone; the JSON is encoded once by the publisher and never parsed on
the way. Layout (big endian, 44 bytes): version u8, audience u8, kind u8, reserved u8, seq u64, epoch u32, attempt u32,
message 16 bytes (UUID, zero when none), from u32, to u32; then the body (UTF-8 JSON).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from uuid import UUID

from msgspec import Struct

VERSION = 1
_PREFIX = struct.Struct(">BBBBQII16sII")
PREFIX_BYTES = _PREFIX.size
NO_MESSAGE = UUID(int=0)


class Audience(IntEnum):
    """Who may see a frame. A value this process does not know is treated as STAFF (least privilege)."""

    ALL = 0
    STAFF = 1


class Kind(IntEnum):
    """What a frame is, so that nobody has to parse its body."""

    EVENT = 1  # a logged event of a conversation: `seq` is set
    STARTED = 2  # reply.started: message, epoch, attempt
    DELTA = 3  # reply.delta: message, epoch, attempt, from, to
    NOTICE = 4  # typing, presence and other frames that are neither logged nor ordered
    SUMMARY = 5  # inbox.changed: `seq` of the conversation it summarises
    CONTROL = 6  # between processes only (cancel, revoke, nudge, probe): never written to a socket


_ALL, _STAFF = Audience.ALL, Audience.STAFF
_KINDS = {kind.value: kind for kind in Kind}
_IDS_KEPT = 16_384
_ids: dict[bytes, UUID] = {}  # of messages seen lately: all deltas of a reply share one UUID


class BadFrameError(ValueError):
    """Bytes on the bus that are not a frame of this version."""


class Frame(Struct, frozen=True, gc=False):
    """One frame. `start` and `end` are the reply positions `from` and `to`, in UTF-8 bytes.

    A Struct: a frozen dataclass takes ten times as long to make, and the garbage collector looks at it.
    """

    kind: Kind
    body: bytes
    audience: Audience = Audience.ALL
    seq: int = 0
    epoch: int = 0
    attempt: int = 0
    message: UUID = NO_MESSAGE
    start: int = 0
    end: int = 0


def encode_frame(frame: Frame) -> bytes:
    """Return prefix and body as one byte string."""
    return (
        _PREFIX.pack(
            VERSION,
            frame.audience,
            frame.kind,
            0,
            frame.seq,
            frame.epoch,
            frame.attempt,
            frame.message.bytes,
            frame.start,
            frame.end,
        )
        + frame.body
    )


def decode_frame(data: bytes) -> Frame:
    """Parse one frame.

    Raises: BadFrameError when it is too short, of another version, or of an unknown kind.
    """
    if len(data) < PREFIX_BYTES:
        raise BadFrameError(f"a frame has at least {PREFIX_BYTES} bytes, got {len(data)}")
    version, audience, kind, _, seq, epoch, attempt, message, start, end = _PREFIX.unpack_from(data)
    if version != VERSION:
        raise BadFrameError(f"expected frame version {VERSION}, got {version}")
    known_kind = _KINDS.get(kind)
    if known_kind is None:
        raise BadFrameError(f"unknown frame kind {kind}")
    return Frame(
        known_kind,
        data[PREFIX_BYTES:],
        _ALL if audience == 0 else _STAFF,
        seq,
        epoch,
        attempt,
        _ids.get(message) or _remembered(message),
        start,
        end,
    )


def _remembered(message: bytes) -> UUID:
    if len(_ids) >= _IDS_KEPT:
        _ids.clear()
    known = _ids[message] = UUID(bytes=message) if any(message) else NO_MESSAGE
    return known
