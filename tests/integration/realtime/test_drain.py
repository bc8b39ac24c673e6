from __future__ import annotations

import asyncio
import contextlib

from tests.integration.realtime.client import client
from tests.integration.realtime.node import node


async def test_a_draining_node_hints_then_closes_one_by_one_with_4000() -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(node())
        visitors = [await stack.enter_async_context(client(server.chat)) for _ in range(10)]
        for visitor in visitors:
            await visitor.hello_visitor()
        closed_at: list[float] = []

        async def closing(number: int) -> int:
            code = await visitors[number].until_closed()
            closed_at.append(asyncio.get_running_loop().time())
            return code

        waiting = asyncio.gather(*(closing(number) for number in range(10)))
        server.server.drain_s = 0.5
        server.server.should_exit = True
        assert set(await waiting) == {4000}
        hints = sorted(visitor.of("drain")[0]["reconnect_after_ms"] for visitor in visitors)
        assert hints == [number * 45 for number in range(10)]
        assert closed_at[-1] - closed_at[0] > 0.2
        assert server.gateway.connection_count == 0


async def test_a_draining_node_takes_nobody_in_and_carries_out_what_it_has() -> None:
    async with node() as server, client(server.chat) as visitor:
        await visitor.hello_visitor()
        draining = asyncio.create_task(server.gateway.drain(0.5))
        await visitor.until_frame("drain")
        conversation = await visitor.open()
        assert conversation
        async with client(server.chat) as late:
            assert await late.until_closed() == 4000
        assert await visitor.until_closed() == 4000
        await draining
