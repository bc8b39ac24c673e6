from __future__ import annotations

import asyncio
import logging

import pytest

from realtime.loop_turn import SLICE_WRITES, LoopTurn


class Writes:
    """Something with writes to make, which says when it made them."""

    def __init__(self, name: str, made: list[str], count: int = 1) -> None:
        self._name = name
        self._made = made
        self._count = count

    def turn(self, now: float) -> int:
        self._made.append(self._name)
        return self._count


class Broken:
    def turn(self, now: float) -> int:
        raise ValueError("broken")


async def test_nothing_is_written_before_the_end_of_the_loop_turn_and_then_in_order() -> None:
    made: list[str] = []
    turn = LoopTurn()
    for name in "abc":
        turn.add(Writes(name, made))
    assert made == []
    await asyncio.sleep(0)
    assert made == ["a", "b", "c"]
    turn.add(Writes("d", made))
    await asyncio.sleep(0)
    assert made == ["a", "b", "c", "d"]


async def test_between_two_slices_the_loop_goes_round() -> None:
    made: list[str] = []
    turn = LoopTurn()
    turn.add(Writes("loud", made, SLICE_WRITES))
    turn.add(Writes("waits", made))
    await asyncio.sleep(0)
    assert made == ["loud"]
    turn.add(Writes("came between", made))
    await asyncio.sleep(0)
    assert made == ["loud", "waits", "came between"]


async def test_who_asks_again_while_it_writes_comes_in_the_same_round() -> None:
    made: list[str] = []
    turn = LoopTurn()

    class Again(Writes):
        def turn(self, now: float) -> int:
            turn.add(Writes("again", made))
            return super().turn(now)

    turn.add(Again("first", made))
    await asyncio.sleep(0)
    assert made == ["first", "again"]


async def test_one_that_fails_keeps_nobody_else_from_writing(caplog: pytest.LogCaptureFixture) -> None:
    made: list[str] = []
    turn = LoopTurn()
    turn.add(Broken())
    turn.add(Writes("after", made))
    with caplog.at_level(logging.ERROR):
        await asyncio.sleep(0)
    assert made == ["after"]
    assert caplog.records[0].__dict__["action"] == "write_failed"
