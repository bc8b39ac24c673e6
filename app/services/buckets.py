"""Token buckets: so many at once and per minute on average. In Redis when there is one, so that all processes share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from realtime.bus.cluster_commands import open_commands
from realtime.bus.cluster_map import is_cluster
from realtime.bus.commands import RedisAwayError, Script
from realtime.bus.redis import PREFIX
from realtime.protocol.connection import TokenBucket

MINUTE_S = 60.0
AWAY_S = 5.0  # after a failure Redis is not asked for so long: a frozen server must not slow every command down

log = structlog.get_logger(__name__)

# KEYS: tokens and their time, of each bucket. ARGV: per minute, of each. Takes from one after the other, up to the
# first that is empty; answers the milliseconds to wait for it, 0 when all had one.
_TAKE = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for number, key in ipairs(KEYS) do
  local most = tonumber(ARGV[number])
  local tokens, at = unpack(redis.call('HMGET', key, 'tokens', 'at'))
  tokens = math.min(most, tonumber(tokens or most) + math.max(0, now - tonumber(at or now)) * most / 60000)
  local wait = 0
  if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 60000 / most) end
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', now)
  redis.call('PEXPIRE', key, 60000)
  if wait > 0 then return wait end
end
return 0
""")


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted, whose it is, and how much of it there is in a minute."""

    what: str
    whose: str
    per_minute: int


class Buckets(Protocol):
    """The buckets of everybody."""

    async def take(self, *buckets: Bucket) -> int | None:
        """Take one from each, in order, up to the first that is empty; return how many milliseconds to wait for it.

        The narrowest comes first: who has used up their own takes nothing from what they share with others.
        """


class MemoryBuckets:
    """The buckets of a single process."""

    def __init__(self) -> None:
        self._buckets: dict[Bucket, TokenBucket] = {}
        self._loop = asyncio.get_running_loop()
        self._next_sweep = self._loop.time() + MINUTE_S

    async def take(self, *buckets: Bucket) -> int | None:
        """See the port."""
        now = self._loop.time()
        self._sweep(now)
        for bucket in buckets:
            most = bucket.per_minute
            wait_s = self._buckets.setdefault(bucket, TokenBucket(most, most, now)).take(now)
            if wait_s:
                return int(wait_s * 1000) + 1
        return None

    async def aclose(self) -> None:
        """Forget everything."""
        self._buckets.clear()

    def _sweep(self, now: float) -> None:
        """Once a minute, drop the buckets that are full again."""
        if now >= self._next_sweep:
            self._next_sweep = now + MINUTE_S
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.at > now - MINUTE_S}


class RedisBuckets:
    """Buckets on a Redis server or cluster; while it is away, each process counts for itself."""

    def __init__(self, url: str, *, timeout_s: float = 0.25) -> None:
        self._commands = open_commands(url, timeout_s=timeout_s)
        self._is_cluster = is_cluster(url)  # whose nodes have a bucket each, so that there is a call for each
        self._own = MemoryBuckets()
        self._loop = asyncio.get_running_loop()
        self._away_until = 0.0

    async def take(self, *buckets: Bucket) -> int | None:
        """See the port."""
        at_once = 1 if self._is_cluster else max(1, len(buckets))
        for number in range(0, len(buckets), at_once):
            if self._loop.time() < self._away_until:
                return await self._own.take(*buckets[number:])
            some = buckets[number : number + at_once]
            try:
                wait: int = await self._commands.run(
                    _TAKE, tuple(map(_key, some)), tuple(bucket.per_minute for bucket in some)
                )
            except RedisAwayError as error:
                log.warning("rate limits are away", action="rate_limit_unavailable", error=type(error).__name__)
                self._away_until = self._loop.time() + AWAY_S
                return await self._own.take(*buckets[number:])
            if wait:
                return wait
        return None

    async def aclose(self) -> None:
        """Close the connection; idempotent."""
        await self._commands.aclose()


def _key(bucket: Bucket) -> str:
    return f"{PREFIX}bucket:{bucket.what}:{bucket.whose}"
