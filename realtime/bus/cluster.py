"""The bus on a Redis Cluster: a topic is heard at the node that owns its slot, and follows the slot when it moves.

Every shard is a bus of its own, with its own connection, probe and backoff; one that is away takes the others' topics
with it in nothing. Whenever topics had to move, frames may have been missed, and the reconnect callbacks say so.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

from realtime.bus.cluster_commands import ClusterCommands
from realtime.bus.cluster_map import Node, slot_of
from realtime.bus.commands import RedisAwayError
from realtime.bus.fanout import Callbacks, LocalSubscription, confirmed, deliver
from realtime.bus.frame import Frame, encode_frame
from realtime.bus.port import BusUnavailableError, Listener, OnMissed, Subscription
from realtime.bus.redis import channel_of
from realtime.bus.shard import ShardBus, TopicMovedError

log = logging.getLogger(__name__)

REFRESH_S = 15.0
"""The map is read so often without cause: a failover that somebody ordered makes no noise."""

REFRESH_AWAY_S = 0.5
"""And so often while a shard is away: its replica may have taken over."""

CALL_BACK_S = 0.05
"""Topics that settle within this time are reported together."""


@dataclass(slots=True, eq=False)
class _Topic:
    """A topic with listeners; `home` is its subscription at the node that owns it."""

    name: str
    confirmed: asyncio.Future[None]
    subscriptions: list[LocalSubscription] = field(default_factory=list)
    home: Subscription | None = None
    node: Node | None = None
    settling: asyncio.Task[None] | None = None

    def __call__(self, topic: str, frame: Frame) -> None:
        deliver(self.subscriptions, topic, frame)

    def take(self, data: bytes) -> bool:
        """Let a listener that is alone take the frame as it came."""
        return len(self.subscriptions) == 1 and self.subscriptions[0].take(data)


class ClusterBus:
    """Bus over a Redis Cluster (Redis 7 or newer). `timeout_s` bounds every publish and subscribe."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 1.0,
        unsubscribe_after_s: float = 1.0,
        probe_after_s: float = 5.0,
        backoff_s: tuple[float, float] = (0.05, 2.0),
    ) -> None:
        self._commands = ClusterCommands(url, timeout_s=timeout_s)
        self._topology = self._commands.topology
        self._topology.on_change = self._look_again
        self._timeout_s = timeout_s
        self._options: dict[str, Any] = {
            "timeout_s": timeout_s,
            "unsubscribe_after_s": unsubscribe_after_s,
            "probe_after_s": probe_after_s,
            "backoff_s": backoff_s,
        }
        self._shards: dict[Node, ShardBus] = {}
        self._topics: dict[str, _Topic] = {}
        self._callbacks = Callbacks()
        self._missed: set[str] = set()  # topics to be reported; while there are some, a call is due
        self._changed = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def hears(self, topic: str) -> bool:
        """Say whether the topic's own shard is heard; a topic that looks for its new home is not."""
        if self._closed or self._topology.known is None:
            return not self._closed and self._watcher is None
        entry = self._topics.get(topic)
        if entry is not None and entry.confirmed.done() and entry.home is None:
            return False
        node = entry.node if entry is not None else None
        node = node or self._topology.known.owner(slot_of(channel_of(topic)))
        shard = None if node is None else self._shards.get(node)
        return node is not None and (shard is None or shard.healthy)

    @property
    def healthy(self) -> bool:
        return not self._closed and not self.away

    @property
    def away(self) -> tuple[str, ...]:
        """The shards that cannot be heard now, by address; all of the bus while no node can be asked for the map."""
        if self._watcher is not None and self._topology.known is None:
            return ("bus",)
        return tuple(f"bus shard {node}" for node, shard in sorted(self._shards.items()) if not shard.healthy)

    async def publish(self, topic: str, frame: Frame) -> None:
        """Publish at the node that owns the topic; frames of one loop turn share a round trip per node.

        Raises: BusUnavailableError.
        """
        try:
            await self._commands.execute("SPUBLISH", channel_of(topic), encode_frame(frame))
        except RedisAwayError as error:
            raise BusUnavailableError(str(error)) from error

    async def subscribe(self, topic: str, listener: Listener) -> LocalSubscription:
        """Listen; see the port. The listener may be called before this returns, from the confirmation on."""
        if self._closed:
            raise BusUnavailableError("the bus is closed")
        if self._watcher is None:
            self._watcher = self._start(self._watch())
        entry = self._topics.get(topic)
        if entry is None:
            entry = self._topics[topic] = _Topic(topic, asyncio.get_running_loop().create_future())
            self._settle_soon(entry)
        subscription = LocalSubscription(topic, listener, self._on_close)
        entry.subscriptions.append(subscription)
        return await confirmed(subscription, entry.confirmed, self._timeout_s, "the cluster")

    def on_reconnect(self, callback: OnMissed) -> None:
        """Call back after a shard was away or topics moved, with these topics alone."""
        self._callbacks.add(callback)

    async def aclose(self) -> None:
        """Close all subscriptions and connections; idempotent."""
        self._closed = True
        for entry in tuple(self._topics.values()):
            for subscription in tuple(entry.subscriptions):
                subscription.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for shard in self._shards.values():
            await shard.aclose()
        await self._commands.aclose()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_close(self, subscription: LocalSubscription) -> None:
        entry = self._topics[subscription.topic]
        entry.subscriptions.remove(subscription)
        if entry.subscriptions:
            return
        del self._topics[entry.name]
        if entry.settling is not None:
            entry.settling.cancel()
        if entry.home is not None:
            entry.home.close()  # the shard waits a while before it unsubscribes
        if not entry.confirmed.done():
            entry.confirmed.set_exception(BusUnavailableError("nobody listens any more"))
            entry.confirmed.exception()  # nobody needs to look at it

    def _settle_soon(self, entry: _Topic) -> None:
        if entry.settling is None:
            entry.settling = self._start(self._settle(entry))

    async def _settle(self, entry: _Topic) -> None:
        """Subscribe to a topic where its slot is, however often that takes."""
        had_home = entry.confirmed.done()
        try:
            while True:
                try:
                    node = await self._topology.owner(slot_of(channel_of(entry.name)))
                    entry.home = await self._shard(node).subscribe(entry.name, entry)
                    entry.node = node
                    break
                except TopicMovedError:
                    self._topology.refresh_soon()
                except (BusUnavailableError, RedisAwayError):
                    self._topology.refresh_soon()
                    await asyncio.sleep(random.uniform(0, self._timeout_s))
                await asyncio.sleep(random.uniform(0, REFRESH_AWAY_S / 5))
        finally:
            entry.settling = None
        if not entry.confirmed.done():
            entry.confirmed.set_result(None)
        if had_home:
            self._call_back_soon((entry.name,))
        self._look_again()  # the slot may have moved while the node was being asked

    def _shard(self, node: Node) -> ShardBus:
        known = self._shards.get(node)
        if known is None:
            known = ShardBus(
                self._topology.url.of(node),
                slots=lambda: self._topology.known.slots(node) if self._topology.known else (),
                on_moved=self._on_moved,
                **self._options,
            )
            known.on_reconnect(self._call_back_soon)
            self._shards[node] = known
        return known

    def _on_moved(self, topic: str | None) -> None:
        """A node lost a slot: its topics look for their new home."""
        self._topology.refresh_soon()
        entry = self._topics.get(topic) if topic is not None else None
        if entry is not None and entry.home is not None:
            entry.home = entry.node = None
            self._settle_soon(entry)

    def _look_again(self) -> None:
        self._changed.set()

    async def _watch(self) -> None:
        """Move topics whenever the map changed, and read it again in time."""
        while True:
            try:
                async with asyncio.timeout(REFRESH_AWAY_S if self.away else REFRESH_S * random.uniform(0.5, 1)):
                    await self._changed.wait()
            except TimeoutError:
                self._topology.refresh_soon()
                continue
            self._changed.clear()
            await self._move()

    async def _move(self) -> None:
        """Take topics to the nodes that own them now, and close shards that own nothing."""
        slots = self._topology.known
        if slots is None:
            return
        for entry in tuple(self._topics.values()):
            owner = slots.owner(slot_of(channel_of(entry.name)))
            if entry.home is not None and owner is not None and owner != entry.node:
                entry.home.close()
                entry.home = entry.node = None
                self._settle_soon(entry)
        owners = slots.nodes
        for node in [node for node, shard in self._shards.items() if node not in owners and shard.is_idle]:
            await self._shards.pop(node).aclose()

    def _call_back_soon(self, topics: Collection[str]) -> None:
        if topics and not self._missed and not self._closed:
            asyncio.get_running_loop().call_later(CALL_BACK_S, self._call_back)
        self._missed.update(topics)

    def _call_back(self) -> None:
        missed, self._missed = self._missed, set()
        self._callbacks.call(missed)
