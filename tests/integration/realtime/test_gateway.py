from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from realtime.bus.topic import conversation_topic, user_topic, visitor_topic
from realtime.control import Revoke, revoke_frame
from realtime.settings import RealtimeSettings
from tests.fixtures.jump import Jump
from tests.integration.realtime.client import Client, client
from tests.integration.realtime.node import Node, node
from tests.integration.realtime.shop import ORIGIN, WIDGET_KEY


@pytest.fixture(params=[True, False], ids=["direct", "asgi"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Node]:
    async with node(direct=request.param) as running:
        yield running


async def until_text(one: Client, conversation: str, reply: str, text: str) -> None:
    await one.until(lambda: one.views[conversation].texts.get(reply) == text.encode())


async def until_people(one: Client, count: int) -> None:
    await one.until(lambda: any(len(frame["participants"]) == count for frame in one.of("presence")))


async def test_a_visitor_opens_writes_and_sees_it_once(server: Node) -> None:
    async with client(server.chat) as visitor:
        welcome = await visitor.hello_visitor()
        assert (welcome["protocol"], welcome["heartbeat_s"]) == (1, 25)
        assert welcome["limits"] == {"frame_bytes": 65536, "commands_per_minute": 120, "message_chars": 4000}
        assert welcome["token"]
        assert welcome["visitor"]["verified"] is False
        assert visitor.socket.subprotocol == "assistify.v1"
        conversation = await visitor.open()
        send = {"conversation": conversation, "client_id": str(uuid4()), "text": "שלום 👋"}
        answers = await asyncio.gather(*(visitor.ack("message.send", **send) for _ in range(5)))
        assert {(answer["message"], answer["seq"]) for answer in answers} == {(answers[0]["message"], 1)}
        await visitor.until(lambda: visitor.views[conversation].seq == 1)
        assert list(visitor.views[conversation].messages.values()) == ["שלום 👋"]
        assert (await visitor.open()) == conversation


async def test_staff_follow_live_tokens_and_take_over(server: Node) -> None:
    shop = server.shop
    ada = shop.add_staff("Ada")
    bob = shop.add_staff("Bob")
    async with client(server.chat) as visitor, client(server.agent) as agent, client(server.agent) as other:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        found = shop.conversations[UUID(conversation)]
        assert (await agent.hello_staff(ada))["user"]["name"] == "Ada"
        await other.hello_staff(bob)
        watched = await agent.watch(conversation)
        assert (watched["conversation"], watched["resumed"]) == (conversation, False)

        reply = uuid4()
        await server.live_reply.begin(found.id, reply, 0, 1)
        end = await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Ihre Bestellung ", ids=[1])
        await server.live_reply.append(found.id, reply, 0, 1, start=end, text="ist grü", ids=[2])
        for one in (visitor, agent):
            await until_text(one, conversation, str(reply), "Ihre Bestellung ist grü")

        taken = await agent.ack("control.take", conversation=conversation)
        assert taken["cut"] == {"message": str(reply), "text": "Ihre Bestellung ist grü"}
        refused = await other.command("control.take", conversation=conversation)
        assert (refused["code"], refused["holder"]["name"]) == ("conflict", "Ada")
        await agent.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="Ada here")
        await visitor.until(lambda: visitor.views[conversation].seq == 2)
        assert list(visitor.views[conversation].messages.values()) == ["Ihre Bestellung ist grü", "Ada here"]
        assert (await agent.ack("control.release", conversation=conversation, to="bot"))["epoch"] == 2


async def test_visitors_get_only_the_number_of_what_staff_alone_may_see(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as agent:
        welcome = await visitor.hello_visitor()
        conversation = await visitor.open()
        await agent.hello_staff(token)
        await agent.watch(conversation)
        await agent.ack("note.add", conversation=conversation, client_id=str(uuid4()), text="secret")
        await visitor.until(lambda: visitor.views[conversation].seq == 1)
        assert visitor.views[conversation].events == [{"type": "seq", "conversation": conversation, "seq": 1}]
        await agent.until(lambda: agent.views[conversation].events[-1:] != [])
        assert agent.views[conversation].events[0]["note"]["text"] == "secret"
    async with client(server.chat) as again:
        cursor = {"conversation": conversation, "seq": 0}
        resumed = await again.hello_visitor(welcome["token"], resume=[cursor])
        assert "secret" not in json.dumps(resumed)
        assert again.views[conversation].seq == 1


async def test_another_visitors_conversation_does_not_exist(server: Node) -> None:
    async with client(server.chat) as owner, client(server.chat) as stranger:
        await owner.hello_visitor()
        conversation = await owner.open()
        welcome = await stranger.hello_visitor(resume=[{"conversation": conversation, "seq": 0}])
        assert welcome["conversations"] == [
            {"conversation": conversation, "resumed": False, "snapshot": None, "error": "not_found"}
        ]
        commands: list[tuple[str, dict[str, Any]]] = [
            ("conversation.watch", {}),
            ("message.send", {"client_id": str(uuid4()), "text": "x"}),
            ("typing", {"on": True}),
            ("read", {"seq": 1}),
        ]
        for kind, fields in commands:
            assert (await stranger.command(kind, conversation=conversation, **fields))["code"] == "not_found"
        await owner.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="private")
        await stranger.ack("conversation.open")
        assert "private" not in json.dumps(stranger.frames)


