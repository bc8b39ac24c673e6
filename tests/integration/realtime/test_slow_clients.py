"""A client that does not read costs the others nothing and is gone soon; one that is only slow loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from realtime.bus.topic import visitor_topic
from realtime.ports import Principal
from realtime.protocol.events import Resync, notice_frame
from realtime.settings import RealtimeSettings
from tests.fixtures.jump import Jump
from tests.integration.realtime.client import Client, View, client
from tests.integration.realtime.node import Node, node
from tests.integration.realtime.shop import WIDGET_KEY, Conversation

SMALL = 8192
PATIENT = RealtimeSettings(send_deadline_s=20.0)
STRICT = RealtimeSettings(send_deadline_s=20.0, close_grace_s=0.1)


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Node]:
    settings, direct = request.param
    async with node(settings, direct=direct, send_buffer=SMALL) as running:
        yield running


async def lazy_reader(server: Node, token: str | None = None) -> ClientConnection:
    """Connect with small buffers; nothing is read but what the test reads."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", server.port))
    protocols = [Subprotocol("assistify.v1")]
    lazy = await connect(
        server.chat, sock=narrow, max_queue=1, compression=None, ping_interval=None, subprotocols=protocols
    )
    await lazy.send(json.dumps({"type": "hello", "id": "1", "widget_key": WIDGET_KEY, "token": token}))
    await lazy.recv()
    return lazy


async def lazy_watch(server: Node, conversation: str, token: str) -> ClientConnection:
    lazy = await lazy_reader(server, token)
    await lazy.send(json.dumps({"type": "conversation.watch", "id": "2", "conversation": conversation}))
    while json.loads(await lazy.recv())["type"] != "ack":
        pass
    return lazy


async def flood(found: Conversation, server: Node, quick: Client, count: int) -> None:
    """Send long messages no faster than the quick client reads them."""
    view = quick.views[str(found.id)]
    for number in range(count):
        await server.shop.say(found, f"{number} " + "x" * 3000)
        if number % 20 == 19 or number == count - 1:
            await quick.until(lambda: view.seq == found.seq)


async def read_until_closed(lazy: ClientConnection) -> None:
    async for _ in lazy:
        pass


async def gone(server: Node, left: int) -> None:
    async with asyncio.timeout(30):
        while server.gateway.connection_count > left:  # noqa: ASYNC110 -- the count has no event, and needs none
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("server", [(PATIENT, True), (PATIENT, False)], indirect=True, ids=["direct", "asgi"])
async def test_an_outbox_over_its_cap_closes_the_slow_and_spares_the_others(server: Node) -> None:
    async with client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        lazy = await lazy_watch(server, conversation, token)
        await flood(found, server, quick, 450)
        assert server.gateway.counters.slow_closed == 1
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(read_until_closed(lazy), 30)
        await gone(server, left=1)


@pytest.mark.parametrize("server", [(STRICT, True), (STRICT, False)], indirect=True, ids=["direct", "asgi"])
async def test_a_stalled_socket_is_aborted_after_the_send_deadline(server: Node, jump: Jump) -> None:
    async with client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        lazy = await lazy_watch(server, conversation, token)
        await flood(found, server, quick, 100)
        assert server.gateway.counters.stalled_aborted == 0
        jump(STRICT.send_deadline_s)
        await gone(server, left=1)
        assert server.gateway.counters.stalled_aborted == 1
        assert quick.close_code is None
        lazy.transport.abort()


async def test_a_hundred_that_stop_reading_are_gone_soon_with_buffers_of_any_size_in_the_kernel(jump: Jump) -> None:
    async with node(STRICT, direct=True) as server, client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        lazy = [await lazy_watch(server, conversation, token) for _ in range(100)]
        await flood(found, server, quick, 80)
        jump(STRICT.send_deadline_s)
        await gone(server, left=1)
        assert server.gateway.counters.stalled_aborted == 100
        assert quick.close_code is None
        for one in lazy:
            one.transport.abort()


