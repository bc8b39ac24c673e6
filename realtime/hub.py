"""All topics of one node: who follows which conversation, and the checks that find what the bus lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from realtime.bus.frame import Frame
from realtime.bus.port import Bus, BusUnavailableError, Listener, Subscription
from realtime.bus.topic import inbox_topic
from realtime.failure import log_failure
from realtime.inbox_feed import InboxFeed, InboxWatch
from realtime.live_reply.port import LiveReply
from realtime.loop_turn import LoopTurn
from realtime.mirror import MirroredReply
from realtime.ports import Principal, Sessions
from realtime.protocol.commands import Cursor
from realtime.resume import Answer, answer
from realtime.settings import Counters, RealtimeSettings
from realtime.topic_feed import FeedParts, TopicFeed
from realtime.watch import Reader, Watch

logger = logging.getLogger(__name__)

IDS_PER_QUERY = 1000
TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A resume that was read and not yet sent. Send `answer.fields`, then call `Hub.open_watch` at once."""

    feed: TopicFeed
    watch: Watch
    answer: Answer


class Listening:
    """A listener on a plain topic (user, visitor, connection); subscribed again when the bus was away."""

    def __init__(self, topic: str, listener: Listener) -> None:
        self.topic = topic
        self.listener = listener
        self.subscription: Subscription | None = None
        self.closed = False

    def close(self) -> None:
        """Stop listening; idempotent."""
        self.closed = True
        if self.subscription is not None:
            self.subscription.close()


