"""One conversation on this node: its subscription, its order, and the connections that follow it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from realtime.bus.frame import PREFIX_BYTES, Audience, Frame, Kind, encode_frame
from realtime.bus.port import Bus, BusUnavailableError, Subscription
from realtime.bus.topic import conversation_topic, node_topic
from realtime.control import AskShown, read_ask, told_frame
from realtime.failure import log_failure
from realtime.live_reply.port import LiveReply, LiveReplyUnavailableError, LiveText
from realtime.loop_turn import LoopTurn
from realtime.mirror import Mirror, MirroredReply
from realtime.outbox import Burst, Packet
from realtime.ports import Sessions
from realtime.protocol.events import Resync, encode
from realtime.protocol.position import Position, Verdict, tail
from realtime.settings import Counters, RealtimeSettings
from realtime.topic_order import Missing, TopicOrder
from realtime.watch import Packets, Reader, Watch

logger = logging.getLogger(__name__)

LOG_PAGE = 500
HEAL_ATTEMPTS = 2
RESYNC_EVERY_S = 1.0  # a connection is not told more often that it must resume
_DELTA = Kind.DELTA
_ALL = Audience.ALL
_END = slice(PREFIX_BYTES - 4, PREFIX_BYTES)  # of an encoded delta: its `to`
_START = slice(PREFIX_BYTES - 8, PREFIX_BYTES - 4)  # and its `from`
_NOTHING = b"\xff"  # no frame begins so
_ORDERED = (Kind.EVENT, Kind.STARTED, Kind.DELTA)


@dataclass(frozen=True, slots=True)
class FeedParts:
    """What every feed of a node shares."""

    bus: Bus
    live_reply: LiveReply
    sessions: Sessions
    settings: RealtimeSettings
    counters: Counters
    turn: LoopTurn
    node: UUID
    reads: asyncio.Semaphore  # of the log, to heal: a bus that comes back leaves gaps in all topics at once


class TopicFeed:
    """See the module. It listens to its topic.

    Deltas that join on wait, encoded as they came, for the feed's turn to write, as a burst. Whatever else happens to
    the feed or its watches comes after them: it must `_settle` first.
    """

    def __init__(self, conversation: UUID, parts: FeedParts) -> None:
        self.conversation = conversation
        self.topic = conversation_topic(conversation)
        self.watches: dict[UUID, Watch] = {}
        self.order = TopicOrder(conversation)
        self.mirror = Mirror()
        self.log: str | None = None
        self.had_event = False  # since the last position check
        self._burst: list[bytes] = []
        self._head = self._next = _NOTHING
        self._is_waiting = False  # for its turn
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._subscription: Subscription | None = None
        self._subscribing: asyncio.Task[None] | None = None
        self._healing: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def is_subscribed(self) -> bool:
        return self._subscription is not None

    @property
    def hears(self) -> bool:
        """Whether what is published arrives here: else the position check is asked more often."""
        return self._subscription is not None and self._parts.bus.hears(self.topic)

    def add(self, reader: Reader) -> Watch:
        """Begin to keep frames for a reader, from now on, in place of what it watched with before."""
        self._settle()
        replaced = self.watches.get(reader.id)
        if replaced is not None:
            self._fall_out(replaced)
        watch = self.watches[reader.id] = Watch(reader, replaced=replaced)
        return watch

    def take_back(self, watch: Watch) -> None:
        """A resume could not be answered: what it was to replace goes on, with what came meanwhile."""
        if self.watches.get(watch.reader.id) is not watch:
            return
        before = watch.replaced
        if before is None or before.buffer is not None:
            del self.watches[watch.reader.id]
            return
        self._settle()
        self.watches[watch.reader.id] = before
        for frame in watch.buffer or ():
            self._give(before, frame, Packets(self.conversation, frame))
        self._fall_in(before)

    async def subscribe(self) -> None:
        """Return when the bus confirmed the subscription, or is away: then the position check brings the events."""
        if self._subscription is not None or self._closed or not self._parts.bus.hears(self.topic):
            return
        if self._subscribing is None:
            self._subscribing = self._loop.create_task(self._subscribe())
        await asyncio.wait({self._subscribing})  # raises nothing, also when the feed is closed meanwhile

    def begin(self, log: str, position: Position, live: LiveText | None) -> None:
        """Take over what a resume read from log and live reply: start there, or find out that this node is behind."""
        self._settle()
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
        self._settle()
        position = self.order.position
        if position is None:
            return
        if log != self.log:
            self._restart(log, Position(seq=seq))
        self.order.expect(seq)
        self._heal_if_needed()

    def open_watch(self, watch: Watch, ended: set[UUID]) -> None:
        """The resume was answered: send what came meanwhile, then everything. `ended`: replies whose end it held."""
        self._settle()
        buffered, watch.buffer = watch.buffer or [], None
        watch.replaced = None
        for frame in buffered:
            is_live = frame.kind is Kind.STARTED or frame.kind is Kind.DELTA
            if not is_live or (frame.message not in ended and not self.order.has_ended(frame.message)):
                self._give(watch, frame, Packets(self.conversation, frame))
        self._fall_in(watch)

    def close(self) -> None:
        """Nobody follows this conversation any more."""
        self._closed = True
        self._burst = []
        self._head = self._next = _NOTHING
        if self._subscription is not None:
            self._subscription.close()
        for task in (self._healing, self._subscribing, *self._telling):
            if task is not None:
                task.cancel()

    async def _subscribe(self) -> None:
        try:
            subscription = await self._parts.bus.subscribe(self.topic, self)
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

    def held(self) -> MirroredReply | None:
        """Return what this node has seen of the reply in progress."""
        self._let_out()
        return self.mirror.held()

    async def _tell(self, ask: AskShown) -> None:
        """Answer what this node has shown of the reply in progress."""
        try:
            await self._parts.bus.publish(node_topic(ask.node), told_frame(ask, self._parts.node, self.held()))
        except BusUnavailableError:
            logger.debug("question not answered, the bus is away", extra={"action": "publish_failed"})

    def __call__(self, topic: str, frame: Frame) -> None:
        """Take a frame of the topic."""
        if self._closed:
            return
        kind = frame.kind
        if kind is _DELTA and frame.audience is _ALL:
            self._take_or_offer(frame)
        elif kind is Kind.CONTROL:
            if (ask := read_ask(frame)) is not None:
                self._telling.add(telling := self._loop.create_task(self._tell(ask)))
                telling.add_done_callback(self._telling.discard)
        else:
            if kind is Kind.EVENT:
                self.had_event = True
            self._offer(frame)

    def take(self, data: bytes) -> bool:
        """Take an encoded delta that goes on where the last one ended, and return true; else do nothing.

        Everything in front of `from` is as it was: it is of the same reply, epoch and attempt, and for the same eyes.
        """
        if not data.startswith(self._next) or data[_END] <= data[_START] or len(data) < PREFIX_BYTES:
            return False
        self._next = self._head + data[_END]
        self._burst.append(data)
        if not self._is_waiting:
            self._is_waiting = True
            self._parts.turn.add(self)
        return True

    def turn(self, now: float) -> int:
        """Let the deltas out that wait; return to how many connections they went."""
        self._is_waiting = False
        return self._let_out()

    def _take_or_offer(self, frame: Frame) -> None:
        data = encode_frame(frame)
        if self.take(data):
            return
        self._settle()
        if self.order.joins(frame):
            self._head = data[: _START.start]
            self._next = data[: _START.stop]
            self.take(data)
        else:
            self._offer(frame)

    def _offer(self, frame: Frame) -> None:
        self._release(self.order.offer(frame, self._loop.time()))
        self._heal_if_needed()

    def _settle(self) -> None:
        """Let out what waits, and expect nothing: the next frame is looked at in full."""
        self._let_out()
        self._head = self._next = _NOTHING

    def _let_out(self) -> int:
        if not self._burst:
            return 0
        data, self._burst = self._burst, []
        burst = Burst(self.conversation, data)
        end = int.from_bytes(data[-1][_END], "big")
        self.mirror.go_on(self.order.went_on(end), int.from_bytes(data[0][_START], "big"), end, burst.bodies)
        now = self._loop.time()
        for watch in self.watches.values():
            if watch.in_step:
                watch.reader.deliver_burst(burst, now)
            else:
                self._give_apart(watch, burst.frames)
        return len(self.watches)

    def _release(self, frames: list[Frame]) -> None:
        self._settle()
        for frame in frames:
            self.mirror.follow(frame)
            packets = Packets(self.conversation, frame)
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

    def _give_apart(self, watch: Watch, frames: Sequence[Frame]) -> None:
        """Give the deltas of a burst to a watch that is not in step."""
        if watch.buffer is not None:
            watch.buffer += frames
            return
        for frame in frames:
            self._give(watch, frame, Packets(self.conversation, frame))
        self._fall_in(watch)

    def _fall_in(self, watch: Watch) -> None:
        """Let a watch go in step when it stands where the feed stands."""
        if not watch.in_step and watch.buffer is None and not watch.stale and watch.position == self.order.position:
            watch.in_step = True
            watch.position = None

    def _fall_out(self, watch: Watch) -> None:
        """Give a watch a position of its own."""
        if watch.in_step and self.order.position is not None:
            watch.in_step = False
            watch.position = replace(self.order.position)

    def _all_fall_out(self) -> None:
        """Give every watch a position of its own: the feed is about to move without letting anything out."""
        self._settle()
        for watch in self.watches.values():
            self._fall_out(watch)

    def _give(self, watch: Watch, frame: Frame, packets: Packets) -> None:
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

    def _send(self, reader: Reader, frame: Frame, packets: Packets) -> None:
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
        self._all_fall_out()
        self.log = log
        self.mirror.begin(live)
        self.order = TopicOrder(self.conversation)
        self.order.start(position, self._loop.time())
        known = [watch if watch.buffer is None else watch.replaced for watch in self.watches.values()]
        for watch in known:
            if watch is not None and watch.buffer is None and not watch.stale:
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
                    self._all_fall_out()
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
            async with self._parts.reads:
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