async def test_staff_of_another_shop_see_nothing(server: Node) -> None:
    token = server.shop.add_staff("Eve", shop=uuid4())
    async with client(server.chat) as visitor, client(server.agent) as eve:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        await eve.hello_staff(token)
        assert (await eve.command("conversation.watch", conversation=conversation))["code"] == "not_found"
        await eve.ack("inbox.watch", queue="all")
        await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="hi")
        await eve.command("control.take", conversation=conversation)
        assert eve.of("inbox.changed") == []


@pytest.mark.parametrize(
    ("hello", "origin"),
    [({"widget_key": "wk_wrong"}, None), ({"token": "stolen"}, None), ({}, "https://elsewhere.example")],
)
async def test_a_wrong_hello_is_answered_and_final(server: Node, hello: dict[str, Any], origin: str | None) -> None:
    async with client(server.chat, origin=origin) as visitor:
        error = await visitor.command("hello", **{"widget_key": WIDGET_KEY, **hello})
        assert (error["type"], error["code"]) == ("error", "unauthorized")
        assert await visitor.until_closed() == 4501


async def test_the_shops_own_origin_is_welcome(server: Node) -> None:
    async with client(server.chat, origin=ORIGIN) as visitor:
        assert await visitor.hello_visitor()


async def test_staff_may_come_with_a_cookie(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.agent, additional_headers={"Cookie": f"a=b; session={token}"}) as agent:
        assert (await agent.ack("hello"))["user"]["role"] == "agent"


async def test_a_database_that_is_away_at_hello_lets_the_client_come_back(server: Node) -> None:
    server.shop.broken = True
    async with client(server.chat) as visitor:
        error = await visitor.command("hello", widget_key=WIDGET_KEY)
        assert error["code"] == "unavailable"
        assert 4000 <= await visitor.until_closed() < 4500


async def test_a_failing_command_says_so_and_the_socket_stays(server: Node) -> None:
    async with client(server.chat) as visitor:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        server.shop.broken = True
        send = {"conversation": conversation, "client_id": str(uuid4()), "text": "hi"}
        assert (await visitor.command("message.send", **send))["code"] == "unavailable"
        server.shop.broken = False
        assert (await visitor.ack("message.send", **send))["seq"] == 1


async def test_bad_frames_are_answered_and_twenty_close(server: Node) -> None:
    async with client(server.chat) as visitor:
        await visitor.hello_visitor()
        bad = ["{", "[]", '{"type":"nothing","id":"x"}', '{"type":"typing","id":"y"}', "x" * 70_000]
        for frame in bad:
            await visitor.socket.send(frame)
        await visitor.socket.send(b"bytes")
        errors = await visitor.until_frame("error", 6)
        assert [error["code"] for error in errors] == [
            "bad_frame",
            "bad_frame",
            "unknown_type",
            "bad_frame",
            "too_large",
            "bad_frame",
        ]
        assert [error.get("id") for error in errors] == [None, None, "x", "y", None, None]
        assert await visitor.open()
        for _ in range(14):
            await visitor.socket.send("{")
        assert await visitor.until_closed() == 4500
        assert len(visitor.of("error")) == 20


