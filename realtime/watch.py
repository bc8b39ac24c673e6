"""One connection's view of one conversation, and what a frame looks like to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from realtime.bus.frame import Audience, Frame, Kind
from realtime.outbox import Burst, Packet
from realtime.protocol.events import HiddenEvent, encode
from realtime.protocol.position import Position


class Reader(Protocol):
    """A connection, as a topic sees it."""

    @property
    def id(self) -> UUID: ...

    @property
    def is_staff(self) -> bool: ...

    def deliver(self, packet: Packet) -> None:
        """Queue a packet; never blocks, never raises."""

    def deliver_burst(self, burst: Burst, now: float) -> None:
        """Queue or write a burst; `now` is the loop time. Never blocks, never raises."""


@dataclass(slots=True)
class Watch:
    """One connection's view of one conversation. While `buffer` is a list, a resume is being answered.

    A watch that stands exactly where the feed stands is in step: it gets what the feed lets out, without a look at a
    position of its own, and has none.
    """

    reader: Reader
    position: Position | None = None
    buffer: list[Frame] | None = field(default_factory=list)
    in_step: bool = False
    stale: bool = False  # it was told to resume: nothing more until then
    resync_at: float = float("-inf")
    replaced: Watch | None = None  # until the resume is answered: it goes on if that fails


class Packets:
    """What one frame looks like to staff and to visitors, made at most once each."""

    __slots__ = ("_conversation", "_frame", "_staff", "_visitor")

    def __init__(self, conversation: UUID, frame: Frame) -> None:
        self._conversation = conversation
        self._frame = frame
        self._staff: Packet | None = None
        self._visitor: Packet | None = None

    @property
    def for_staff(self) -> Packet:
        if self._staff is None:
            self._staff = Packet(self._frame.body, self._conversation, self._frame)
        return self._staff

    @property
    def for_visitor(self) -> Packet | None:
        """None when visitors get nothing of it."""
        if self._frame.audience is Audience.ALL:
            return self.for_staff
        if self._visitor is None and self._frame.kind is Kind.EVENT:
            body = hidden(self._conversation, self._frame.seq)
            self._visitor = Packet(body, self._conversation, self._frame)
        return self._visitor


def hidden(conversation: UUID, seq: int) -> bytes:
    """Return the JSON that stands for an event which visitors may not see."""
    return encode(HiddenEvent(conversation=conversation, seq=seq))
