"""One conversation on this node: its subscription, its order, and the connections that follow it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from realtime.bus.frame import Audience, Frame, Kind
from realtime.bus.port import Bus, BusUnavailableError, Subscription
from realtime.bus.topic import conversation_topic
from realtime.failure import log_failure
from realtime.live_reply.port import LiveReply, LiveReplyUnavailableError, LiveText
from realtime.loop_turn import LoopTurn
from realtime.mirror import Mirror
from realtime.outbox import Burst, Packet
from realtime.ports import Sessions
from realtime.protocol.events import HiddenEvent, Resync, encode
from realtime.protocol.position import Position, Verdict, tail
from realtime.settings import Counters, RealtimeSettings
from realtime.topic_order import Missing, TopicOrder

logger = logging.getLogger(__name__)

LOG_PAGE = 500
HEAL_ATTEMPTS = 2
RESYNC_EVERY_S = 1.0  # a connection is not told more often that it must resume
_DELTA = Kind.DELTA
_ALL = Audience.ALL
_ORDERED = (Kind.EVENT, Kind.STARTED, Kind.DELTA)


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


@dataclass(frozen=True, slots=True)
class FeedParts:
    """What every feed of a node shares."""

    bus: Bus
    live_reply: LiveReply
    sessions: Sessions
    settings: RealtimeSettings
    counters: Counters
    turn: LoopTurn


class TopicFeed:
    """See the module.

    Deltas that join on wait for the feed's turn to write, as a burst. Whatever else happens to the feed or its watches
    comes after them, so it lets them out first.
    """

    def __init__(self, conversation: UUID, parts: FeedParts) -> None:
        self.conversation = conversation
        self.watches: dict[UUID, Watch] = {}
        self.order = TopicOrder(conversation)
        self.mirror = Mirror()
        self.log: str | None = None
        self.had_event = False  # since the last position check
        self._burst: list[Frame] = []
        self._is_waiting = False  # for its turn
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._subscription: Subscription | None = None
        self._subscribing: asyncio.Task[None] | None = None
        self._healing: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def is_subscribed(self) -> bool:
        return self._subscription is not None

    def add(self, reader: Reader) -> Watch:
        """Begin to keep frames for a reader, from now on, in place of what it watched with before."""
        self._let_out()
        watch = self.watches[reader.id] = Watch(reader)
        return watch

    async def subscribe(self) -> None:
        """Return when the bus confirmed the subscription, or is away: then the position check brings the events."""
        if self._subscription is not None or self._closed or not self._parts.bus.healthy:
            return
        if self._subscribing is None:
            self._subscribing = self._loop.create_task(self._subscribe())
        await asyncio.wait({self._subscribing})  # raises nothing, also when the feed is closed meanwhile

    def begin(self, log: str, position: Position, live: LiveText | None) -> None:
        """Take over what a resume read from log and live reply: start there, or find out that this node is behind."""
        self._let_out()
        if self.order.position is None:
            self.log = log
            self.mirror.begin(live)
            self._release(self.order.start(position, self._loop.time()))
        elif log != self.log:
            self._restart(log, position, live)
        else:
            self.order.expect(position.seq)
        self._heal_if_needed()

    def behind(self, log: str, seq: int) -> None:
        """The database says that this log reaches `seq`."""
        self._let_out()
        position = self.order.position
        if position is None:
            return
        if log != self.log:
            self._restart(log, Position(seq=seq))
        self.order.expect(seq)
        self._heal_if_needed()

    def open_watch(self, watch: Watch, ended: set[UUID]) -> None:
        """The resume was answered: send what came meanwhile, then everything. `ended`: replies whose end it held."""
        self._let_out()
        buffered, watch.buffer = watch.buffer or [], None
        for frame in buffered:
            is_live = frame.kind is Kind.STARTED or frame.kind is Kind.DELTA
            if not is_live or (frame.message not in ended and not self.order.has_ended(frame.message)):
                self._give(watch, frame, _Packets(self.conversation, frame))
        self._fall_in(watch)

    def close(self) -> None:
        """Nobody follows this conversation any more."""
        self._closed = True
        self._burst = []
        if self._subscription is not None:
            self._subscription.close()
        for task in (self._healing, self._subscribing):
            if task is not None:
                task.cancel()

    async def _subscribe(self) -> None:
        try:
            subscription = await self._parts.bus.subscribe(conversation_topic(self.conversation), self._on_frame)
        except BusUnavailableError:
            logger.warning("conversation not subscribed, the bus is away", extra={"action": "subscribe_failed"})
            return
        except Exception as error:
            log_failure(logger, "conversation not subscribed", "subscribe_failed", error)
            return
        finally:
            self._subscribing = None
        if self._closed:
            subscription.close()
        else:
            self._subscription = subscription

    def _on_frame(self, topic: str, frame: Frame) -> None:
        if self._closed:
            return
        kind = frame.kind
        if kind is _DELTA and frame.audience is _ALL and self.order.joins(frame):
            self.mirror.follow(frame)
            self._burst.append(frame)
            if not self._is_waiting:
                self._is_waiting = True
                self._parts.turn.add(self)
        elif kind is not Kind.CONTROL:
            if kind is Kind.EVENT:
                self.had_event = True
            self._release(self.order.offer(frame, self._loop.time()))
            self._heal_if_needed()

    def turn(self, now: float) -> int:
        """Let the deltas out that wait; return to how many connections they went."""
        self._is_waiting = False
        return self._let_out()

    def _let_out(self) -> int:
        if not self._burst:
            return 0
        frames, self._burst = self._burst, []
        burst = Burst(self.conversation, frames)
        now = self._loop.time()
        for watch in self.watches.values():
            if watch.in_step:
                watch.reader.deliver_burst(burst, now)
            else:
                self._give_apart(watch, frames)
        return len(self.watches)

    def _release(self, frames: list[Frame]) -> None:
        self._let_out()
        for frame in frames:
            self.mirror.follow(frame)
            packets = _Packets(self.conversation, frame)
            for watch in self.watches.values():
                if watch.in_step:
                    self._send(watch.reader, frame, packets)
                elif watch.buffer is not None:
                    watch.buffer.append(frame)
                else:
                    self._give(watch, frame, packets)
        if frames:
            for watch in self.watches.values():
                self._fall_in(watch)

    def _give_apart(self, watch: Watch, frames: list[Frame]) -> None:
        """Give the deltas of a burst to a watch that is not in step."""
        if watch.buffer is not None:
            watch.buffer += frames
            return
        for frame in frames:
            self._give(watch, frame, _Packets(self.conversation, frame))
        self._fall_in(watch)

    def _fall_in(self, watch: Watch) -> None:
        """Let a watch go in step when it stands where the feed stands."""
        if not watch.in_step and watch.buffer is None and not watch.stale and watch.position == self.order.position:
            watch.in_step = True
            watch.position = None

    def _fall_out(self) -> None:
        """Give every watch a position of its own: the feed is about to move without letting anything out."""
        self._let_out()
        for watch in self.watches.values():
            if watch.in_step and self.order.position is not None:
                watch.in_step = False
                watch.position = replace(self.order.position)

    def _give(self, watch: Watch, frame: Frame, packets: _Packets) -> None:
        position = watch.position
        if watch.stale or position is None:
            return
        if frame.kind in _ORDERED:
            known = position.end
            verdict = position.take(frame)
            if verdict is Verdict.DROP:
                return
            if verdict is Verdict.GAP:
                self._resync(watch, frame)
                return
            if verdict is Verdict.TAIL:
                rest = tail(frame, known)
                watch.reader.deliver(Packet(rest.body, self.conversation, rest))
                return
        self._send(watch.reader, frame, packets)

    def _send(self, reader: Reader, frame: Frame, packets: _Packets) -> None:
        if frame.kind is Kind.NOTICE and frame.message == reader.id:
            return  # a notice names the connection that caused it: no echo
        packet = packets.for_staff if reader.is_staff else packets.for_visitor
        if packet is not None:
            reader.deliver(packet)

    def _resync(self, watch: Watch, frame: Frame) -> None:
        now = self._loop.time()
        too_soon = now < watch.resync_at + RESYNC_EVERY_S
        if too_soon and frame.kind is not Kind.EVENT:
            return  # it resumed a moment ago without this reply's text: the next delta asks again
        watch.stale = True
        watch.resync_at = now
        self._parts.counters.resyncs += 1
        watch.reader.deliver(Packet(encode(Resync(conversation=self.conversation)), self.conversation))

    def _restart(self, log: str, position: Position, live: LiveText | None = None) -> None:
        """Another log took this one's place (restore, failover): everybody resumes."""
        self._fall_out()
        self.log = log
        self.mirror.begin(live)
        self.order = TopicOrder(self.conversation)
        self.order.start(position, self._loop.time())
        for watch in self.watches.values():
            if watch.buffer is None and not watch.stale:
                watch.stale = True
                self._parts.counters.resyncs += 1
                watch.reader.deliver(Packet(encode(Resync(conversation=self.conversation)), self.conversation))

    def _heal_if_needed(self) -> None:
        if self.order.missing is not None and self._healing is None and not self._closed:
            self._parts.counters.gaps += 1
            self._healing = self._loop.create_task(self._heal())

    async def _heal(self) -> None:
        """Close gaps until there is none: wait for stragglers, read once, give up after a second attempt."""
        try:
            failures = 0
            await asyncio.sleep(self._parts.settings.heal_after_s)
            self._release(self.order.events_read((), self._loop.time()))
            while (missing := self.order.missing) is not None:
                if missing is Missing.LIVE:
                    self._release(self.order.live_read(await self._read_live(), self._loop.time()))
                elif await self._read_events():
                    failures = 0
                elif failures + 1 < HEAL_ATTEMPTS:
                    failures += 1
                    await asyncio.sleep(self._parts.settings.heal_retry_s)
                else:
                    self._fall_out()
                    self._release(self.order.give_up(self._loop.time()))
                    failures = 0
            self._parts.counters.heals += 1
        finally:
            self._healing = None

    async def _read_events(self) -> bool:
        """Read the log once; false when that brought nothing."""
        order = self.order
        position = order.position
        assert position is not None  # there is no gap before the first position
        before = position.seq
        try:
            page = await self._parts.sessions.read_log(self.conversation, before, LOG_PAGE)
        except Exception as error:
            log_failure(logger, "log not read", "heal_failed", error)
            return False
        was_pruned = page.last_seq > before and (not page.frames or page.frames[0].seq > before + 1)
        if page.log != self.log or was_pruned:
            self._restart(page.log, Position(seq=page.last_seq))
            return True
        if order is not self.order:
            return True
        self._release(order.events_read(page.frames, self._loop.time()))
        if order.missing is None:
            order.expect(page.last_seq)
        return position.seq > before or order.missing is None

    async def _read_live(self) -> LiveText | None:
        position = self.order.position
        assert position is not None
        try:
            live = await self._parts.live_reply.read(self.conversation, position.end)
            if live is not None and live.message != position.message and live.start > 0:
                live = await self._parts.live_reply.read(self.conversation)
        except LiveReplyUnavailableError:
            return None
        return live


class _Packets:
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