async def test_text_that_cannot_be_kept_is_refused_and_other_text_comes_back_as_it_was(server: Node) -> None:
    async with client(server.chat) as visitor:
        await visitor.hello_visitor()
        conversation = await visitor.open()

        async def send(text: str) -> dict[str, Any]:
            return await visitor.command("message.send", conversation=conversation, client_id=str(uuid4()), text=text)

        for refused, code in [
            ("", "bad_frame"),
            (" \n", "bad_frame"),
            ("a" * 4001, "too_large"),
            ("a\x00", "bad_frame"),
        ]:
            assert (await send(refused))["code"] == code
        surrogate = await send("\ud800")
        assert (surrogate["code"], surrogate["message"]) == ("bad_frame", "lone surrogate in `$.text`")
        kept = ["👩‍👩‍👧", "\u202eשלום", "a\u200bb", "𝕏" * 4000]
        for text in kept:
            assert (await send(text))["type"] == "ack"
        await visitor.until(lambda: visitor.views[conversation].seq == len(kept))
        assert list(visitor.views[conversation].messages.values()) == kept


async def test_typing_reaches_the_others_and_not_the_one_who_types(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as agent:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        await agent.hello_staff(token)
        await agent.watch(conversation)
        await agent.ack("typing", conversation=conversation, on=True)
        (typing,) = await visitor.until_frame("typing")
        assert (typing["participant"]["name"], typing["on"]) == ("Ada", True)
        assert agent.of("typing") == []
        await agent.close()
        frames = await visitor.until_frame("typing", 2)
        assert frames[1]["on"] is False


async def test_presence_lists_who_is_there(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as agent:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        await agent.hello_staff(token)
        await agent.watch(conversation)
        for one in (visitor, agent):
            await until_people(one, 2)
        people = agent.of("presence")[-1]["participants"]
        assert {(person["kind"], person["state"]) for person in people} == {("agent", "online"), ("customer", "online")}


def states(one: Client) -> set[tuple[str, str]]:
    """Return who is there and how, as this client was last told."""
    frames = one.of("presence")
    return {(person["kind"], person["state"]) for person in frames[-1]["participants"]} if frames else set()


async def test_a_hidden_page_is_away_and_a_second_open_one_is_not(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as agent:
        key = (await visitor.hello_visitor())["token"]
        conversation = await visitor.open()
        await agent.hello_staff(token)
        await agent.watch(conversation)
        await visitor.ack("presence", state="away")
        await agent.until(lambda: states(agent) == {("agent", "online"), ("customer", "away")})
        async with client(server.chat) as tab:
            await tab.hello_visitor(key)
            await tab.watch(conversation)
            await agent.until(lambda: ("customer", "online") in states(agent))
            await tab.ack("presence", conversation=conversation, state="away")
            await agent.until(lambda: ("customer", "away") in states(agent))
        await visitor.ack("presence", state="online")
        await agent.until(lambda: ("customer", "online") in states(agent))


async def test_who_is_away_stays_so_in_what_they_open_next(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as agent:
        await visitor.hello_visitor()
        await visitor.ack("presence", state="away")
        conversation = await visitor.open()
        await agent.hello_staff(token)
        await agent.watch(conversation)
        await agent.until(lambda: states(agent) == {("agent", "online"), ("customer", "away")})
        # A conversation that this connection does not follow is nothing to be away from.
        await agent.ack("presence", conversation=str(uuid4()), state="away")
        assert (await agent.command("presence", state="asleep"))["code"] == "bad_frame"
        assert states(agent) == {("agent", "online"), ("customer", "away")}


async def test_the_inbox_follows_after_its_first_page(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as agent:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        await agent.hello_staff(token)
        page = await agent.ack("inbox.watch", queue="all")
        assert [summary["id"] for summary in page["conversations"]] == [conversation]
        await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="hi")
        (changed,) = await agent.until_frame("inbox.changed")
        assert (changed["summary"]["id"], changed["summary"]["seq"]) == (conversation, 1)
        assert (await agent.command("inbox.watch", queue="everything"))["code"] == "bad_frame"


async def test_revocation_closes_every_socket_of_that_person(server: Node) -> None:
    token = server.shop.add_staff("Ada")
    async with client(server.chat) as visitor, client(server.agent) as one, client(server.agent) as two:
        visitor_id = UUID((await visitor.hello_visitor())["visitor"]["id"])
        await one.hello_staff(token)
        await two.hello_staff(token)
        await server.bus.publish(user_topic(server.shop.staff[token].id), revoke_frame(Revoke()))
        assert await one.until_closed() == await two.until_closed() == 4502
        assert visitor.close_code is None
        await server.bus.publish(visitor_topic(visitor_id), revoke_frame(Revoke(reason="blocked")))
        assert await visitor.until_closed() == 4502
        assert visitor.socket.close_reason == "blocked"


async def test_a_session_ends_with_its_token_unless_it_is_refreshed(server: Node, jump: Jump) -> None:
    server.shop.expires_at = time.time() + 60
    token = server.shop.add_staff("Ada")
    async with client(server.agent) as kept, client(server.agent) as lost:
        await kept.hello_staff(token)
        await lost.hello_staff(token)
        server.shop.expires_at = time.time() + 600
        await kept.ack("token.refresh", token=token)
        assert (await kept.command("token.refresh", token="jwt-somebody"))["code"] == "unauthorized"
        jump(60)
        assert await lost.until_closed() == 4501
        await kept.ack("inbox.watch", queue="all")


async def test_a_silent_socket_hears_a_ping_and_one_without_hello_is_closed(server: Node, jump: Jump) -> None:
    async with client(server.chat) as mute, client(server.chat) as visitor:
        await visitor.hello_visitor()
        early = await mute.command("conversation.open")
        assert (early["type"], early["code"]) == ("error", "unauthorized")
        jump(10)
        assert await mute.until_closed() == 4500
        jump(15)
        await visitor.until_frame("ping")
        await visitor.open()


async def test_pings_come_again_and_again() -> None:
    async with node(RealtimeSettings(ping_after_s=0.1)) as server, client(server.chat) as visitor:
        await visitor.hello_visitor()
        await visitor.until_frame("ping", 2)


async def test_commands_keep_their_order_and_each_is_answered_once(server: Node) -> None:
    async with client(server.chat) as visitor:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        texts = [f"message {number}" for number in range(40)]
        for number, text in enumerate(texts):
            command = {"type": "message.send", "id": f"m{number}", "conversation": conversation}
            await visitor.socket.send(json.dumps({**command, "client_id": str(uuid4()), "text": text}))
        await visitor.until(lambda: visitor.views[conversation].seq == len(texts))
        acks = [frame["id"] for frame in visitor.frames if frame["type"] == "ack" and frame["id"].startswith("m")]
        assert acks == [f"m{number}" for number in range(40)]
        assert list(visitor.views[conversation].messages.values()) == texts


async def test_what_was_sent_before_the_client_went_is_carried_out(server: Node) -> None:
    async with client(server.chat) as visitor:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        for number in range(10):
            command = {"type": "message.send", "id": f"m{number}", "conversation": conversation}
            await visitor.socket.send(json.dumps({**command, "client_id": str(uuid4()), "text": "bye"}))
        all_logged = asyncio.Event()
        await server.bus.subscribe(
            conversation_topic(UUID(conversation)), lambda topic, frame: all_logged.set() if frame.seq == 10 else None
        )
    await asyncio.wait_for(all_logged.wait(), 30)
    assert server.shop.conversations[UUID(conversation)].seq == 10


async def test_two_tabs_of_one_visitor_see_the_same(server: Node) -> None:
    async with client(server.chat) as one, client(server.chat) as two:
        token = (await one.hello_visitor())["token"]
        conversation = await one.open()
        await two.hello_visitor(token)
        assert await two.open() == conversation
        await one.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="from one")
        await two.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="from two")

        def both() -> bool:
            return all(len(tab.views[conversation].messages) == 2 for tab in (one, two))

        await one.until(lambda: len(one.views[conversation].messages) == 2)
        await two.until(both)
        await one.ack("conversation.unwatch", conversation=conversation)
        await two.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="alone")
        await two.until(lambda: two.views[conversation].seq == 3)
        assert one.views[conversation].seq == 2


async def test_a_sign_in_that_ended_is_noticed_without_a_notice() -> None:
    async with node(RealtimeSettings(recheck_every_s=0.1)) as server, client(server.chat) as visitor:
        await visitor.hello_visitor()
        ada, ben = server.shop.add_staff("Ada"), server.shop.add_staff("Ben")
        async with client(server.agent) as one, client(server.agent) as other:
            await one.hello_staff(ada)
            await other.hello_staff(ben)
            del server.shop.staff[ada]
            assert await one.until_closed() == 4502
            assert server.gateway.counters.revoked == 1
            await other.ack("inbox.watch", queue="all")
        await visitor.open()


async def test_a_notice_for_one_session_spares_the_others() -> None:
    async with node() as server:
        token = server.shop.add_staff("Ada")
        ada = server.shop.staff[token]
        server.shop.staff["jwt-desk"] = replace(ada, session="desk")
        async with client(server.agent) as desk, client(server.agent) as phone:
            await desk.hello_staff("jwt-desk")
            await phone.hello_staff(token)
            await server.bus.publish(user_topic(ada.id), revoke_frame(Revoke(session="desk")))
            assert await desk.until_closed() == 4502
            await phone.ack("inbox.watch", queue="all")
