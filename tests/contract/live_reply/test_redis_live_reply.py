"""What only the Redis store can get wrong: outages, lost scripts, slots, and doing as the memory store does."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from redis.crc import key_slot

from realtime.bus.redis import RedisBus, channel_of
from realtime.bus.topic import conversation_topic
from realtime.live_reply.port import FencedError, LiveReply, LiveReplyUnavailableError, UnknownReplyError
from realtime.live_reply.redis import RedisLiveReply, record_key
from tests.contract.live_reply.conftest import MemoryStore, RedisStore
from tests.fixtures.effort import EFFORT
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.redis_pair import RedisPair
from tests.fixtures.redis_server import RedisServer

TIMEOUT_S = 1.0
SEEDS = 40 * EFFORT
STEPS = 60
A = UUID(int=1)
MESSAGES = [UUID(int=number) for number in (1, 2, 3)]
CUT_IDS = [UUID(int=number) for number in (101, 102, 103)]
PIECES = ["a", "bc", "é", "🙂", "def "]

Step = Callable[[LiveReply, UUID], Awaitable[object]]


async def test_a_connection_to_what_is_a_replica_now_is_given_up() -> None:
    """A failover may leave the connections to the old master open, and lead new ones to the new master."""
    pair = RedisPair(lambda address: setattr(proxy, "target", address))
    proxy = FaultProxy(pair.address, "resp")
    live = RedisLiveReply(f"redis://127.0.0.1:{await proxy.start()}/0", timeout_s=TIMEOUT_S)
    try:
        await live.begin(uuid4(), A, 1, 1)
        await asyncio.to_thread(pair.switch)
        async with asyncio.timeout(30):
            while True:
                try:
                    await live.begin(uuid4(), A, 1, 1)
                    break
                except LiveReplyUnavailableError:
                    continue
    finally:
        await live.aclose()
        await proxy.aclose()
        pair.close()


async def test_every_method_gives_up_in_time_when_the_server_is_frozen_or_gone(own_redis_server: RedisServer) -> None:
    live = RedisLiveReply(own_redis_server.url, timeout_s=TIMEOUT_S)
    conversation = uuid4()
    await live.begin(conversation, A, 1, 1)
    for go_away in (own_redis_server.freeze, own_redis_server.kill):
        go_away()
        began = time.monotonic()
        results = await asyncio.gather(
            live.begin(conversation, A, 1, 1),
            live.append(conversation, A, 1, 1, start=0, text="x", ids=[1]),
            live.cut(conversation, 2, uuid4()),
            live.uncut(conversation, uuid4()),
            live.finish(conversation, A, 1, 1),
            live.read(conversation),
            return_exceptions=True,
        )
        assert time.monotonic() - began < 4 * TIMEOUT_S
        assert [type(result) for result in results] == [LiveReplyUnavailableError] * 6
    await live.aclose()


async def test_a_restarted_server_is_used_again_without_its_scripts(own_redis_server: RedisServer) -> None:
    live = RedisLiveReply(own_redis_server.url, timeout_s=10)
    conversation = uuid4()
    await live.begin(conversation, A, 1, 1)
    await live.append(conversation, A, 1, 1, start=0, text="one", ids=[1])
    own_redis_server.restart()
    with pytest.raises(UnknownReplyError):
        await live.append(conversation, A, 1, 1, start=3, text="two", ids=[2])
    await live.begin(conversation, A, 1, 1, text="one", ids=[1])
    assert await live.append(conversation, A, 1, 1, start=3, text="two", ids=[2]) == 6
    await live.aclose()
    with pytest.raises(LiveReplyUnavailableError):
        await live.read(conversation)


async def test_commands_of_one_loop_turn_are_all_answered(redis_server: RedisServer) -> None:
    live = RedisLiveReply(redis_server.url, timeout_s=10)
    conversations = [uuid4() for _ in range(600)]
    await asyncio.gather(*(live.begin(conversation, A, 1, 1) for conversation in conversations))
    ends = await asyncio.gather(
        *(
            live.append(conversation, A, 1, 1, start=0, text="x" * (number + 1), ids=[number])
            for number, conversation in enumerate(conversations)
        )
    )
    assert ends == list(range(1, 601))
    await live.aclose()


def test_record_and_channel_of_a_conversation_are_in_one_slot() -> None:
    for _ in range(20):
        conversation = uuid4()
        record, channel = record_key(conversation).encode(), channel_of(conversation_topic(conversation))
        assert key_slot(record) == key_slot(channel)


def random_step(source: random.Random) -> Step:
    message, epoch, attempt = source.choice(MESSAGES), source.randrange(1, 4), source.randrange(1, 4)
    text = "".join(source.choices(PIECES, k=source.randrange(1, 4)))
    ids = [source.randrange(50_000) for _ in range(source.randrange(3))]
    start, cut_id = source.randrange(0, 14), source.choice(CUT_IDS)
    stopped = source.choice([None, message])
    owner = (message, epoch, attempt)
    steps: list[Step] = [
        lambda live, conversation: live.begin(conversation, *owner, text=source_text, ids=ids),
        lambda live, conversation: live.append(conversation, *owner, start=start, text=text, ids=ids),
        lambda live, conversation: append_at_end(live, conversation, owner, text, ids),
        lambda live, conversation: live.cut(conversation, epoch, cut_id, message=stopped),
        lambda live, conversation: live.uncut(conversation, cut_id),
        lambda live, conversation: live.finish(conversation, *owner),
        lambda live, conversation: live.read(conversation, start),
    ]
    source_text = text if source.random() < 0.5 else ""
    return source.choices(steps, weights=[4, 2, 8, 1, 2, 1, 2])[0]


async def append_at_end(
    live: LiveReply, conversation: UUID, owner: tuple[UUID, int, int], text: str, ids: list[int]
) -> object:
    stored = await live.read(conversation)
    if stored is None:
        return await live.append(conversation, *owner, start=0, text=text, ids=ids)
    owner = (stored.message, stored.epoch, stored.attempt)
    return await live.append(conversation, *owner, start=stored.end, text=text, ids=ids)


async def outcome(step: Step, live: LiveReply, conversation: UUID) -> object:
    try:
        return await step(live, conversation)
    except FencedError as error:
        return ("fenced", error.epoch, error.cut_id)
    except UnknownReplyError:
        return "unknown"


async def test_redis_and_memory_agree_on_any_schedule(redis_server: RedisServer) -> None:
    memory, redis = MemoryStore(), RedisStore(redis_server)
    for seed in range(SEEDS):
        source, conversation = random.Random(seed), uuid4()
        ears = [await memory.listen(conversation), await redis.listen(conversation)]
        for number in range(STEPS):
            step = random_step(source)
            results = [await outcome(step, store.here, conversation) for store in (memory, redis)]
            assert results[0] == results[1], f"seed {seed}, step {number}"
        frames = [await ear.heard_all() for ear in ears]
        assert frames[0] == frames[1], f"seed {seed}"
        for ear in ears:
            ear.close()
    await redis.here.aclose()
    await redis.there.aclose()
    assert isinstance(redis.bus, RedisBus)
    await redis.bus.aclose()
