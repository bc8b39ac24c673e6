"""Customers on external channels in the same live session: tokens, takeover, delivery and ticks, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from app.simulate.loopback import serving
from app.simulate.scene import Scene, scene
from app.simulate.shopify import SHOP_DOMAIN
from app.simulate.shopify_storefront import PREFIX, Storefront
from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.fixtures.server_process import ServerProcess, run_command
from tests.fixtures.wire_client import StaffClient, VisitorClient

KINDS = ["whatsapp", "messenger", "instagram"]
SHOPIFY_CUSTOMER = 70_042


@asynccontextmanager
async def customer_on(kind: str, server: ServerProcess) -> AsyncIterator[Scene]:
    """Connect an account of the demo shop to a stand-in, and be its customer."""
    async with scene(kind, server.url) as played:
        fields = [part for name, value in played.fields.items() for part in ("--field", f"{name}={value}")]
        run_command("channel", "add", kind, *fields, folder=server.folder, settings=server.settings)
        yield played


@asynccontextmanager
async def customer_of_storefront(server: ServerProcess) -> AsyncIterator[VisitorClient]:
    """Connect a shop of Shopify, and be who is signed in at its storefront: the widget, on the app proxy's word."""
    fields = [f"shop_domain={SHOP_DOMAIN}", "client_secret=of-the-app", "access_token=shpat_simulated"]
    options = [part for field in fields for part in ("--field", field)]
    run_command("channel", "add", "shopify", *options, folder=server.folder, settings=server.settings)
    proxied = f"{server.url}/api/storefront/shopify/"
    storefront = Storefront(SHOP_DOMAIN, "of-the-app", proxied, "", {}, {}, customer=SHOPIFY_CUSTOMER)
    async with serving(storefront.app) as page, httpx2.AsyncClient(base_url=page) as browser:
        told = (await browser.get(PREFIX)).json()
    async with VisitorClient(told["server"], told["widget_key"], told["identity"]) as customer:
        yield customer


async def conversation_of(agent: StaffClient, kind: str) -> str:
    """Return the conversation of a customer on a channel, once it is in the inbox that an agent watches."""

    def found() -> list[str]:
        changes = (frame["summary"] for frame in agent.of("inbox.changed"))
        return [one["id"] for one in changes if one["channel"] == kind]

    await agent.wait_for(found)
    return found()[-1]


def delivery_of(agent: StaffClient, message: str) -> str | None:
    """Return the last that an agent was told of a message's delivery."""
    told = [frame["status"] for frame in agent.of("delivery.changed") if frame["message"] == message]
    return told[-1] if told else None


@pytest.mark.parametrize("kind", KINDS)
async def test_tokens_takeover_answer_and_ticks(shop: DemoShop, single_server: ServerProcess, kind: str) -> None:
    async with customer_on(kind, single_server) as customer, await shop.agent() as agent:
        await agent.command("inbox.watch", queue="all")
        assert await customer.write(LONG_QUESTION) == 200
        conversation = await conversation_of(agent, kind)
        await agent.watch(conversation)
        view = agent.view(conversation)
        await agent.wait_for(lambda: view.deltas)  # the bot writes, and the agent sees it
        taken = await agent.command("control.take", conversation=conversation)
        assert taken["cut"] is not None
        sent = await agent.say(conversation, "Ada here: I am looking into it.")
        await agent.wait_for(lambda: delivery_of(agent, sent["message"]) in ("sent", "delivered"))
        assert "Ada here: I am looking into it." in customer.texts()
        assert not [text for text in customer.texts() if text in taken["cut"]["text"]]
        customer.read()
        await agent.wait_for(lambda: delivery_of(agent, sent["message"]) == "read")


async def test_the_same_from_a_shopify_storefront(shop: DemoShop, single_server: ServerProcess) -> None:
    async with customer_of_storefront(single_server) as customer, await shop.agent() as agent:
        assert customer.welcome["visitor"]["verified"]
        await agent.command("inbox.watch", queue="all")
        conversation = await customer.open()
        await customer.say(conversation, LONG_QUESTION)
        await agent.wait_for(lambda: [one for one in agent.of("inbox.changed") if one["summary"]["id"] == conversation])
        await agent.watch(conversation)
        view, widget = agent.view(conversation), customer.view(conversation)
        await agent.wait_for(lambda: view.deltas)  # the bot writes, and the agent sees it
        taken = await agent.command("control.take", conversation=conversation)
        assert taken["cut"] is not None
        sent = await agent.say(conversation, "Ada here: I am looking into it.")
        await customer.wait_for(lambda: widget.texts("agent") == ["Ada here: I am looking into it."])
        assert widget.texts("bot") == [taken["cut"]["text"]]
        await customer.command("read", conversation=conversation, seq=sent["seq"])
        await agent.wait_for(lambda: [one for one in agent.of("receipt") if one.get("read") == sent["seq"]])


async def test_an_answer_of_the_bot_arrives_whole(shop: DemoShop, single_server: ServerProcess) -> None:
    async with customer_on("whatsapp", single_server) as customer, await shop.agent() as agent:
        customer.person = "whatsapp:+14155550177"
        await agent.command("inbox.watch", queue="all")
        assert await customer.write(LONG_QUESTION) == 200
        conversation = await conversation_of(agent, "whatsapp")
        await agent.watch(conversation)
        view = agent.view(conversation)
        await agent.wait_for(lambda: view.texts("bot"), timeout_s=30)
        (answer,) = [one for one in view.messages.values() if one["sender"]["kind"] == "bot"]
        await agent.wait_for(lambda: delivery_of(agent, answer["id"]) == "delivered", timeout_s=30)
        disclosure, *parts = customer.texts()
        assert "automatic assistant" in disclosure
        assert parts[0] == answer["text"]


async def test_a_storefront_is_served_from_the_command_line(single_server: ServerProcess) -> None:
    command = ("simulate", "shopify", "--url", single_server.url)
    printed = await asyncio.to_thread(
        run_command, *command, folder=single_server.folder, settings=single_server.settings
    )
    assert "signed in: http://127.0.0.1:" in printed  # nobody is at the keyboard: it is over at once


async def test_a_customer_is_played_from_the_command_line(single_server: ServerProcess) -> None:
    # Somebody new: an agent may have the conversation with the usual one.
    command = ("simulate", "messenger", "Hello", "--url", single_server.url, "--person", "2077")
    printed = await asyncio.to_thread(
        run_command, *command, folder=single_server.folder, settings=single_server.settings
    )
    lines = printed.splitlines()
    assert lines[0] == "you: Hello"
    assert [line.partition(": ")[0] for line in lines[1:3]] == ["shop", "shop"]
