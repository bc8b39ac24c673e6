"""Fixtures of several suites here."""

import asyncio
from collections.abc import Callable

import pytest

from tests.fixtures.redis_server import own_redis_server, redis_server

__all__ = ["own_redis_server", "redis_server"]

Jump = Callable[[float], None]


@pytest.fixture
async def jump() -> Jump:
    """Give what puts the clock of the loop forward by seconds: timers are due at once, however fast the machine is.

    Waits of the test that are under way, such as `until_closed`, run out with it. It never goes back: the loop ends
    with the test, and what else is on it has its timers by this clock.
    """
    loop = asyncio.get_running_loop()
    clock, ahead_s = loop.time, 0.0

    def put_forward(seconds: float) -> None:
        nonlocal ahead_s
        ahead_s += seconds

    loop.time = lambda: clock() + ahead_s  # type: ignore[method-assign]
    return put_forward
