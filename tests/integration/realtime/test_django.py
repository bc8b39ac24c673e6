"""A Django process beside ours: a consumer hears a conversation through Django's channel layer and speaks into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from realtime.bus.channels_layer import frame_of, group_of, message_of
from realtime.bus.frame import Frame, Kind
from realtime.bus.open_layer import open_layer
from realtime.bus.topic import conversation_topic
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.live_reply.redis import RedisLiveReply
from realtime.protocol.events import TypingChanged, notice_frame
from realtime.protocol.shapes import Participant
from tests.fixtures.redis_server import RedisServer
from tests.integration.realtime.client import client
from tests.integration.realtime.node import QUICK, serving
from tests.integration.realtime.shop import MemoryShop

pytest.importorskip("channels_redis")
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import channel_layers, get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings

LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"
PERSON = Participant(kind="agent", id=uuid4(), name="Dana")


class ConversationConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """What docs/howto/use-from-django.md shows."""

    async def connect(self) -> None:
        self.topic = conversation_topic(UUID(self.scope["path"].rpartition("/")[2]))
        await self.channel_layer.group_add(group_of(self.topic), self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(group_of(self.topic), self.channel_name)

    async def receive_json(self, content: Mapping[str, Any], **kwargs: Any) -> None:
        conversation = UUID(self.scope["path"].rpartition("/")[2])
        frame = notice_frame(TypingChanged(conversation=conversation, participant=PERSON, on=content["typing"]))
        await self.channel_layer.group_send(group_of(self.topic), message_of(self.topic, frame))

    async def assistify_frame(self, message: Mapping[str, Any]) -> None:
        frame = frame_of(message)
        if frame is not None and frame.kind is not Kind.CONTROL:
            await self.send_json(msgspec.json.decode(frame.body))


@pytest.fixture
def django_layer(redis_server: RedisServer) -> None:
    config = {"hosts": [{"address": redis_server.url, "socket_timeout": None}]}
    if not settings.configured:
        settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": LAYER, "CONFIG": config}})
    channel_layers.backends.clear()


@pytest.fixture
async def our_node(redis_server: RedisServer, django_layer: None) -> AsyncIterator[tuple[str, MemoryShop]]:
    """A web process whose bus is on a Channels layer: where to reach it, and the shop behind it."""
    async with AsyncExitStack() as stack:
        buses = [open_layer(LAYER, redis_server.url) for _ in range(2)]
        for bus in buses:
            stack.push_async_callback(bus.aclose)
        live = RedisLiveReply(redis_server.url, bus=buses[0])
        stack.push_async_callback(live.aclose)
        shop = MemoryShop(buses[0], live)
        _, port = await stack.enter_async_context(serving(Gateway(Hub(buses[1], live, shop, QUICK), shop, QUICK)))
        yield f"ws://127.0.0.1:{port}/ws/chat", shop


async def test_a_consumer_hears_a_visitor_and_the_visitor_hears_django(our_node: tuple[str, MemoryShop]) -> None:
    url, _ = our_node
    async with client(url) as visitor:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        consumer = WebsocketCommunicator(ConversationConsumer.as_asgi(), f"/conversations/{conversation}")
        connected, _ = await consumer.connect()
        assert connected
        await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="hi")
        heard = await consumer.receive_json_from(timeout=30)
        assert (heard["type"], heard["seq"], heard["message"]["text"]) == ("message.created", 1, "hi")
        await consumer.send_json_to({"typing": True})
        [typing] = await visitor.until_frame("typing")
        assert typing["participant"]["name"] == "Dana"
        await consumer.disconnect()
        await get_channel_layer().flush()


async def test_a_plain_layer_call_reaches_the_bus(our_node: tuple[str, MemoryShop], redis_server: RedisServer) -> None:
    topic = conversation_topic(uuid4())
    bus = open_layer(LAYER, redis_server.url)
    heard: asyncio.Queue[Frame] = asyncio.Queue()
    await bus.subscribe(topic, lambda _, frame: heard.put_nowait(frame))
    frame = Frame(Kind.NOTICE, b'{"type":"typing"}')
    await get_channel_layer().group_send(group_of(topic), message_of(topic, frame))
    async with asyncio.timeout(30):
        assert await heard.get() == frame
    await get_channel_layer().flush()
    await bus.aclose()
