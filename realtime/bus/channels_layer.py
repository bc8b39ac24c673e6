"""The bus on a Django Channels layer, so that Django processes and ours hear each other through what Django has.

A topic is a group of the layer, a frame one message of the group; `group_of`, `message_of` and `frame_of` are what a
Django process needs. Layers promise no order and drop over capacity: readers rely on `seq` and on `from`/`to`, and what
is lost is read from the log, as on every bus. No layer tells whether a group was joined or forgotten (after FLUSHALL),
so a subscription is confirmed by a mark that went through its group, and a group of our own is probed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from realtime.bus.fanout import Callbacks, LocalSubscription, confirmed, deliver
from realtime.bus.frame import BadFrameError, Frame, decode_frame, encode_frame
from realtime.bus.port import BusUnavailableError, Listener, OnMissed

log = logging.getLogger(__name__)

MESSAGE_TYPE = "assistify.frame"
"""Of every message; Channels calls the method `assistify_frame` of a consumer in the group."""

MARK_AGAIN_S = 0.1
SENDS = 32
"""Messages on their way to the layer at the same time: each of them takes a connection, and pools are bounded."""

RENEW_AFTER_S = 3600.0
"""Groups are joined anew so often: layers forget members after a day by default."""

_TOPIC = re.compile(r"[A-Za-z0-9_:{}-]+")


class ChannelLayer(Protocol):
    """What the bus needs of a Channels layer: the groups extension of its specification."""

    async def new_channel(self, prefix: str = ...) -> str: ...
    async def receive(self, channel: str) -> Mapping[str, Any]: ...
    async def group_add(self, group: str, channel: str) -> None: ...
    async def group_discard(self, group: str, channel: str) -> None: ...
    async def group_send(self, group: str, message: dict[str, Any]) -> None: ...


def group_of(topic: str) -> str:
    """Return the group of a topic: layers allow letters, digits, hyphens, underscores and periods alone.

    Raises: ValueError for a topic that is made of anything else than `realtime.bus.topic` makes them of.
    """
    if not _TOPIC.fullmatch(topic):
        raise ValueError(f"no group has the name of the topic {topic!r}")
    return "assistify." + topic.replace("{", "").replace("}", "").replace(":", ".")


def message_of(topic: str, frame: Frame) -> dict[str, Any]:
    """Return the message that brings a frame to everybody in the topic's group."""
    return {"type": MESSAGE_TYPE, "topic": topic, "frame": encode_frame(frame)}


def frame_of(message: Mapping[str, Any]) -> Frame | None:
    """Return the frame in a message of a group; None for a mark, by which a process knows that it has joined.

    Raises: BadFrameError.
    """
    return decode_frame(message["frame"]) if message["frame"] else None


@dataclass(slots=True, eq=False)
class _Topic:
    """A topic with listeners, or one whose group is about to be left. `generation` grows whenever that changes."""

    name: str
    subscriptions: list[LocalSubscription] = field(default_factory=list)
    joining: asyncio.Task[None] | None = None
    generation: int = 0


