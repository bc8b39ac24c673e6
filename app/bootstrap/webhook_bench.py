"""Measure how soon webhooks are answered while every slot of the engine is busy: a server of its own, real requests."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from app.bootstrap.served import Served, Split, served

WAIT_S = 120.0
POLL_S = 0.05


@dataclass
class Outcome:
    """What was measured. `left` is how many questions had no answer yet when the measurement ended; `whole_ms` is what
    one webhook with many events took after it."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    left: int = 0
    slots: int = 0
    whole_ms: float | None = None

    @property
    def is_saturated(self) -> bool:
        """Whether more questions waited than the engine has slots, so that all of them were busy."""
        return self.left > self.slots

    def figures(self) -> dict[str, float]:
        """Return percentiles in milliseconds."""
        parts = statistics.quantiles(self.milliseconds, n=100, method="inclusive")
        longest = max(self.milliseconds)
        return {"p50_ms": parts[49], "p95_ms": parts[94], "p99_ms": parts[98], "longest_ms": longest}


@dataclass(frozen=True)
class Plan:
    """`backlog` people ask, and when the engine is full, more at `rate` per second, whose webhooks are timed; at the
    end `events` more in a single one, none when 0. `is_heavy`: the responder has the shapes of T5-base in int8."""

    rate: float
    seconds: float
    backlog: int
    events: int = 0
    is_heavy: bool = False


async def measure_webhooks(plan: Plan, split: Split | None = None) -> Outcome:
    """Run a server and the plan on it.

    Requests leave at their time whether or not earlier ones are answered, and are timed from when they should leave.

    Raises: TimeoutError when nobody is answered, ConfigurationError when the server does not start.
    """
    with tempfile.TemporaryDirectory() as folder, _responder(plan) as responder:
        async with served(Path(folder), responder, split) as server:
            return await _measure(server, plan)


def _responder(plan: Plan) -> AbstractContextManager[Path | None]:
    if not plan.is_heavy:
        return nullcontext()
    from nlp.bench.model import model_directory  # transformers, which comes with the extra `bench`

    return model_directory(None)


async def _measure(server: Served, plan: Plan) -> Outcome:
    outcome = Outcome(slots=server.settings.engine_slots)
    for _ in range(plan.backlog):
        await server.ask()
    await _first_answer(server)
    began, sending = time.perf_counter(), []
    for number in range(int(plan.rate * plan.seconds)):
        due = began + number / plan.rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sending.append(asyncio.create_task(_timed(server, due)))
    for milliseconds, status in await asyncio.gather(*sending):
        outcome.milliseconds.append(milliseconds)
        outcome.refused += status != 200
    outcome.left = server.asked - server.reached()
    if plan.events:
        outcome.whole_ms, status = await _timed(server, time.perf_counter(), plan.events)
        outcome.refused += status != 200
    return outcome


async def _first_answer(server: Served) -> None:
    """Wait until somebody is answered: others are in the engine by then."""
    async with asyncio.timeout(WAIT_S):
        while not server.reached():  # noqa: ASYNC110 - the vendor's stand-in tells nobody
            await asyncio.sleep(POLL_S)


async def _timed(server: Served, due: float, people: int = 1) -> tuple[float, int]:
    status = await server.ask(people)
    return (time.perf_counter() - due) * 1000, status
