"""The bus on Redis pub/sub: one connection that listens, one that publishes. Several servers would be several of these.

Anything may be lost here, and it is noticed: by the transport, or by a probe, which this process publishes to itself
again and again. A connection can look healthy to TCP and PING and yet deliver nothing, or lead to what has become a
replica, where a publish reaches nobody but the replica's own listeners.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from uuid import uuid4

from realtime.bus.commands import DemotedError, RedisAwayError, RedisCommands
from realtime.bus.fanout import Callbacks, LocalSubscription, confirmed, deliver
from realtime.bus.frame import BadFrameError, Frame, Kind, decode_frame, encode_frame
from realtime.bus.port import BusUnavailableError, Listener, OnMissed
from realtime.bus.redis_link import PubSubLink, RedisAddress

log = logging.getLogger(__name__)

PREFIX = "assistify:"
RESUBSCRIBE_BATCH = 512
"""Channels in one SUBSCRIBE: the next batch waits for the confirmation of the one before it."""

_PROBE = encode_frame(Frame(Kind.CONTROL, b"probe"))


def channel_of(topic: str) -> bytes:
    """Return the channel of a topic; scripts that publish use the same."""
    return f"{PREFIX}{topic}".encode()


@dataclass(slots=True, eq=False)
class Topic:
    """A topic with listeners, or one whose unsubscribe is due. `generation` grows whenever that changes."""

    name: str
    confirmed: asyncio.Future[None]
    subscriptions: list[LocalSubscription] = field(default_factory=list)
    generation: int = 0


class RedisBus:
    """Bus over one Redis server. `timeout_s` bounds every publish, subscribe and attempt to connect."""

    PUBLISH = "PUBLISH"

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 1.0,
        unsubscribe_after_s: float = 1.0,
        probe_after_s: float = 5.0,
        backoff_s: tuple[float, float] = (0.05, 2.0),
    ) -> None:
        self._address = RedisAddress.parse(url)
        self._commands = RedisCommands(url, timeout_s=timeout_s)
        self._timeout_s = timeout_s
        self._unsubscribe_after_s = unsubscribe_after_s
        self._probe_after_s = probe_after_s
        self._backoff_s = backoff_s
        self._topics: dict[bytes, Topic] = {}
        self._asked: list[tuple[bool, Topic]] = []  # of this loop turn: subscribe (true) or unsubscribe, in order
        self._callbacks = Callbacks()
        self._link: PubSubLink | None = None
        self._runner: asyncio.Task[None] | None = None
        self._probe_channel = channel_of(f"probe:{uuid4()}")
        self._echo: asyncio.Future[None] | None = None  # done by the next message, whichever it is
        self._is_listening = False
        self._probe_fails = False
        self._closed = False

    def hears(self, topic: str) -> bool:
        """Say whether all is well; there is only one part."""
        return self.healthy

    @property
    def healthy(self) -> bool:
        if self._closed:
            return False
        return self._runner is None or (self._is_listening and not self._probe_fails)

    @property
    def away(self) -> tuple[str, ...]:
        return () if self.healthy else ("bus",)

    async def publish(self, topic: str, frame: Frame) -> None:
        """Publish; frames of one loop turn share a round trip.

        Raises: BusUnavailableError.
        """
        try:
            await self._commands.execute(self.PUBLISH, channel_of(topic), encode_frame(frame))
        except RedisAwayError as error:
            raise BusUnavailableError(str(error)) from error

    async def subscribe(self, topic: str, listener: Listener) -> LocalSubscription:
        """Listen; see the port. The listener may be called before this returns, from the confirmation on."""
        if self._closed:
            raise BusUnavailableError("the bus is closed")
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        entry = self._topics.get(channel_of(topic))
        if entry is None:
            entry = Topic(topic, asyncio.get_running_loop().create_future())
            self._topics[channel_of(topic)] = entry
            self._ask(True, entry)
        subscription = LocalSubscription(topic, listener, self._on_close)
        entry.subscriptions.append(subscription)
        entry.generation += 1
        return await confirmed(subscription, entry.confirmed, self._timeout_s, "the server")

    def on_reconnect(self, callback: OnMissed) -> None:
        """Call back after a reconnect, and when the probe works again."""
        self._callbacks.add(callback)

    async def aclose(self) -> None:
        """Close all subscriptions and connections; idempotent."""
        self._closed = True
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        for entry in list(self._topics.values()):
            for subscription in tuple(entry.subscriptions):
                subscription.close()
            if not entry.confirmed.done():
                entry.confirmed.set_exception(BusUnavailableError("the bus is closed"))
                entry.confirmed.exception()  # perhaps nobody waits for it
        self._topics.clear()
        await self._commands.aclose()

    def _heard(self) -> list[str]:
        """Return the topics that somebody listens to: all of them come by the one connection."""
        return [entry.name for entry in self._topics.values() if entry.subscriptions]

    def _on_close(self, subscription: LocalSubscription) -> None:
        entry = self._topics[channel_of(subscription.topic)]
        entry.subscriptions.remove(subscription)
        if not entry.subscriptions and not self._closed:
            entry.generation += 1
            loop = asyncio.get_running_loop()
            loop.call_later(self._unsubscribe_after_s, self._drop, entry, entry.generation)

    def _drop(self, entry: Topic, generation: int) -> None:
        """Unsubscribe, unless somebody subscribed since."""
        if entry.generation == generation and not self._closed:
            del self._topics[channel_of(entry.name)]
            self._ask(False, entry)

    def _ask(self, wanted: bool, entry: Topic) -> None:
        """Put a request on the connection at the end of this loop turn; without one, the next asks for all topics."""
        if self._link is None:
            return
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._flush)
        self._asked.append((wanted, entry))

    def _flush(self) -> None:
        asked, self._asked = self._asked, []
        if self._link is None:
            return
        for wanted, group in groupby(asked, key=lambda request: request[0]):
            entries = [entry for _, entry in group]
            if wanted:
                self._send_subscribe(self._link, entries)
            else:
                self._link.unsubscribe([channel_of(entry.name) for entry in entries])

    def _send_subscribe(self, link: PubSubLink, entries: list[Topic]) -> asyncio.Future[None]:
        done = link.subscribe([channel_of(entry.name) for entry in entries])
        done.add_done_callback(partial(self._on_confirmed, link, entries))
        return done

    def _on_confirmed(self, link: PubSubLink, entries: list[Topic], done: asyncio.Future[None]) -> None:
        if done.cancelled() or done.exception() is not None or link is not self._link:
            return
        for entry in entries:
            if not entry.confirmed.done():
                entry.confirmed.set_result(None)

    def _on_message(self, channel: bytes, data: bytes) -> None:
        if self._echo is not None:
            self._echo.set_result(None)
            self._echo = None
        entry = self._topics.get(channel)
        if entry is None:
            return
        subscriptions = entry.subscriptions
        try:
            if len(subscriptions) == 1 and subscriptions[0].take(data):
                return
            frame = decode_frame(data)
        except BadFrameError as error:
            log.warning("bad frame on the bus: %s", error, extra={"action": "bus_bad_frame", "topic": entry.name})
        except Exception:
            log.exception("bus listener failed", extra={"action": "bus_listener_failed", "topic": entry.name})
        else:
            deliver(subscriptions, entry.name, frame)

    async def _run(self) -> None:
        """Keep a connection until cancelled."""
        failures = 0
        is_first = True
        while True:
            try:
                async with asyncio.timeout(self._timeout_s):
                    link = await self._connect()
                try:
                    await self._resubscribe(link)
                    failures = 0
                    if not is_first:
                        self._callbacks.call(self._heard())
                    is_first = False
                    await self._watch(link)
                finally:
                    self._lose(link)
            except (OSError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                log.warning("bus connection lost: %s", reason, extra={"action": "bus_connection_lost"})
            except Exception:
                log.exception("bus connection failed", extra={"action": "bus_connection_failed"})
            base, cap = self._backoff_s
            await asyncio.sleep(random.uniform(0, min(cap, base * 2**failures)))
            failures = min(failures + 1, 16)

    async def _connect(self) -> PubSubLink:
        return await PubSubLink.connect(self._address, self._on_message)

    async def _resubscribe(self, link: PubSubLink) -> None:
        """Ask for every topic, batch by batch; topics added meanwhile are asked for as usual."""
        self._link = link
        entries = list(self._topics.values())
        async with asyncio.timeout(self._timeout_s):
            await link.subscribe([self._probe_channel])
        for first in range(0, len(entries), RESUBSCRIBE_BATCH):
            batch = entries[first : first + RESUBSCRIBE_BATCH]
            # One that was dropped meanwhile has its UNSUBSCRIBE on the way already.
            batch = [entry for entry in batch if self._topics.get(channel_of(entry.name)) is entry]
            if batch:
                async with asyncio.timeout(self._timeout_s):
                    await self._send_subscribe(link, batch)
        self._is_listening = True

    def _lose(self, link: PubSubLink) -> None:
        link.abort()
        self._link = None
        self._is_listening = False
        self._asked.clear()
        for entry in self._topics.values():
            if entry.confirmed.done():
                entry.confirmed = asyncio.get_running_loop().create_future()

    async def _watch(self, link: PubSubLink) -> None:
        """Return or raise when the connection is lost; probe it in turn.

        Raises: TimeoutError when a probe was taken by the server and not delivered here; ConnectionResetError.
        """
        while not link.lost.done():
            if not self._probe_fails:
                await asyncio.wait([link.lost], timeout=self._probe_after_s)
            if not link.lost.done():
                await self._probe(link)
        raise ConnectionResetError("the connection was closed")

    async def _probe(self, link: PubSubLink) -> None:
        echo = self._echo = asyncio.get_running_loop().create_future()
        try:
            await self._send_probe(self._probe_channel, _PROBE)
        except DemotedError:
            self._probe_fails = True
            raise ConnectionResetError("the server is a replica now") from None
        except RedisAwayError:
            self._probe_fails = True
            await asyncio.wait([link.lost], timeout=min(1.0, self._probe_after_s))
            return
        await asyncio.wait([echo, link.lost], timeout=self._probe_after_s, return_when=asyncio.FIRST_COMPLETED)
        if link.lost.done():
            return
        if not echo.done():
            self._probe_fails = True
            raise TimeoutError("the server takes publishes and delivers nothing")
        if self._probe_fails:
            self._probe_fails = False
            self._callbacks.call(self._heard())

    async def _send_probe(self, channel: bytes, data: bytes) -> None:
        """Publish, as everybody does, behind a write that changes nothing: a replica takes the one, not the other."""
        await self._commands.execute("PEXPIRE", channel, 1)
        await self._commands.execute(self.PUBLISH, channel, data)
