"""Redis stands still in the middle of many answers, with every connection up: afterwards all is whole, by itself."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import httpx2

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import LONG_QUESTION
from tests.fixtures.effort import EFFORT
from tests.fixtures.wire_client import StaffClient, VisitorClient
from tests.fixtures.wire_view import View

FROZEN_S = 6.0 if EFFORT == 1 else 30.0  # longer than the probe, and than what a worker may go without a check
NOTICED_S = 30.0
VISITORS = 3  # on each web process
WHOLE_AFTER_S = 40.0  # the position check, and a sentence at the pace of these tests
LATER = "Do you ship to Ireland?"


async def _is_degraded(url: str) -> bool:
    async with httpx2.AsyncClient(timeout=30) as client:
        answer = await client.get(f"{url}/readyz")
        assert answer.status_code == 200
        return bool(answer.json()["degraded"] == ["bus"])


async def _until_both_say(cluster: Cluster, expected: bool, timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        for web in cluster.webs:
            while await _is_degraded(web.url) is not expected:  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.1)


async def _in_mid_answer(visitor: VisitorClient, agent: StaffClient) -> str:
    conversation = await visitor.open()
    await agent.watch(conversation)
    await visitor.say(conversation, LONG_QUESTION)
    for client in (visitor, agent):
        view = client.view(conversation)
        await client.wait_for(partial(_shows, view))
    return conversation


def _shows(view: View) -> bool:
    return len(view.live_text) >= 10


async def test_redis_frozen_in_mid_answer(cluster: Cluster) -> None:
    shop = cluster.shop
    whole = await cluster.whole_answer()
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(await shop.agent())
        visitors = [
            await stack.enter_async_context(await shop.guest(url)) for url in shop.urls for _ in range(VISITORS)
        ]
        late = await stack.enter_async_context(await shop.guest(shop.urls[1]))
        conversations = await asyncio.gather(*(_in_mid_answer(visitor, agent) for visitor in visitors))
        cluster.redis.freeze()
        thaw_at = asyncio.get_running_loop().time() + FROZEN_S
        try:
            asked = await late.open()
            await late.say(asked, LONG_QUESTION)
            await visitors[0].say(conversations[0], LATER)
            await _until_both_say(cluster, True, NOTICED_S)
            await asyncio.sleep(thaw_at - asyncio.get_running_loop().time())
        finally:
            cluster.redis.thaw()
        everybody = [*zip(visitors, conversations, strict=True), (late, asked)]
        for visitor, conversation in everybody:
            view = visitor.view(conversation)
            await visitor.wait_for(partial(view.texts, "bot"), WHOLE_AFTER_S)
        for visitor, conversation in everybody[1:]:
            assert visitor.view(conversation).texts("bot") == [whole]
            assert list(await shop.stored(conversation)) == list(visitor.view(conversation).messages)
        for conversation in conversations[1:]:
            view = agent.view(conversation)
            await agent.wait_for(partial(view.texts, "bot"), WHOLE_AFTER_S)
            assert view.texts("bot") == [whole]
        await _until_both_say(cluster, False, WHOLE_AFTER_S)
        assert [client.close_code for client in (agent, late, *visitors)] == [None] * (2 + len(visitors))
        assert (await visitors[1].ask(conversations[1], "Hello"))["text"]
