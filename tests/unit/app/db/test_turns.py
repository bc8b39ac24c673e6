"""Whose turn it is to write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.db.turns import MOST_AHEAD, Turns


class Writers:
    """Tasks that want the turn, and the order in which they had it."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def want(self, name: str, *, urgent: bool = False) -> None:
        self.tasks[name] = asyncio.create_task(self._have(name, urgent=urgent))
        await asyncio.sleep(0)  # it stands in line now

    async def _have(self, name: str, *, urgent: bool) -> None:
        async with self.turns.taken(urgent=urgent):
            self.order.append(name)

    async def end(self) -> None:
        await asyncio.wait_for(asyncio.gather(*self.tasks.values(), return_exceptions=True), 30)


@pytest.fixture
def writers() -> Writers:
    return Writers(Turns())


@asynccontextmanager
async def busy(writers: Writers) -> AsyncIterator[None]:
    """Have the turn meanwhile, and wait for all others at the end."""
    async with writers.turns.taken(urgent=False):
        yield
    await writers.end()


async def test_the_urgent_go_first_and_equals_in_their_order(writers: Writers) -> None:
    async with busy(writers):
        for name, urgent in (("a", False), ("b", False), ("first", True), ("second", True)):
            await writers.want(name, urgent=urgent)
    assert writers.order == ["first", "second", "a", "b"]


async def test_the_others_are_not_kept_waiting_for_ever(writers: Writers) -> None:
    async with busy(writers):
        await writers.want("other")
        for number in range(MOST_AHEAD + 2):
            await writers.want(str(number), urgent=True)
    assert writers.order.index("other") == MOST_AHEAD


async def test_one_that_leaves_while_it_waits_is_passed_over(writers: Writers) -> None:
    async with busy(writers):
        for name in ("leaves", "stays"):
            await writers.want(name)
        writers.tasks["leaves"].cancel()
    assert writers.order == ["stays"]


async def test_one_that_is_cancelled_as_its_turn_comes_passes_it_on(writers: Writers) -> None:
    async with writers.turns.taken(urgent=False):
        for name in ("leaves", "stays"):
            await writers.want(name)
    writers.tasks["leaves"].cancel()  # it has been given the turn, and has not run since
    await writers.end()
    assert writers.order == ["stays"]


async def test_the_turn_is_free_again_when_nobody_waits(writers: Writers) -> None:
    with pytest.raises(ValueError, match="body"):
        async with writers.turns.taken(urgent=True):
            raise ValueError("body")
    await writers.want("next")
    await writers.end()
    assert writers.order == ["next"]
