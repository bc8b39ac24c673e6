"""Token buckets, in memory and on Redis: n pass, n + 1 waits, and what is shared is not drained by who is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.services.buckets import Bucket, Buckets, MemoryBuckets, RedisBuckets
from tests.fixtures.redis_server import RedisServer


@pytest.fixture(params=["memory", "redis_server", "redis_cluster"])
async def buckets(request: pytest.FixtureRequest) -> AsyncIterator[Buckets]:
    if request.param == "memory":
        yield MemoryBuckets()
    else:
        made = RedisBuckets(request.getfixturevalue(request.param).url, timeout_s=5)
        yield made
        await made.aclose()


def bucket(per_minute: int) -> Bucket:
    return Bucket("test", str(uuid4()), per_minute)


async def test_so_many_pass_and_the_next_is_told_how_long_to_wait(buckets: Buckets) -> None:
    mine = bucket(5)
    assert [await buckets.take(mine) for _ in range(5)] == [None] * 5
    wait_ms = await buckets.take(mine)
    assert wait_ms is not None
    assert 1_000 < wait_ms <= 12_001
    assert await buckets.take(bucket(5)) is None


async def test_it_fills_up_again_in_the_time_it_said(buckets: Buckets) -> None:
    quick = bucket(600)
    waits: list[int | None] = []
    while not waits or waits[-1] is None:
        waits.append(await buckets.take(quick))
    assert len(waits) >= 600
    assert waits[-1] is not None
    await asyncio.sleep(waits[-1] / 1000 + 0.01)
    assert await buckets.take(quick) is None


async def test_who_is_over_their_own_takes_nothing_from_what_is_shared(buckets: Buckets) -> None:
    mine, shared = bucket(1), bucket(2)
    assert await buckets.take(mine, shared) is None
    for _ in range(5):
        assert await buckets.take(mine, shared) is not None
    assert await buckets.take(bucket(1), shared) is None
    assert await buckets.take(bucket(1), shared) is not None


async def test_processes_share_and_each_counts_for_itself_while_redis_is_away(own_redis_server: RedisServer) -> None:
    one, other = (RedisBuckets(own_redis_server.url, timeout_s=2) for _ in range(2))
    mine = bucket(2)
    assert await one.take(mine) is None
    assert await other.take(mine) is None
    assert await one.take(mine) is not None
    await asyncio.to_thread(own_redis_server.kill)
    for process in (one, other):
        assert [await process.take(mine) is None for _ in range(3)] == [True, True, False]
        await process.aclose()


async def test_a_redis_that_does_not_answer_is_waited_for_once(own_redis_server: RedisServer) -> None:
    buckets = RedisBuckets(own_redis_server.url, timeout_s=0.2)
    mine = bucket(1000)
    assert await buckets.take(mine) is None
    own_redis_server.freeze()
    try:
        async with asyncio.timeout(20):  # half of what it takes to wait each time
            for _ in range(200):
                assert await buckets.take(mine) is None
    finally:
        own_redis_server.thaw()
    await buckets.aclose()


async def test_without_a_bucket_there_is_nothing_to_wait_for(buckets: Buckets) -> None:
    assert await buckets.take() is None
