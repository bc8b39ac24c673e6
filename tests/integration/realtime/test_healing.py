"""What the bus loses is found and brought, and nobody but the log is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from realtime.bus.frame import Frame, Kind
from realtime.bus.topic import conversation_topic
from realtime.ports import LogPage
from realtime.settings import RealtimeSettings
from tests.integration.realtime.client import Client, client
from tests.integration.realtime.node import QUICK, Node, node
from tests.integration.realtime.shop import Conversation


@pytest.fixture
async def server() -> AsyncIterator[Node]:
    async with node() as running:
        yield running


@pytest.fixture
async def visitor(server: Node) -> AsyncIterator[Client]:
    async with client(server.chat) as one:
        await one.hello_visitor()
        yield one


async def opened(server: Node, visitor: Client) -> tuple[str, Conversation]:
    conversation = await visitor.open()
    return conversation, server.shop.conversations[UUID(conversation)]


def lose_next(server: Node, count: int, kind: Kind = Kind.EVENT) -> None:
    """Lose the next `count` frames of a kind."""
    left = count

    def loses(frame: Frame) -> bool:
        nonlocal left
        if frame.kind is not kind or left == 0:
            return False
        left -= 1
        return True

    server.bus.loses = loses


async def test_a_lost_event_is_read_from_the_log_once(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    reads = server.shop.reads
    lose_next(server, 3)
    for number in range(6):
        await server.shop.say(found, f"message {number}")
    await visitor.until(lambda: visitor.views[conversation].seq == 6)
    assert server.shop.reads == reads + 1
    assert visitor.views[conversation].resyncs == 0


async def test_even_a_lost_last_event_is_found_by_the_position_check(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    lose_next(server, 2)
    await server.shop.say(found, "one")
    await server.shop.say(found, "two")
    await visitor.until(lambda: visitor.views[conversation].seq == 2)


async def test_a_reconnected_bus_is_checked_at_once(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    lose_next(server, 1)
    await server.shop.say(found, "lost in the reconnect")
    for callback in server.bus.reconnected:
        callback([conversation_topic(found.id)])
    await visitor.until(lambda: visitor.views[conversation].seq == 1)


async def test_a_topic_that_could_not_be_subscribed_is_checked_once_it_is() -> None:
    settings = replace(QUICK, check_every_s=3600.0)
    async with node(settings) as server, client(server.chat) as visitor:
        await visitor.hello_visitor()
        server.bus.sick = True
        server.bus.loses = lambda frame: True
        conversation, found = await opened(server, visitor)
        await server.shop.say(found, "while nobody hears")
        server.bus.sick = False
        await visitor.until(lambda: visitor.views[conversation].seq == 1)


async def test_everything_arrives_through_the_log_while_the_bus_is_away(server: Node, visitor: Client) -> None:
    server.bus.sick = True
    server.bus.loses = lambda frame: True
    conversation, _ = await opened(server, visitor)
    send = {"conversation": conversation, "client_id": str(uuid4()), "text": "are you there?"}
    assert (await visitor.ack("message.send", **send))["seq"] == 1
    await visitor.until(lambda: visitor.views[conversation].seq == 1)
    server.bus.sick = False
    server.bus.loses = lambda frame: False
    await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="back again")
    await visitor.until(lambda: visitor.views[conversation].seq == 2)


async def test_only_the_topics_of_a_shard_that_is_away_are_asked_for_all_the_time() -> None:
    settings = RealtimeSettings(check_every_s=600, check_unhealthy_every_s=0.05)
    async with node(settings) as server, client(server.chat) as ana, client(server.chat) as bert:
        for visitor in (ana, bert):
            await visitor.hello_visitor()
        (theirs, found), (others, other) = await opened(server, ana), await opened(server, bert)
        server.bus.loses = lambda frame: frame.kind is Kind.EVENT
        server.bus.deaf = {conversation_topic(found.id)}
        await server.shop.say(other, "lost, and not known to be")
        for number in range(3):
            await server.shop.say(found, "lost with its shard")
            await ana.until(lambda number=number: ana.views[theirs].seq == number + 1)  # type: ignore[misc]
        assert bert.views[others].seq == 0
        server.bus.deaf = {conversation_topic(other.id)}
        await bert.until(lambda: bert.views[others].seq == 1)


async def test_a_lost_delta_is_read_from_the_live_reply(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    reply = uuid4()
    text = "Grüße, שלום, 👋 und mehr"
    await server.live_reply.begin(found.id, reply, 0, 1)
    end = 0
    for number, character in enumerate(text):
        server.bus.loses = lambda frame, number=number: frame.kind is Kind.DELTA and number % 3 == 1  # type: ignore[misc]
        end = await server.live_reply.append(found.id, reply, 0, 1, start=end, text=character, ids=[number])
    server.bus.loses = lambda frame: False
    await server.live_reply.append(found.id, reply, 0, 1, start=end, text="!", ids=[99])
    await visitor.until(lambda: visitor.views[conversation].texts.get(str(reply)) == f"{text}!".encode())
    assert visitor.views[conversation].resyncs == 0


async def test_a_reply_whose_start_was_lost_is_shown_whole(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    reply = uuid4()
    server.bus.loses = lambda frame: True
    await server.live_reply.begin(found.id, reply, 0, 1)
    end = await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Your order", ids=[1])
    server.bus.loses = lambda frame: False
    await server.live_reply.append(found.id, reply, 0, 1, start=end, text=" left.", ids=[2])
    await visitor.until(lambda: visitor.views[conversation].texts.get(str(reply)) == b"Your order left.")
    assert len(visitor.of("reply.started")) == 1


async def test_late_live_frames_of_an_ended_reply_never_arrive(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    reply = uuid4()
    kept: list[tuple[str, Frame]] = []

    def keep(topic: str, frame: Frame) -> None:
        kept.append((topic, frame))

    await server.bus.subscribe(f"conversation:{{{conversation}}}", keep)
    await server.live_reply.begin(found.id, reply, 0, 1)
    await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Done.", ids=[1])
    live = [one for one in kept if one[1].kind in (Kind.STARTED, Kind.DELTA)]
    await server.shop.finish_reply(found, reply, "Done.")
    for topic, frame in live:
        await server.bus.publish(topic, frame)
    await server.shop.say(found, "and on")
    await visitor.until(lambda: visitor.views[conversation].seq == 2)
    assert len(visitor.of("reply.delta")) == 1


async def test_a_log_that_cannot_be_read_leads_to_resync_and_the_client_resumes(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    lose_next(server, 1)
    await server.shop.say(found, "lost")
    server.shop.broken = True
    await server.shop.say(found, "seen too early")
    await visitor.until(lambda: visitor.views[conversation].resyncs == 1)
    assert visitor.views[conversation].seq == 0
    server.shop.broken = False
    answer = await visitor.watch(conversation, seq=0)
    assert [event["seq"] for event in answer["events"]] == [1, 2]
    await server.shop.say(found, "and on")
    await visitor.until(lambda: visitor.views[conversation].seq == 3)


async def test_a_resume_that_fails_leaves_what_was_followed(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    asked, answers = asyncio.Event(), asyncio.Event()

    async def fails(conversation: UUID, after: int, limit: int) -> LogPage:
        asked.set()
        await answers.wait()
        raise OSError("the database went away")

    read_log, server.shop.read_log = server.shop.read_log, fails  # type: ignore[method-assign]
    refused = asyncio.create_task(visitor.command("conversation.watch", conversation=conversation, seq=0))
    await asked.wait()
    await server.shop.say(found, "meanwhile")
    answers.set()
    assert (await refused)["code"] == "unavailable"
    server.shop.read_log = read_log  # type: ignore[method-assign]
    await server.shop.say(found, "afterwards")
    await visitor.until(lambda: visitor.views[conversation].seq == 2)
    assert visitor.views[conversation].resyncs == 0


async def test_another_log_makes_everybody_resume_with_a_snapshot(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    await server.shop.say(found, "before the restore")
    await visitor.until(lambda: visitor.views[conversation].seq == 1)
    found.log = "log-2"
    await visitor.until(lambda: visitor.views[conversation].resyncs == 1)
    answer = await visitor.watch(conversation, seq=1, log="log-1")
    assert answer["resumed"] is False
    assert answer["snapshot"]["log"] == "log-2"


async def test_a_lost_summary_is_found_when_the_page_is_read_again() -> None:
    async with node(RealtimeSettings(inbox_reread_s=0.1, check_unhealthy_every_s=0.05)) as server:
        token = server.shop.add_staff("Ada")
        async with client(server.chat) as visitor, client(server.agent) as agent:
            await visitor.hello_visitor()
            _, found = await opened(server, visitor)
            await agent.hello_staff(token)
            await agent.ack("inbox.watch", queue="mine")
            lose_next(server, 1, Kind.SUMMARY)
            await server.shop.say(found, "waiting")
            (changed,) = await agent.until_frame("inbox.changed")
            assert changed["summary"]["seq"] == 1


async def test_a_conversation_that_left_the_page_unheard_is_found_too() -> None:
    async with node(RealtimeSettings(inbox_reread_s=0.1, check_unhealthy_every_s=0.05)) as server:
        token = server.shop.add_staff("Ada")
        async with client(server.chat) as visitor, client(server.agent) as agent:
            await visitor.hello_visitor()
            conversation, found = await opened(server, visitor)
            await server.shop.say(found, "waiting")
            await agent.hello_staff(token)
            (line,) = (await agent.ack("inbox.watch", queue="all"))["conversations"]
            lose_next(server, 1, Kind.SUMMARY)
            await visitor.ack("conversation.close", conversation=conversation)
            (changed,) = await agent.until_frame("inbox.changed")
            assert (line["status"], changed["summary"]["status"]) == ("open", "closed")


async def test_the_node_can_say_what_it_holds_of_a_reply(server: Node, visitor: Client) -> None:
    conversation, found = await opened(server, visitor)
    assert server.hub.held(found.id) is None
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    end = await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Ihre ", ids=[1])
    await server.live_reply.append(found.id, reply, 0, 1, start=end, text="Größe", ids=[2])
    held = server.hub.held(found.id)
    assert held is not None
    assert (held.message, held.text) == (reply, "Ihre Größe")
    await server.shop.finish_reply(found, reply, "Ihre Größe")
    assert server.hub.held(found.id) is None
    await visitor.ack("conversation.unwatch", conversation=conversation)
    assert server.hub.held(found.id) is None
