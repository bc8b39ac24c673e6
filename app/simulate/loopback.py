"""Serves a stand-in on a free port of the loopback, and posts what it has to say."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import cache
from socket import socket
from typing import Any

import httpx2
import uvicorn
from starlette.types import ASGIApp

Post = Callable[[str, dict[str, str], bytes], Awaitable[int]]
"""Posts (url, headers, body) and returns the status of the answer."""

POST_S = 15.0
READY_POLL_S = 0.01


class Outgoing:
    """Webhooks on their way from a stand-in: posted in the background, in order, as vendors do."""

    def __init__(self, post: Post | None = None) -> None:
        self._post = post or post_with_httpx
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: asyncio.Task[None] | None = None
        self.statuses: list[int] = []  # what the receiver answered; 0 for nothing

    def send(self, url: str, headers: dict[str, str], body: bytes) -> None:
        """Post after all earlier ones."""
        self.spawn(self._send(self._last, url, headers, body))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background; `idle` waits for it."""
        task = asyncio.ensure_future(work)
        self._last = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """Post at once; return the status of the answer, 0 when there was none."""
        try:
            status = await self._post(url, headers, body)
        except httpx2.HTTPError:
            status = 0
        self.statuses.append(status)
        return status

    async def _send(self, before: asyncio.Task[None] | None, url: str, headers: dict[str, str], body: bytes) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self.post(url, headers, body)

    async def idle(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))


@cache
def _trusted() -> ssl.SSLContext:
    """Return the usual certificates; reading them takes longer than a post."""
    return httpx2.create_ssl_context(trust_env=False)


async def post_with_httpx(url: str, headers: dict[str, str], body: bytes) -> int:
    """Post over a connection of its own."""
    async with httpx2.AsyncClient(timeout=POST_S, trust_env=False, verify=_trusted()) as http:
        return (await http.post(url, headers=headers, content=body)).status_code


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve on the loopback until the body ends; yields the base URL."""
    listener = socket()
    listener.bind(("127.0.0.1", port))
    # Loggers are left alone: they are the whole process's, and a server of ours may run in it too.
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(READY_POLL_S)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
