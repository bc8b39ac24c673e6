"""python-socketio with its Redis manager: one room per conversation."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

import socketio

server = socketio.AsyncServer(
    async_mode="asgi",
    cors_allowed_origins="*",
    client_manager=socketio.AsyncRedisManager(f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"),
)


@server.event
async def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
    """Join the room that the URL names."""
    await server.enter_room(sid, "g" + parse_qs(environ["QUERY_STRING"])["g"][0])


application = socketio.ASGIApp(server)
