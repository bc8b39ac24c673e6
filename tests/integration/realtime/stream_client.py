"""A client of the event stream, with the rules of the socket's client: frames by GET, commands by POST."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.integration.realtime.client import WAIT_S, Client, View, Wire
from tests.integration.realtime.shop import WIDGET_KEY


class StreamClient(Client):
    """One stream. `post_url` may be another node's."""

    def __init__(self, url: str, views: dict[str, View] | None = None) -> None:
        self.post_url = url
        self.token: str | None = None
        self.statuses: list[int] = []
        self.views = {} if views is None else views
        self.frames = []
        self.welcome = {}
        self.close_code = None
        self._url = url
        self._ids = itertools.count(1)
        self._answers = {}
        self._changed = asyncio.Event()
        self._error = None
        self._http = httpx2.AsyncClient(timeout=WAIT_S)

    async def connect(self, token: str | None = None, resume: list[Wire] | None = None) -> Wire:
        """Say hello and open the stream; return its welcome."""
        hello = await self.post({"type": "hello", "id": "h", "widget_key": WIDGET_KEY, "token": token})
        assert hello.json()["type"] == "ack", hello.text
        self.token = hello.json()["token"]
        return await self.open_stream(resume)

    async def open_stream(self, resume: list[Wire] | None = None) -> Wire:
        self._task = asyncio.create_task(self._stream(resume or []))
        (self.welcome,) = await self.until_frame("welcome")
        return self.welcome

    async def post(self, body: Wire, **headers: str) -> httpx2.Response:
        return await self._http.post(self.post_url, content=json.dumps(body), headers=headers)

    async def command(self, kind: str, **fields: Any) -> Wire:
        """Send a command; its answer is that of the request."""
        command = {"type": kind, "id": str(next(self._ids)), **fields}
        response = await self.post(
            command,
            **{"Authorization": f"Bearer {self.token}", "Assistify-Connection": self.welcome["connection"]},
        )
        self.statuses.append(response.status_code)
        answer: Wire = response.json()
        assert answer["id"] == command["id"]
        self._apply(answer)
        return answer

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._http.aclose()
        if self._error is not None:
            raise self._error

    async def _stream(self, resume: list[Wire]) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Assistify-Resume": json.dumps(resume)}
        try:
            async with self._http.stream("GET", self._url, headers=headers) as response:
                assert response.status_code == 200, await response.aread()
                assert response.headers["content-type"].startswith("text/event-stream")
                async for line in response.aiter_lines():
                    if line:
                        assert line.startswith("data: ")
                        self._take(json.loads(line.removeprefix("data: ")))
        except httpx2.TransportError:
            pass
        except Exception as error:
            self._error = error
        finally:
            self.close_code = self.close_code or 1006
            self._changed.set()

    def _take(self, frame: Wire) -> None:
        if frame["type"] == "close":
            self.close_code = frame["code"]
        self._apply(frame)
        self._changed.set()


@asynccontextmanager
async def stream_client(url: str, views: dict[str, View] | None = None) -> AsyncIterator[StreamClient]:
    """Yield a client that has not said hello; at the end every rule must have held."""
    one = StreamClient(url, views)
    one._task = asyncio.create_task(asyncio.sleep(0))
    try:
        yield one
    finally:
        await one.close()
