"""The gateway as a plain ASGI application, for servers other than ours (no lifespan, no direct socket)."""

from __future__ import annotations

from starlette.applications import Starlette

from realtime.bus.memory import MemoryBus
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.live_reply.memory import MemoryLiveReply
from realtime.settings import RealtimeSettings
from tests.integration.realtime.shop import MemoryShop


def make_app() -> Starlette:
    bus = MemoryBus()
    live_reply = MemoryLiveReply(bus)
    shop = MemoryShop(bus, live_reply)
    settings = RealtimeSettings()
    return Starlette(routes=Gateway(Hub(bus, live_reply, shop, settings), shop, settings).routes())


app = make_app()
