"""The line between a real browser and the server: blocked sockets, a queue over a reload, origins, tokens."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.async_api import Browser, Page, Request, Route, WebSocketRoute, expect

from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.e2e.pages import BOT, OWN, ask, open_widget, panel_of, shown, sign_in
from tests.fixtures.browser import WatchedPage, new_page
from tests.fixtures.server_process import SECRET_KEY
from tests.fixtures.wire_view import Wire

# No jitter, and a look for working WebSockets after seconds in the place of minutes.
IN_A_HURRY = """
  Math.random = () => 0;
  const later = window.setTimeout.bind(window);
  window.setTimeout = (run, ms, ...more) => later(run, ms >= 60000 ? 3000 : ms, ...more);
"""
# Resolves to what a socket answered to its hello, or to the code it was closed with.
HELLO = """
  ([url, hello]) => new Promise((resolve) => {
    const socket = new WebSocket(url, "assistify.v1");
    const heard = [];
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", id: "1", ...hello }));
    socket.onmessage = ({ data }) => {
      heard.push(JSON.parse(data));
      if (heard[0].type === "welcome") resolve({ heard, code: null });
    };
    socket.onclose = ({ code }) => resolve({ heard, code });
  })
"""
# Two sockets with one token: the first gets a newer one, the second is closed when the token ends.
REFRESH = """
  async ([url, short, long]) => {
    const open = () => new Promise((resolve, reject) => {
      const socket = new WebSocket(url, "assistify.v1");
      socket.onopen = () => socket.send(JSON.stringify({ type: "hello", id: "1", token: short }));
      socket.onmessage = () => resolve(socket);
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    });
    const [kept, left] = [await open(), await open()];
    const answer = (command) => new Promise((resolve) => {
      kept.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.id === command.id) resolve(frame.type);
      };
      kept.onclose = ({ code }) => resolve(code);
      kept.send(JSON.stringify(command));
    });
    const refreshed = await answer({ type: "token.refresh", id: "2", token: long });
    const code = await new Promise((resolve) => { left.onclose = (event) => resolve(event.code); });
    const after = await answer({ type: "inbox.watch", id: "3", queue: "all" });
    kept.close();
    return { refreshed, code, after };
  }
"""
UNAUTHORIZED = 4501

pytestmark = pytest.mark.timeout(120)


@dataclass
class Line:
    """What a network lets through between a page and the server."""

    sockets_blocked: bool = False
    streams_blocked: bool = False
    streams: list[Request] = field(default_factory=list)
    has_socket: asyncio.Event = field(default_factory=asyncio.Event)
    open_sockets: list[WebSocketRoute] = field(default_factory=list)

    async def stand_between(self, page: Page) -> None:
        await page.context.route_web_socket(re.compile("/ws/chat"), self._socket)
        await page.context.route(re.compile("/sse/chat"), self._stream)

    async def block_sockets(self) -> None:
        """Cut those that are open, and let no more through."""
        self.sockets_blocked = True
        self.has_socket.clear()
        for socket in self.open_sockets:
            await socket.close(code=1012)
        self.open_sockets.clear()

    async def _socket(self, socket: WebSocketRoute) -> None:
        if self.sockets_blocked:
            await socket.close(code=1012)
            return
        socket.connect_to_server()
        self.open_sockets.append(socket)
        self.has_socket.set()

    async def _stream(self, route: Route) -> None:
        if self.streams_blocked:
            await route.abort()
            return
        if route.request.method == "GET":
            self.streams.append(route.request)
        await route.continue_()


@asynccontextmanager
async def evil_site() -> AsyncIterator[str]:
    """Serve pages of another origin; those below /sandboxed have the origin "null"."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        sandbox = b"Content-Security-Policy: sandbox allow-scripts\r\n" if b"/sandboxed" in request else b""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 4\r\n"
        writer.write(head + sandbox + b"\r\nevil")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def visitor(slow_shop: DemoShop, browser: Browser, tmp_path: Path) -> AsyncIterator[tuple[WatchedPage, Line]]:
    """A visitor's page of the shop with the network under the test's hand."""
    async with new_page(browser, tmp_path) as watched:
        line = Line()
        await watched.page.context.add_init_script(IN_A_HURRY)
        await line.stand_between(watched.page)
        await watched.page.goto(slow_shop.url)
        yield watched, line


