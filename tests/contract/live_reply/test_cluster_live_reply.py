"""The live reply on a Redis Cluster whose slots move."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID, uuid4

from redis.crc import key_slot

from realtime.live_reply.redis import RedisLiveReply, record_key
from tests.fixtures.redis_cluster import RedisCluster

A = UUID(int=1)


async def test_a_reply_goes_on_while_its_slot_moves_to_another_node(own_redis_cluster: RedisCluster) -> None:
    cluster = own_redis_cluster
    live = RedisLiveReply(cluster.url, timeout_s=5)
    source, target = cluster.servers[:2]
    conversation = cluster.key_at(source)
    slot = key_slot(record_key(conversation).encode())
    await live.begin(conversation, A, 1, 1)
    words = [f"word{number} " for number in range(200)]
    reached = asyncio.Event()

    async def write() -> None:
        end = 0
        for number, word in enumerate(words):
            end = await live.append(conversation, A, 1, 1, start=end, text=word, ids=[number])
            if number == len(words) // 4:
                reached.set()

    writer = asyncio.create_task(write())
    await reached.wait()
    await asyncio.gather(asyncio.to_thread(cluster.move, slot, target), writer)
    assert cluster.owner(slot) is target
    stored = await live.read(conversation)
    assert stored is not None
    assert stored.text == "".join(words)
    assert stored.ids == tuple(range(len(words)))
    cut = await live.cut(conversation, 2, uuid4())
    assert cut is not None
    assert cut.text == stored.text
    await live.aclose()


async def test_a_half_moved_slot_is_read_where_its_record_is(own_redis_cluster: RedisCluster) -> None:
    cluster = own_redis_cluster
    live = RedisLiveReply(cluster.url, timeout_s=5)
    source, target = cluster.servers[:2]
    conversation = cluster.key_at(source)
    await live.begin(conversation, A, 1, 1)
    await live.append(conversation, A, 1, 1, start=0, text="one", ids=[1])
    half, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def between() -> None:
        loop.call_soon_threadsafe(half.set)
        go_on.wait(20)

    slot = key_slot(record_key(conversation).encode())
    move = asyncio.create_task(asyncio.to_thread(cluster.move, slot, target, between=between))
    await half.wait()
    here = await live.read(conversation)
    assert here is not None
    assert here.text == "one"
    go_on.set()
    await move
    there = await live.read(conversation)
    assert there == here
    await live.aclose()
