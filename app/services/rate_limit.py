"""Rate limits by a moving window: in memory, or in Redis when there is one, so that they hold over all processes."""

from __future__ import annotations

import time

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from realtime.bus.cluster_commands import open_commands
from realtime.bus.commands import RedisAwayError, Script
from realtime.bus.redis import PREFIX

log = structlog.get_logger(__name__)

PROOF_ATTEMPTS_PER_HOUR = 5  # of order number and e-mail, per visitor and per order
TIMEOUT_S = 0.25
AWAY_S = 5.0  # after a failure Redis is not asked for so long: a frozen server must not slow every message down

# KEYS: the times of what was allowed, the newest first. ARGV: how many in a window, and its milliseconds. Answers the
# milliseconds to wait, 0 when it is allowed. A script of our own: that of `limits` goes through a client that takes a
# process longer than all else that is done for a message in Redis.
_HIT = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], most - 1)
if oldest and now - oldest < window then return window - (now - oldest) end
redis.call('LPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], 0, most - 1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
""")


class RateLimiter:
    """Counts what callers do. When Redis is silent for `timeout_s`, requests pass: a limit takes no shop down.

    Attempts to prove an order are counted in this process too, and there they go on being limited.
    """

    def __init__(self, redis_url: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._redis = open_commands(redis_url, timeout_s=timeout_s) if redis_url else None
        self._away_until = float("-inf")

    async def retry_after_ms(self, what: str, key: str, *, per_minute: int) -> int | None:
        """Count one `what` of `key`; return None when it is allowed, else the milliseconds to wait."""
        return await self._hit(RateLimitItemPerMinute(per_minute), what, key)

    async def allow(self, key: str) -> bool:
        """Count one attempt to prove an order; without Redis, by what this process has seen."""
        item = RateLimitItemPerHour(PROOF_ATTEMPTS_PER_HOUR)
        if not await self._own.hit(item, "proof", key):
            return False
        return self._redis is None or await self._hit(item, "proof", key) is None

    async def aclose(self) -> None:
        """Close the connections; idempotent."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _hit(self, item: RateLimitItem, what: str, key: str) -> int | None:
        if self._redis is None:
            return await self._hit_here(item, what, key)
        if time.monotonic() < self._away_until:
            return None
        limits = (item.amount, item.get_expiry() * 1000)
        try:
            wait: int = await self._redis.run(_HIT, (f"{PREFIX}window:{what}:{key}",), limits)
        except (RedisAwayError, RedisError) as error:
            log.warning("rate limits are away", action="rate_limit_unavailable", error=type(error).__name__)
            self._away_until = time.monotonic() + AWAY_S
            return None
        return wait or None

    async def _hit_here(self, item: RateLimitItem, what: str, key: str) -> int | None:
        if await self._own.hit(item, what, key):
            return None
        stats = await self._own.get_window_stats(item, what, key)
        return max(1, int((stats.reset_time - time.time()) * 1000))
