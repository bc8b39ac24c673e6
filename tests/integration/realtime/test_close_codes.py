"""Why sockets are closed before anything was said on them: versions, subprotocols, and clients that answer no ping."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from tests.integration.realtime.client import WAIT_S, client
from tests.integration.realtime.node import QUICK, Node, node
from tests.integration.realtime.shop import WIDGET_KEY


@pytest.fixture(params=[True, False], ids=["direct", "asgi"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Node]:
    async with node(direct=request.param) as running:
        yield running


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (["assistify.v9"], 4500),
        (["graphql-ws", "assistify.1"], 4500),
        (["assistify.v0"], 4503),
        (["graphql-ws", "assistify.v0"], 4503),
    ],
)
async def test_a_socket_of_another_subprotocol_is_closed_for_good(server: Node, offered: list[str], code: int) -> None:
    protocols = [Subprotocol(one) for one in offered]
    async with connect(server.chat, subprotocols=protocols, compression=None) as socket:
        # A browser is told no close code of a socket on which none of its subprotocols was taken up.
        assert socket.subprotocol == offered[0]
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps({"type": "hello", "id": "1", "widget_key": WIDGET_KEY}))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), WAIT_S)
        assert socket.close_code == code
    assert not server.shop.visitors


async def test_a_client_that_offers_no_subprotocol_speaks_the_version_of_this_server(server: Node) -> None:
    async with client(server.chat, subprotocols=None) as visitor:
        assert visitor.socket.subprotocol is None
        assert (await visitor.hello_visitor())["protocol"] == 1


async def test_the_version_of_this_server_is_taken_among_others(server: Node) -> None:
    offered = [Subprotocol("assistify.v0"), Subprotocol("assistify.v1")]
    async with client(server.chat, subprotocols=offered) as visitor:
        assert visitor.socket.subprotocol == "assistify.v1"
        assert (await visitor.hello_visitor())["protocol"] == 1


async def test_a_client_that_answers_no_ping_is_closed_by_the_heartbeat() -> None:
    async with node(QUICK, keepalive_s=0.1) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        deaf = ClientProtocol(parse_uri(server.chat), subprotocols=[Subprotocol("assistify.v1")])
        deaf.send_request(deaf.connect())
        writer.write(b"".join(deaf.data_to_send()))
        async with asyncio.timeout(WAIT_S):
            while deaf.close_rcvd is None:
                deaf.receive_data(await reader.read(4096))  # and its pongs are never sent
        assert deaf.close_rcvd.code == 4003
        writer.close()
        async with asyncio.timeout(WAIT_S):
            while server.gateway.connection_count:  # noqa: ASYNC110 -- the count has no event, and needs none
                await asyncio.sleep(0.01)
