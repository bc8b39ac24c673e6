"""Measure how soon webhooks are answered while every slot of the engine is busy: a server of its own, real requests."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.bootstrap.served import Served, served


@dataclass
class Outcome:
    """What was measured. `left` is how many questions had no answer yet when the measurement ended."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    left: int = 0
    slots: int = 0

    @property
    def is_saturated(self) -> bool:
        """Whether more questions waited than the engine has slots, so that all of them were busy."""
        return self.left > self.slots

    def figures(self) -> dict[str, float]:
        """Return percentiles in milliseconds."""
        parts = statistics.quantiles(self.milliseconds, n=100, method="inclusive")
        longest = max(self.milliseconds)
        return {"p50_ms": parts[49], "p95_ms": parts[94], "p99_ms": parts[98], "longest_ms": longest}


async def measure_webhooks(rate: float, seconds: float, backlog: int) -> Outcome:
    """Let `backlog` people ask, and when the engine is full, more at `rate` per second; time the answers to those.

    Requests leave at their time whether or not earlier ones are answered, and are timed from when they should leave.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder)) as server:
            return await _measure(server, rate, seconds, backlog)


async def _measure(server: Served, rate: float, seconds: float, backlog: int) -> Outcome:
    outcome = Outcome(slots=server.settings.engine_slots)
    for _ in range(backlog):
        await server.ask()
    await asyncio.sleep(1.0)  # for the first of them to be in the engine
    began, sending = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sending.append(asyncio.create_task(_timed(server, due)))
    for milliseconds, status in await asyncio.gather(*sending):
        outcome.milliseconds.append(milliseconds)
        outcome.refused += status != 200
    outcome.left = server.asked - await server.answered()
    return outcome


async def _timed(server: Served, due: float) -> tuple[float, int]:
    status = await server.ask()
    return (time.perf_counter() - due) * 1000, status
