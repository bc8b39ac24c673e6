"""What waits to be written to one connection: byte-capped, first in first out, deltas merged when it is slow."""

from __future__ import annotations

from collections import deque
from uuid import UUID

from realtime.bus.frame import Frame, Kind
from realtime.protocol.position import joined

OUTBOX_BYTES = 1024 * 1024
_LIVE = (Kind.STARTED, Kind.DELTA)


class Packet:
    """Wire JSON shared by every connection it goes to; its WebSocket frame is made once."""

    __slots__ = ("_frame_bytes", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._frame_bytes: bytes | None = None

    @property
    def frame_bytes(self) -> bytes:
        """The body as an unmasked, unfragmented text frame (RFC 6455, 5.2)."""
        if self._frame_bytes is None:
            self._frame_bytes = _text_frame(self.body)
        return self._frame_bytes


def _text_frame(body: bytes) -> bytes:
    size = len(body)
    if size < 126:
        return bytes((0x81, size)) + body
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + body
    return b"\x81\x7f" + size.to_bytes(8, "big") + body


class _Entry:
    """A packet in the queue, with what is needed to merge or remove it."""

    __slots__ = ("conversation", "frames", "kind", "packet")

    def __init__(self, packet: Packet, conversation: UUID | None, frame: Frame | None) -> None:
        self.packet = packet
        self.conversation = conversation
        self.kind = None if frame is None else frame.kind
        self.frames = [] if frame is None or frame.kind is not Kind.DELTA else [frame]


class Outbox:
    """The queue of one connection. `merging` is set by the writer while the socket does not take more."""

    __slots__ = ("_entries", "_last", "limit", "merging", "size")

    def __init__(self, limit: int = OUTBOX_BYTES) -> None:
        self.limit = limit
        self.size = 0
        self.merging = False
        self._entries: deque[_Entry] = deque()
        self._last: dict[UUID, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, packet: Packet, conversation: UUID | None = None, frame: Frame | None = None) -> bool:
        """Queue a packet; false when it does not fit and the connection must be closed.

        A single packet that is larger than the limit fits into an empty outbox.
        """
        if self.merging and frame is not None and frame.kind is Kind.DELTA and conversation is not None:
            last = self._last.get(conversation)
            if last is not None and _joins(last, frame):
                last.frames.append(frame)
                self.size += len(frame.body)
                return self.size <= self.limit or self._compact()
        if self._entries and self.size + len(packet.body) > self.limit and not self._compact(len(packet.body)):
            return False
        entry = _Entry(packet, conversation, frame)
        self._entries.append(entry)
        self.size += len(packet.body)
        if conversation is not None:
            self._last[conversation] = entry
        return True

    def take(self, budget: int) -> list[Packet]:
        """Remove and return packets from the front, at least one if there is any, up to about `budget` bytes."""
        taken: list[Packet] = []
        while self._entries and (budget > 0 or not taken):
            entry = self._entries.popleft()
            if entry.conversation is not None and self._last.get(entry.conversation) is entry:
                del self._last[entry.conversation]
            if len(entry.frames) > 1:
                self.size -= _size(entry)
                _merge(entry)
            else:
                self.size -= len(entry.packet.body)
            budget -= len(entry.packet.body)
            taken.append(entry.packet)
        return taken

    def remove(self, conversation: UUID) -> None:
        """Remove a conversation's queued events and live frames: a resume answer brings them."""
        covered = (Kind.EVENT, *_LIVE)
        kept = [entry for entry in self._entries if entry.conversation != conversation or entry.kind not in covered]
        if len(kept) < len(self._entries):
            self._entries = deque(kept)
            self.size = sum(_size(entry) for entry in kept)
            self._last.pop(conversation, None)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._last.clear()
        self.size = 0

    def _compact(self, more: int = 0) -> bool:
        """Merge what waits to be merged, and return whether `more` bytes fit now."""
        for entry in self._entries:
            _merge(entry)
        self.size = sum(len(entry.packet.body) for entry in self._entries)
        return self.size + more <= self.limit


def _joins(last: _Entry, frame: Frame) -> bool:
    return (
        last.kind is Kind.DELTA
        and last.frames[-1].message == frame.message
        and last.frames[-1].epoch == frame.epoch
        and last.frames[-1].end == frame.start
    )


def _size(entry: _Entry) -> int:
    merged_later = sum(len(frame.body) for frame in entry.frames[1:])
    return len(entry.packet.body) + merged_later


def _merge(entry: _Entry) -> None:
    if len(entry.frames) > 1:
        whole = joined(entry.frames)
        entry.packet = Packet(whole.body)
        entry.frames = [whole]