class Hub:
    """See the module. One per process, used from one event loop."""

    def __init__(self, bus: Bus, live_reply: LiveReply, sessions: Sessions, settings: RealtimeSettings) -> None:
        self.counters = Counters()
        self.sessions = sessions
        self.settings = settings
        self._bus = bus
        self.turn = LoopTurn()
        self._parts = FeedParts(bus, live_reply, sessions, settings, self.counters, self.turn, uuid4())
        self._feeds: dict[UUID, TopicFeed] = {}
        self._inboxes: dict[UUID, tuple[InboxFeed, Listening]] = {}
        self._unheard: set[Listening] = set()
        self._check_now = asyncio.Event()
        bus.on_reconnect(self._check_now.set)

    async def prepare(
        self, reader: Reader, principal: Principal, conversation: UUID, cursor: Cursor | None
    ) -> Prepared:
        """Begin to follow a conversation and read what the client lacks; frames are kept until `open_watch`.

        Raises: CommandError; any error of the product's storage. The conversation is then not followed.
        """
        await self.sessions.check_watch(principal, conversation)
        feed = self._feeds.get(conversation)
        if feed is None:
            feed = self._feeds[conversation] = TopicFeed(conversation, self._parts)
        watch = feed.add(reader)
        try:
            await feed.subscribe()
            read = await answer(self._parts, feed, principal, cursor)
        except BaseException:
            self._detach(feed, watch)
            raise
        feed.order.note_ended(read.ended if read.fields["resumed"] else ())
        feed.begin(read.log, replace(read.position), read.live)
        watch.position = read.client
        return Prepared(feed, watch, read)

    def open_watch(self, prepared: Prepared) -> None:
        """The answer is in the client's outbox: let traffic through."""
        prepared.feed.open_watch(prepared.watch, prepared.answer.ended)

    def unwatch(self, reader: Reader, conversation: UUID) -> None:
        """Stop following; idempotent."""
        feed = self._feeds.get(conversation)
        if feed is not None and reader.id in feed.watches:
            self._detach(feed, feed.watches[reader.id])

    def held(self, conversation: UUID) -> MirroredReply | None:
        """Return what this node has seen of the conversation's reply in progress, None when nobody here follows it."""
        feed = self._feeds.get(conversation)
        return None if feed is None else feed.held()

    async def watch_inbox(
        self, reader: Reader, principal: Principal, queue: str
    ) -> tuple[InboxWatch, Sequence[Mapping[str, Any]]]:
        """Begin to follow the shop's inbox and read the first page; then send it and call `open_inbox`.

        Raises: CommandError; any error of the product's storage.
        """
        if principal.shop not in self._inboxes:
            feed = InboxFeed()
            self._inboxes[principal.shop] = (feed, self.listen(inbox_topic(principal.shop), feed.on_frame))
        feed, listening = self._inboxes[principal.shop]
        watch = feed.watches[reader.id] = InboxWatch(reader, principal, queue)
        try:
            await self.heard(listening)
            page = await self.sessions.inbox(principal, queue)
        except BaseException:
            self.unwatch_inbox(reader, principal)
            raise
        feed.note(page)
        return watch, page

    def open_inbox(self, watch: InboxWatch, page: Sequence[Mapping[str, Any]]) -> None:
        """The first page is in the client's outbox: let summaries through."""
        feed, _ = self._inboxes[watch.principal.shop]
        feed.open_watch(watch, page)

    def unwatch_inbox(self, reader: Reader, principal: Principal) -> None:
        """Stop following the inbox; idempotent."""
        if principal.shop not in self._inboxes:
            return
        feed, listening = self._inboxes[principal.shop]
        feed.watches.pop(reader.id, None)
        if not feed.watches:
            self.unlisten(listening)
            del self._inboxes[principal.shop]

    def listen(self, topic: str, listener: Listener) -> Listening:
        """Register a listener; await `heard` where frames published from now on must not be missed."""
        listening = Listening(topic, listener)
        self._unheard.add(listening)
        return listening

    async def heard(self, listening: Listening) -> None:
        """Subscribe a registered listener unless its topic is away; then it is tried again every second."""
        if listening.subscription is not None or not self._bus.hears(listening.topic):
            return
        try:
            subscription = await self._bus.subscribe(listening.topic, listening.listener)
        except BusUnavailableError:
            return
        if listening.closed or listening.subscription is not None:
            subscription.close()
            return
        listening.subscription = subscription
        self._unheard.discard(listening)

    def unlisten(self, listening: Listening) -> None:
        """Stop a listener."""
        self._unheard.discard(listening)
        listening.close()

    async def publish(self, topic: str, frame: Frame) -> None:
        """Publish a frame that may be lost (typing, presence)."""
        try:
            await self._bus.publish(topic, frame)
        except BusUnavailableError:
            logger.debug("notice not published, the bus is away", extra={"action": "publish_failed"})

    async def run(self) -> None:
        """Check positions for as long as this node runs (architecture: position check, order and healing)."""
        loop = asyncio.get_running_loop()
        next_check = loop.time() + self._interval()
        next_reread = loop.time() + self.settings.inbox_reread_s
        await self._hear_again()
        while True:
            was_reconnected = await self._wait_tick()
            now = loop.time()
            await self._hear_again()
            if was_reconnected or now >= next_check:
                await self._checked(list(self._feeds.values()) if was_reconnected else self._silent_feeds())
                next_check = loop.time() + self._interval()
            else:
                await self._checked([feed for feed in self._feeds.values() if not feed.hears])
            if now >= next_reread or was_reconnected:
                await asyncio.gather(*(feed.reread(self.sessions) for feed, _ in list(self._inboxes.values())))
                next_reread = loop.time() + self.settings.inbox_reread_s

    def close(self) -> None:
        """Drop all topics."""
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()

    def _interval(self) -> float:
        return self.settings.check_every_s * random.uniform(0.8, 1.2)

    async def _wait_tick(self) -> bool:
        try:
            async with asyncio.timeout(min(TICK_S, self.settings.check_unhealthy_every_s)):
                await self._check_now.wait()
        except TimeoutError:
            return False
        self._check_now.clear()
        return True

    def _silent_feeds(self) -> list[TopicFeed]:
        """Return the topics whose last event may have been lost, and begin the next interval for all."""
        silent = [feed for feed in self._feeds.values() if not (feed.had_event and feed.hears)]
        for feed in self._feeds.values():
            feed.had_event = False
        return silent

    async def _checked(self, feeds: list[TopicFeed]) -> None:
        """Compare positions with the database; what is missing goes out as ordinary events."""
        for first in range(0, len(feeds), IDS_PER_QUERY):
            some = feeds[first : first + IDS_PER_QUERY]
            try:
                last = await self.sessions.last_seqs([feed.conversation for feed in some])
            except Exception as error:
                log_failure(logger, "positions not checked", "position_check_failed", error)
                return
            for feed in some:
                if feed.conversation in last:
                    feed.behind(*last[feed.conversation])

    async def _hear_again(self) -> None:
        hears = self._bus.hears
        feeds = [feed for feed in self._feeds.values() if not feed.is_subscribed and hears(feed.topic)]
        listenings = [listening for listening in self._unheard if hears(listening.topic)]
        await asyncio.gather(*(feed.subscribe() for feed in feeds), *(self.heard(one) for one in listenings))

    def _detach(self, feed: TopicFeed, watch: Watch) -> None:
        if feed.watches.get(watch.reader.id) is watch:
            del feed.watches[watch.reader.id]
        if not feed.watches and self._feeds.get(feed.conversation) is feed:
            feed.close()
            del self._feeds[feed.conversation]
