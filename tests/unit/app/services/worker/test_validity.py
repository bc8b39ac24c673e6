"""How long a worker may write without the database, by a clock moved by hand."""

from __future__ import annotations

import asyncio

import pytest

from app.services.worker.validity import Validity
from app.services.worker.wake import Wake


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_before_the_first_success_nothing_is_written(clock: Clock) -> None:
    assert not Validity(2.0, clock)()


def test_it_counts_from_before_the_query(clock: Clock) -> None:
    valid = Validity(2.0, clock)
    began = valid.begin()
    clock.now += 1.5  # the query took that long: a takeover may have been committed right after it began
    valid.succeeded(began)
    clock.now += 0.4
    assert valid()
    clock.now += 0.1
    assert not valid()


def test_an_older_success_takes_nothing_back(clock: Clock) -> None:
    valid = Validity(2.0, clock)
    slow = valid.begin()
    clock.now += 1.0
    valid.succeeded(valid.begin())
    valid.succeeded(slow)
    clock.now += 1.9
    assert valid()


async def test_a_wake_ends_the_wait_once() -> None:
    wake = Wake()
    wake.set()
    await asyncio.wait_for(wake.wait(60), 30)
    waiting = asyncio.create_task(wake.wait(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    wake.set()
    await asyncio.wait_for(waiting, 30)
    await asyncio.wait_for(wake.wait(0.01), 30)  # the clock wakes too
