"""Where a reader of one conversation stands, and what may be sent to it next.

The same rules serve a client's connection and a node's own mirror of a topic: events strictly by `seq`, a reply in
progress strictly by bytes, and nothing live of an older epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from msgspec.json import Decoder

from realtime.bus.frame import NO_MESSAGE, Frame, Kind
from realtime.protocol.events import ReplyDelta, delta_frame

_delta_decoder = Decoder(ReplyDelta)


class Verdict(Enum):
    """What to do with a frame."""

    SEND = "joins on"
    DROP = "known, ended or of an older epoch"
    TAIL = "a delta of which the first part is known: send `tail`"
    GAP = "something before it is missing"


@dataclass(slots=True)
class Position:
    """`seq` of the last event; the reply in progress with its epoch and length; the highest epoch seen."""

    seq: int
    epoch: int = 0
    message: UUID = NO_MESSAGE
    message_epoch: int = 0
    end: int = 0

    def take(self, frame: Frame) -> Verdict:
        """Decide on the next frame and, unless it is a gap, move on. After TAIL send what is beyond the old `end`."""
        if frame.kind is Kind.EVENT:
            return self._take_event(frame)
        if frame.kind is Kind.STARTED or frame.kind is Kind.DELTA:
            return self._take_live(frame)
        return Verdict.SEND

    def hold(self, message: UUID, epoch: int, end: int) -> None:
        """The reader was given a reply in progress up to `end`."""
        self.message, self.message_epoch, self.end = message, epoch, end
        self.epoch = max(self.epoch, epoch)

    def let_go(self) -> None:
        """The reader holds no reply in progress."""
        self.message, self.message_epoch, self.end = NO_MESSAGE, 0, 0

    def _take_event(self, frame: Frame) -> Verdict:
        if frame.seq <= self.seq:
            return Verdict.DROP
        if frame.seq > self.seq + 1:
            return Verdict.GAP
        self.seq = frame.seq
        self.epoch = max(self.epoch, frame.epoch)
        if frame.message == self.message or self.message_epoch < frame.epoch:
            self.let_go()
        return Verdict.SEND

    def _take_live(self, frame: Frame) -> Verdict:
        if frame.epoch < self.epoch:
            return Verdict.DROP
        if frame.message != self.message:
            if frame.start > 0:
                return Verdict.GAP
            self.hold(frame.message, frame.epoch, frame.end)
            return Verdict.SEND
        # `reply.started` of the reply that is held comes from a worker that continues it: the text goes on.
        if frame.kind is Kind.STARTED or frame.end <= self.end:
            return Verdict.DROP
        if frame.start > self.end:
            return Verdict.GAP
        joins = frame.start == self.end
        self.end = frame.end
        return Verdict.SEND if joins else Verdict.TAIL


def tail(frame: Frame, start: int) -> Frame:
    """Return the delta from byte `start` on, which is inside it; the whole one when no character begins there.

    The client then sees by its own position that this does not join on: it claimed to hold half a character.
    """
    delta = _delta_decoder.decode(frame.body)
    try:
        text = delta.text.encode()[start - delta.start :].decode()
    except UnicodeDecodeError:
        return frame
    return delta_frame(
        ReplyDelta(
            conversation=delta.conversation,
            message=delta.message,
            epoch=delta.epoch,
            start=start,
            end=delta.end,
            text=text,
        ),
        frame.attempt,
    )


def joined(frames: list[Frame]) -> Frame:
    """Return one delta for deltas of one reply that join on to each other."""
    first = _delta_decoder.decode(frames[0].body)
    text = first.text + "".join(_delta_decoder.decode(frame.body).text for frame in frames[1:])
    whole = ReplyDelta(
        conversation=first.conversation,
        message=first.message,
        epoch=first.epoch,
        start=first.start,
        end=frames[-1].end,
        text=text,
    )
    return delta_frame(whole, frames[-1].attempt)
