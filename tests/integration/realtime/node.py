"""A web process in this one: gateway, hub and uvicorn on a free port, and a bus that can lose frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import SO_SNDBUF, SOL_SOCKET, socket

import uvicorn
from starlette.applications import Starlette

from realtime.bus.frame import Frame
from realtime.bus.memory import MemoryBus
from realtime.bus.port import OnMissed
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.live_reply.memory import MemoryLiveReply
from realtime.settings import RealtimeSettings
from realtime.transport import AbortableHttpProtocol, AbortableWebSocketProtocol
from tests.integration.realtime.shop import MemoryShop

QUICK = RealtimeSettings(
    check_every_s=0.3,
    check_unhealthy_every_s=0.05,
    heal_retry_s=0.02,
    send_deadline_s=1.0,
    stream_found_s=0.5,
    presence_refresh_s=0.2,
)


class LossyBus(MemoryBus):
    """The memory bus, with a network in it: `loses` says which frames never arrive; `sick` fails the probe.

    `deaf` are topics whose part of the bus is away.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loses: Callable[[Frame], bool] = lambda frame: False
        self.sick = False
        self.deaf: set[str] = set()
        self.reconnected: list[OnMissed] = []

    def publish_now(self, topic: str, frame: Frame) -> None:
        if not self.loses(frame):
            super().publish_now(topic, frame)

    def on_reconnect(self, callback: OnMissed) -> None:
        self.reconnected.append(callback)

    def hears(self, topic: str) -> bool:
        return self.healthy and topic not in self.deaf

    @property
    def healthy(self) -> bool:
        return super().healthy and not self.sick


class ObservedServer(uvicorn.Server):
    """uvicorn, with its start as an event and its drain as the product has it."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.drain_s: float | None = None
        self._gateway = gateway

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        if self.drain_s is not None:
            for server in self.servers:
                server.close()
            await self._gateway.drain(self.drain_s)
        await super().shutdown(sockets)


@dataclass
class Node:
    """What a test needs of a running node."""

    bus: LossyBus
    live_reply: MemoryLiveReply
    shop: MemoryShop
    hub: Hub
    gateway: Gateway
    server: ObservedServer
    port: int

    @property
    def chat(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/chat"

    @property
    def streams(self) -> str:
        return f"http://127.0.0.1:{self.port}/sse/chat"

    @property
    def agent(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/agent"


@asynccontextmanager
async def serving(
    gateway: Gateway, *, direct: bool = True, send_buffer: int | None = None, keepalive_s: float = 20.0
) -> AsyncIterator[tuple[ObservedServer, int]]:
    """Serve a gateway on a free port until the body ends; yields the server and its port.

    Without `direct` plain ASGI is used, as on other servers. `send_buffer` (bytes) is the kernel's per socket: with a
    small one a client that does not read is felt at once. A ping is due, and then its answer, after `keepalive_s`.
    """
    config = uvicorn.Config(
        Starlette(routes=gateway.routes()),
        host="127.0.0.1",
        http=AbortableHttpProtocol if direct else "httptools",
        ws=AbortableWebSocketProtocol if direct else "websockets-sansio",
        ws_max_size=2**20,
        ws_per_message_deflate=False,
        ws_ping_interval=keepalive_s,
        ws_ping_timeout=keepalive_s,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = ObservedServer(config, gateway)
    with socket() as listener:
        if send_buffer is not None:
            listener.setsockopt(SOL_SOCKET, SO_SNDBUF, send_buffer)
        listener.bind(("127.0.0.1", 0))
        async with gateway.running():
            task = asyncio.create_task(server.serve(sockets=[listener]))
            await server.listening.wait()
            try:
                yield server, listener.getsockname()[1]
            finally:
                server.should_exit = True
                await task


@asynccontextmanager
async def node(
    settings: RealtimeSettings = QUICK,
    *,
    direct: bool = True,
    send_buffer: int | None = None,
    keepalive_s: float = 20.0,
) -> AsyncIterator[Node]:
    """Serve a shop in memory until the body ends; see `serving`."""
    bus = LossyBus()
    live_reply = MemoryLiveReply(bus)
    shop = MemoryShop(bus, live_reply)
    hub = Hub(bus, live_reply, shop, settings)
    gateway = Gateway(hub, shop, settings)
    serve = serving(gateway, direct=direct, send_buffer=send_buffer, keepalive_s=keepalive_s)
    async with serve as (server, port):
        yield Node(bus, live_reply, shop, hub, gateway, server, port)
