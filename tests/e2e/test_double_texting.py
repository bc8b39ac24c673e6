"""A customer writes while the bot answers: by the shop's setting both are answered together, or one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from tests.e2e.demo_shop import LONG_QUESTION, OWNER, DemoShop
from tests.fixtures.wire_client import StaffClient, VisitorClient, WireClient
from tests.fixtures.wire_view import View

SECOND_QUESTION = "How long does shipping take?"

Choose = Callable[[str], Awaitable[None]]


@pytest.fixture
async def choose(any_shop: DemoShop) -> AsyncIterator[Choose]:
    """Set the shop's policy over REST; the default comes back afterwards."""
    token = await any_shop.token(OWNER)

    async def set_policy(value: str) -> None:
        answer = await any_shop.patch("/api/settings/", {"double_texting": value}, token)
        assert answer["double_texting"] == value

    yield set_policy
    await set_policy("merge")


async def _asks_twice(shop: DemoShop) -> tuple[tuple[WireClient, ...], str]:
    """Ask, ask again in mid-answer; return both tabs of the visitor and an agent once two answers are there."""
    visitor = await shop.guest()
    await visitor.connect()
    conversation = await visitor.open()
    tab = VisitorClient(shop.urls[-1], visitor.widget_key)
    tab.token = visitor.token
    agent: StaffClient = await shop.agent()
    for one in (tab, agent):
        await one.connect()
        await one.watch(conversation)
    view = visitor.view(conversation)
    await visitor.say(conversation, LONG_QUESTION)
    await visitor.wait_for(lambda: len(view.live_text) >= 10)
    await visitor.say(conversation, SECOND_QUESTION)
    everybody = (visitor, tab, agent)
    for one in everybody:
        await one.wait_for(partial(_has_two_answers, one.view(conversation)), 30)
    return everybody, conversation


def _has_two_answers(view: View) -> bool:
    return len(view.texts("bot")) == 2


async def _close(clients: tuple[WireClient, ...]) -> None:
    for one in clients:
        await one.close()
        one.check()


async def _whole(shop: DemoShop) -> str:
    async with await shop.guest() as undisturbed:
        return str((await undisturbed.ask(await undisturbed.open(), LONG_QUESTION))["text"])


@pytest.mark.timeout(180)
async def test_merge_stops_the_answer_and_takes_both_questions_up(any_shop: DemoShop, choose: Choose) -> None:
    await choose("merge")
    everybody, conversation = await _asks_twice(any_shop)
    for one in everybody:
        view = one.view(conversation)
        first, second = [message for message in view.messages.values() if message["sender"]["kind"] == "bot"]
        assert first["reply"]["finish_reason"] == "stopped"
        assert second["reply"]["finish_reason"] in ("stop", "length")
        assert list(view.messages) == list(everybody[0].view(conversation).messages)
        assert view.texts("bot") == everybody[0].view(conversation).texts("bot")
    assert (await _whole(any_shop)).startswith(first["text"])
    await _close(everybody)


@pytest.mark.timeout(180)
async def test_queue_lets_the_answer_end_first(any_shop: DemoShop, choose: Choose) -> None:
    await choose("queue")
    whole = await _whole(any_shop)
    everybody, conversation = await _asks_twice(any_shop)
    for one in everybody:
        view = one.view(conversation)
        answers = [message for message in view.messages.values() if message["sender"]["kind"] == "bot"]
        assert answers[0]["text"] == whole
        assert answers[0]["reply"]["finish_reason"] in ("stop", "length")
        assert view.texts("bot") == everybody[0].view(conversation).texts("bot")
    await _close(everybody)
