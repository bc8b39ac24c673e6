"""The live reply of a single process. Every method runs without a suspension point, so it is one atomic step."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from realtime.bus.frame import Frame
from realtime.bus.memory import MemoryBus
from realtime.bus.port import BusUnavailableError
from realtime.bus.topic import conversation_topic
from realtime.live_reply.port import (
    STOPS_KEPT,
    TTL_S,
    Asked,
    Begun,
    CutText,
    FencedError,
    LiveReplyUnavailableError,
    LiveText,
    UnknownReplyError,
    longer_of,
    slice_from,
)
from realtime.protocol.events import ReplyDelta, ReplyStarted, delta_frame, started_frame


@dataclass(slots=True)
class _Reply:
    """The text in progress and its owner. `finished`: hidden from readers, kept for a cut that overtakes the commit.

    `is_whole`: see Asked.
    """

    message: UUID
    epoch: int
    attempt: int
    text: str
    ids: tuple[int, ...]
    is_whole: bool
    finished: bool = False

    @property
    def end(self) -> int:
        return len(self.text.encode())


@dataclass(slots=True)
class _Fence:
    epoch: int
    cut_id: UUID


@dataclass(slots=True)
class _Record:
    """All of one conversation. `floor` is the fence below the highest one: what an uncut goes back to."""

    expires_at: float = 0.0
    reply: _Reply | None = None
    fence: _Fence | None = None
    floor: _Fence | None = None
    stops: list[tuple[UUID, UUID]] = field(default_factory=list)  # (message, cut id), oldest first

    def cut_over(self, message: UUID, epoch: int) -> FencedError | None:
        """Return the error for an owner over whom a cut stands."""
        if self.fence is not None and epoch < self.fence.epoch:
            return FencedError("a newer epoch began", epoch=self.fence.epoch, cut_id=self.fence.cut_id)
        for stopped, cut_id in self.stops:
            if stopped == message:
                return FencedError("the reply was stopped", epoch=epoch, cut_id=cut_id)
        return None


class MemoryLiveReply:
    """LiveReply in this process's memory; publishes on the given bus within the same step."""

    def __init__(self, bus: MemoryBus, *, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._ttl_s = ttl_s
        self._clock = clock
        self._records: OrderedDict[UUID, _Record] = OrderedDict()  # by time of the last write

    async def begin(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, text: str = "", ids: Sequence[int] = ()
    ) -> Begun:
        """Create or adopt the record; see the port."""
        record = self._find(conversation)
        if record is not None:
            _check_begin(record, message, epoch, attempt)
        else:
            record = _Record()
        stored = record.reply
        known = (text, tuple(ids))
        is_whole = attempt == 1 and not text
        if stored is not None and stored.message == message:
            is_whole = stored.is_whole and len(text) <= len(stored.text)
            known = longer_of((stored.text, stored.ids), known)
        is_new = stored is None or (stored.message, stored.epoch, stored.attempt) != (message, epoch, attempt)
        record.reply = _Reply(message, epoch, attempt, *known, is_whole)
        self._touch(conversation, record)
        if is_new:
            frame = started_frame(ReplyStarted(conversation=conversation, message=message, epoch=epoch), attempt)
            self._bus.publish_now(conversation_topic(conversation), frame)
        return Begun(record.reply.text, record.reply.ids, record.reply.end)

    async def append(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, start: int, text: str, ids: Sequence[int]
    ) -> int:
        """Append and publish; see the port."""
        if not text:
            raise ValueError("an append carries text")
        record = self._find(conversation)
        reply = _owned(record, message, epoch, attempt)
        end = start + len(text.encode())
        if end == reply.end and reply.text.endswith(text):
            return end  # applied before, its answer was lost
        if start != reply.end:
            raise UnknownReplyError(f"expected an append at byte {reply.end}, got {start}")
        reply.text += text
        reply.ids += tuple(ids)
        assert record is not None
        self._touch(conversation, record)
        delta = ReplyDelta(conversation=conversation, message=message, epoch=epoch, start=start, end=end, text=text)
        self._bus.publish_now(conversation_topic(conversation), delta_frame(delta, attempt))
        return end

    async def cut(self, conversation: UUID, epoch: int, cut_id: UUID, *, message: UUID | None = None) -> CutText | None:
        """Write the fence; see the port."""
        record = self._find(conversation) or _Record()
        if message is None:
            _raise_fence(record, _Fence(epoch, cut_id))
        else:
            kept = [stop for stop in record.stops if stop[0] != message]
            record.stops = [*kept, (message, cut_id)][-STOPS_KEPT:]
        self._touch(conversation, record)
        reply = record.reply
        if reply is None or (reply.epoch >= epoch if message is None else reply.message != message):
            return None
        return CutText(reply.message, reply.text, reply.ids)

    async def uncut(self, conversation: UUID, cut_id: UUID) -> bool:
        """Take the fence back; see the port."""
        record = self._find(conversation)
        if record is None:
            return False
        if record.fence is not None and record.fence.cut_id == cut_id:
            record.fence, record.floor = record.floor, None
            return True
        left = [stop for stop in record.stops if stop[1] != cut_id]
        was_stored = len(left) < len(record.stops)
        record.stops = left
        return was_stored

    async def ask(self, conversation: UUID, message: UUID, frame: Frame | None) -> Asked:
        """Publish; there is no other process, and this one has been called with everything."""
        record = self._find(conversation)
        reply = None if record is None else record.reply
        if frame is not None:
            try:
                self._bus.publish_now(conversation_topic(conversation), frame)
            except BusUnavailableError as error:
                raise LiveReplyUnavailableError(str(error)) from error
        return Asked(0, is_whole=reply is not None and reply.message == message and reply.is_whole)

    async def finish(self, conversation: UUID, message: UUID, epoch: int, attempt: int) -> None:
        """Hide the ended reply; see the port."""
        record = self._find(conversation)
        if record is None:
            return
        if (cut := record.cut_over(message, epoch)) is not None:
            raise cut
        reply = record.reply
        if reply is not None and (reply.message, reply.epoch, reply.attempt) == (message, epoch, attempt):
            reply.finished = True

    async def read(self, conversation: UUID, start: int = 0) -> LiveText | None:
        """Return the reply in progress; see the port."""
        record = self._find(conversation)
        if record is None or record.reply is None or record.reply.finished:
            return None
        reply = record.reply
        start, text = slice_from(reply.text, start)
        is_cut = record.cut_over(reply.message, reply.epoch) is not None
        return LiveText(reply.message, reply.epoch, reply.attempt, start, reply.end, text, reply.ids, is_cut)

    def clear(self) -> None:
        """Forget everything, as a restart does."""
        self._records.clear()

    async def aclose(self) -> None:
        """Forget everything."""
        self.clear()

    def _find(self, conversation: UUID) -> _Record | None:
        now = self._clock()
        while self._records and next(iter(self._records.values())).expires_at <= now:
            self._records.popitem(last=False)
        return self._records.get(conversation)

    def _touch(self, conversation: UUID, record: _Record) -> None:
        record.expires_at = self._clock() + self._ttl_s
        self._records[conversation] = record
        self._records.move_to_end(conversation)


def _check_begin(record: _Record, message: UUID, epoch: int, attempt: int) -> None:
    if (cut := record.cut_over(message, epoch)) is not None:
        raise cut
    reply = record.reply
    if reply is None:
        return
    if reply.epoch > epoch or (reply.message == message and reply.attempt > attempt):
        raise FencedError("a newer owner began", epoch=reply.epoch, cut_id=None)


def _owned(record: _Record | None, message: UUID, epoch: int, attempt: int) -> _Reply:
    """Return the reply of this very owner, in progress."""
    if record is not None and (cut := record.cut_over(message, epoch)) is not None:
        raise cut
    reply = record.reply if record is not None else None
    if reply is None or reply.finished:
        raise UnknownReplyError("no reply is in progress")
    if (reply.message, reply.epoch, reply.attempt) == (message, epoch, attempt):
        return reply
    if reply.epoch < epoch or (reply.message == message and reply.attempt < attempt):
        raise UnknownReplyError("this owner has not begun")
    raise FencedError("the reply has another owner", epoch=reply.epoch, cut_id=None)


def _raise_fence(record: _Record, fence: _Fence) -> None:
    """Write the fence; a lower one becomes the floor, since whoever began the higher epoch had read it committed."""
    if record.fence is None or fence.epoch == record.fence.epoch:
        record.fence = fence
    elif fence.epoch > record.fence.epoch:
        record.fence, record.floor = fence, record.fence
    elif record.floor is None or fence.epoch >= record.floor.epoch:
        record.floor = fence
