"""Order and healing of one conversation's topic on this node, without any I/O.

Frames come in from the bus, at most once and in any order that a network makes of them; what comes out is gapless. On
a gap everything later is held, live frames too, until the caller has read what is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from enum import Enum
from uuid import UUID

from realtime.bus.frame import NO_MESSAGE, Frame, Kind
from realtime.live_reply.port import LiveText
from realtime.protocol.events import ReplyDelta, ReplyStarted, delta_frame, started_frame
from realtime.protocol.position import Position, Verdict, tail

ENDED_KEPT = 64  # message ids of ended replies remembered per topic
HELD_MAX = 2048  # frames held during a gap; later live ones are dropped, and found by their bytes
MUTE_S = 1.0  # how long a reply whose missing text could not be read stays silent
_LIVE = (Kind.STARTED, Kind.DELTA)


class Missing(Enum):
    """What the caller must read to close a gap."""

    EVENTS = "the log after `position.seq`"
    LIVE = "the live reply after `position.end`"


class TopicOrder:
    """The node's view of one conversation. After each call look at `missing`."""

    def __init__(self, conversation: UUID) -> None:
        self.position: Position | None = None
        self.missing: Missing | None = None
        self._conversation = conversation
        self._held: list[Frame] = []
        self._expected = 0
        self._ended: OrderedDict[UUID, None] = OrderedDict()
        self._running: UUID | None = None  # a reply of which `_take` let a frame out, and nobody said that it ended
        self._muted: UUID = NO_MESSAGE
        self._muted_until = 0.0

    def start(self, position: Position, now: float) -> list[Frame]:
        """Begin at a position read from the log; return what was held and joins on."""
        self.position = position
        return self._again(now)

    def joins(self, frame: Frame) -> bool:
        """Return whether a delta goes on with the reply in progress and may go out; then tell `went_on`."""
        position = self.position
        if position is None or self.missing is not None or frame.start != position.end:
            return False
        message = frame.message
        if message is not self._running or message is not position.message or frame.epoch < position.epoch:
            return False
        return frame.end > frame.start

    def went_on(self, end: int) -> UUID:
        """Deltas that join on, up to `end`, went out; return the reply they are of."""
        position = self._started()
        position.end = end
        return position.message

    def offer(self, frame: Frame, now: float) -> list[Frame]:
        """Take a frame from the bus; return the frames that may go out, in order."""
        if self.position is None or self.missing is not None:
            if len(self._held) < HELD_MAX or frame.kind is Kind.EVENT:
                self._held.append(frame)
            return []
        return self._take(self.position, frame, now)

    def expect(self, seq: int) -> None:
        """The log is known to reach `seq`: when this node is behind, ask for the events."""
        self._expected = max(self._expected, seq)
        self._check_expected()

    def events_read(self, frames: Sequence[Frame], now: float) -> list[Frame]:
        """Close a gap with events of the log; look at `missing` for what is still not there."""
        position = self._started()
        self.missing = None
        out: list[Frame] = []
        for frame in frames:
            if frame.seq == position.seq + 1:
                out += self._take(position, frame, now)
        return out + self._again(now)

    def live_read(self, live: LiveText | None, now: float) -> list[Frame]:
        """Close a gap with the reply in progress, read from `position.end` (or 0); None: it could not be read."""
        position = self._started()
        self.missing = None
        gap = next((frame for frame in self._held if frame.kind in _LIVE), None)
        out: list[Frame] = []
        if live is not None and not live.cut:
            for frame in self._frames_of(live, position):
                out += self._take(position, frame, now)
        released = self._again(now)
        if self._lacks(Missing.LIVE) and gap is not None:
            # Reading did not help; the end event will bring the whole text. Until then try once a second.
            self._running = None
            self._muted, self._muted_until = gap.message, now + MUTE_S
            self.missing = None
            released += self._again(now)
        return out + released

    def give_up(self, now: float) -> list[Frame]:
        """Skip the gap in the events. Readers who miss them see it by their own position and must resync."""
        position = self._started()
        self.missing = None
        self._expected = 0
        first = next((frame for frame in self._held if frame.kind is Kind.EVENT and frame.seq > position.seq), None)
        if first is not None:
            position.seq = first.seq - 1
        return self._again(now)

    def note_ended(self, messages: Iterable[UUID]) -> None:
        """Remember replies that are known to have ended."""
        self._running = None
        for message in messages:
            if message != NO_MESSAGE:
                self._ended[message] = None
                self._ended.move_to_end(message)
        while len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def has_ended(self, message: UUID) -> bool:
        """Return whether this reply's end is known."""
        return message in self._ended

    def _take(self, position: Position, frame: Frame, now: float) -> list[Frame]:
        if frame.kind in _LIVE and (self.has_ended(frame.message) or self._is_muted(frame, now)):
            return []
        known = position.end
        match position.take(frame):
            case Verdict.SEND:
                if frame.kind is Kind.EVENT:
                    self.note_ended((frame.message,))
                elif frame.kind in _LIVE:
                    self._running = position.message = frame.message  # the same object: `joins` looks no further
                return [frame]
            case Verdict.TAIL:
                return [tail(frame, known)]
            case Verdict.GAP:
                self._held.append(frame)
                self.missing = Missing.EVENTS if frame.kind is Kind.EVENT else Missing.LIVE
        return []

    def _again(self, now: float) -> list[Frame]:
        """Offer the held frames again; events first reach in order, whatever order they came in."""
        position = self._started()
        held, self._held = self._held, []
        held = _events_in_order(held)
        out: list[Frame] = []
        for index, frame in enumerate(held):
            out += self._take(position, frame, now)
            if self.missing is not None:
                self._held += held[index + 1 :]
                break
        self._check_expected()
        return out

    def _check_expected(self) -> None:
        if self.position is not None and self.missing is None and self.position.seq < self._expected:
            self.missing = Missing.EVENTS

    def _frames_of(self, live: LiveText, position: Position) -> list[Frame]:
        """Return the frames that bring a reader at `position` to the end of what was read."""
        frames: list[Frame] = []
        if live.message != position.message:
            if live.start > 0:
                return []
            started = ReplyStarted(conversation=self._conversation, message=live.message, epoch=live.epoch)
            frames.append(started_frame(started, live.attempt))
        if live.end > live.start:
            delta = ReplyDelta(
                conversation=self._conversation,
                message=live.message,
                epoch=live.epoch,
                start=live.start,
                end=live.end,
                text=live.text,
            )
            frames.append(delta_frame(delta, live.attempt))
        return frames

    def _is_muted(self, frame: Frame, now: float) -> bool:
        return frame.message == self._muted and now < self._muted_until

    def _lacks(self, what: Missing) -> bool:
        return self.missing is what

    def _started(self) -> Position:
        if self.position is None:
            raise ValueError("expected a topic with a position, it has none yet")
        return self.position


def _events_in_order(frames: list[Frame]) -> list[Frame]:
    """Move events that came late in front of the first later one; live frames stay behind what they came after."""
    waiting = sorted((frame for frame in frames if frame.kind is Kind.EVENT), key=lambda frame: frame.seq, reverse=True)
    ordered: list[Frame] = []
    for frame in frames:
        if frame.kind is not Kind.EVENT:
            ordered.append(frame)
        while frame.kind is Kind.EVENT and waiting and waiting[-1].seq <= frame.seq:
            ordered.append(waiting.pop())
    return ordered
