"""Telegram: one file and one line of the registry, from the webhook to the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import select

from app.bootstrap.core import open_channel_health
from app.bootstrap.upkeep import open_reconciling
from app.channels.registry import BY_KIND
from app.channels.text import hashed_key
from app.db import models
from app.domain.people import Role
from app.services.accounts import AccountDesk
from app.services.channel_health import Trouble
from app.simulate.loopback import Outgoing, serving
from app.simulate.telegram import TelegramStandIn
from tests.integration.app.rig import Product
from tests.integration.app.stand_ins import Hands, agent_of

ANA = "990100990100"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100


@dataclass
class Bot:
    rig: Product
    account: UUID
    stand_in: TelegramStandIn
    hands: Hands

    async def write(self, text: str = "Hello?", **fields: object) -> UUID:
        """Let Ana write; return the conversation."""
        assert await self.stand_in.write(text, person=ANA, **fields) == 200
        await self.hands.work()
        return (await self.rig.rows(models.Conversation, channel="telegram"))[-1].id  # type: ignore[no-any-return]

    async def say(self, conversation: UUID, text: str) -> models.Message:
        sent = await self.rig.parts.cases.sending.send(agent_of(self.rig), conversation, text[:60], text)
        await self.hands.work()
        row: models.Message = (await self.rig.rows(models.Message, id=sent.message))[0]
        return row


@pytest.fixture
async def bot(rig: Product) -> AsyncIterator[Bot]:
    async with rig.client() as http:

        async def post(url: str, headers: dict[str, str], body: bytes) -> int:
            return (await http.post(url, headers=headers, content=body)).status_code

        stand_in = TelegramStandIn("7001:a-token", outgoing=Outgoing(post))
        async with serving(stand_in.app) as base:
            fields = {"bot_token": stand_in.token, "secret_token": "a_secret-1", "api_base": base}
            account = await AccountDesk(rig.core.accounts, BY_KIND).add(rig.mine.shop.id, "telegram", fields)
            await open_reconciling(rig.core, rig.parts).now(rig.mine.shop.id, account)
            yield Bot(rig, account, stand_in, Hands(rig))


async def test_the_server_sets_its_own_webhook(bot: Bot) -> None:
    health = open_channel_health(bot.rig.core)
    shop = bot.rig.mine.shop.id
    assert bot.stand_in.webhook.endswith("/api/webhooks/telegram/?bot=7001")
    assert (await health.of_account(shop, bot.account)).state == "ok"
    bot.stand_in.webhook = "https://elsewhere.example/"
    assert list((await health.of_account(shop, bot.account)).troubles) == [Trouble.NOT_SUBSCRIBED]
    bot.stand_in.token = "7001:another"
    assert list((await health.of_account(shop, bot.account)).troubles) == [Trouble.CREDENTIALS_REFUSED]


async def test_a_conversation(bot: Bot) -> None:
    conversation = await bot.write("Where is my parcel?")
    answer = await bot.say(conversation, "On its way 👋")
    assert (bot.stand_in.texts(), answer.delivery) == (["On its way 👋"], {"status": "sent"})
    (question,) = await bot.rig.rows(models.Message, sender_kind="customer")
    assert (question.text, question.sender_name) == ("Where is my parcel?", "Ana Demo")


async def test_after_an_erasure_nothing_says_who_it_was(bot: Bot) -> None:
    conversation = await bot.write("My parcel is late")
    await bot.say(conversation, "On its way")
    (known,) = await bot.rig.rows(models.ChannelIdentity, address=ANA)
    async with await bot.rig.signed_in(Role.ADMIN) as client:
        assert (await client.post(f"/api/customers/{known.customer_id}/erase/")).status_code == 200
    for table in models.Base.metadata.sorted_tables:
        async with bot.rig.core.database.read_session() as session:
            rows = [str(tuple(row)) for row in await session.execute(select(table))]
        assert [row for row in rows if ANA in row.replace(str(known.id), "")] == [], table.name


async def test_an_answer_to_a_message_and_a_reaction_find_it(bot: Bot) -> None:
    conversation = await bot.write("Where is my parcel?")
    answer = await bot.say(conversation, "Which one?")
    (sent,) = await bot.rig.rows(models.Delivery)
    (number,) = [one for one in range(10) if hashed_key("message", f"{ANA}:{one}") == sent.provider_id]
    await bot.write("The blue one", reply_to_message={"message_id": number})
    chat, own = {"id": int(ANA), "type": "private"}, {"type": "custom_emoji", "custom_emoji_id": "5"}
    for given in ({"type": "emoji", "emoji": "🔥"}, own):
        reacted = {"chat": chat, "message_id": number, "date": 1, "old_reaction": [], "new_reaction": [given]}
        assert await bot.stand_in.update(message_reaction=reacted) == 200
    await bot.hands.work()
    rows = await bot.rig.rows(models.Message)
    assert [row.refers for row in rows if row.refers is not None] == [{"message": str(answer.id)}]
    assert {row.id: row.reaction for row in rows if row.reaction is not None} == {answer.id: "?"}


async def test_only_the_secret_lets_an_update_in(bot: Bot) -> None:
    bot.stand_in.secret = "another"
    assert await bot.stand_in.write("Hello?", person=ANA) == 403
    bot.stand_in.webhook = bot.stand_in.webhook.replace("7001", "7002")
    assert await bot.stand_in.write("Hello?", person=ANA) == 403
    assert await bot.rig.rows(models.Message) == []


async def test_a_replayed_update_changes_nothing(bot: Bot) -> None:
    chat = {"id": int(ANA), "type": "private"}
    message = {"message_id": 5, "chat": chat, "from": {"id": int(ANA)}, "date": 1, "text": "Once"}
    assert [await bot.stand_in.update(message=message) for _ in range(3)] == [200] * 3
    await bot.hands.work()
    assert [row.text for row in await bot.rig.rows(models.Message)] == ["Once"]


async def test_a_picture_is_fetched_without_the_token_being_kept(bot: Bot) -> None:
    assert await bot.stand_in.send_photo(JPEG, person=ANA) == 200
    await bot.hands.work()
    (row,) = await bot.rig.rows(models.Attachment)
    assert (row.state, row.media_type, row.size) == ("stored", "image/jpeg", len(JPEG))
    assert not [one for one in await bot.rig.rows(models.WebhookLog) if b"a-token" in one.body]


async def test_kinds_of_updates(bot: Bot) -> None:
    await bot.write("Hello?")
    chat = {"id": int(ANA), "type": "private"}
    pressed = {"id": "1", "from": {"id": int(ANA)}, "message": {"message_id": 2, "chat": chat}, "data": "Track order"}
    edited = {"message_id": 1, "chat": chat, "from": {"id": int(ANA)}, "text": "Hello!"}
    group = {"message_id": 1, "chat": {"id": -5, "type": "group"}, "from": {"id": int(ANA)}, "text": "all"}
    updates: list[dict[str, object]] = [
        {"callback_query": pressed},
        {"edited_message": edited},
        {"message": group},
        {"poll": {}},
    ]
    for update in updates:
        assert await bot.stand_in.update(**update) == 200
    await bot.write("", location={"latitude": 52.5, "longitude": 13.4})
    texts = [row.text for row in await bot.rig.rows(models.Message, sender_kind="customer")]
    assert texts == ["Hello?", "Track order", "Location: 52.5, 13.4"]
    ignored = {row.kind for row in await bot.rig.rows(models.WebhookLog, status="ignored_type")}
    assert ignored == {"edited_message", "message of a group", "other update"}


async def test_a_long_text_goes_out_in_parts_and_refusals_are_told(bot: Bot) -> None:
    conversation = await bot.write()
    text = " ".join(f"This is sentence {number} of it." for number in range(200))[:3990]
    whole = text.replace(".", "😀.", 60)
    await bot.say(conversation, whole[:3999].rstrip())
    assert " ".join(bot.stand_in.texts()) == whole[:3999].rstrip()
    bot.stand_in.faults.on.add("rate_limit")
    assert (await bot.say(conversation, "Patience")).delivery == {"status": "queued"}
    bot.stand_in.faults.on.clear()
    bot.stand_in.blocked.add(ANA)
    await bot.hands.later("deliver")
    assert (await bot.say(conversation, "Gone?")).delivery == {"status": "failed", "error": "403", "to": 0}