class ChannelsLayerBus:
    """Bus over a Channels layer. `timeout_s` bounds every publish and subscribe; `close` closes the layer itself."""

    def __init__(
        self,
        layer: ChannelLayer,
        *,
        timeout_s: float = 1.0,
        unsubscribe_after_s: float = 1.0,
        probe_after_s: float = 5.0,
        close: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._layer = layer
        self._timeout_s = timeout_s
        self._unsubscribe_after_s = unsubscribe_after_s
        self._probe_after_s = probe_after_s
        self._close = close
        self._topics: dict[str, _Topic] = {}
        self._marks: dict[str, asyncio.Event] = {}
        self._callbacks = Callbacks()
        self._probe_group = group_of(f"probe:{uuid4()}")
        self._channel: asyncio.Future[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._membership = asyncio.Lock()  # a group is never joined and left at the same time
        self._sends = asyncio.Semaphore(SENDS)
        self._is_heard = True
        self._closed = False

    def hears(self, topic: str) -> bool:
        """Say whether all is well; there is only one part."""
        return self.healthy

    @property
    def healthy(self) -> bool:
        return self._is_heard and not self._closed

    @property
    def away(self) -> tuple[str, ...]:
        return () if self.healthy else ("bus",)

    async def publish(self, topic: str, frame: Frame) -> None:
        """Send to the topic's group; see the port."""
        if self._closed:
            raise BusUnavailableError("the bus is closed")
        await self._send(group_of(topic), message_of(topic, frame))

    async def subscribe(self, topic: str, listener: Listener) -> LocalSubscription:
        """Listen; see the port. The listener may be called before this returns, once the group is joined."""
        if self._closed:
            raise BusUnavailableError("the bus is closed")
        if self._channel is None:
            self._channel = asyncio.get_running_loop().create_future()
            self._start(self._receive())
            self._start(self._watch())
        group = group_of(topic)
        entry = self._topics.get(group)
        if entry is None:
            entry = self._topics[group] = _Topic(topic)
        subscription = LocalSubscription(topic, listener, self._on_close)
        entry.subscriptions.append(subscription)
        entry.generation += 1
        if entry.joining is None or (entry.joining.done() and entry.joining.exception() is not None):
            entry.joining = self._start(self._join(group, topic))
        return await confirmed(subscription, entry.joining, self._timeout_s, "the layer")

    def on_reconnect(self, callback: OnMissed) -> None:
        """Call back when the layer brings again what it did not bring for a while."""
        self._callbacks.add(callback)

    async def aclose(self) -> None:
        """Leave all groups and stop; idempotent."""
        if self._closed:
            return
        self._closed = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for entry in self._topics.values():
            for subscription in tuple(entry.subscriptions):
                subscription.close()
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._channel is not None and self._channel.done() and not self._channel.cancelled():
                    for group in (*self._topics, self._probe_group):
                        await self._layer.group_discard(group, self._channel.result())
                if self._close is not None:
                    await self._close()
        except Exception as error:  # the layer forgets us by itself, after a day at the latest
            self._report("bus not left", "bus_close_failed", error)
        self._topics.clear()

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits for it has it, and what stands behind it is logged where it happens

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s), self._sends:
                await self._layer.group_send(group, message)
        except Exception as error:  # every layer has its own way to say that its server is away
            raise BusUnavailableError(f"the layer is away: {type(error).__name__}") from error

    async def _join(self, group: str, topic: str) -> None:
        """Join a group and hear a mark through it.

        Raises: BusUnavailableError.
        """
        assert self._channel is not None  # the first subscription started it
        channel = await asyncio.shield(self._channel)
        async with self._membership:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._layer.group_add(group, channel)
            except Exception as error:
                raise BusUnavailableError(f"the layer is away: {type(error).__name__}") from error
        if not await self._hears(group, topic):
            raise BusUnavailableError("the layer takes messages and brings none")

    async def _hears(self, group: str, topic: str) -> bool:
        """Send marks through a group until one arrives; false when none does in time."""
        mark = uuid4().hex
        arrived = self._marks[mark] = asyncio.Event()
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            while not arrived.is_set() and (left_s := deadline - asyncio.get_running_loop().time()) > 0:
                await self._send(group, {"type": MESSAGE_TYPE, "topic": topic, "frame": b"", "mark": mark})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(MARK_AGAIN_S, left_s)):
                        await arrived.wait()
        except BusUnavailableError:
            return False
        finally:
            del self._marks[mark]
        return arrived.is_set()

    def _on_close(self, subscription: LocalSubscription) -> None:
        entry = self._topics[group_of(subscription.topic)]
        entry.subscriptions.remove(subscription)
        if not entry.subscriptions and not self._closed:
            entry.generation += 1
            loop = asyncio.get_running_loop()
            loop.call_later(self._unsubscribe_after_s, self._drop, entry, entry.generation)

    def _drop(self, entry: _Topic, generation: int) -> None:
        if entry.generation == generation and not self._closed:
            self._start(self._leave(entry, generation))

    async def _leave(self, entry: _Topic, generation: int) -> None:
        """Leave the group, unless somebody subscribed since."""
        group = group_of(entry.name)
        async with self._membership:
            if entry.generation != generation or self._channel is None or not self._channel.done():
                return
            del self._topics[group]
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._layer.group_discard(group, self._channel.result())
            except Exception as error:  # what still comes of it finds no listener
                self._report("group not left", "bus_leave_failed", error)

    async def _receive(self) -> None:
        """Hand out what the layer brings, until cancelled. The layer is never hurried: a cancelled receive loses."""
        assert self._channel is not None
        while True:
            try:
                if not self._channel.done():
                    self._channel.set_result(await self._layer.new_channel("assistify"))
                self._on_message(await self._layer.receive(self._channel.result()))
            except Exception as error:
                self._is_heard = False
                self._report("the layer does not bring messages", "bus_connection_lost", error)
                await asyncio.sleep(random.uniform(0, self._timeout_s))

    def _on_message(self, message: Mapping[str, Any]) -> None:
        mark = self._marks.get(message.get("mark", ""))
        if mark is not None:
            mark.set()
        try:
            frame, topic = frame_of(message), message["topic"]
        except (BadFrameError, KeyError, TypeError) as error:
            log.warning("bad frame on the bus: %s", error, extra={"action": "bus_bad_frame"})
            return
        entry = self._topics.get(group_of(topic))
        if frame is not None and entry is not None:
            deliver(entry.subscriptions, entry.name, frame)

    async def _watch(self) -> None:
        """Probe until cancelled. After silence every group is joined again: the layer may have forgotten all."""
        assert self._channel is not None
        channel = await asyncio.shield(self._channel)
        joined_at = float("-inf")
        loop = asyncio.get_running_loop()
        while True:
            if not self._is_heard or loop.time() - joined_at > RENEW_AFTER_S:
                joined_at = loop.time() if await self._join_all(channel) else joined_at
            was_heard, self._is_heard = self._is_heard, await self._hears(self._probe_group, "probe")
            if self._is_heard and not was_heard:
                self._callbacks.call([entry.name for entry in self._topics.values() if entry.subscriptions])
            elif was_heard and not self._is_heard:
                log.warning("the layer does not bring a probe", extra={"action": "bus_probe_failed"})
            pause_s = self._probe_after_s if self._is_heard else min(MARK_AGAIN_S, self._probe_after_s)
            await asyncio.sleep(pause_s)

    async def _join_all(self, channel: str) -> bool:
        try:
            for group in (self._probe_group, *self._topics):
                async with self._membership, asyncio.timeout(self._timeout_s):
                    if group in self._topics or group == self._probe_group:
                        await self._layer.group_add(group, channel)
        except Exception as error:
            self._report("groups not joined", "bus_join_failed", error)
            return False
        return True

    def _report(self, what: str, action: str, error: Exception) -> None:
        log.warning("%s: %s", what, type(error).__name__, extra={"action": action})
