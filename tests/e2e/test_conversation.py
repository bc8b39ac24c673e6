"""A visitor asks, the answer comes token by token, and it rests on what the shop knows now."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from functools import partial
from uuid import uuid4

from tests.e2e.demo_shop import LONG_QUESTION, ORDER_QUESTION, DemoShop, signed
from tests.fixtures.server_process import ServerProcess
from tests.fixtures.wire_client import VisitorClient
from tests.fixtures.wire_view import Wire


def _received(client: VisitorClient) -> str:
    """Return all that a client was ever sent, in lower case."""
    return json.dumps([frame for _, frame in client.frames]).lower()


def _secrets(order: Wire) -> list[str]:
    return [order["carrier"].lower(), order["tracking"].lower(), order["arrives"], *map(str.lower, order["items"])]


def _change(server: ServerProcess, statement: str, *values: str) -> list[tuple[str, ...]]:
    """Run one statement behind the server's back."""
    database = sqlite3.connect(server.folder / "assistify.db", timeout=10)
    try:
        rows = database.execute(statement, values).fetchall()
        database.commit()
        return rows
    finally:
        database.close()


async def test_an_answer_comes_in_many_deltas_that_make_the_stored_text(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        answer = await visitor.ask(conversation, LONG_QUESTION)
        view = visitor.view(conversation)
        assert len(view.deltas) >= 5
        assert "".join(delta["text"] for delta in view.deltas) == answer["text"]
        assert answer["reply"]["finish_reason"] in ("stop", "length")
        assert (await shop.stored(conversation))[answer["id"]]["text"] == answer["text"]
        arrivals = [at for at, frame in visitor.frames if frame["type"] == "reply.delta"]
        assert arrivals[-1] - arrivals[0] > 0.5


async def test_the_log_makes_the_snapshot(shop: DemoShop) -> None:
    async with await shop.guest() as visitor, await shop.agent() as agent, await shop.agent() as late:
        conversation = await visitor.open()
        await agent.watch(conversation)
        await visitor.ask(conversation, "Hello")
        await visitor.ask(conversation, LONG_QUESTION)
        await agent.wait_for(lambda: agent.view(conversation).seq >= visitor.view(conversation).seq)
        await late.watch(conversation)
        assert late.view(conversation).seq >= 4
        kept = {key: (one["sender"]["kind"], one["text"]) for key, one in late.view(conversation).messages.items()}
        for client in (visitor, agent):
            seen = client.view(conversation).messages
            assert {key: (one["sender"]["kind"], one["text"]) for key, one in seen.items()} == kept


async def test_a_known_customer_is_told_carrier_and_tracking_number(shop: DemoShop) -> None:
    order = await shop.order("#1042")
    async with await shop.ana() as ana:
        assert ana.welcome["visitor"]["verified"] is True
        answer = await ana.ask(await ana.open(), ORDER_QUESTION)
    assert order["carrier"] in answer["text"]
    assert order["tracking"] in answer["text"]


async def test_a_stranger_is_told_nothing_of_an_order(shop: DemoShop) -> None:
    order = await shop.order("#1042")
    async with await shop.guest() as guest:
        answer = await guest.ask(await guest.open(), ORDER_QUESTION)
        assert answer["text"]
        assert not [secret for secret in _secrets(order) if secret in _received(guest)]


async def test_a_claimed_identity_without_its_hash_is_a_stranger(shop: DemoShop) -> None:
    order = await shop.order("#1042")
    claimed = await shop.ana()
    assert claimed.identity is not None
    claimed.identity = {**claimed.identity, "hash": None}
    async with claimed:
        assert claimed.welcome["visitor"]["verified"] is False
        await claimed.ask(await claimed.open(), ORDER_QUESTION)
        assert not [secret for secret in _secrets(order) if secret in _received(claimed)]


async def test_a_customer_is_told_nothing_of_anothers_order(shop: DemoShop, single_server: ServerProcess) -> None:
    ((carrier, tracking),) = _change(
        single_server, "SELECT carrier, tracking_code FROM orders WHERE number = ?", "#1043"
    )
    async with await shop.ana() as ana:
        answer = await ana.ask(await ana.open(), "Where is my order #1043?")
        assert answer["text"]
        assert tracking.lower() not in _received(ana)
        assert carrier not in answer["text"]


async def test_the_next_answer_follows_the_database(shop: DemoShop, single_server: ServerProcess) -> None:
    async with await shop.ana() as ana:
        for carrier, tracking in (("Nimbus Post", "NP0077123456"), ("GLS", "60099887766")):
            _change(
                single_server,
                "UPDATE orders SET carrier = ?, tracking_code = ? WHERE number = '#1042'",
                carrier,
                tracking,
            )
            conversation = await ana.open()
            answer = await ana.ask(conversation, ORDER_QUESTION)
            assert carrier in answer["text"]
            assert tracking in answer["text"]
            await ana.command("conversation.close", conversation=conversation)


async def test_five_sends_with_one_key_are_one_message_and_one_answer(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        others = [VisitorClient(shop.url, visitor.widget_key) for _ in range(4)]
        for other in others:
            other.token = visitor.token
        await asyncio.gather(*(other.connect() for other in others))
        await asyncio.gather(*(other.watch(conversation) for other in others))
        key = str(uuid4())
        acks = await asyncio.gather(*(one.say(conversation, "Hello", key) for one in (visitor, *others)))
        assert {(ack["message"], ack["seq"]) for ack in acks} == {(acks[0]["message"], acks[0]["seq"])}
        for one in (visitor, *others):
            await one.wait_for(partial(one.view(conversation).texts, "bot"))
        again = await visitor.say(conversation, "Hello", key)
        assert (again["message"], again["seq"]) == (acks[0]["message"], acks[0]["seq"])
        assert await visitor.is_silent_for(0.5, ("reply.started", "message.created"))
        kinds = [message["sender"]["kind"] for message in (await shop.stored(conversation)).values()]
        assert kinds == ["customer", "bot"]
        for one in others:
            await one.close()
            one.check()


async def test_a_signed_customer_goes_on_in_the_same_conversation_elsewhere(shop: DemoShop) -> None:
    identity = signed("cust_7")
    async with VisitorClient(shop.url, "wk_demo", identity) as phone:
        conversation = await phone.open()
        await phone.ask(conversation, "Hello")
    async with VisitorClient(shop.url, "wk_demo", identity) as laptop:
        assert await laptop.open() == conversation
        assert laptop.view(conversation).texts("customer") == ["Hello"]


async def test_the_next_person_at_the_same_browser_inherits_nothing(shop: DemoShop) -> None:
    async with await shop.ana() as ana:
        conversation = await ana.open()
    nobody = VisitorClient(shop.url, ana.widget_key)
    nobody.token = ana.token
    async with nobody:
        assert nobody.welcome["visitor"]["verified"] is False
        assert await nobody.open() != conversation
