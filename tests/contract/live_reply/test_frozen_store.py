"""A store that stood still does not do, when it goes on, what its callers have long given up."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from realtime.bus.redis import RedisBus
from realtime.bus.topic import conversation_topic
from realtime.live_reply.port import LiveReplyUnavailableError, UnknownReplyError
from realtime.live_reply.redis import RedisLiveReply
from tests.fixtures.bus_ear import BusEar
from tests.fixtures.redis_server import RedisServer

TIMEOUT_S = 1.0
A = UUID(int=1)


async def test_an_append_that_was_given_up_shows_nobody_anything(own_redis_server: RedisServer) -> None:
    live = RedisLiveReply(own_redis_server.url, timeout_s=TIMEOUT_S)
    bus = RedisBus(own_redis_server.url, timeout_s=10, probe_after_s=60)
    conversation = uuid4()
    ear = await BusEar.open(bus, conversation_topic(conversation))
    await live.begin(conversation, A, 1, 1)
    assert await live.append(conversation, A, 1, 1, start=0, text="one", ids=[1]) == 3
    shown = len(await ear.heard_all())
    own_redis_server.freeze()
    try:
        with pytest.raises(LiveReplyUnavailableError):
            await live.append(conversation, A, 1, 1, start=3, text="two", ids=[2])
        await asyncio.sleep(TIMEOUT_S)  # the agent takes over meanwhile, and is answered
    finally:
        own_redis_server.thaw()
    stored = await live.read(conversation)
    assert stored is not None
    assert stored.text == "one"
    assert len(await ear.heard_all()) == shown
    with pytest.raises(UnknownReplyError):  # its clock is that of before
        await stale_append(live, conversation)
    await live.begin(conversation, A, 1, 1, text="one", ids=[1])
    assert await live.append(conversation, A, 1, 1, start=3, text="two", ids=[2]) == 6
    await live.aclose()
    await bus.aclose()


async def stale_append(live: RedisLiveReply, conversation: UUID) -> None:
    """Append as a worker whose server jumped ahead in time, or was replaced by one that is ahead."""
    server_ms, then = live._clocks[conversation]
    live._clocks[conversation] = (server_ms - 60_000, then)
    await live.append(conversation, A, 1, 1, start=3, text="two", ids=[2])
