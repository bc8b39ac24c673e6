"""Rate limits on a Redis server and a cluster: shared by processes, and no obstacle while Redis is away or frozen."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from app.services.rate_limit import RateLimiter
from tests.fixtures.redis_server import RedisServer


@pytest.mark.parametrize("kind", ["redis_server", "redis_cluster"])
async def test_processes_share_a_limit(kind: str, request: pytest.FixtureRequest) -> None:
    # A busy machine is not an absent Redis.
    limiters = [RateLimiter(request.getfixturevalue(kind).url, timeout_s=10) for _ in range(2)]
    keys = [str(uuid4()) for _ in range(8)]  # at all nodes of a cluster
    for key in keys:
        assert await limiters[0].retry_after_ms("x", key, per_minute=2) is None
        assert await limiters[1].retry_after_ms("x", key, per_minute=2) is None
        wait = await limiters[0].retry_after_ms("x", key, per_minute=2)
        assert wait is not None
        assert 0 < wait <= 60_000
    for limiter in limiters:
        await limiter.aclose()


async def test_a_frozen_server_is_waited_for_once(own_redis_server: RedisServer) -> None:
    limiter = RateLimiter(own_redis_server.url)
    assert await limiter.retry_after_ms("x", "me", per_minute=1) is None
    own_redis_server.freeze()
    try:
        async with asyncio.timeout(25):  # half of what it takes to wait each time
            for _ in range(200):
                assert await limiter.retry_after_ms("x", "me", per_minute=1) is None
    finally:
        own_redis_server.thaw()
    await limiter.aclose()
