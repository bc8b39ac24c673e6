"""Visitor on one web process, agent on another, Redis in between; and Redis going away in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from realtime.bus.redis import RedisBus
from realtime.bus.topic import conversation_topic
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.live_reply.redis import RedisLiveReply
from realtime.presence import PRESENCE_TTL_S
from realtime.presence_redis import RedisPresence
from realtime.protocol.events import PresenceChanged, notice_frame
from realtime.protocol.shapes import PresentParticipant
from realtime.settings import RealtimeSettings
from tests.fixtures.redis_server import RedisServer
from tests.integration.realtime.client import Client, Wire, client
from tests.integration.realtime.node import QUICK, serving
from tests.integration.realtime.shop import MemoryShop
from tests.integration.realtime.stream_client import stream_client


@dataclass
class Cluster:
    """A shop and two nodes in front of it."""

    shop: MemoryShop
    live_reply: RedisLiveReply
    chat: str
    agent: str
    streams: tuple[str, str]
    gateways: list[Gateway]


@asynccontextmanager
async def cluster(
    url: str, *, presence_ttl_s: float = PRESENCE_TTL_S, settings: RealtimeSettings = QUICK
) -> AsyncIterator[Cluster]:
    async with contextlib.AsyncExitStack() as stack:

        def bus() -> RedisBus:
            made = RedisBus(url, timeout_s=2, probe_after_s=0.5)
            stack.push_async_callback(made.aclose)
            return made

        live_reply = RedisLiveReply(url, timeout_s=2)
        stack.push_async_callback(live_reply.aclose)
        shop = MemoryShop(bus(), live_reply)
        ports = []
        gateways: list[Gateway] = []
        for _ in range(2):
            presence = RedisPresence(url, ttl_s=presence_ttl_s)
            stack.push_async_callback(presence.aclose)
            gateway = Gateway(Hub(bus(), live_reply, shop, settings), shop, settings, presence=presence)
            gateways.append(gateway)
            _, port = await stack.enter_async_context(serving(gateway))
            ports.append(port)
        yield Cluster(
            shop,
            live_reply,
            f"ws://127.0.0.1:{ports[0]}/ws/chat",
            f"ws://127.0.0.1:{ports[1]}/ws/agent",
            (f"http://127.0.0.1:{ports[0]}/sse/chat", f"http://127.0.0.1:{ports[1]}/sse/chat"),
            gateways,
        )


@asynccontextmanager
async def conversation_on(nodes: Cluster) -> AsyncIterator[tuple[Client, Client, str]]:
    """Yield visitor, agent and the conversation that both follow."""
    token = nodes.shop.add_staff("Ada")
    async with client(nodes.chat) as visitor, client(nodes.agent) as agent:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        await agent.hello_staff(token)
        await agent.watch(conversation)
        yield visitor, agent, conversation


def holds(one: Client, conversation: str, reply: UUID, text: str) -> bool:
    return one.views[conversation].texts.get(str(reply)) == text.encode()


async def test_tokens_presence_typing_and_takeover_cross_nodes(redis_server: RedisServer) -> None:
    async with cluster(redis_server.url) as nodes, conversation_on(nodes) as (visitor, agent, conversation):
        found = nodes.shop.conversations[UUID(conversation)]
        reply = uuid4()
        await nodes.live_reply.begin(found.id, reply, 0, 1)
        end = 0
        for number, word in enumerate(["Ihre", "Bestellung", "ist", "👋", "unterwegs"]):
            end = await nodes.live_reply.append(found.id, reply, 0, 1, start=end, text=f"{word} ", ids=[number])
        text = "Ihre Bestellung ist 👋 unterwegs "
        for one in (visitor, agent):
            await one.until(lambda one=one: holds(one, conversation, reply, text))  # type: ignore[misc]
        taken = await agent.ack("control.take", conversation=conversation)
        assert taken["cut"] == {"message": str(reply), "text": text}
        await agent.ack("typing", conversation=conversation, on=True)
        await agent.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="Ada here")
        await visitor.until(lambda: visitor.views[conversation].seq == 2)
        assert list(visitor.views[conversation].messages.values()) == [text, "Ada here"]
        assert (await visitor.until_frame("typing"))[0]["participant"]["name"] == "Ada"
        await visitor.until(lambda: any(len(frame["participants"]) == 2 for frame in visitor.of("presence")))


async def test_redis_restarts_and_nothing_is_lost(own_redis_server: RedisServer) -> None:
    async with cluster(own_redis_server.url) as nodes, conversation_on(nodes) as (visitor, agent, conversation):
        await asyncio.to_thread(own_redis_server.kill)
        for number in range(5):
            send = {"conversation": conversation, "client_id": str(uuid4()), "text": f"message {number}"}
            await visitor.ack("message.send", **send)
        for one in (visitor, agent):
            await one.until(lambda one=one: one.views[conversation].seq == 5)  # type: ignore[misc]
        await asyncio.to_thread(own_redis_server.start)
        await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="it is back")
        for one in (visitor, agent):
            await one.until(lambda one=one: one.views[conversation].seq == 6)  # type: ignore[misc]
        assert agent.views[conversation].resyncs == visitor.views[conversation].resyncs == 0


async def test_commands_reach_a_stream_that_lives_on_the_other_node(redis_server: RedisServer) -> None:
    patient = replace(QUICK, stream_found_s=20.0)
    async with cluster(redis_server.url, settings=patient) as nodes, stream_client(nodes.streams[0]) as visitor:
        await visitor.connect()
        visitor.post_url = nodes.streams[1]
        conversation = await visitor.open()
        for number in range(5):
            send = {"conversation": conversation, "client_id": str(uuid4()), "text": f"message {number}"}
            assert (await visitor.ack("message.send", **send))["seq"] == number + 1
        await visitor.until(lambda: visitor.views[conversation].seq == 5)
        refused = await visitor.command("message.send", conversation=conversation, client_id=str(uuid4()), text=" ")
        assert refused["code"] == "bad_frame"


async def test_the_other_node_checks_the_owner_and_knows_what_is_nowhere(redis_server: RedisServer) -> None:
    async with cluster(redis_server.url) as nodes, stream_client(nodes.streams[0]) as ann:
        await ann.connect()
        async with stream_client(nodes.streams[1]) as eve:
            await eve.connect()
            for connection in (ann.welcome["connection"], str(uuid4())):
                headers = {"Authorization": f"Bearer {eve.token}", "Assistify-Connection": connection}
                refused = await eve.post({"type": "conversation.open", "id": "1"}, **headers)
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert not nodes.shop.conversations
            eve_stream = eve.welcome["connection"]
        headers = {"Authorization": f"Bearer {eve.token}", "Assistify-Connection": eve_stream}
        gone = await ann.post({"type": "conversation.open", "id": "1"}, **headers)
        assert gone.json()["code"] == "unavailable"


async def test_a_stream_outlives_redis_and_its_commands_go_on_at_its_own_node(own_redis_server: RedisServer) -> None:
    patient = replace(QUICK, stream_found_s=2.0)
    async with cluster(own_redis_server.url, settings=patient) as nodes, stream_client(nodes.streams[0]) as visitor:
        await visitor.connect()
        conversation = await visitor.open()
        await asyncio.to_thread(own_redis_server.kill)
        send = {"conversation": conversation, "client_id": str(uuid4()), "text": "are you there"}
        await visitor.ack("message.send", **send)
        await visitor.until(lambda: visitor.views[conversation].seq == 1)
        visitor.post_url = nodes.streams[1]
        assert (await visitor.command("conversation.open"))["code"] == "unavailable"
        await asyncio.to_thread(own_redis_server.start)
        async with asyncio.timeout(30):
            while (await visitor.command("conversation.open"))["type"] != "ack":
                pass


async def test_moving_away_from_a_draining_node_looks_like_staying(redis_server: RedisServer) -> None:
    async with cluster(redis_server.url) as nodes, conversation_on(nodes) as (visitor, agent, conversation):
        await agent.until(lambda: any(len(frame["participants"]) == 2 for frame in agent.of("presence")))
        before = len(agent.of("presence"))
        token = visitor.welcome["token"]
        draining = asyncio.create_task(nodes.gateways[0].drain(0.2))
        await visitor.until_closed()
        await draining
        async with client(nodes.agent.replace("agent", "chat")) as again:
            await again.hello_visitor(token, [visitor.views[conversation].cursor(conversation)])
            await again.until(lambda: any(len(frame["participants"]) == 2 for frame in again.of("presence")))
            await agent.ack("typing", conversation=conversation, on=False)
        assert agent.of("presence")[before:] == []


async def test_what_a_killed_node_leaves_behind_vanishes_by_itself(redis_server: RedisServer) -> None:
    async with (
        cluster(redis_server.url, presence_ttl_s=1.2) as nodes,
        conversation_on(nodes) as (_, agent, conversation),
    ):
        ghost = PresentParticipant(kind="agent", id=uuid4(), state="online", name="Ghost")
        killed = RedisPresence(redis_server.url, ttl_s=1.2)
        people = await killed.touch(UUID(conversation), uuid4(), ghost)
        await killed.aclose()
        assert people is not None
        told = notice_frame(PresenceChanged(conversation=UUID(conversation), participants=list(people)))
        await nodes.shop.bus.publish(conversation_topic(UUID(conversation)), told)
        await agent.until(lambda: any("Ghost" in names_in(frame) for frame in agent.of("presence")))
        await agent.until(lambda: "Ghost" not in names(agent) and "Ada" in names(agent))


def names(one: Client) -> set[str]:
    frames = one.of("presence")
    return names_in(frames[-1]) if frames else set()


def names_in(presence: Wire) -> set[str]:
    return {person.get("name", "") for person in presence["participants"]}
