"""A reload in the middle of an answer: it goes on where it was, no character lost or doubled."""

from __future__ import annotations

import asyncio
import itertools
import random
from functools import partial

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.fixtures.wire_view import View

SEED = 50_118
AT_ONCE = 25
RELOADS = 2


def _has_come_to(view: View, deltas: int) -> bool:
    return len(view.deltas) >= deltas or bool(view.texts("bot"))


async def test_reloads_at_fifty_random_points_lose_and_double_nothing(shop: DemoShop) -> None:
    await _reload(shop, 50)


async def test_reloads_that_reach_another_web_process(cluster: Cluster) -> None:
    await _reload(cluster.shop, 20)


async def _reload(shop: DemoShop, cut_points: int) -> None:
    """Drop connections in mid-answer, come back to the next web process: the text is whole, and joins on."""
    chance = random.Random(SEED)
    plans = [
        [(chance.randint(1, 14), chance.choice((0.0, 0.0, 0.1, 0.4, 1.0))) for _ in range(RELOADS)]
        for _ in range(cut_points // RELOADS)
    ]
    slots = asyncio.Semaphore(AT_ONCE)
    async with await shop.guest() as undisturbed:
        whole = (await undisturbed.ask(await undisturbed.open(), LONG_QUESTION))["text"]

    async def one(plan: list[tuple[int, float]]) -> int:
        """Reload after so many deltas and stay away for so long; return how often that was in mid-answer."""
        caught, urls = 0, itertools.cycle(reversed(shop.urls))
        async with slots, await shop.guest() as visitor:
            conversation = await visitor.open()
            view = visitor.view(conversation)
            await visitor.say(conversation, LONG_QUESTION)
            for deltas, away_s in plan:
                await visitor.wait_for(partial(_has_come_to, view, len(view.deltas) + deltas))
                caught += view.live is not None
                await visitor.drop()
                visitor.url = next(urls)
                await asyncio.sleep(away_s)
                await visitor.connect()
            await visitor.wait_for(lambda: bool(view.texts("bot")))
            stored = await shop.stored(conversation)
            assert view.last("bot")["text"] == stored[view.last("bot")["id"]]["text"] == whole
            assert list(view.messages) == list(stored)
        return caught

    assert sum(await asyncio.gather(*(one(plan) for plan in plans))) >= cut_points / 2


async def test_a_reload_that_forgot_everything_gets_the_answer_so_far(shop: DemoShop) -> None:
    """The page kept its token and nothing else."""
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        await visitor.say(conversation, LONG_QUESTION)
        await visitor.wait_for(lambda: len(visitor.view(conversation).live_text) >= 20)
        shown = visitor.view(conversation).live_text
        await visitor.drop()
        visitor.views.clear()
        await visitor.connect()
        assert await visitor.open() == conversation
        assert visitor.view(conversation).live_text.startswith(shown)
        await visitor.wait_for(lambda: visitor.view(conversation).texts("bot"))
        assert visitor.view(conversation).last("bot")["text"].startswith(shown)


async def test_a_position_beyond_the_end_is_replaced_from_the_beginning(shop: DemoShop) -> None:
    async with await shop.guest() as visitor, await shop.guest() as other:
        conversation = await visitor.open()
        await visitor.say(conversation, LONG_QUESTION)
        await visitor.wait_for(lambda: len(visitor.view(conversation).live_text) >= 20)
        live = visitor.view(conversation).live
        assert live is not None
        other.token = visitor.token
        await other.drop()
        await other.connect_bare()
        cursor = {"conversation": conversation, "seq": 0, "live": {"message": live.message, "to": len(live.text) + 999}}
        welcome = await other.command("hello", **other.hello(), resume=[cursor])
        (resumed,) = welcome["conversations"]
        assert resumed["resumed"] is True
        assert resumed["live"]["from"] == 0
        assert resumed["live"]["text"].encode().startswith(live.text)