@pytest.mark.parametrize("server", [(PATIENT, True), (PATIENT, False)], indirect=True, ids=["direct", "asgi"])
async def test_a_slow_reader_gets_a_long_answer_whole_in_fewer_frames(server: Node) -> None:
    async with client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        lazy = await lazy_watch(server, conversation, token)
        reply, piece, pieces = uuid4(), "Grüße 👋 " * 60, 600
        await server.live_reply.begin(found.id, reply, 0, 1)
        end = 0
        for number in range(pieces):
            end = await server.live_reply.append(found.id, reply, 0, 1, start=end, text=piece, ids=[number])
            await asyncio.sleep(0)
        await server.shop.finish_reply(found, reply, "done")
        view, frames = View(), 0
        while view.seq == 0:
            frame = json.loads(await asyncio.wait_for(lazy.recv(), 30))
            if frame["type"] == "reply.delta":
                frames += 1
                view.live(frame)
                text = view.texts[frame["message"]]
            elif frame["type"] == "message.created":
                view.event(frame)
        assert text.decode() == piece * pieces
        assert frames < pieces / 2
        assert server.gateway.counters.slow_closed == 0
        lazy.transport.abort()


@pytest.mark.parametrize("server", [(PATIENT, True)], indirect=True, ids=["direct"])
async def test_a_resume_takes_the_place_of_what_was_queued(server: Node) -> None:
    """The queue of a slow client holds events; after a resume they come once, in its answer."""
    async with client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        lazy = await lazy_watch(server, conversation, token)
        await flood(found, server, quick, 120)
        await lazy.send(json.dumps({"type": "conversation.watch", "id": "3", "conversation": conversation, "seq": 0}))
        async with asyncio.timeout(30):
            while server.gateway.counters.commands < 5:  # noqa: ASYNC110 -- until the server has read the command
                await asyncio.sleep(0.001)
        await quick.ack("typing", conversation=conversation, on=False)
        view = View()
        while True:
            frame = json.loads(await asyncio.wait_for(lazy.recv(), 30))
            if frame["type"] == "message.created":
                view.event(frame)
            elif frame.get("id") == "3":
                break
        before = view.seq
        assert before < 120
        view.take(frame)
        assert view.seq == 120
        assert len(frame["events"]) == 120
        lazy.transport.abort()


async def test_an_unread_inbox_of_commands_does_not_block_reading() -> None:
    async with node() as server, client(server.chat) as visitor:
        welcome = await visitor.hello_visitor()
        conversation = await visitor.open()
        release = asyncio.Event()
        check = server.shop.check_watch

        async def slow(principal: Principal, conversation: UUID) -> None:
            await release.wait()

        server.shop.check_watch = slow  # type: ignore[method-assign]
        watch = {"type": "conversation.watch", "id": "slow", "conversation": conversation}
        await visitor.socket.send(json.dumps(watch))
        for number in range(70):
            await visitor.socket.send(
                json.dumps({"type": "read", "id": f"r{number}", "conversation": conversation, "seq": 0})
            )
        refused = await visitor.until_frame("error", 7)
        assert {error["code"] for error in refused} == {"rate_limited"}
        notice = notice_frame(Resync(conversation=UUID(conversation)))
        await server.bus.publish(visitor_topic(UUID(welcome["visitor"]["id"])), notice)
        await visitor.until_frame("resync")
        server.shop.check_watch = check  # type: ignore[method-assign]
        release.set()
        await visitor.until(lambda: any(frame.get("id") == "r62" for frame in visitor.frames))


@pytest.mark.parametrize("server", [(STRICT, True), (STRICT, False)], indirect=True, ids=["direct", "asgi"])
async def test_a_stream_that_is_not_read_is_aborted_and_spares_the_others(server: Node, jump: Jump) -> None:
    async with client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        reader, writer = await lazy_stream(server, conversation, token)
        await flood(found, server, quick, 60)
        jump(STRICT.send_deadline_s)
        await gone(server, 1)
        assert server.gateway.counters.stalled_aborted == 1
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(30):
                await reader.read()
        writer.close()


@pytest.mark.parametrize("server", [(PATIENT, True)], indirect=True, ids=["direct"])
async def test_a_stream_over_its_cap_is_closed_and_aborted(server: Node) -> None:
    async with client(server.chat) as quick:
        token = (await quick.hello_visitor())["token"]
        conversation = await quick.open()
        found = server.shop.conversations[UUID(conversation)]
        _, writer = await lazy_stream(server, conversation, token)
        await flood(found, server, quick, 500)
        await gone(server, 1)
        assert server.gateway.counters.slow_closed == 1
        writer.close()


async def lazy_stream(server: Node, conversation: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream with small buffers; nothing is read but its welcome."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=SMALL)
    resume = json.dumps([{"conversation": conversation}])
    request = (
        f"GET /sse/chat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAssistify-Resume: {resume}\r\n\r\n"
    )
    writer.write(request.encode())
    await reader.readuntil(b'"welcome"')
    return reader, writer
