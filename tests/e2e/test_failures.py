"""Processes and Redis die in the middle of an answer: it comes whole, or cut exactly, and never doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.fixtures.wire_client import StaffClient, VisitorClient
from tests.fixtures.wire_view import View

DRAIN = 4000
BOT_FRAMES = ("reply.started", "reply.delta", "reply.failed", "message.created")
SILENCE_S = 3.0

Blow = Callable[[Cluster], None]


def _flush(cluster: Cluster) -> None:
    cluster.redis.flushall()


def _restart(cluster: Cluster) -> None:
    cluster.redis.restart()


def _shows(view: View) -> bool:
    return len(view.live_text) >= 20


def _is_an_agents(view: View) -> bool:
    return view.controller == "agent"


async def _in_mid_answer(visitor: VisitorClient, agent: StaffClient | None = None) -> str:
    """Ask, and return the conversation in the middle of its answer."""
    conversation = await visitor.open()
    if agent is not None:
        await agent.watch(conversation)
    await visitor.say(conversation, LONG_QUESTION)
    for one in (visitor, *([agent] if agent is not None else [])):
        view = one.view(conversation)
        await one.wait_for(partial(_shows, view))
    return conversation


async def test_another_worker_finishes_the_sentence_of_a_killed_one(cluster: Cluster) -> None:
    shop, (first, second) = cluster.shop, cluster.workers
    whole = await cluster.whole_answer()
    async with await shop.guest() as one, await shop.guest(shop.urls[1]) as other:
        await asyncio.to_thread(cluster.wait_for_workers)
        second.freeze()
        conversations = await asyncio.gather(_in_mid_answer(one), _in_mid_answer(other))
        await asyncio.to_thread(first.kill)
        second.thaw()
        for visitor, conversation in zip((one, other), conversations, strict=True):
            view = visitor.view(conversation)
            await visitor.wait_for(partial(view.texts, "bot"))
            assert view.texts("bot") == [whole]
            assert "".join(delta["text"] for delta in view.deltas) == whole
            assert list(await shop.stored(conversation)) == list(view.messages)


@pytest.mark.parametrize("blow", [_flush, _restart])
async def test_redis_loses_everything_and_the_answer_comes_whole(cluster: Cluster, blow: Blow) -> None:
    shop = cluster.shop
    whole = await cluster.whole_answer()
    async with await shop.guest() as visitor, await shop.agent() as agent:
        conversation = await _in_mid_answer(visitor, agent)
        await asyncio.to_thread(blow, cluster)
        for client in (visitor, agent):
            view = client.view(conversation)
            await client.wait_for(partial(view.texts, "bot"))
            assert view.texts("bot") == [whole]
        assert [message["text"] for message in (await shop.stored(conversation)).values()] == [LONG_QUESTION, whole]
        assert (await visitor.ask(conversation, "Hello"))["text"]


@pytest.mark.parametrize("blow", [_flush, _restart])
async def test_redis_loses_everything_and_an_agent_takes_over(cluster: Cluster, blow: Blow) -> None:
    shop = cluster.shop
    async with await shop.guest() as visitor, await shop.agent() as agent:
        conversation = await _in_mid_answer(visitor, agent)
        await asyncio.to_thread(blow, cluster)
        await _takes_over_exactly(shop, conversation, visitor, agent)


async def test_a_takeover_while_redis_is_away(cluster: Cluster) -> None:
    shop = cluster.shop
    async with await shop.guest() as visitor, await shop.agent() as agent:
        conversation = await _in_mid_answer(visitor, agent)
        await asyncio.to_thread(cluster.redis.kill)
        try:
            await _takes_over_exactly(shop, conversation, visitor, agent)
        finally:
            await asyncio.to_thread(cluster.redis.start)
        assert await visitor.is_silent_for(SILENCE_S, BOT_FRAMES)


async def _takes_over_exactly(shop: DemoShop, conversation: str, visitor: VisitorClient, agent: StaffClient) -> None:
    shown = visitor.view(conversation).live_text
    cut = (await agent.take(conversation))["cut"]
    assert cut["text"].startswith(shown)
    for client in (visitor, agent):
        view = client.view(conversation)
        await client.wait_for(partial(_is_an_agents, view))
        assert view.texts("bot") == [cut["text"]]
        assert view.live is None
    silent = await asyncio.gather(*(one.is_silent_for(SILENCE_S, BOT_FRAMES) for one in (visitor, agent)))
    assert all(silent)
    assert [message["text"] for message in (await shop.stored(conversation)).values()] == [LONG_QUESTION, cut["text"]]
    await agent.say(conversation, "I am here.")
    await visitor.wait_for(lambda: visitor.view(conversation).texts("agent") == ["I am here."])


async def test_a_web_process_that_is_stopped_hands_its_visitors_over(cluster: Cluster) -> None:
    shop, (leaving, staying) = cluster.shop, cluster.webs
    whole = await cluster.whole_answer()
    async with await shop.guest(leaving.url) as visitor:
        conversation = await _in_mid_answer(visitor)
        leaving.ask_to_stop()
        assert await visitor.wait_for_close() == DRAIN
        assert visitor.of("drain")[0]["reconnect_after_ms"] >= 0
        visitor.url = staying.url
        await visitor.connect()
        view = visitor.view(conversation)
        await visitor.wait_for(lambda: view.texts("bot"))
        assert view.texts("bot") == [whole]
    assert await asyncio.to_thread(leaving.wait) == 0


async def test_a_worker_that_is_stopped_hands_its_sentence_over(cluster: Cluster) -> None:
    shop, (first, second) = cluster.shop, cluster.workers
    whole = await cluster.whole_answer()
    async with await shop.guest() as visitor:
        await asyncio.to_thread(cluster.wait_for_workers)
        second.freeze()
        conversation = await _in_mid_answer(visitor)
        second.thaw()
        assert await asyncio.to_thread(first.stop) == 0
        view = visitor.view(conversation)
        await visitor.wait_for(lambda: view.texts("bot"))
        assert view.texts("bot") == [whole]
        assert "".join(delta["text"] for delta in view.deltas) == whole
