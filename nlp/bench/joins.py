"""How long running replies stand still because another one joins, with a prompt that fills the window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence as Items
from itertools import pairwise
from pathlib import Path

from nlp.bench.contenders import Assistify, Setup, Times
from nlp.bench.measure import percentile
from nlp.bench.model import Job, make_jobs, model_directory

WINDOW = 512  # tokens of the prompt that joins


async def measure_joins(
    model: Path | None, *, running: int, joins: int, prompt_tokens: int, new_tokens: int, threads: int
) -> dict[str, float]:
    """Let a prompt of WINDOW tokens join `running` replies, once in each of several rounds.

    Returns milliseconds: the first token of the one that joins (median), and of the others, between its coming and
    that token, the gap at the median, at the 99th percentile and the longest.
    """
    with model_directory(model) as directory:
        setup = Setup(directory, running + 1, WINDOW, new_tokens, threads)
        jobs = make_jobs(directory, running, prompt_tokens, seed=1)
        long = make_jobs(directory, joins, WINDOW, seed=2)
        contender = Assistify(setup)
        try:
            return await _measure(contender, jobs, long)
        finally:
            await contender.close()


async def _measure(contender: Assistify, jobs: Items[Job], long: Items[Job]) -> dict[str, float]:
    first: list[float] = []
    gaps: list[float] = []
    await contender.serve(long[0])  # memory is touched on the way
    for job in long:
        began = time.perf_counter()
        whole = await contender.together(jobs)
        begun = min(times[0] for times in whole) - began
        # In the middle of their decoding, if they take as long as the round before.
        middle = begun + (max(times[-1] for times in whole) - began - begun) / 3
        replies = asyncio.ensure_future(contender.together(jobs))
        await asyncio.sleep(middle)
        came = time.perf_counter()
        joined = await contender.serve(job)
        first.append(joined[0] - came)
        gaps += _gaps_between(await replies, came, joined[0])
    if not gaps:
        raise RuntimeError("the running replies had ended before another joined: give them more new tokens")
    figures = {"first": percentile(first, 50), "p50": percentile(gaps, 50), "p99": percentile(gaps, 99)}
    return {name: round(1000 * value, 1) for name, value in (figures | {"longest": max(gaps)}).items()}


def _gaps_between(replies: Items[Times], since: float, until: float) -> list[float]:
    """Return the gaps that overlap a span of time."""
    return [
        later - earlier for times in replies for earlier, later in pairwise(times) if later > since and earlier < until
    ]
