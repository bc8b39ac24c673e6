"""What customers' messages refer to, and their reactions, on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.db import models
from app.domain.channel import (
    Accepted,
    Echo,
    InboundEvent,
    MessageDeleted,
    MessageReceived,
    Postback,
    Reaction,
    Referral,
    Story,
)
from app.domain.job import Lane
from app.services.inbox import Arrival, Inbox
from app.services.receipts import Receipts
from app.services.receiving import Receiving
from realtime.protocol import shapes
from tests.integration.db.test_delivering import Post
from tests.integration.db.world import World

OURS = "mid.ours"


@pytest.fixture
async def post(world: World) -> Post:
    """One customer who has written, and was answered by an agent: the vendor knows the answer as OURS."""
    post = Post(world)
    await post.begin()
    await post.say("Which size?")
    await post.deliver.settle((await post.next()).delivery, Accepted(OURS))
    return post


async def receive(post: Post, *events: InboundEvent) -> None:
    account = await post.accounts.find(post.account)
    assert account is not None
    inbox = Inbox(post.world.store, post.world.publisher)
    await inbox.accept("messenger", [Arrival(account, event, b"{}") for event in events], {})
    receiving = Receiving(post.world.store, post.changes, post.world.clock)
    receiving.handle({Echo: Receipts(post.world.store, post.changes, post.deliver, receiving, {}).echo})
    for job in await post.world.jobs.claim(Lane.RECEIVE, post.world.worker, 9):
        await receiving(job)
        await post.world.jobs.done(job)


async def said(post: Post, conversation: UUID | None = None) -> list[shapes.Message]:
    return (await post.world.snapshot(post.world.ada, conversation or post.conversation)).messages


def message(key: str, address: str = "2001", **fields: Any) -> MessageReceived:
    return MessageReceived(key=key, account="1001", address=address, text="This one", **fields)


@pytest.mark.parametrize(("answered", "place"), [("m1", 0), (OURS, 1)])
async def test_an_answer_names_the_message_it_is_for(post: Post, answered: str, place: int) -> None:
    await receive(post, message("m2", reply_to=answered))
    messages = await said(post)
    assert messages[-1].refers == shapes.Refers(message=messages[place].id)
    last = (await post.world.log(post.conversation))[-1]
    assert str(messages[place].id).encode() in last.body


async def test_what_another_inbox_said_is_answered_and_reacted_to(post: Post) -> None:
    theirs = Echo(key="m8", account="1001", address="2001", message="m8", text="From the other inbox")
    await receive(post, theirs, message("m9", reply_to="m8"))
    await receive(post, Reaction(key="r1", account="1001", address="2001", message="m8", emoji="❤"))
    echoed, answer = (await said(post))[-2:]
    assert (echoed.text, echoed.reaction) == ("From the other inbox", "❤")
    assert answer.refers == shapes.Refers(message=echoed.id)


async def test_a_pressed_button_keeps_the_advertisement_that_led_to_it(post: Post) -> None:
    ad = Referral(source="ADS", headline="Coats")
    await receive(post, Postback(key="m9", account="1001", address="2001", title="Get started", referral=ad))
    refers = (await said(post))[-1].refers
    assert refers == shapes.Refers(referral=shapes.Referral(source="ADS", headline="Coats"))


async def test_what_is_not_here_or_not_with_this_customer_is_not_named(post: Post) -> None:
    await receive(post, message("m2", reply_to="mid.unknown"), message("n1", "2002", reply_to=OURS))
    await receive(post, message("n2", "2002", reply_to="m1"))
    rows: list[Any] = await post.world.all_of(models.Message)
    assert len(rows) == 5
    assert [row.refers for row in rows] == [None] * 5


async def test_a_story_and_an_advertisement_are_kept_until_the_message_is_taken_back(post: Post) -> None:
    story, referral = Story(url="https://cdn.test/story"), Referral(source="ADS", headline="Warm coats")
    await receive(post, message("m2", reply_to="m1", story=story, referral=referral))
    shown = (await said(post))[-1].refers
    assert shown is not None
    (kept,) = (await said(post))[-1].attachments
    assert (kept.name, kept.state, shown.story) == ("story", "waiting", shapes.Story(url=kept.url))
    assert shown.referral == shapes.Referral(source="ADS", headline="Warm coats")
    await receive(post, MessageDeleted(key="m2:deleted", account="1001", address="2001", message="m2"))
    assert (await said(post))[-1].refers is None
    for table in (models.Message, models.Event, models.WebhookLog, models.Attachment):
        for row in await post.world.all_of(table):
            assert "Warm coats" not in str(vars(row)), table
            assert "cdn.test" not in str(vars(row)), table


def reaction(key: str, message: str, emoji: str | None, address: str = "2001") -> Reaction:
    return Reaction(key=key, account="1001", address=address, message=message, emoji=emoji)


async def test_the_last_reaction_counts_until_it_is_taken_back(post: Post) -> None:
    await receive(post, reaction("r1", OURS, "👍"), reaction("r2", OURS, "❤"), reaction("r3", "m1", "love" * 99))
    assert [one.reaction for one in await said(post)] == [("love" * 99)[:32], "❤"]
    logged = await post.world.types(post.conversation)
    assert logged[-3:] == ["message.reacted"] * 3
    await receive(post, reaction("r4", OURS, None), reaction("r5", OURS, None))
    assert [one.reaction for one in await said(post)] == [("love" * 99)[:32], None]
    assert len(await post.world.types(post.conversation)) == len(logged) + 1


async def test_nobody_reacts_to_what_was_said_to_others_or_is_not_here(post: Post) -> None:
    logged = await post.world.types(post.conversation)
    await receive(post, reaction("r1", "mid.unknown", "👍"), reaction("r2", OURS, "👎", "2002"))
    await receive(post, message("n1", "2002"))
    await receive(post, reaction("r3", OURS, "👎", "2002"))
    assert await post.world.types(post.conversation) == logged
    assert [one.reaction for one in await said(post)] == [None, None]
    rows: list[Any] = await post.world.all_of(models.WebhookLog)
    assert all(row.processed_at is not None for row in rows)


async def test_a_reaction_goes_with_its_message(post: Post) -> None:
    await receive(post, reaction("r1", "m1", "needle"))
    await receive(post, MessageDeleted(key="m1:deleted", account="1001", address="2001", message="m1"))
    await receive(post, reaction("r2", "m1", "needle"))
    assert (await said(post))[0].reaction is None
    for table in (models.Message, models.Event):
        for row in await post.world.all_of(table):
            assert "needle" not in str(vars(row)), table
