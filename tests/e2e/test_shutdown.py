"""Stopping: by SIGTERM as a supervisor does, by SIGINT as Ctrl-C does; clean, quick, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine
from pathlib import Path

import pytest

from app.lifecycle import STOP_S
from tests.e2e.conftest import PACE
from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.server_process import ServerProcess, running

DRAIN = 4000
QUICK_S = 20
SLACK_S = 10  # for a machine that has other things to do


@pytest.mark.timeout(240)
async def test_the_server_stops_cleanly_and_in_time_whatever_the_database_does(tmp_path: Path) -> None:
    """Both at once: the one does something while the other waits for a database that hangs."""
    await asyncio.gather(_stops_cleanly(tmp_path / "well"), _stops_in_time(tmp_path / "hanging"))


async def _stops_cleanly(folder: Path) -> None:
    """Stop in mid-answer, start again, and have the same answer."""
    server = ServerProcess("serve", folder, {**PACE, "drain_s": "1"}, demo=True)
    shop = DemoShop((server.url,))
    with running(server):
        async with await shop.guest() as visitor:
            whole = (await visitor.ask(await visitor.open(), LONG_QUESTION))["text"]
        async with await shop.guest() as visitor:
            conversation = await visitor.open()
            view = visitor.view(conversation)
            await visitor.say(conversation, LONG_QUESTION)
            await visitor.wait_for(lambda: len(view.live_text) >= 20)
            await _stop(server, signal.SIGTERM, visitor.wait_for_close())
            server.start()
            await asyncio.to_thread(server.wait_until_ready)
            await visitor.connect()
            await visitor.wait_for(lambda: view.texts("bot"))
            assert view.texts("bot") == [whole]
            await _stop(server, signal.SIGINT, visitor.wait_for_close())
    assert "Traceback" not in server.log


async def _stops_in_time(folder: Path) -> None:
    """Stop in mid-answer while the database hangs."""
    postgres = PostgresServer()
    settings = {**PACE, "drain_s": "1", "database_url": postgres.create_database()}
    server = ServerProcess("serve", folder, settings, demo=True)
    shop = DemoShop((server.url,))
    try:
        with running(server):
            async with await shop.guest() as visitor:
                conversation = await visitor.open()
                await visitor.say(conversation, LONG_QUESTION)
                await visitor.wait_for(lambda: len(visitor.view(conversation).live_text) >= 20)
                postgres.freeze()
                began = time.monotonic()
                server.ask_to_stop()
                assert await visitor.wait_for_close() == DRAIN
                await asyncio.to_thread(server.wait)
                assert time.monotonic() - began < 1 + STOP_S + SLACK_S
    finally:
        postgres.thaw()
        postgres.stop()


async def _stop(server: ServerProcess, how: signal.Signals, closing: Coroutine[None, None, int]) -> None:
    began = time.monotonic()
    server.ask_to_stop(how)
    assert await closing == DRAIN
    assert await asyncio.to_thread(server.wait) == 0
    assert time.monotonic() - began < QUICK_S
