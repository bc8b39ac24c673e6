"""Messages that are stored together: what one of them does or suffers is nothing to the others."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from app.db import models
from app.domain.people import Visitor
from app.services.ids import new_id
from app.services.rate_limit import RateLimiter
from realtime.bus.topic import conversation_topic
from realtime.ports import CommandError
from tests.integration.db.crowd import Crowd
from tests.integration.db.world import World, together

PER_MINUTE = 20


@pytest.fixture
def shop(world: World) -> Crowd:
    return Crowd(world)


async def test_what_comes_meanwhile_shares_a_transaction(shop: Crowd) -> None:
    conversations = await shop.open(12)
    said = await shop.say_together([(one, f"Hi {number}") for number, one in enumerate(conversations)])
    sent = await asyncio.gather(*said)
    assert shop.store.sizes == [1, 1, 10]
    assert [await shop.texts(one) for one in conversations] == [[f"Hi {number}"] for number in range(12)]
    assert len({one.message for one in sent}) == 12
    assert {one.seq for one in sent} == {1}
    assert len(await shop.world.all_of(models.Response)) == 12
    assert len(await shop.world.all_of(models.Job)) == 24


async def test_a_common_transaction_does_without_any_other(shop: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    (conversation,) = await shop.open(1)

    async def never(*_: object, **__: object) -> None:
        raise AssertionError("not stored together")

    monkeypatch.setattr(shop.changes, "run", never)
    for text in ("Hi", "Where is #1042?"):  # the second is taken in by the reply that is queued
        await shop.say(conversation, text)
    assert await shop.texts(conversation) == ["Hi", "Where is #1042?"]
    reply = await shop.world.active_reply(conversation)
    assert reply is not None
    assert reply.covers_seq == 2


async def test_messages_of_a_conversation_keep_their_order(shop: Crowd) -> None:
    one, other = await shop.open(2)
    said = [shop.say(where, f"{number}") for number in range(10) for where in (one, other)]
    await asyncio.gather(*said)
    for conversation in (one, other):
        assert await shop.texts(conversation) == [str(number) for number in range(10)]
        assert await shop.world.types(conversation) == ["message.created"] * 10


async def test_a_message_that_fails_fails_alone(shop: Crowd) -> None:
    conversations = await shop.open(6)
    shop.of[conversations[1]] = Visitor(new_id(), shop.world.shop, "Somebody else")
    shop.of[conversations[3]] = Visitor(shop.of[conversations[3]].id, shop.world.shop, "NUL \0 in a name")
    results = await together(
        *(shop.say(one, "" if number == 2 else "Hi") for number, one in enumerate(conversations)),
        shop.ingest.receive_message(shop.world.visitor, uuid4(), "k", "to nowhere"),
    )
    refused = {number: result for number, result in enumerate(results) if isinstance(result, CommandError)}
    assert {number: error.code for number, error in refused.items()} == {1: "not_found", 2: "bad_frame", 6: "not_found"}
    for number, conversation in enumerate(conversations):
        shop.of[conversation] = shop.world.visitor
        stored = [] if isinstance(results[number], BaseException) else ["Hi"]
        assert await shop.texts(conversation) == stored
    assert not isinstance(results[0], BaseException)
    assert not isinstance(results[5], BaseException)


async def test_without_the_common_transaction_each_has_its_own(shop: Crowd) -> None:
    conversations = await shop.open(4)
    shop.store.fails = True
    await asyncio.gather(*(shop.say(one, "Hi") for one in conversations))
    assert [await shop.texts(one) for one in conversations] == [["Hi"]] * 4


@pytest.mark.parametrize("falls_out", [False, True], ids=["together", "by itself"])
async def test_a_message_takes_one_of_the_limit_however_often_it_is_tried(world: World, falls_out: bool) -> None:
    limiter = RateLimiter()

    async def limit(sender: UUID) -> int | None:
        return await limiter.retry_after_ms("message", str(sender), per_minute=PER_MINUTE)

    async def fail(*_: object) -> None:
        raise ConnectionError

    shop = Crowd(world, limit=limit)
    (conversation,) = await shop.open(1)
    shop.store.at_commit = fail if falls_out else None
    for number in range(PER_MINUTE):
        await shop.say(conversation, f"{number}", key=f"{number}")
    with pytest.raises(CommandError) as refused:
        await shop.say(conversation, "one too many")
    assert refused.value.code == "rate_limited"
    assert refused.value.retry_after_ms
    assert (await shop.say(conversation, "0", key="0")).seq == 1  # what is there already costs nothing
    assert len(await shop.texts(conversation)) == PER_MINUTE


async def test_the_same_key_is_one_message_whoever_sends_it_beside(shop: Crowd) -> None:
    one, other = await shop.open(2)
    sent = await asyncio.gather(*(shop.say(where, "Hi", f"key of {where}") for where in (one, other) * 4))
    assert len({result.message for result in sent}) == 2
    assert await shop.texts(one) == await shop.texts(other) == ["Hi"]


async def test_who_waits_may_go_and_the_message_is_stored_all_the_same(shop: Crowd) -> None:
    one, other = await shop.open(2)
    heard = asyncio.Event()
    await shop.world.bus.subscribe(conversation_topic(one), lambda *_: heard.set())
    shop.store.gate.clear()
    gone, waits = (asyncio.create_task(shop.say(where, "Hi")) for where in (one, other))
    await asyncio.sleep(0)
    gone.cancel()
    shop.store.gate.set()
    await waits
    with pytest.raises(asyncio.CancelledError):
        await gone
    async with asyncio.timeout(20):
        await heard.wait()
    assert await shop.texts(one) == ["Hi"]


async def test_a_process_that_ends_leaves_nothing_at_work(shop: Crowd) -> None:
    conversations = await shop.open(4)
    before = asyncio.all_tasks()
    shop.store.gate.clear()
    said = [asyncio.create_task(shop.say(one, "Hi")) for one in (*conversations, *conversations)]
    await shop.store.are_two_open.wait()
    mine = asyncio.all_tasks() - before
    assert mine >= set(said)
    for task in mine:
        task.cancel()
    await asyncio.wait(mine)
    assert asyncio.all_tasks() == before


async def test_processes_with_the_same_conversations_do_not_wait_in_a_ring(world: World) -> None:
    processes = [Crowd(world), Crowd(world), Crowd(world)]
    conversations = await processes[0].open(8)
    for process in processes[1:]:
        process.of = processes[0].of
    async with asyncio.timeout(30):
        await asyncio.gather(
            *(
                process.say(one, f"{place} {number}")
                for number in range(3)
                for place, process in enumerate(processes)
                for one in (conversations if place % 2 else reversed(conversations))
            )
        )
    for conversation in conversations:
        assert len(await processes[0].texts(conversation)) == 9
        assert await world.types(conversation) == ["message.created"] * 9


async def test_a_message_is_published_after_its_commit_and_before_its_answer(shop: Crowd) -> None:
    (conversation,) = await shop.open(1)
    heard = await shop.world.watch(conversation)
    await shop.say(conversation, "Hi")
    assert [frame.seq for frame in heard] == [1]
    assert [frame.body for frame in heard] == [frame.body for frame in await shop.world.log(conversation)]


async def test_the_line_of_the_lists_is_the_same_however_it_is_read(shop: Crowd) -> None:
    world = shop.world
    silent, asked, taken = await shop.open(3)
    for conversation in (asked, taken, taken):
        await shop.say(conversation, "Where is #1042?")
    await world.control.take(world.ada, taken)
    async with shop.store.read() as tx:
        expected = {line.id: line for line in await tx.conversations.summaries([silent, asked, taken])}
    found = {line.id: line for line in await shop.store.lines([silent, asked, taken])}
    assert found == expected
    assert found[silent].last_message is None
    assert (found[taken].unread, found[asked].unread) == (2, 1)
    holder = found[taken].holder
    assert holder is not None
    assert holder.name == "Ada"
