"""Coming back: no character and no event lost or doubled, whatever the moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from realtime.live_reply.port import LiveReplyUnavailableError, LiveText
from realtime.ports import LogPage, Principal, Snapshot
from realtime.protocol.events import ControlChanged
from realtime.settings import RealtimeSettings
from tests.integration.realtime.client import View, client
from tests.integration.realtime.node import Node, node
from tests.integration.realtime.shop import Conversation, now

TEXT = "Grüße! Ihre Bestellung #1042 (👩‍👩‍👧) ist שלום unterwegs und kommt am Freitag an. " * 3


@pytest.fixture
async def server() -> AsyncIterator[Node]:
    async with node() as running:
        yield running


async def start(server: Node) -> tuple[str, str, Conversation]:
    """Return token, conversation id and conversation of a new visitor."""
    async with client(server.chat) as visitor:
        token = (await visitor.hello_visitor())["token"]
        conversation = await visitor.open()
    return token, conversation, server.shop.conversations[UUID(conversation)]


async def stream(server: Node, found: Conversation, reply: UUID, pieces: list[str]) -> None:
    """Answer as a worker does, a piece per loop turn."""
    await server.live_reply.begin(found.id, reply, found.epoch, 1)
    end = 0
    for number, piece in enumerate(pieces):
        end = await server.live_reply.append(found.id, reply, found.epoch, 1, start=end, text=piece, ids=[number])
        await asyncio.sleep(0.003)
    await server.shop.finish_reply(found, reply, "".join(pieces))


async def test_reloads_in_mid_answer_lose_and_double_nothing(server: Node) -> None:
    token, conversation, found = await start(server)
    chance = random.Random(7)
    for round_ in range(12):
        reply = uuid4()
        cuts = sorted({0, len(TEXT), *(chance.randrange(len(TEXT)) for _ in range(40))})
        pieces = [TEXT[a:b] for a, b in pairwise(cuts)]
        answering = asyncio.create_task(stream(server, found, reply, pieces))
        view = View()
        keeps_state = round_ % 2 == 0  # a reconnect keeps what it has, a reload starts from nothing
        for _ in range(6):
            async with client(server.chat) as visitor:
                if not keeps_state:
                    view = View()
                visitor.views[conversation] = view
                cursor = view.cursor(conversation) if view.log else {"conversation": conversation}
                await visitor.hello_visitor(token, resume=[cursor])
                await asyncio.sleep(chance.random() * 0.02)
        await answering
        async with client(server.chat) as visitor:
            visitor.views[conversation] = view
            await visitor.hello_visitor(token, resume=[view.cursor(conversation)])
            assert view.messages[str(reply)] == TEXT
            assert view.seq == found.seq
            assert view.texts == {}


@pytest.mark.parametrize("is_of_older_epoch", [True, False])
async def test_a_reply_of_which_the_store_lost_the_end_is_not_shown_again(
    server: Node, monkeypatch: pytest.MonkeyPatch, is_of_older_epoch: bool
) -> None:
    """A failover may lose fence and end of a reply: the log knows better, also where it has nothing new to tell."""
    token, conversation, found = await start(server)
    reply, read_log = uuid4(), server.shop.read_log
    await server.live_reply.begin(found.id, reply, 0, 1)
    await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Grüße", ids=[1])

    async def knows_epoch(conversation: UUID, after: int, limit: int) -> LogPage:
        return replace(await read_log(conversation, after, limit), epoch=1)

    async def knows_end(conversation: UUID, after: int, limit: int) -> LogPage:
        return replace(await read_log(conversation, after, limit), running=None)

    monkeypatch.setattr(server.shop, "read_log", knows_epoch if is_of_older_epoch else knows_end)
    async with client(server.chat) as visitor:
        cursor = {"conversation": conversation, "log": found.log, "seq": found.seq, "live": None}
        welcome = await visitor.hello_visitor(token, resume=[cursor])
        [resumed] = welcome["conversations"]
        assert (resumed["resumed"], resumed["live"]) == (True, None)


async def test_the_rules_of_cursors(server: Node) -> None:
    token, conversation, found = await start(server)
    for number in range(3):
        await server.shop.say(found, f"message {number}")
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Grüße", ids=[1])
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        fresh = await visitor.watch(conversation)
        assert fresh["resumed"] is False
        assert fresh["snapshot"]["seq"] == 3
        live = fresh["snapshot"]["live"]
        assert (live["from"], live["to"], live["text"]) == (0, 7, "Grüße")

        async def live_from(message: str, to: int) -> tuple[int, str]:
            visitor.views.clear()
            visitor.views[conversation] = View(seq=3, log=found.log, texts={message: "Grüße".encode()[:to]})
            answer = await visitor.watch(conversation, seq=3, live={"message": message, "to": to})
            assert answer["resumed"] is True
            assert answer["events"] == []
            return answer["live"]["from"], answer["live"]["text"]

        assert await live_from(str(reply), 4) == (4, "ße")
        assert await live_from(str(reply), 7) == (7, "")
        assert await live_from(str(reply), 3) == (0, "Grüße"), "inside a character"
        assert await live_from(str(reply), 99) == (0, "Grüße"), "beyond the end"
        assert await live_from(str(uuid4()), 2) == (0, "Grüße"), "another reply"
        assert await live_from("no uuid", 2) == (0, "Grüße"), "no reply at all"

        visitor.views.clear()
        visitor.views[conversation] = View(seq=1)
        assert [event["seq"] for event in (await visitor.watch(conversation, seq=1))["events"]] == [2, 3]
        visitor.views.clear()
        assert (await visitor.watch(conversation, seq=4))["resumed"] is False, "beyond the end of the log"
        visitor.views.clear()
        assert (await visitor.watch(conversation, seq=1, log="of another life"))["resumed"] is False


async def test_more_than_five_hundred_events_are_a_snapshot(server: Node) -> None:
    token, conversation, found = await start(server)
    for number in range(501):
        await server.shop.say(found, str(number))
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        visitor.views[conversation] = View(seq=1)
        assert len((await visitor.watch(conversation, seq=1))["events"]) == 500
        visitor.views.clear()
        assert (await visitor.watch(conversation, seq=0))["resumed"] is False


async def test_pruned_events_are_a_snapshot(server: Node) -> None:
    token, conversation, found = await start(server)
    for number in range(10):
        await server.shop.say(found, str(number))
    found.first_kept = 6
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        assert (await visitor.watch(conversation, seq=3))["resumed"] is False
        visitor.views.clear()
        visitor.views[conversation] = View(seq=5)
        assert (await visitor.watch(conversation, seq=5))["resumed"] is True


async def test_a_resume_too_large_for_one_frame_is_a_snapshot(server: Node) -> None:
    token, conversation, found = await start(server)
    for _ in range(100):
        await server.shop.say(found, "𝕏" * 3000)
    async with client(server.chat, max_size=2**20) as visitor:
        await visitor.hello_visitor(token)
        assert (await visitor.watch(conversation, seq=0))["resumed"] is False


async def test_a_snapshot_too_large_for_one_frame_has_the_newest_messages() -> None:
    limit = 20_000
    async with node(RealtimeSettings(resume_bytes=limit)) as server:
        token, conversation, found = await start(server)
        for number in range(40):
            await server.shop.say(found, f"{number}: " + "𝕏" * 400)
        async with client(server.chat, max_size=limit + 1000) as visitor:
            await visitor.hello_visitor(token)
            snapshot = (await visitor.watch(conversation))["snapshot"]
            shown = [int(message["text"].partition(":")[0]) for message in snapshot["messages"]]
            assert shown == list(range(shown[0], 40))
            assert 5 < len(shown) < 12
            assert snapshot["more"] is True
            await server.shop.say(found, "and on")
            await visitor.until(lambda: visitor.views[conversation].seq == 41)


async def test_conversations_for_which_the_welcome_has_no_room_are_to_be_asked_for() -> None:
    limit = 20_000
    async with node(RealtimeSettings(resume_bytes=limit)) as server:
        conversations = [(await start(server))[2] for _ in range(5)]
        for found in conversations:
            for number in range(5):
                await server.shop.say(found, f"{number}: " + "𝕏" * 400)
        token = server.shop.add_staff("ada")
        async with client(server.agent, max_size=limit + 1000) as agent:
            cursors = [{"conversation": str(found.id), "seq": 0} for found in conversations]
            welcome = await agent.hello_staff(token, cursors)
            answered = [answer["conversation"] for answer in welcome["conversations"]]
            assert answered == [cursor["conversation"] for cursor in cursors[:2]]
            left_out = [frame["conversation"] for frame in await agent.until_frame("resync", 3)]
            assert left_out == [cursor["conversation"] for cursor in cursors[2:]]
            for conversation in left_out:
                assert (await agent.watch(conversation, seq=0))["resumed"] is True
            for found in conversations:
                await server.shop.say(found, "and on")
            await agent.until(lambda: all(agent.views[str(found.id)].seq == 6 for found in conversations))


async def test_the_end_of_a_reply_between_the_two_reads_is_not_shown_twice(server: Node) -> None:
    token, conversation, found = await start(server)
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Done.", ids=[1])
    read = server.live_reply.read

    async def ends_just_after(conversation: UUID, start: int = 0) -> LiveText | None:
        live = await read(conversation, start)
        if found.seq == 0:
            await server.shop.finish_reply(found, reply, "Done.")
        return live

    server.live_reply.read = ends_just_after  # type: ignore[method-assign]
    async with client(server.chat) as visitor:
        welcome = await visitor.hello_visitor(token, resume=[{"conversation": conversation, "seq": 0}])
        (answer,) = welcome["conversations"]
        assert answer["live"] is None
        assert [event["seq"] for event in answer["events"]] == [1]


async def test_text_that_the_store_has_lost_stays_until_the_worker_comes_to_it_again(server: Node) -> None:
    token, conversation, found = await start(server)
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        await visitor.watch(conversation)
        await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Hello there", ids=[1, 2])
        view = visitor.views[conversation]
        await visitor.until(lambda: view.texts == {str(reply): b"Hello there"})
    server.live_reply.clear()
    await server.live_reply.begin(found.id, reply, 0, 2, text="Hello", ids=[1])
    async with client(server.chat) as visitor:
        visitor.views[conversation] = view
        welcome = await visitor.hello_visitor(token, resume=[view.cursor(conversation)])
        assert welcome["conversations"][0]["live"] is None
        assert view.texts == {str(reply): b"Hello there"}
        end = await server.live_reply.append(found.id, reply, 0, 2, start=5, text=" th", ids=[2])
        await server.live_reply.append(found.id, reply, 0, 2, start=end, text="ere, friend", ids=[3])
        await visitor.until(lambda: view.texts == {str(reply): b"Hello there, friend"})


async def test_a_cut_reply_is_not_live(server: Node) -> None:
    token, conversation, found = await start(server)
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Cut", ids=[1])
    await server.live_reply.cut(found.id, 1, uuid4())
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        assert (await visitor.watch(conversation))["snapshot"]["live"] is None


async def test_without_the_store_of_live_replies_the_log_still_answers(server: Node) -> None:
    token, conversation, found = await start(server)

    async def away(conversation: UUID, start: int = 0) -> LiveText | None:
        raise LiveReplyUnavailableError("away")

    server.live_reply.read = away  # type: ignore[method-assign]
    await server.shop.say(found, "hi")
    async with client(server.chat) as visitor:
        visitor.views[conversation] = View()
        welcome = await visitor.hello_visitor(token, resume=[{"conversation": conversation, "seq": 0}])
        assert welcome["conversations"][0]["live"] is None
        assert visitor.views[conversation].seq == 1


async def test_events_during_a_resume_come_after_its_answer(server: Node) -> None:
    token, conversation, found = await start(server)
    snapshot = server.shop.snapshot
    for number in range(3):
        await server.shop.say(found, f"before {number}")

    async def busy(principal: Principal, conversation: UUID) -> Snapshot:
        result = await snapshot(principal, conversation)
        for number in range(3):
            await server.shop.say(found, f"meanwhile {number}")
        return result

    server.shop.snapshot = busy  # type: ignore[method-assign]
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        answer = await visitor.watch(conversation)
        assert answer["snapshot"]["seq"] == 3
        await visitor.until(lambda: visitor.views[conversation].seq == 6)
        assert [event["seq"] for event in visitor.views[conversation].events] == [4, 5, 6]


async def test_a_reply_of_an_older_epoch_is_not_live_even_when_its_fence_was_lost(server: Node) -> None:
    token, conversation, found = await start(server)
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    await server.live_reply.append(found.id, reply, 0, 1, start=0, text="old", ids=[1])
    found.epoch = 1
    event = ControlChanged(conversation=found.id, seq=1, at=now(), controller="queue", epoch=1)
    await server.shop.log(found, event)
    async with client(server.chat) as visitor:
        await visitor.hello_visitor(token)
        assert (await visitor.watch(conversation))["snapshot"]["live"] is None
        visitor.views.clear()
        assert (await visitor.watch(conversation, seq=0))["live"] is None


async def test_what_was_streamed_during_a_resume_is_not_sent_after_the_end_that_it_answered(server: Node) -> None:
    token, conversation, found = await start(server)
    reply = uuid4()
    await server.live_reply.begin(found.id, reply, 0, 1)
    end = await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Nearly", ids=[1])
    read_log = server.shop.read_log

    async def goes_on(conversation: UUID, after: int, limit: int) -> LogPage:
        if found.seq == 0:
            await server.live_reply.append(found.id, reply, 0, 1, start=end, text=" done.", ids=[2])
            await server.shop.finish_reply(found, reply, "Nearly done.")
        return await read_log(conversation, after, limit)

    async with client(server.chat) as earlier, client(server.chat) as visitor:
        await earlier.hello_visitor(token, resume=[{"conversation": conversation}])
        server.shop.read_log = goes_on  # type: ignore[method-assign]
        await visitor.hello_visitor(token, resume=[{"conversation": conversation, "seq": 0}])
        await server.shop.say(found, "next")
        await visitor.until(lambda: visitor.views[conversation].seq == 2)
        assert visitor.views[conversation].messages[str(reply)] == "Nearly done."
        assert visitor.of("reply.delta") == []
        assert visitor.of("resync") == []
        assert [delta["text"] for delta in earlier.of("reply.delta")] == [" done."]
