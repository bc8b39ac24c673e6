"""Daphne runs no lifespan and knows no direct socket: the gateway starts with its first connection."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fixtures.port import free_port
from tests.integration.realtime.client import client
from tests.integration.realtime.shop import WIDGET_KEY

pytest.importorskip("daphne")
ROOT = Path(__file__).parents[3]


@pytest.fixture
async def url() -> AsyncIterator[str]:
    port = free_port()
    daphne = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port)),
        "tests.integration.realtime.asgi_app:app",
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    assert daphne.stderr is not None
    async with asyncio.timeout(60):
        while b"Listening on TCP" not in await daphne.stderr.readline():
            assert daphne.returncode is None
    yield f"ws://127.0.0.1:{port}/ws/chat"
    daphne.terminate()
    await daphne.communicate()


async def test_the_gateway_works_on_plain_asgi(url: str) -> None:
    async with client(url) as visitor:
        await visitor.hello_visitor()
        conversation = await visitor.open()
        await visitor.ack("message.send", conversation=conversation, client_id=str(uuid4()), text="hi")
        await visitor.until(lambda: visitor.views[conversation].seq == 1)
    async with client(url) as stranger:
        assert (await stranger.command("hello", widget_key=f"not {WIDGET_KEY}"))["code"] == "unauthorized"
        assert await stranger.until_closed() == 4501
