"""What waits to be written to one connection: byte-capped, first in first out, deltas merged when it is slow."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from realtime.bus.frame import PREFIX_BYTES, Frame, Kind, decode_frame
from realtime.protocol.position import joined

OUTBOX_BYTES = 1024 * 1024
_HEADS = tuple(bytes((0x81, size)) for size in range(126)) + tuple(
    b"\x81\x7e" + size.to_bytes(2, "big") for size in range(126, 1024)
)
_DELTA = Kind.DELTA
_COVERED = (Kind.EVENT, Kind.STARTED, Kind.DELTA)  # what a resume answer brings


class Packet:
    """Wire JSON shared by every connection it goes to; its WebSocket frame is made once.

    `frame_bytes` is the body as a text frame. `conversation` and `frame` say
    what it holds, where that matters for merging and removing.
    """

    __slots__ = ("body", "conversation", "frame", "frame_bytes", "size")

    def __init__(self, body: bytes, conversation: UUID | None = None, frame: Frame | None = None) -> None:
        self.body = body
        self.conversation = conversation
        self.frame = frame
        self.size = len(body)
        self.frame_bytes = _head_of(self.size) + body


class Burst:
    """Encoded deltas of one reply, each of which goes on where the one before it ended: packets for one write."""

    __slots__ = ("_conversation", "_data", "_packets", "bodies", "frame_bytes")

    def __init__(self, conversation: UUID, data: Sequence[bytes]) -> None:
        self._conversation = conversation
        self._data = data
        self._packets: list[Packet] = []
        self.bodies = [encoded[PREFIX_BYTES:] for encoded in data]
        if len(data) == 1:
            self.frame_bytes = _head_of(len(self.bodies[0])) + self.bodies[0]
        else:
            self.frame_bytes = b"".join([part for body in self.bodies for part in (_head_of(len(body)), body)])

    @property
    def packets(self) -> Sequence[Packet]:
        """The same, one by one, for who cannot take them in one write."""
        if not self._packets:
            frames = [decode_frame(encoded) for encoded in self._data]
            self._packets = [Packet(frame.body, self._conversation, frame) for frame in frames]
        return self._packets

    @property
    def frames(self) -> Sequence[Frame]:
        """The frames, for who is not where they begin."""
        return [packet.frame for packet in self.packets if packet.frame is not None]


class _Merge(Packet):
    """Deltas of one reply that became neighbours in the queue; made one when somebody needs them."""

    __slots__ = ("deltas",)

    def __init__(self, packet: Packet, first: Frame) -> None:
        super().__init__(packet.body, packet.conversation, packet.frame)
        self.deltas = [first]

    def made(self) -> Packet:
        """Return one delta for all."""
        whole = joined(self.deltas)
        return Packet(whole.body, self.conversation, whole)


class Outbox:
    """The queue of one connection. `merging` is set by the writer while the socket does not take more."""

    __slots__ = ("_entries", "_last", "_mapped", "limit", "merging", "size")

    def __init__(self, limit: int = OUTBOX_BYTES) -> None:
        self.limit = limit
        self.size = 0
        self.merging = False
        self._entries: list[Packet] = []  # a deque would take 760 bytes of every idle connection
        self._last: dict[UUID, int] = {}  # where each conversation's last packet is, while merging
        self._mapped = 0  # how many entries `_last` knows; another number of them means that it is out of date

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, packet: Packet) -> bool:
        """Queue a packet; false when it does not fit and the connection must be closed.

        A single packet that is larger than the limit fits into an empty outbox.
        """
        if self.merging:
            return self._put_merging(packet)
        size = self.size + packet.size
        if size > self.limit and self._entries:
            return self._put_full(packet)
        self.size = size
        self._entries.append(packet)
        return True

    def take(self, budget: int) -> list[Packet]:
        """Remove and return packets from the front, at least one if there is any, up to about `budget` bytes."""
        entries = self._entries
        taken: list[Packet] = []
        self._mapped = 0
        for packet in entries:
            if budget <= 0 and taken:
                break
            self.size -= _size(packet)
            taken.append(packet.made() if isinstance(packet, _Merge) else packet)
            budget -= taken[-1].size
        del entries[: len(taken)]
        return taken

    def take_frames(self, budget: int) -> bytes:
        """As `take`; return the WebSocket frames of the packets, joined."""
        entries = self._entries
        if len(entries) == 1 and entries[0].__class__ is Packet:
            self.size = self._mapped = 0
            return entries.pop().frame_bytes
        return b"".join([packet.frame_bytes for packet in self.take(budget)])

    def remove(self, conversation: UUID) -> None:
        """Remove a conversation's queued events and live frames: a resume answer brings them."""
        kept = [
            packet
            for packet in self._entries
            if packet.conversation != conversation or packet.frame is None or packet.frame.kind not in _COVERED
        ]
        if len(kept) < len(self._entries):
            self._entries = kept
            self._mapped = 0
            self.size = sum(_size(packet) for packet in kept)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self.size = self._mapped = 0

    def _put_full(self, packet: Packet) -> bool:
        """Queue a packet for which there is no room unless something can be merged."""
        if not self._compact(packet.size):
            return False
        self.size += packet.size
        self._entries.append(packet)
        return True

    def _put_merging(self, packet: Packet) -> bool:
        if self._mapped != len(self._entries) or not self._mapped:
            known = enumerate(self._entries)
            self._last = {one.conversation: at for at, one in known if one.conversation is not None}
        if packet.conversation is not None and packet.frame is not None and packet.frame.kind is _DELTA:
            merge = self._joined_on(self._last.get(packet.conversation), packet.frame)
            if merge is not None:
                merge.deltas.append(packet.frame)
                self._mapped = len(self._entries)
                self.size += packet.size
                return self.size <= self.limit or self._compact()
        if self._entries and self.size + packet.size > self.limit and not self._compact(packet.size):
            return False
        if packet.conversation is not None:
            self._last[packet.conversation] = len(self._entries)
        self._entries.append(packet)
        self._mapped = len(self._entries)
        self.size += packet.size
        return True

    def _joined_on(self, at: int | None, frame: Frame) -> _Merge | None:
        """Return the queued delta that `frame` joins on to, None when there is none."""
        if at is None:
            return None
        packet = self._entries[at]
        last = packet.deltas[-1] if isinstance(packet, _Merge) else packet.frame
        if last is None or last.kind is not _DELTA:
            return None
        if (last.message, last.epoch, last.end) != (frame.message, frame.epoch, frame.start):
            return None
        if not isinstance(packet, _Merge):
            packet = self._entries[at] = _Merge(packet, last)
        return packet

    def _compact(self, more: int = 0) -> bool:
        """Merge what waits to be merged, and return whether `more` bytes fit now."""
        for at, packet in enumerate(self._entries):
            if isinstance(packet, _Merge):
                self._entries[at] = packet.made()
        self.size = sum(packet.size for packet in self._entries)
        return self.size + more <= self.limit


def _head_of(size: int) -> bytes:
    """Return the head of an unmasked, unfragmented text frame (RFC 6455, 5.2)."""
    if size < 1024:
        return _HEADS[size]
    return b"\x81\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x81\x7f" + size.to_bytes(8, "big")


def _size(packet: Packet) -> int:
    if isinstance(packet, _Merge):
        return sum(len(delta.body) for delta in packet.deltas)
    return packet.size
