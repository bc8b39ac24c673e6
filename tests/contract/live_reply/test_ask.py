"""Asking all processes what they have shown of a reply: who hears it, and whether the store still knows it whole."""

import asyncio
from uuid import UUID, uuid4

import pytest

from realtime.bus.frame import Frame, Kind
from realtime.live_reply.redis import RedisLiveReply
from tests.contract.live_reply.conftest import RedisStore, Store
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.redis_pair import RedisPair

A, B = UUID(int=1), UUID(int=2)
ASK = Frame(Kind.CONTROL, b"what have you shown?")


@pytest.fixture
def conversation() -> UUID:
    return uuid4()


async def test_whoever_listens_is_asked_behind_the_last_delta(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    ear = await store.listen(conversation)
    await store.here.append(conversation, A, 1, 1, start=0, text="Hello", ids=[1])
    await store.there.cut(conversation, 2, uuid4())
    asked = await store.there.ask(conversation, A, ASK)
    frames = await ear.heard_all()
    if not store.publishes_within_the_step:
        assert asked.listeners is None  # a layer does not tell, and keeps no order
    elif isinstance(store, RedisStore):
        assert asked.listeners == 1
        assert [frame.kind for frame in frames] == [Kind.DELTA, Kind.CONTROL]
    else:
        assert asked.listeners == 0  # the one process has been called already
    assert asked.is_whole
    assert (await store.there.ask(conversation, B, ASK)).is_whole is False
    ear.close()


async def test_a_reply_that_another_worker_adopts_stays_whole(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    await store.here.append(conversation, A, 1, 1, start=0, text="Hello", ids=[1])
    await store.there.begin(conversation, A, 1, 2, text="Hell", ids=[])
    assert (await store.here.ask(conversation, A, ASK)).is_whole


async def test_a_reply_that_was_lost_is_not_whole_again(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    store.forget(conversation)
    assert not (await store.here.ask(conversation, A, ASK)).is_whole
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    assert not (await store.here.ask(conversation, A, ASK)).is_whole
    store.forget(conversation)
    await store.here.begin(conversation, A, 1, 2)
    assert not (await store.here.ask(conversation, A, ASK)).is_whole


async def test_a_store_that_was_behind_is_not_whole(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    assert not (await store.here.ask(conversation, A, ASK)).is_whole


async def test_after_a_failover_no_reply_of_before_is_whole() -> None:
    """The replica may lack the last deltas, and nothing in its record says so."""
    pair = RedisPair(lambda address: setattr(proxy, "target", address))
    proxy = FaultProxy(pair.address, "resp")
    live = RedisLiveReply(f"redis://127.0.0.1:{await proxy.start()}/0", timeout_s=5)
    conversation = uuid4()
    try:
        await live.begin(conversation, A, 1, 1)
        assert (await live.ask(conversation, A, ASK)).is_whole
        await asyncio.to_thread(pair.switch)
        proxy.cut_all()
        assert not (await live.ask(conversation, A, ASK)).is_whole
        await live.begin(conversation, B, 2, 1)
        assert (await live.ask(conversation, B, ASK)).is_whole
    finally:
        await live.aclose()
        await proxy.aclose()
        await asyncio.to_thread(pair.close)
