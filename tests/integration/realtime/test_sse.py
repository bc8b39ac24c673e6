"""The event stream and the requests beside it, on a bare server: what a visitor has where WebSockets are blocked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx2
import pytest

from realtime.bus.topic import visitor_topic
from realtime.control import Revoke, revoke_frame
from realtime.protocol.codec import MAX_FRAME_BYTES
from realtime.settings import RealtimeSettings
from tests.integration.realtime.client import client
from tests.integration.realtime.node import Node, node
from tests.integration.realtime.shop import ORIGIN, WIDGET_KEY
from tests.integration.realtime.stream_client import StreamClient, stream_client

HELLO = {"type": "hello", "id": "7", "widget_key": WIDGET_KEY}


@pytest.fixture(params=[True, False], ids=["direct", "asgi"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Node]:
    async with node(direct=request.param) as running:
        yield running


async def send(visitor: StreamClient, conversation: str, text: str) -> None:
    await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text=text)


async def test_hello_then_a_stream_then_commands_answered_in_their_own_bodies(server: Node) -> None:
    async with stream_client(server.streams) as visitor:
        welcome = await visitor.connect()
        assert visitor.frames[0] is welcome
        assert welcome["token"] == visitor.token
        assert welcome["heartbeat_s"] == 25
        conversation = await visitor.open()
        await send(visitor, conversation, "hello")
        await visitor.until(lambda: visitor.views[conversation].seq == 1)
        found = server.shop.conversations[UUID(conversation)]
        reply = uuid4()
        await server.live_reply.begin(found.id, reply, 0, 1)
        await server.live_reply.append(found.id, reply, 0, 1, start=0, text="Ihre 👋", ids=[1])
        await visitor.until(lambda: visitor.views[conversation].texts.get(str(reply)) == "Ihre 👋".encode())
        await server.shop.finish_reply(found, reply, "Ihre 👋 Bestellung")
        await visitor.until(lambda: visitor.views[conversation].messages.get(str(reply)) == "Ihre 👋 Bestellung")
        assert {frame["type"] for frame in visitor.frames if "id" in frame} == {"welcome", "ack"}
        assert server.gateway.connection_count == 1


async def test_commands_of_one_visitor_at_once_each_get_their_own_answer(server: Node) -> None:
    async with stream_client(server.streams) as visitor:
        await visitor.connect()
        conversation = await visitor.open()
        sends = [{"conversation": conversation, "client_id": str(uuid4()), "text": f"{n}"} for n in range(10)]
        acks = await asyncio.gather(*(visitor.ack("message.send", **one) for one in sends))
        assert sorted(ack["seq"] for ack in acks) == list(range(1, 11))
        for one, ack in zip(sends, acks, strict=True):
            assert server.shop.conversations[UUID(conversation)].messages[ack["seq"] - 1].text == one["text"]
        await visitor.until(lambda: visitor.views[conversation].seq == 10)


async def test_refusals_have_a_status_and_the_error_as_body(server: Node) -> None:
    async with stream_client(server.streams) as visitor, httpx2.AsyncClient() as http:
        wrong = await visitor.post({**HELLO, "widget_key": "wk_wrong"})
        assert (wrong.status_code, wrong.json()["code"], wrong.json()["id"]) == (401, "unauthorized", "7")
        early = await visitor.post({"type": "conversation.open", "id": "8"})
        assert (early.status_code, early.json()["code"], early.json()["id"]) == (401, "unauthorized", "8")
        for headers in ({}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer nobody"}):
            refused = await http.get(server.streams, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        await visitor.connect()
        bearer = {"Authorization": f"Bearer {visitor.token}"}
        for resume in ("{", '[{"conversation":7}]', json.dumps([{"conversation": "c"}] * 101)):
            bad = await http.get(server.streams, headers={**bearer, "Assistify-Resume": resume})
            assert (bad.status_code, bad.json()["code"]) == (400, "bad_frame")
        unknown = await visitor.command("message.send", conversation=str(uuid4()), client_id=str(uuid4()), text="x")
        assert unknown["code"] == "not_found"
        assert (await visitor.command("no.such"))["code"] == "unknown_type"
        assert (await visitor.command("control.take", conversation=str(uuid4())))["code"] == "forbidden"
        assert visitor.statuses == [404, 400, 403]
        assert (await http.head(server.streams)).status_code == 405
        assert (await http.delete(server.streams)).status_code == 405


async def test_a_stream_obeys_its_owner_alone(server: Node) -> None:
    async with stream_client(server.streams) as ann, stream_client(server.streams) as eve:
        await ann.connect()
        await eve.connect()
        headers = {"Authorization": f"Bearer {eve.token}", "Assistify-Connection": ann.welcome["connection"]}
        stolen = await eve.post({"type": "conversation.open", "id": "1"}, **headers)
        assert (stolen.status_code, stolen.json()["code"]) == (503, "unavailable")
        without = {"Assistify-Connection": ann.welcome["connection"]}
        assert (await eve.post({"type": "conversation.open", "id": "1"}, **without)).status_code == 401
        assert not server.shop.conversations
        await ann.open()


async def test_a_stream_that_is_over_or_never_was_is_unavailable(server: Node) -> None:
    async with stream_client(server.streams) as visitor:
        await visitor.connect()
        headers = {"Authorization": f"Bearer {visitor.token}"}
        for connection in (str(uuid4()), "no-uuid"):
            gone = await visitor.post(
                {"type": "conversation.open", "id": "1"}, **headers, **{"Assistify-Connection": connection}
            )
            assert (gone.status_code, gone.json()["code"], gone.json()["id"]) == (503, "unavailable", "1")


async def test_a_body_has_at_most_64_kib(server: Node) -> None:
    async with stream_client(server.streams) as visitor:
        await visitor.connect()
        command = {"type": "conversation.open", "id": "1", "padding": ""}
        command["padding"] = "x" * (MAX_FRAME_BYTES - len(json.dumps(command)))
        headers = {"Authorization": f"Bearer {visitor.token}", "Assistify-Connection": visitor.welcome["connection"]}
        assert (await visitor.post(command, **headers)).status_code == 200
        command["padding"] += "x"
        large = await visitor.post(command, **headers)
        assert (large.status_code, large.json()["code"]) == (413, "too_large")


async def test_bytes_that_are_no_text_and_twenty_bad_commands_end_the_stream(server: Node) -> None:
    async with stream_client(server.streams) as visitor, httpx2.AsyncClient() as http:
        await visitor.connect()
        headers = {"Authorization": f"Bearer {visitor.token}", "Assistify-Connection": visitor.welcome["connection"]}
        binary = await http.post(server.streams, content=b"\xff\xfe", headers=headers)
        assert binary.json()["code"] == "bad_frame"
        for _ in range(19):
            assert (await http.post(server.streams, content="{", headers=headers)).json()["code"] == "bad_frame"
        assert await visitor.until_closed() == 4500


async def test_pages_of_other_origins_cannot_read_and_the_servers_own_can(server: Node) -> None:
    own = f"http://127.0.0.1:{server.port}"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with httpx2.AsyncClient() as http:
        foreign = await http.options(server.streams, headers={"Origin": ORIGIN, **asked})
        assert foreign.status_code == 403
        assert "access-control-allow-origin" not in foreign.headers
        allowed = await http.options(server.streams, headers={"Origin": own, **asked})
        assert allowed.headers["access-control-allow-origin"] == own
        assert "assistify-connection" in allowed.headers["access-control-allow-headers"]
        wrong = await http.post(server.streams, json=HELLO, headers={"Origin": "https://evil.example"})
        assert wrong.status_code == 401
        listed = await http.post(server.streams, json=HELLO, headers={"Origin": ORIGIN})
        assert listed.json()["type"] == "ack"
        assert "access-control-allow-origin" not in listed.headers


async def test_revocation_ends_the_stream_for_good(server: Node) -> None:
    async with stream_client(server.streams) as visitor:
        welcome = await visitor.connect()
        await server.bus.publish(visitor_topic(UUID(welcome["visitor"]["id"])), revoke_frame(Revoke()))
        assert await visitor.until_closed() == 4502


async def test_an_expired_token_ends_the_stream_unless_it_is_refreshed(server: Node) -> None:
    server.shop.expires_at = 0.0
    async with stream_client(server.streams) as visitor:
        await visitor.connect()
        assert await visitor.until_closed() == 4501
    server.shop.expires_at = None
    async with stream_client(server.streams) as visitor:
        await visitor.connect()
        await visitor.ack("token.refresh", token=visitor.token)
        server.shop.expires_at = 0.0
        await visitor.ack("token.refresh", token=visitor.token)
        assert await visitor.until_closed() == 4501


async def test_a_draining_node_hints_closes_and_takes_nobody_in(server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    may_close, is_empty_by = asyncio.Event(), server.gateway._is_empty_by

    async def held(at: float) -> bool:
        await may_close.wait()
        return await is_empty_by(at)

    monkeypatch.setattr(server.gateway, "_is_empty_by", held)
    async with stream_client(server.streams) as visitor, stream_client(server.streams) as late:
        await visitor.connect()
        draining = asyncio.create_task(server.gateway.drain(0.3))
        await visitor.until_frame("drain")
        refused = await late.post(dict(HELLO))
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"] == "1"
        assert await visitor.open()
        may_close.set()
        assert await visitor.until_closed() == 4000
        await draining
        assert server.gateway.connection_count == 0


async def test_a_silent_stream_pings() -> None:
    async with node(RealtimeSettings(ping_after_s=0.05)) as server, stream_client(server.streams) as visitor:
        await visitor.connect()
        await visitor.until_frame("ping", 3)


async def test_the_limits_of_a_socket_hold_for_a_stream() -> None:
    settings = RealtimeSettings(commands_per_minute=2, message_chars=3)
    async with node(settings) as server, stream_client(server.streams) as visitor:
        await visitor.connect()
        conversation = await visitor.open()
        long = await visitor.command("message.send", conversation=conversation, client_id=str(uuid4()), text="abcd")
        assert long["code"] == "too_large"
        limited = await visitor.command("typing", conversation=conversation, on=True)
        assert limited["code"] == "rate_limited"
        assert limited["retry_after_ms"] > 0
        assert visitor.statuses == [200, 413, 429]


async def test_switching_between_socket_and_stream_in_mid_answer_loses_nothing(server: Node) -> None:
    async with client(server.chat) as socket:
        token = (await socket.hello_visitor())["token"]
        conversation = await socket.open()
        found = server.shop.conversations[UUID(conversation)]
        views, reply, end = socket.views, uuid4(), 0
        words = [f"wörd{number} " for number in range(60)]
        await server.live_reply.begin(found.id, reply, 0, 1)
        writing = asyncio.Event()

        async def write() -> None:
            nonlocal end
            for number, word in enumerate(words):
                end = await server.live_reply.append(found.id, reply, 0, 1, start=end, text=word, ids=[number])
                if number == 5:
                    writing.set()
                if number % 20 == 7:
                    await server.shop.say(found, f"beside {number}")
                await asyncio.sleep(0.005)

        task = asyncio.create_task(write())
        await writing.wait()
        await socket.close()
    cursor = views[conversation].cursor(conversation)
    async with stream_client(server.streams, views) as stream:
        welcome = await stream.connect(token, [cursor])
        assert welcome["conversations"][0]["resumed"]
        await stream.until(lambda: len(views[conversation].texts[str(reply)]) > 200)
    cursor = views[conversation].cursor(conversation)
    async with client(server.chat) as again:
        again.views = views
        assert (await again.hello_visitor(token, [cursor]))["conversations"][0]["resumed"]
        await task
        text = "".join(words)
        await again.until(lambda: views[conversation].texts.get(str(reply)) == text.encode())
        await server.shop.finish_reply(found, reply, text)
        await again.until(lambda: str(reply) in views[conversation].messages)
        assert views[conversation].resyncs == 0
        assert [event["seq"] for event in views[conversation].events] == [1, 2, 3, 4]
