"""The live reply on Redis. The scripts do the work; here is what goes in and what comes out."""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from realtime.bus.cluster_commands import open_commands
from realtime.bus.cluster_map import is_cluster
from realtime.bus.commands import Argument, RedisAwayError, Script
from realtime.bus.frame import Frame, encode_frame
from realtime.bus.port import Bus, BusUnavailableError
from realtime.bus.redis import PREFIX, channel_of
from realtime.bus.topic import conversation_topic
from realtime.live_reply import scripts
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
    slice_from,
)
from realtime.protocol.events import ReplyDelta, ReplyStarted, delta_frame, started_frame

log = logging.getLogger(__name__)

CLOCKS_KEPT = 4096


def record_key(conversation: UUID) -> str:
    """Return the key of a conversation's record, in the slot of its topic."""
    return f"{PREFIX}live:{{{conversation}}}"


class RedisLiveReply:
    """LiveReply on a Redis server or cluster. `timeout_s` bounds every method.

    After LiveReplyUnavailableError the step may or may not have been carried out: every method bears being called
    again. An append is not carried out any more then, by the server's own clock. The steps publish on the server's own
    pub/sub, where the bus listens; with `bus` they go out there, after the step.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.5, ttl_s: float = TTL_S, bus: Bus | None = None) -> None:
        self._commands = open_commands(url, timeout_s=timeout_s)
        self._bus = bus
        on_the_server = "SPUBLISH" if is_cluster(url) else "PUBLISH"
        self._steps = scripts.Steps.publishing("" if bus is not None else on_the_server)
        self._ttl_ms = int(ttl_s * 1000)
        self._timeout_ms = int(timeout_s * 1000)
        self._clocks: dict[UUID, tuple[int, float]] = {}  # by conversation: its server's time (ms), and ours then (s)

    async def begin(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, text: str = "", ids: Sequence[int] = ()
    ) -> Begun:
        """Create or adopt the record; see the port."""
        started = ReplyStarted(conversation=conversation, message=message, epoch=epoch)
        frame = started_frame(started, attempt)
        owner = (message.bytes, epoch, attempt)
        known = (text.encode(), _pack_ids(ids))
        answer = await self._run(self._steps.begin, conversation, *owner, *known, encode_frame(frame), self._ttl_ms)
        self._set_clock(conversation, answer[3])
        await self._publish(conversation, frame, is_due=answer[2])
        return Begun(answer[0].decode(), _unpack_ids(answer[1]), len(answer[0]))

    async def append(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, start: int, text: str, ids: Sequence[int]
    ) -> int:
        """Append and publish; see the port."""
        if not text:
            raise ValueError("an append carries text")
        data = text.encode()
        end = start + len(data)
        delta = ReplyDelta(conversation=conversation, message=message, epoch=epoch, start=start, end=end, text=text)
        frame = delta_frame(delta, attempt)
        change = (message.bytes, epoch, attempt, start, data, _pack_ids(ids), encode_frame(frame))
        last = self._last_moment(conversation)
        answer = await self._run(self._steps.append, conversation, *change, self._ttl_ms, last)
        self._set_clock(conversation, answer[2])
        await self._publish(conversation, frame, is_due=answer[1])
        return int(answer[0])

    async def cut(self, conversation: UUID, epoch: int, cut_id: UUID, *, message: UUID | None = None) -> CutText | None:
        """Write the fence; see the port."""
        stopped = b"" if message is None else message.bytes
        answer = await self._run(scripts.CUT, conversation, epoch, cut_id.bytes, stopped, self._ttl_ms, STOPS_KEPT)
        if not answer:
            return None
        return CutText(UUID(bytes=answer[0]), answer[1].decode(), _unpack_ids(answer[2]))

    async def uncut(self, conversation: UUID, cut_id: UUID) -> bool:
        """Take the fence back; see the port."""
        was_stored: int = (await self._call(scripts.UNCUT, conversation, cut_id.bytes))[0]
        return was_stored == 1

    async def ask(self, conversation: UUID, message: UUID, frame: Frame | None) -> Asked:
        """Publish behind the reply; see the port."""
        data = b"" if frame is None else encode_frame(frame)
        listeners, is_whole = await self._run(self._steps.ask, conversation, message.bytes, data)
        if frame is not None:
            await self._publish(conversation, frame, is_due=1)
        return Asked(None if listeners < 0 else listeners, is_whole=is_whole == 1)

    async def finish(self, conversation: UUID, message: UUID, epoch: int, attempt: int) -> None:
        """Hide the ended reply; see the port."""
        self._clocks.pop(conversation, None)
        await self._run(scripts.FINISH, conversation, message.bytes, epoch, attempt)

    async def read(self, conversation: UUID, start: int = 0) -> LiveText | None:
        """Return the reply in progress; see the port."""
        fields = ("m", "e", "a", "t", "i", "f", "fe", "s")
        try:
            answer = await self._commands.execute("HMGET", record_key(conversation), *fields)
        except RedisAwayError as error:
            raise LiveReplyUnavailableError(str(error)) from error
        message, epoch, attempt, data, ids, finished, fence_epoch, stops = answer
        if message is None or finished is not None:
            return None
        is_cut = (fence_epoch is not None and int(epoch) < int(fence_epoch)) or message in _stopped(stops or b"")
        start, text = slice_from(data.decode(), start)
        return LiveText(
            message=UUID(bytes=message),
            epoch=int(epoch),
            attempt=int(attempt),
            start=start,
            end=len(data),
            text=text,
            ids=_unpack_ids(ids),
            cut=is_cut,
        )

    async def aclose(self) -> None:
        """Close the connection; idempotent."""
        await self._commands.aclose()

    def _set_clock(self, conversation: UUID, server_ms: int) -> None:
        if len(self._clocks) >= CLOCKS_KEPT:
            self._clocks.clear()
        self._clocks[conversation] = (server_ms, time.monotonic())

    def _last_moment(self, conversation: UUID) -> int:
        """Return when a step sent now is given up here, in the server's time (ms); 0 while that is not known."""
        known = self._clocks.get(conversation)
        if known is None:
            return 0
        server_ms, then = known
        return server_ms + int((time.monotonic() - then) * 1000) + self._timeout_ms

    async def _publish(self, conversation: UUID, frame: Frame, *, is_due: int) -> None:
        """Send what a step changed, on a bus that the server does not know. Whoever misses it reads the record."""
        if self._bus is not None and is_due:
            try:
                await self._bus.publish(conversation_topic(conversation), frame)
            except BusUnavailableError:
                log.debug("live frame not published, the bus is away", extra={"action": "publish_failed"})

    async def _run(self, script: Script, conversation: UUID, *arguments: Argument) -> list[Any]:
        """Run a script and return what follows its status.

        Raises: UnknownReplyError, FencedError, LiveReplyUnavailableError.
        """
        status, *answer = await self._call(script, conversation, *arguments)
        if status == scripts.UNKNOWN:
            raise UnknownReplyError("the record is missing, of an older owner, or does not join on")
        if status == scripts.FENCED:
            epoch, cut_id = answer
            if cut_id:
                raise FencedError("a cut stands over the reply", epoch=epoch, cut_id=UUID(bytes=cut_id))
            raise FencedError("the reply has a newer owner", epoch=epoch, cut_id=None)
        return answer

    async def _call(self, script: Script, conversation: UUID, *arguments: Argument) -> list[Any]:
        keys = (record_key(conversation), channel_of(conversation_topic(conversation)))
        try:
            answer: list[Any] = await self._commands.run(script, keys, arguments)
        except RedisAwayError as error:
            raise LiveReplyUnavailableError(str(error)) from error
        return answer


def _pack_ids(ids: Sequence[int]) -> bytes:
    return struct.pack(f">{len(ids)}I", *ids)


def _unpack_ids(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 4}I", data)


def _stopped(stops: bytes) -> list[bytes]:
    return [stops[at : at + 16] for at in range(0, len(stops), 32)]
