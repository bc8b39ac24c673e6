"""How long the event loop of the engine's process is kept from its own work while replies are decoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence as Items

from nlp.bench.contenders import Assistify, Setup
from nlp.bench.measure import percentile
from nlp.bench.model import Job

EVERY_S = 0.002


async def ping_loop(setup: Setup, jobs: Items[Job]) -> dict[str, float]:
    """Return how late (ms; `p50`, `p99`, `max`) a timer of the loop fires while the jobs are answered at once."""
    contender = Assistify(setup)
    late: list[float] = []
    try:
        await contender.together(jobs)  # kernels and memory are made on the way
        replies = asyncio.ensure_future(contender.together(jobs))
        while not replies.done():
            due = time.perf_counter() + EVERY_S
            await asyncio.sleep(EVERY_S)
            late.append(time.perf_counter() - due)
        await replies
    finally:
        await contender.close()
    shares = {"p50": percentile(late, 50), "p99": percentile(late, 99), "max": max(late)}
    return {name: round(1000 * value, 2) for name, value in shares.items()}
