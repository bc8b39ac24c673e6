"""What comes in: once per key, one conversation per identity, one reply per question."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from app.db import models
from app.domain.people import Visitor
from app.domain.reply import ReplyStatus
from app.services.ids import new_id
from app.services.ingest import Ingest
from realtime.ports import CommandError
from tests.integration.db.world import World


async def test_first_contact_from_five_connections_gives_one_conversation(world: World) -> None:
    opened = await asyncio.gather(*(world.open() for _ in range(5)))
    assert len(set(opened)) == 1
    assert len(await world.all_of(models.Conversation)) == 1
    assert len(await world.all_of(models.Customer)) == 1


async def test_five_sends_with_one_key_give_one_message_and_one_reply(world: World) -> None:
    conversation = await world.open()
    key = str(uuid4())
    sent = await asyncio.gather(*(world.ask(conversation, key=key) for _ in range(5)))
    assert len(set(sent)) == 1
    assert len(await world.all_of(models.Message)) == 1
    assert len(await world.all_of(models.Response)) == 1
    assert len(await world.all_of(models.Job, kind="reply")) == 1
    assert len(await world.all_of(models.Job, kind="analyze_message")) == 1
    assert await world.types(conversation) == ["message.created"]


async def test_the_key_is_looked_up_before_limits_and_state(world: World) -> None:
    conversation = await world.open()
    key = str(uuid4())
    sent = await world.ask(conversation, key=key)
    await world.control.close(world.boss, conversation)
    world.clock.advance(days=3)

    async def never(_: object) -> int:
        return 1500

    strict = Ingest(world.store, world.changes, world.clock, world.links, limit=never)
    assert await strict.receive_message(world.visitor, conversation, key, "Where is my order?") == sent
    with pytest.raises(CommandError, match="too many messages") as refused:
        await strict.receive_message(world.visitor, conversation, str(uuid4()), "And now?")
    assert refused.value.retry_after_ms == 1500


async def test_a_queued_reply_takes_the_new_question_in(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation, "Hi")
    second = await world.ask(conversation, "Where is #1042?")
    assert len(await world.all_of(models.Response)) == 1
    reply = await world.active_reply(conversation)
    assert reply is not None
    assert (reply.question, reply.covers_seq) == (second.message, second.seq)


async def test_merge_stops_the_running_reply_and_answers_both(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation, "Hi")
    claim = await world.begin("Hello the")
    second = await world.ask(conversation, "Where is #1042?")
    texts = [(one.sender.kind, one.text) for one in await world.messages(conversation)]
    assert texts == [("customer", "Hi"), ("bot", "Hello the"), ("customer", "Where is #1042?")]
    reply = await world.active_reply(conversation)
    assert reply is not None
    assert reply.id != claim.reply.id
    assert reply.question == second.message
    with pytest.raises(PermissionError):
        await world.say(claim, "re")


async def test_merge_leaves_no_message_of_a_reply_that_nobody_saw_begin(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation, "Hi")
    await world.begin()
    await world.ask(conversation, "Where is #1042?")
    assert [one.sender.kind for one in await world.messages(conversation)] == ["customer", "customer"]


async def test_queue_leaves_the_running_reply_and_answers_the_new_question_after_it(world: World) -> None:
    await world.set_rules(double_texting="queue")
    conversation = await world.open()
    await world.ask(conversation, "Hi")
    claim = await world.begin("Hello")
    second = await world.ask(conversation, "Where is #1042?")
    await world.finish(claim, "Hello!")
    reply = await world.active_reply(conversation)
    assert reply is not None
    assert reply.question == second.message
    assert reply.status is ReplyStatus.QUEUED


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_frame"),
        (" \n\u200b\u200e", "bad_frame"),
        ("a\0b", "bad_frame"),
        ("\ud83d", "bad_frame"),
        ("x" * 4001, "too_large"),
    ],
    ids=["empty", "invisible", "nul", "surrogate", "long"],
)
async def test_texts_that_cannot_be_kept_are_refused(world: World, text: str, code: str) -> None:
    conversation = await world.open()
    with pytest.raises(CommandError) as refused:
        await world.ask(conversation, text)
    assert refused.value.code == code
    assert await world.messages(conversation) == []


@pytest.mark.parametrize("text", ["👩‍👧 🇩🇪", "שלום עולם", "a\u200bb", "x" * 4000, "  indented\n"])
async def test_texts_of_all_scripts_are_kept_as_they_are(world: World, text: str) -> None:
    conversation = await world.open()
    await world.ask(conversation, text)
    assert (await world.messages(conversation))[0].text == text


async def test_another_visitors_conversation_is_not_there(world: World) -> None:
    conversation = await world.open()
    stranger = Visitor(new_id(), world.shop)
    with pytest.raises(CommandError, match="no such conversation"):
        await world.ingest.receive_message(stranger, conversation, str(uuid4()), "Hi")
    with pytest.raises(CommandError, match="no such conversation"):
        await world.ingest.receive_message(world.visitor, uuid4(), str(uuid4()), "Hi")


async def test_a_message_soon_after_closing_reopens_for_the_bot(world: World) -> None:
    conversation = await world.open()
    await world.control.take(world.ada, conversation)
    await world.control.close(world.ada, conversation)
    epoch = (await world.record(conversation)).control.epoch
    world.clock.advance(hours=23)
    await world.ask(conversation)
    record = await world.record(conversation)
    assert record.control.status == "open"
    assert record.control.controller == "bot"
    assert record.control.epoch == epoch + 1
    assert await world.active_reply(conversation) is not None


async def test_a_message_long_after_closing_needs_a_new_conversation(world: World) -> None:
    conversation = await world.open()
    await world.control.close(world.visitor, conversation)
    world.clock.advance(hours=25)
    with pytest.raises(CommandError) as refused:
        await world.ask(conversation)
    assert refused.value.code == "closed"
    assert await world.open() != conversation


async def test_a_verified_customer_is_the_shops_own_record_on_every_device(world: World) -> None:
    first, second = await asyncio.gather(
        world.ingest.verify_visitor(world.shop, "cust_42", name="Ana"),
        world.ingest.verify_visitor(world.shop, "cust_42"),
    )
    assert first == second
    assert first.verified
    assert len(await world.all_of(models.Customer)) == 1
    visitor = Visitor(first.id, world.shop, verified=True)
    conversation = await world.ingest.open_conversation(visitor)
    assert (await world.snapshot(visitor, conversation)).customer.verified


async def test_a_verified_visitor_without_a_record_is_refused(world: World) -> None:
    with pytest.raises(CommandError) as refused:
        await world.ingest.open_conversation(Visitor(new_id(), world.shop, verified=True))
    assert refused.value.code == "unauthorized"
