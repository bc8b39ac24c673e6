"""Sharded pub/sub at one node of a Redis Cluster: a channel is heard at the node that owns its slot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import hiredis
from redis.exceptions import ClusterDownError, MovedError

from realtime.bus.cluster_map import slot_of
from realtime.bus.commands import RedisAwayError
from realtime.bus.redis import RedisBus, Topic, channel_of
from realtime.bus.redis_link import PubSubLink, Request, pack


class TopicMovedError(ConnectionError):
    """The node does not own the topic's slot, or no longer."""


@dataclass(slots=True)
class _Batch(Request):
    """Requests of one turn. The answer to the PING behind them says that all of theirs have come."""

    token: bytes
    channels: frozenset[bytes]


class ShardLink(PubSubLink):
    """A connection for sharded channels; it knows which of them the server `held` to it."""

    MESSAGE = b"smessage"

    def __init__(self, on_message: Callable[[bytes, bytes], None]) -> None:
        super().__init__(on_message)
        self.held: set[bytes] = set()
        self.on_lost: Callable[[bytes], None] = _ignore
        self._tokens = count()

    def _request(self, kind: bytes, channels: Sequence[bytes]) -> asyncio.Future[None]:
        """Ask for channels of any slots: one command takes those of one slot, but one write takes many commands."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.lost.done():
            done.set_exception(ConnectionResetError("the connection is lost"))
            return done
        by_slot: dict[int, list[bytes]] = {}
        for channel in channels:
            by_slot.setdefault(slot_of(channel), []).append(channel)
        token = b"%d" % next(self._tokens)
        self._requests.append(_Batch(kind, len(channels), done, token, frozenset(channels)))
        commands = [pack([b"S" + kind, *group]) for group in by_slot.values()]
        self._write(b"".join([*commands, pack([b"PING", token])]))
        return done

    def _take(self, reply: Any) -> None:
        batch = self._requests[0] if self._requests else None
        if not isinstance(batch, _Batch):
            batch = None
        if isinstance(reply, list) and reply and reply[0] == b"ssubscribe":
            self.held.add(reply[1])
        elif isinstance(reply, list) and reply and reply[0] == b"sunsubscribe":
            self.held.discard(reply[1])
            if batch is None or batch.kind != b"UNSUBSCRIBE" or reply[1] not in batch.channels:
                self.on_lost(reply[1])  # its slot moved
        elif batch is None:
            super()._take(reply)
        elif isinstance(reply, hiredis.ReplyError):
            if not str(reply).startswith("MOVED "):  # the channels of that slot are not held, which is enough
                raise ConnectionRefusedError(str(reply))
        elif reply in (batch.token, [b"pong", batch.token]):
            self._requests.popleft()
            if not batch.done.done():
                batch.done.set_result(None)
        else:
            super()._take(reply)


class ShardBus(RedisBus):
    """The pub/sub of one node. `slots` are those it owns, as far as is known; `on_moved` is told what it lost."""

    PUBLISH = "SPUBLISH"

    def __init__(
        self, url: str, *, slots: Callable[[], Collection[int]], on_moved: Callable[[str | None], None], **options: Any
    ) -> None:
        super().__init__(url, **options)
        self._slots = slots
        self._on_moved = on_moved

    @property
    def is_idle(self) -> bool:
        """Whether nobody listens to anything here."""
        return not self._topics

    async def _connect(self) -> PubSubLink:
        link = await ShardLink.connect(self._address, self._on_message)
        link.on_lost = self._move_away
        return link

    async def _resubscribe(self, link: PubSubLink) -> None:
        self._probe_channel = _channel_in(self._slots())
        await super()._resubscribe(link)

    async def _send_probe(self, channel: bytes, data: bytes) -> None:
        try:
            await super()._send_probe(channel, data)
        except MovedError:
            self._on_moved(None)
            raise ConnectionResetError("the slot of the probe moved") from None
        except ClusterDownError as error:
            raise RedisAwayError("the cluster is down") from error

    def _on_confirmed(self, link: PubSubLink, entries: list[Topic], done: asyncio.Future[None]) -> None:
        if done.cancelled() or done.exception() is not None or link is not self._link:
            return
        held = link.held if isinstance(link, ShardLink) else frozenset()
        super()._on_confirmed(link, [entry for entry in entries if channel_of(entry.name) in held], done)
        for entry in entries:
            channel = channel_of(entry.name)
            if channel not in held and self._topics.get(channel) is entry:
                self._move_away(channel)

    def _move_away(self, channel: bytes) -> None:
        """Let go of a topic that this node has not: whoever waits for it, and whoever had it, goes elsewhere."""
        if channel == self._probe_channel:
            if self._link is not None:
                self._link.abort()
            self._on_moved(None)
        entry = self._topics.pop(channel, None)
        if entry is None:
            return
        entry.generation += 1
        for subscription in entry.subscriptions:
            subscription.closed = True
        if not entry.confirmed.done():
            entry.confirmed.set_exception(TopicMovedError("the topic is at another node"))
            entry.confirmed.exception()  # perhaps nobody waits for it
        self._on_moved(entry.name)


def _channel_in(slots: Collection[int]) -> bytes:
    """Return a channel of our own in one of the slots; in any when there are none."""
    mine = uuid4()
    for number in count():
        channel = channel_of(f"probe:{{{mine}:{number}}}")
        if not slots or slot_of(channel) in slots:
            return channel
    raise AssertionError("unreachable: counting has no end")


def _ignore(channel: bytes) -> None:
    """Nobody wants to know."""
