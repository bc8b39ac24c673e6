"""The text of the reply in progress as one node has seen it: the longest text known when the store cannot be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from msgspec.json import Decoder

from realtime.bus.frame import NO_MESSAGE, Frame, Kind
from realtime.live_reply.port import LiveText
from realtime.protocol.events import ReplyDelta

_decoder = Decoder(ReplyDelta)


@dataclass(frozen=True, slots=True)
class MirroredReply:
    """A reply in progress, up to what this node has."""

    message: UUID
    text: str


@dataclass(slots=True)
class Mirror:
    """Follows frames in their healed order. Deltas are kept as they came and decoded only when somebody asks."""

    message: UUID = NO_MESSAGE
    end: int = 0
    _first: str = ""
    _deltas: list[bytes] = field(default_factory=list)

    def begin(self, live: LiveText | None) -> None:
        """Take over what was read from the store, from byte 0; None: no reply is in progress."""
        self.message, self.end, self._first = (
            (NO_MESSAGE, 0, "") if live is None else (live.message, live.end, live.text)
        )
        self._deltas = []

    def go_on(self, message: UUID, start: int, end: int, bodies: Sequence[bytes]) -> None:
        """Take released deltas that follow one another."""
        if message is not self.message and message != self.message:
            self.begin(None)
            self.message = message
        if start == self.end:
            self._deltas += bodies
            self.end = end

    def follow(self, frame: Frame) -> None:
        """Take a released frame."""
        if frame.kind is Kind.EVENT:
            if frame.message == self.message:
                self.begin(None)
        elif frame.kind is Kind.STARTED:
            self.go_on(frame.message, 0, 0, ())
        elif frame.kind is Kind.DELTA:
            self.go_on(frame.message, frame.start, frame.end, (frame.body,))

    def held(self) -> MirroredReply | None:
        """Return the reply in progress, None when there is none."""
        if self.message == NO_MESSAGE:
            return None
        self._first += "".join(_decoder.decode(body).text for body in self._deltas)
        self._deltas = []
        return MirroredReply(self.message, self._first)
