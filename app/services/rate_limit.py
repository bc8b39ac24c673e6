"""Rate limits by a moving window: in memory, or in Redis when there is one, so that they hold over all processes."""

from __future__ import annotations

import time
from typing import Any, cast

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

PROOF_ATTEMPTS_PER_HOUR = 5  # of order number and e-mail, per visitor and per order


class RateLimiter:
    """Counts what callers do. When Redis is away requests pass: a limit must not take the shop down."""

    def __init__(self, redis_url: str = "") -> None:
        self._connections = ConnectionPool.from_url(redis_url) if redis_url else None
        if redis_url:
            # The library takes a pool, though its types say otherwise.
            storage = storage_from_string(
                f"async+{redis_url}", implementation="redispy", connection_pool=cast(Any, self._connections)
            )
        else:
            storage = storage_from_string("async+memory://")
        if not isinstance(storage, Storage):
            raise TypeError(f"expected an asynchronous storage, got {type(storage).__name__}")
        self._limiter = MovingWindowRateLimiter(storage)

    async def retry_after_ms(self, what: str, key: str, *, per_minute: int) -> int | None:
        """Count one `what` of `key`; return None when it is allowed, else the milliseconds to wait."""
        return await self._hit(RateLimitItemPerMinute(per_minute), what, key)

    async def allow(self, key: str) -> bool:
        """Count one attempt to prove an order."""
        return await self._hit(RateLimitItemPerHour(PROOF_ATTEMPTS_PER_HOUR), "proof", key) is None

    async def aclose(self) -> None:
        """Close the connections; idempotent."""
        if self._connections is not None:
            await self._connections.aclose()

    async def _hit(self, item: RateLimitItem, what: str, key: str) -> int | None:
        try:
            if await self._limiter.hit(item, what, key):
                return None
            stats = await self._limiter.get_window_stats(item, what, key)
        except (OSError, RedisError) as error:
            log.warning("rate limits are away", action="rate_limit_unavailable", error=type(error).__name__)
            return None
        return max(1, int((stats.reset_time - time.time()) * 1000))