async def test_without_sockets_an_answer_goes_on_over_a_stream_and_back(
    slow_shop: DemoShop, visitor: tuple[WatchedPage, Line]
) -> None:
    watched, line = visitor
    panel = await open_widget(watched.page)
    await ask(panel, LONG_QUESTION)
    answer = panel.locator(BOT)
    await expect(answer).to_contain_text(re.compile(r"\w+ \w+"))
    assert line.streams == []
    await line.block_sockets()
    await watched.page.reload()
    await expect(answer).to_have_attribute("data-state", "live")
    assert line.streams, "the answer went on over something else"
    await expect(answer).to_have_attribute("data-state", "done")
    await ask(panel, LONG_QUESTION)
    second = panel.locator(BOT).nth(1)
    await expect(second).to_contain_text(re.compile(r"\w+"))
    line.sockets_blocked = False
    await expect(second).to_have_attribute("data-state", "done")
    async with asyncio.timeout(30):
        await line.has_socket.wait()
    line.streams_blocked = True
    await ask(panel, "Hello")
    await expect(panel.locator(BOT).nth(2)).to_have_attribute("data-state", "done")
    messages = (await _stored(slow_shop, watched.page)).values()
    texts = [one["text"] for one in messages]
    assert texts[1] == texts[3] == await shown(answer) == await shown(second)
    assert await panel.get_by_test_id("message").count() == len(texts) == 6


async def test_what_is_written_without_a_line_survives_a_reload_and_is_sent_once(
    slow_shop: DemoShop, visitor: tuple[WatchedPage, Line]
) -> None:
    watched, line = visitor
    panel = await open_widget(watched.page)
    await ask(panel, "Hello")
    await expect(panel.locator(BOT)).to_have_attribute("data-state", "done")
    line.streams_blocked = True
    await line.block_sockets()
    for text in ("Are you there?", "I wait."):
        await ask(panel, text)
    await expect(panel.locator(OWN)).to_have_count(3)
    for _ in range(2):
        await watched.page.reload()
        panel = await panel_of(watched.page)
        await expect(panel.locator(f'{OWN}[data-state="queued"]')).to_have_count(2)
    line.sockets_blocked = line.streams_blocked = False
    await expect(panel.locator(f'{OWN}[data-state="done"]')).to_have_count(3)
    stored = await _stored(slow_shop, watched.page)
    said = [one["text"] for one in stored.values() if one["sender"]["kind"] == "customer"]
    assert said == ["Hello", "Are you there?", "I wait."]
    await watched.page.reload()
    await expect((await panel_of(watched.page)).locator(OWN)).to_have_count(3)


async def _stored(shop: DemoShop, page: Page) -> dict[str, Wire]:
    """Return the messages of the page's conversation, as the server has them."""
    slot = await page.evaluate("Object.values(localStorage).find((value) => value.includes('conversation'))")
    return await shop.stored(json.loads(slot)["conversation"])


async def test_pages_of_others_get_no_session(slow_shop: DemoShop, browser: Browser, tmp_path: Path) -> None:
    host = slow_shop.url.removeprefix("http://")
    key = (await slow_shop.get("/demo/session"))["widget_key"]
    async with new_page(browser, tmp_path) as agent:
        page = agent.page
        await sign_in(page, slow_shop)
        own = await page.evaluate(HELLO, [f"ws://{host}/ws/agent", {}])
        assert own["heard"][0]["type"] == "welcome"
        async with evil_site() as evil:
            for place in (f"{evil}/", f"{evil}/sandboxed"):
                await page.goto(place)
                for path, hello in (("agent", {}), ("chat", {"widget_key": key})):
                    refused = await page.evaluate(HELLO, [f"ws://{host}/ws/{path}", hello])
                    assert refused["code"] == UNAUTHORIZED, (place, path)
                    assert [frame["code"] for frame in refused["heard"]] == ["unauthorized"]


async def test_a_refreshed_token_keeps_a_live_socket(slow_shop: DemoShop, browser: Browser, tmp_path: Path) -> None:
    token = await slow_shop.token("ada@demo.test")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    async with new_page(browser, tmp_path) as agent:
        await agent.page.goto(slow_shop.url)
        short = jwt.encode({**claims, "exp": int(time.time()) + 5}, SECRET_KEY, algorithm="HS256")
        socket = f"{slow_shop.url.replace('http', 'ws', 1)}/ws/agent"
        seen = await agent.page.evaluate(REFRESH, [socket, short, token])
        assert seen == {"refreshed": "ack", "code": UNAUTHORIZED, "after": "ack"}
