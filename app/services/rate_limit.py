"""Rate limits by a moving window: in memory, or in Redis when there is one, so that they hold over all processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisClusterStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from realtime.bus.cluster_map import ClusterUrl, is_cluster

log = structlog.get_logger(__name__)
_S = TypeVar("_S", bound=Storage)

PROOF_ATTEMPTS_PER_HOUR = 5  # of order number and e-mail, per visitor and per order
TIMEOUT_S = 0.25
AWAY_S = 5.0  # after a failure Redis is not asked for so long: a frozen server must not slow every message down


class RateLimiter:
    """Counts what callers do. When Redis is silent for `timeout_s`, requests pass: a limit takes no shop down.

    Attempts to prove an order are counted in this process too, and there they go on being limited.
    """

    def __init__(self, redis_url: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        storage, self._close = _open(redis_url)
        self._limiter = MovingWindowRateLimiter(storage)
        own = _checked(storage_from_string("async+memory://"), MemoryStorage)
        self._own = MovingWindowRateLimiter(own) if redis_url else None
        self._timeout_s = timeout_s
        self._away_until = float("-inf")

    async def retry_after_ms(self, what: str, key: str, *, per_minute: int) -> int | None:
        """Count one `what` of `key`; return None when it is allowed, else the milliseconds to wait."""
        return await self._hit(RateLimitItemPerMinute(per_minute), what, key)

    async def allow(self, key: str) -> bool:
        """Count one attempt to prove an order; without Redis, by what this process has seen."""
        item = RateLimitItemPerHour(PROOF_ATTEMPTS_PER_HOUR)
        if self._own is not None and not await self._own.hit(item, "proof", key):
            return False
        return await self._hit(item, "proof", key) is None

    async def aclose(self) -> None:
        """Close the connections; idempotent."""
        await self._close()

    async def _hit(self, item: RateLimitItem, what: str, key: str) -> int | None:
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                if await self._limiter.hit(item, what, key):
                    return None
                stats = await self._limiter.get_window_stats(item, what, key)
        except (OSError, TimeoutError, RedisError) as error:
            log.warning("rate limits are away", action="rate_limit_unavailable", error=type(error).__name__)
            self._away_until = time.monotonic() + AWAY_S
            return None
        return max(1, int((stats.reset_time - time.time()) * 1000))


def _open(url: str) -> tuple[Storage, Callable[[], Awaitable[None]]]:
    """Return the storage, and how to close its connections."""
    if not url:
        return _checked(storage_from_string("async+memory://"), MemoryStorage), _nothing
    if is_cluster(url):
        return _open_cluster(url)
    pool = ConnectionPool.from_url(url)
    # The library takes a pool, though its types say otherwise.
    storage = storage_from_string(f"async+{url}", implementation="redispy", connection_pool=cast(Any, pool))
    return _checked(storage, RedisStorage), pool.aclose


def _open_cluster(url: str) -> tuple[Storage, Callable[[], Awaitable[None]]]:
    cluster = ClusterUrl.parse(url)
    nodes = ",".join(str(node) for node in cluster.seeds)
    options: dict[str, Any] = {"ssl": True} if cluster.scheme == "rediss" else {}
    options |= parse_qsl(cluster.options.removeprefix("?"))
    uri = f"async+redis+cluster://{cluster.credentials}{nodes}"
    storage = _checked(storage_from_string(uri, implementation="redispy", **options), RedisClusterStorage)
    return storage, cast(Any, storage.bridge).storage.aclose


def _checked(storage: object, kind: type[_S]) -> _S:
    if not isinstance(storage, kind):
        raise TypeError(f"expected an asynchronous storage, got {type(storage).__name__}")
    return storage


async def _nothing() -> None:
    """There is no connection."""
