"""Approved templates: what people may send after the window; the bot cannot."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from app.db import models
from app.domain.message import SenderKind
from app.domain.people import Role
from app.services.change import Change
from tests.integration.app.rig import Product
from tests.integration.app.stand_ins import Connected, Hands, agent_of, connected

NEWS = "HX" + "1" * 32
TEXT = "Hello {{1}}, your order {{2}} is on its way."
TEMPLATES = {NEWS: ("approved", TEXT), "HX" + "2" * 32: ("rejected", "Buy!"), "HX" + "3" * 32: ("approved", "Hi.")}
VALUES = {"1": "Ana", "2": "1042"}


async def after_the_window(channel: Connected) -> UUID:
    """Let Ana write, two days ago."""
    channel.twilio.templates = dict(TEMPLATES)
    await channel.write("Hello?")
    await Hands(channel.rig).work()
    conversation = await channel.conversation()
    channel.twilio.clock = lambda: time.time() + 2 * 86_400
    return conversation


async def send(client: httpx2.AsyncClient, conversation: UUID, **body: Any) -> httpx2.Response:
    path = f"/api/conversations/{conversation}/send_template/"
    return await client.post(path, json={"client_id": str(uuid4()), "template": NEWS, "variables": VALUES, **body})


async def test_a_template_goes_out_after_the_window(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel, await rig.signed_in() as client:
        conversation = await after_the_window(channel)
        listed = (await client.get(f"/api/conversations/{conversation}/templates/")).json()["templates"]
        assert [(one["id"], one["body"], one["variables"]) for one in listed] == [
            (NEWS, TEXT, ["1", "2"]),
            ("HX" + "3" * 32, "Hi.", []),
        ]
        key = str(uuid4())
        answers = [await send(client, conversation, client_id=key) for _ in range(2)]
        assert answers[0].status_code == 200
        assert answers[0].json() == answers[1].json()
        await Hands(rig).work()
        (sent,) = channel.twilio.messages
        assert (sent.content_sid, sent.variables, sent.body) == (NEWS, VALUES, "")
        (row,) = await rig.rows(models.Message, sender_kind="agent")
        assert row.text == "Hello Ana, your order 1042 is on its way."
        await channel.until(["delivered"])


async def test_one_that_failed_is_sent_again_after_the_window(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel, await rig.signed_in() as client:
        conversation = await after_the_window(channel)
        channel.twilio.fails_next.append(63013)
        message = UUID((await send(client, conversation)).json()["message"])
        hands = Hands(rig)
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert await channel.statuses() == ["failed"]
        await rig.parts.cases.deliver.resend(agent_of(rig), conversation, message, uuid4())
        await hands.work()
        assert [one.content_sid for one in channel.twilio.messages] == [NEWS, NEWS]


async def test_what_is_refused(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel, await rig.signed_in() as client:
        conversation = await after_the_window(channel)
        refused = [
            await send(client, conversation, template="HX" + "2" * 32),
            await send(client, conversation, variables={"1": "Ana"}),
            await send(client, conversation, variables={**VALUES, "2": "a\nb"}),
            await send(client, conversation, variables={**VALUES, "3": "more"}),
        ]
        assert [one.status_code for one in refused] == [404, 422, 422, 422]
        async with await rig.signed_in(Role.VIEWER) as viewer:
            assert (await send(viewer, conversation)).status_code == 403
    async with await rig.signed_in() as client:
        assert (await send(client, conversation)).status_code == 503  # the vendor is away
    assert await rig.rows(models.Delivery) == []


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("Your order {{1}} is now {{2}}.", {"2": "on its way", "1": "1042"}, "Your order 1042 is now on its way."),
        ("Your order {{order}} is here.", {"order": "1042"}, "Your order 1042 is here."),
        ("We are back: just write to us.", {}, "We are back: just write to us."),
    ],
)
async def test_a_utility_template_of_a_page(rig: Product, text: str, values: dict[str, str], said: str) -> None:
    async with connected(rig, "messenger") as channel, await rig.signed_in() as client:
        channel.meta.templates.texts = {("order_news", "en"): ("APPROVED", text), ("more", "en"): ("REJECTED", "Buy!")}
        await channel.write("Hello?")
        hands = Hands(rig)
        await hands.work()
        conversation = await channel.conversation()
        channel.meta.clock = lambda: time.time() + 8 * 86_400  # after the people's window, too
        listed = (await client.get(f"/api/conversations/{conversation}/templates/")).json()["templates"]
        assert [(one["id"], one["name"], one["body"]) for one in listed] == [("order_news/en", "order news", text)]
        sent = await send(client, conversation, template="order_news/en", variables=values)
        assert sent.status_code == 200, sent.text
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        (posted,) = channel.meta.messages
        assert (posted.messaging_type, posted.tag) == ("UTILITY", None)
        assert channel.meta.templates.filled(posted.message["template"]) == said
        assert [row.text for row in await rig.rows(models.Message, sender_kind="agent")] == [said]
        assert await channel.statuses() == ["delivered"]


async def test_a_channel_without_templates_lists_none(rig: Product) -> None:
    async with connected(rig, "instagram") as channel, await rig.signed_in() as client:
        await channel.write("Hello?")
        await Hands(rig).work()
        path = f"/api/conversations/{await channel.conversation()}/templates/"
        assert (await client.get(path)).json() == {"templates": []}


async def test_the_bot_has_no_templates(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        conversation = await after_the_window(channel)

        async def step(change: Change) -> None:
            template = {"template": NEWS, "variables": VALUES}
            await change.say(SenderKind.BOT, "Hello Ana", template=template)

        await rig.parts.changes.run(conversation, step)
        await Hands(rig).work()
        await channel.stand_in.outgoing.idle()
        await Hands(rig).work()
        assert [(one.content_sid, one.status) for one in channel.twilio.messages] == [(None, "undelivered")]
