"""An agent watches the tokens, takes over in the middle, answers, hands back. On bare sockets."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest

from tests.e2e.demo_shop import ADA, BEN, LONG_QUESTION, DemoShop
from tests.fixtures.wire_client import RefusedError, StaffClient, VisitorClient, WireClient

BOT_FRAMES = ("reply.started", "reply.delta", "reply.failed", "message.created")
SILENCE_S = 2.5  # longer than a worker may write without the database
SEED = 20_417


async def _answering(visitor: VisitorClient, conversation: str, characters: int) -> None:
    """Ask, and return in the middle of the answer."""
    await visitor.say(conversation, LONG_QUESTION)
    await visitor.wait_for(lambda: len(visitor.view(conversation).live_text) >= characters)


async def _all_hold(clients: list[WireClient], conversation: str, message: str, text: str, reason: str) -> None:
    for client in clients:
        await client.wait_for(partial(client.view(conversation).messages.__contains__, message))
        held = client.view(conversation).messages[message]
        assert (held["text"], held["reply"]["finish_reason"]) == (text, reason)


async def test_a_takeover_in_mid_answer(any_shop: DemoShop) -> None:
    shop = any_shop
    async with await shop.guest() as visitor, await shop.agent(ADA) as ada, await shop.agent(BEN) as ben:
        conversation = await visitor.open()
        await ada.command("inbox.watch", queue="bot")
        await visitor.say(conversation, LONG_QUESTION)
        await ada.wait_for(lambda: [one for one in ada.of("inbox.changed") if one["summary"]["id"] == conversation])
        await ada.watch(conversation)
        await ben.watch(conversation)
        await ada.wait_for(lambda: len(ada.view(conversation).live_text) >= 20)
        assert ada.view(conversation).deltas, "the agent must see the tokens while they are made"

        taken = await ada.take(conversation)
        cut = taken["cut"]
        assert cut["text"].startswith(ada.view(conversation).live_text or cut["text"])
        everybody: list[WireClient] = [visitor, ada, ben]
        await _all_hold(everybody, conversation, cut["message"], cut["text"], "taken_over")
        assert {one.view(conversation).controller for one in everybody} == {"agent"}
        silent = await asyncio.gather(*(one.is_silent_for(SILENCE_S, BOT_FRAMES) for one in everybody))
        assert all(silent)
        stored = (await shop.stored(conversation))[cut["message"]]
        assert (stored["text"], stored["reply"]["finish_reason"]) == (cut["text"], "taken_over")

        assert (await ada.take(conversation))["epoch"] == taken["epoch"]
        with pytest.raises(RefusedError, match="conflict") as refused:
            await ben.take(conversation)
        assert refused.value.frame["holder"]["name"] == "Ada Lind"

        await ada.say(conversation, "Ada here, let me help.")
        await visitor.wait_for(lambda: visitor.view(conversation).texts("agent") == ["Ada here, let me help."])
        await visitor.say(conversation, "Thank you, Ada")
        await ada.wait_for(lambda: "Thank you, Ada" in ada.view(conversation).texts("customer"))
        assert await visitor.is_silent_for(1.0, BOT_FRAMES), "the bot must not answer an agent's customer"
        await ada.say(conversation, "You are welcome.")

        assert (await ada.release(conversation))["epoch"] > taken["epoch"]
        await visitor.wait_for(lambda: visitor.view(conversation).controller == "bot")
        answer = await visitor.ask(conversation, "Hello")
        assert answer["id"] != cut["message"]
        await ada.wait_for(lambda: answer["id"] in ada.view(conversation).messages)


async def test_whoever_comes_later_finds_the_cut_answer(shop: DemoShop) -> None:
    async with await shop.guest() as visitor, await shop.agent(ADA) as ada, await shop.agent(BEN) as late:
        conversation = await visitor.open()
        await _answering(visitor, conversation, 15)
        cut = (await ada.take(conversation))["cut"]
        await late.watch(conversation)
        await _all_hold([visitor, late], conversation, cut["message"], cut["text"], "taken_over")
        assert late.view(conversation).live is None


async def test_an_agents_message_takes_over_by_itself(shop: DemoShop) -> None:
    async with await shop.guest() as visitor, await shop.agent(ADA) as ada, await shop.agent(BEN) as ben:
        conversation = await visitor.open()
        await ada.watch(conversation)
        await _answering(visitor, conversation, 15)
        await ada.say(conversation, "I take this one.")
        await visitor.wait_for(lambda: visitor.view(conversation).texts("agent"))
        assert visitor.view(conversation).controller == "agent"
        assert visitor.view(conversation).last("bot")["reply"]["finish_reason"] == "taken_over"
        assert await visitor.is_silent_for(SILENCE_S, ("reply.started", "reply.delta"))
        with pytest.raises(RefusedError, match="conflict") as refused:
            await ben.say(conversation, "No, I do.")
        assert refused.value.frame["holder"]["name"] == "Ada Lind"


@pytest.mark.parametrize("stopper", ["visitor", "agent"])
async def test_a_stopped_answer_stays_as_it_is(shop: DemoShop, stopper: str) -> None:
    async with await shop.guest() as visitor, await shop.agent(ADA) as ada:
        conversation = await visitor.open()
        await ada.watch(conversation)
        await _answering(visitor, conversation, 15)
        live = visitor.view(conversation).live
        assert live is not None
        client: WireClient = visitor if stopper == "visitor" else ada
        kept = await client.command("reply.stop", conversation=conversation, message=live.message)
        await _all_hold([visitor, ada], conversation, live.message, kept["text"], "stopped")
        assert await visitor.is_silent_for(SILENCE_S, BOT_FRAMES)
        again = await client.command("reply.stop", conversation=conversation, message=live.message)
        assert again["text"] == kept["text"]
        assert visitor.view(conversation).controller == "bot"
        assert (await visitor.ask(conversation, "Hello"))["id"] != live.message


async def test_a_visitor_who_asks_for_a_person_stops_the_bot(shop: DemoShop) -> None:
    async with await shop.guest() as visitor, await shop.agent(ADA) as ada:
        conversation = await visitor.open()
        await ada.command("inbox.watch", queue="unassigned")
        await _answering(visitor, conversation, 15)
        await visitor.command("handoff.request", conversation=conversation)
        await visitor.wait_for(lambda: visitor.view(conversation).controller == "queue")
        assert visitor.view(conversation).last("bot")["reply"]["finish_reason"] == "taken_over"
        assert await visitor.is_silent_for(SILENCE_S, ("reply.started", "reply.delta"))
        await ada.wait_for(lambda: [one for one in ada.of("inbox.changed") if one["summary"]["id"] == conversation])
        assert (await ada.take(conversation))["cut"] is None


async def test_takeovers_at_any_moment_agree_on_the_text(any_shop: DemoShop) -> None:
    """Before the first token, in the middle, at the end: everybody holds the same, and the bot is silent after."""
    chance = random.Random(SEED)
    shop = any_shop
    moments = [0, 1, *(chance.randint(2, 16) for _ in range(10))]  # in deltas
    async with await shop.agent(ADA) as ada:

        async def one(moment: int) -> None:
            async with await shop.guest() as visitor:
                conversation = await visitor.open()
                await ada.watch(conversation)
                await visitor.say(conversation, LONG_QUESTION)
                view = visitor.view(conversation)
                await visitor.wait_for(lambda: len(view.deltas) >= moment or bool(view.texts("bot")))
                cut = (await ada.take(conversation))["cut"]
                await visitor.wait_for(lambda: view.controller == "agent")
                assert await visitor.is_silent_for(SILENCE_S, BOT_FRAMES)
                if cut is not None:
                    await _all_hold([visitor, ada], conversation, cut["message"], cut["text"], "taken_over")
                stored = [text["text"] for text in (await shop.stored(conversation)).values()]
                for client in (visitor, ada):
                    held: StaffClient | VisitorClient = client
                    assert [text["text"] for text in held.view(conversation).messages.values()] == stored

        await asyncio.gather(*(one(moment) for moment in moments))
