"""All topics of one node: who follows which conversation, and the checks that find what the bus lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from realtime.bus.frame import Frame
from realtime.bus.port import Bus, BusUnavailableError, Listener, Subscription
from realtime.bus.topic import inbox_topic, user_topic
from realtime.failure import log_failure
from realtime.inbox_feed import InboxFeed, InboxWatch
from realtime.live_reply.port import LiveReply
from realtime.loop_turn import LoopTurn
from realtime.mirror import MirroredReply
from realtime.notice_check import Desk, NoticeCheck
from realtime.ports import Principal, Sessions
from realtime.protocol.commands import Cursor
from realtime.resume import Answer, answer
from realtime.settings import Counters, RealtimeSettings
from realtime.topic_feed import FeedParts, TopicFeed
from realtime.watch import Reader, Watch

logger = logging.getLogger(__name__)

IDS_PER_QUERY = 1000
CHECKED_AT_ONCE = 100  # topics in one loop turn
READS_AT_ONCE = 16  # of logs to heal, and of pages: whoever sends or resumes needs the database too
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
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._parts = FeedParts(bus, live_reply, sessions, settings, self.counters, self.turn, uuid4(), self._reads)
        self._feeds: dict[UUID, TopicFeed] = {}
        self._inboxes: dict[UUID, tuple[InboxFeed, Listening]] = {}
        self._desks: dict[UUID, tuple[str, Desk]] = {}  # with the topic of its notifications
        self._notice_check = NoticeCheck(sessions)
        self._unheard: set[Listening] = set()
        self._missed: set[str] = set()  # topics of which frames may have been missed
        self._check_now = asyncio.Event()
        bus.on_reconnect(self._on_missed)

    async def prepare(
        self, reader: Reader, principal: Principal, conversation: UUID, cursor: Cursor | None
    ) -> Prepared:
        """Begin to follow a conversation and read what the client lacks; frames are kept until `open_watch`.

        Raises: CommandError; any error of the product's storage. The conversation is then followed as it was before.
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
            feed.take_back(watch)
            self._drop_unwatched(feed)
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

    def attend(self, desk: Desk) -> None:
        """Look from time to time whether the bus lost a notification for this connection, until `leave`."""
        self._desks[desk.id] = user_topic(desk.principal.id), desk

    def leave(self, desk: Desk) -> None:
        """The connection is over; idempotent."""
        self._desks.pop(desk.id, None)

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
            await self._wait_tick()
            now = loop.time()
            await self._hear_again()
            missed, self._missed = self._missed, set()
            is_due = now >= next_check
            is_checked = await self._checked(self._doubtful_feeds(missed, is_due=is_due))
            if not await self._notice_check.check(self._doubtful_desks(missed, is_due=is_due)) or not is_checked:
                self._missed |= missed  # and the next turn tries again
            if is_due:
                next_check = loop.time() + self._interval()
            await self._reread(None if now >= next_reread else missed)
            if now >= next_reread:
                next_reread = loop.time() + self.settings.inbox_reread_s

    def close(self) -> None:
        """Drop all topics."""
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()

    def _interval(self) -> float:
        return self.settings.check_every_s * random.uniform(0.8, 1.2)

    def _on_missed(self, topics: Collection[str]) -> None:
        self._missed.update(topics)
        self._check_now.set()

    async def _wait_tick(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(TICK_S, self.settings.check_unhealthy_every_s)):
                await self._check_now.wait()
        self._check_now.clear()

    def _doubtful_feeds(self, missed: Collection[str], *, is_due: bool) -> list[TopicFeed]:
        """Return the topics whose last event may have been lost; when the check `is_due`, also those that were silent,
        and the next interval begins for all.
        """
        feeds = self._feeds.values()
        doubtful = [feed for feed in feeds if feed.topic in missed or not feed.hears or (is_due and not feed.had_event)]
        if is_due:
            for feed in feeds:
                feed.had_event = False
        return doubtful

    def _doubtful_desks(self, missed: Collection[str], *, is_due: bool) -> list[Desk]:
        """Return the connections that may lack a notification: all when the check `is_due`."""
        desks, hears = self._desks.values(), self._bus.hears
        return [desk for topic, desk in desks if is_due or topic in missed or not hears(topic)]

    async def _reread(self, topics: Collection[str] | None) -> None:
        """Read the open pages of these inboxes again, of all for None."""

        async def one(feed: InboxFeed) -> None:
            async with self._reads:
                await feed.reread(self.sessions)

        inboxes = list(self._inboxes.values())
        await asyncio.gather(*(one(feed) for feed, heard in inboxes if topics is None or heard.topic in topics))

    async def _checked(self, feeds: list[TopicFeed]) -> bool:
        """Compare positions with the database; what is missing goes out as ordinary events. False: it was away."""
        for first in range(0, len(feeds), IDS_PER_QUERY):
            some = feeds[first : first + IDS_PER_QUERY]
            try:
                last = await self.sessions.last_seqs([feed.conversation for feed in some])
            except Exception as error:
                log_failure(logger, "positions not checked", "position_check_failed", error)
                return False
            for number, feed in enumerate(some, 1):
                if feed.conversation in last:
                    feed.behind(*last[feed.conversation])
                if number % CHECKED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        return True

    async def _hear_again(self) -> None:
        """Subscribe what could not be subscribed. What was published until then has to be looked for."""
        hears = self._bus.hears
        feeds = [feed for feed in self._feeds.values() if not feed.is_subscribed and hears(feed.topic)]
        listenings = [listening for listening in self._unheard if hears(listening.topic)]
        await asyncio.gather(*(feed.subscribe() for feed in feeds), *(self.heard(one) for one in listenings))
        self._missed.update(feed.topic for feed in feeds if feed.is_subscribed)
        self._missed.update(listening.topic for listening in listenings if listening.subscription is not None)

    def _detach(self, feed: TopicFeed, watch: Watch) -> None:
        if feed.watches.get(watch.reader.id) is watch:
            del feed.watches[watch.reader.id]
        self._drop_unwatched(feed)

    def _drop_unwatched(self, feed: TopicFeed) -> None:
        if not feed.watches and self._feeds.get(feed.conversation) is feed:
            feed.close()
            del self._feeds[feed.conversation]
