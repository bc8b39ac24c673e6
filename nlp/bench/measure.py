"""Measure contenders one after the other in every round, so that what else runs on the machine hits all alike."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from itertools import pairwise

from nlp.bench.apart import Apart
from nlp.bench.contenders import Times
from nlp.bench.model import Job

SETTLE_S = 0.3  # worker threads of the contender before keep spinning for about 0.2 s


@dataclass(slots=True)
class Figures:
    """What one contender did, per reply: seconds to the first token, the gaps after it, tokens per second."""

    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)  # mean gap of each reply
    rates: list[float] = field(default_factory=list)  # of each round
    work: list[float] = field(default_factory=list)  # processor seconds per token, of each round

    def add(self, begun: float, times: Times) -> None:
        """Take one reply."""
        self.first.append(times[0] - begun)
        self.gaps += [later - earlier for earlier, later in pairwise(times)]
        if len(times) > 1:
            self.steps.append((times[-1] - times[0]) / (len(times) - 1))

    def streams(self) -> dict[str, float]:
        """Return milliseconds to the first token and per step, and tokens per second: medians."""
        return {
            "ttft_ms": _ms(statistics.median(self.first)),
            "step_ms": _ms(statistics.median(self.steps)),
            "tokens_per_s": round(statistics.median(self.rates), 1),
        }

    def arrivals(self) -> dict[str, float]:
        """Return milliseconds: first token (95th percentile), between tokens, and the longest gap."""
        return {
            "ttft_p95_ms": _ms(percentile(self.first, 95)),
            "itl_p50_ms": _ms(percentile(self.gaps, 50)),
            "itl_p99_ms": _ms(percentile(self.gaps, 99)),
            "stall_max_ms": _ms(max(self.gaps)),
        }


def percentile(values: Items[float], share: float) -> float:
    """Return the nearest-rank percentile of values that are not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(share) // 100) - 1))]


async def measure_streams(contenders: Items[Apart], jobs: Items[Job], rounds: int) -> dict[str, Figures]:
    """Let every contender answer all jobs at once, in turn, `rounds` times after a first one that is not counted."""
    figures = {contender.name: Figures() for contender in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            await asyncio.sleep(SETTLE_S)
            begun, busy = time.perf_counter(), contender.busy_s
            replies = await contender.together(jobs)
            if number == 0:
                continue
            busy = contender.busy_s - busy
            ended = max(times[-1] for times in replies)
            tokens = sum(map(len, replies))
            figures[contender.name].rates.append(tokens / (ended - begun))
            figures[contender.name].work.append(busy / tokens)
            for times in replies:
                figures[contender.name].add(begun, times)
    return figures


async def measure_arrivals(contenders: Items[Apart], jobs: Items[Job], rate: float, seed: int) -> dict[str, Figures]:
    """Let the jobs come at random times (a Poisson process, the same times for all), `rate` per second."""
    figures: dict[str, Figures] = {}
    for contender in contenders:
        await asyncio.sleep(SETTLE_S)
        figures[contender.name] = await _arrive(contender, jobs, rate, random.Random(seed))
    return figures


async def _arrive(contender: Apart, jobs: Items[Job], rate: float, drawn: random.Random) -> Figures:
    figures = Figures()

    async def one(job: Job, after: float) -> None:
        await asyncio.sleep(after)
        begun = time.perf_counter()
        figures.add(begun, await contender.serve(job))

    at = 0.0
    async with asyncio.TaskGroup() as replies:
        for job in jobs:
            replies.create_task(one(job, at))
            at += drawn.expovariate(rate)
    return figures


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
