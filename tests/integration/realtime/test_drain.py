from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.fixtures.jump import Jump
from tests.integration.realtime.client import client
from tests.integration.realtime.node import node

WINDOW_S, STEP_S = 600.0, 54.0  # what is left of the window before the first goes is as long as a step, and a bit
FIRST_S = 60.0


async def test_a_draining_node_hints_then_closes_one_by_one_with_4000(jump: Jump) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(node(keepalive_s=3600.0))
        visitors = [await stack.enter_async_context(client(server.chat)) for _ in range(10)]
        for visitor in visitors:
            await visitor.hello_visitor()
        server.server.drain_s = WINDOW_S
        server.server.should_exit = True
        for visitor in visitors:
            await visitor.until_frame("drain")
        visitors.sort(key=lambda visitor: int(visitor.of("drain")[0]["reconnect_after_ms"]))
        hints = [visitor.of("drain")[0]["reconnect_after_ms"] for visitor in visitors]
        assert hints == [round(number * STEP_S * 1000) for number in range(10)]
        jump(FIRST_S - STEP_S)
        for number, visitor in enumerate(visitors):
            assert {one.close_code for one in visitors[number:]} == {None}
            jump(STEP_S)
            assert await visitor.until_closed() == 4000
        assert server.gateway.connection_count == 0


async def test_a_draining_node_takes_nobody_in_and_carries_out_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    async with node() as server, client(server.chat) as visitor:
        await visitor.hello_visitor()
        may_close, is_empty_by = asyncio.Event(), server.gateway._is_empty_by

        async def held(at: float) -> bool:
            await may_close.wait()
            return await is_empty_by(at)

        monkeypatch.setattr(server.gateway, "_is_empty_by", held)
        draining = asyncio.create_task(server.gateway.drain(0.5))
        await visitor.until_frame("drain")
        conversation = await visitor.open()
        assert conversation
        async with client(server.chat) as late:
            assert await late.until_closed() == 4000
        may_close.set()
        assert await visitor.until_closed() == 4000
        await draining
