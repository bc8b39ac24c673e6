"""How the models fare in a shop, day by day: confidence, drift of what customers ask, and what people think of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from app.domain.job import ClaimedJob
from app.services.clock import Clock

MEASURE_KIND = "measure_models"
DAY = timedelta(days=1)
BASELINE: Final = timedelta(days=28)
FEWEST: Final = 20  # messages on either side; fewer say nothing about a distribution
_EMPTY = 0.5  # counted for a label that was not seen, so that the logarithm exists


@dataclass(frozen=True, slots=True)
class Observed:
    """What one task's model did in a time: messages by label, the mean of its scores, corrections by people."""

    counts: Mapping[str, int]
    mean_score: float | None
    corrected: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Opinions:
    """Finished answers of the bot in a time, and thumbs on them."""

    answers: int
    up: int
    down: int


class Metric(Struct, frozen=True):
    """One measured value; `model` is the version that was in use, `at` the end of the day it is about."""

    task: str
    model: str
    metric: str
    value: float
    at: datetime


class ModelLog(Protocol):
    """Reads what models did, and keeps what was measured."""

    async def shops(self) -> Sequence[UUID]: ...

    async def observed(self, shop: UUID, task: str, start: datetime, end: datetime) -> Observed: ...

    async def opinions(self, shop: UUID, start: datetime, end: datetime) -> Opinions: ...

    async def keep(self, shop: UUID, metrics: Sequence[Metric]) -> None: ...


class Metrics(Protocol):
    """Reads what was measured."""

    async def metrics(self, shop: UUID, start: datetime, end: datetime) -> Sequence[Metric]: ...


def stability_index(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the population stability index of two counts by label; 0 is no drift, 0.25 and more a clear one.

    Source: Siddiqi, Credit Risk Scorecards (2006), ch. 6.
    """
    labels = set(before) | set(now)
    old = {label: before.get(label, 0) or _EMPTY for label in labels}
    new = {label: now.get(label, 0) or _EMPTY for label in labels}
    old_total, new_total = sum(old.values()), sum(new.values())
    shares = [(old[label] / old_total, new[label] / new_total) for label in labels]
    return sum((after - share) * math.log(after / share) for share, after in shares)


class MeasureModels:
    """Handler of the daily job; `versions` are those in use, by task."""

    def __init__(self, log: ModelLog, versions: Mapping[str, str], clock: Clock) -> None:
        self._log = log
        self._versions = versions
        self._clock = clock

    async def __call__(self, job: ClaimedJob) -> None:
        """Measure the last whole day (UTC) of every shop."""
        end = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        for shop in await self._log.shops():
            await self._log.keep(shop, await self.measure(shop, end))

    async def measure(self, shop: UUID, end: datetime) -> list[Metric]:
        """Return the values of the day before `end`; what cannot be said is left out."""
        found: dict[tuple[str, str], float] = {}
        for task in ("intent", "sentiment"):
            day = await self._log.observed(shop, task, end - DAY, end)
            before = await self._log.observed(shop, task, end - DAY - BASELINE, end - DAY)
            found[task, "messages"] = day.total
            if day.mean_score is not None:
                found[task, "confidence"] = day.mean_score
            if min(day.total, before.total) >= FEWEST:
                found[task, "drift"] = stability_index(before.counts, day.counts)
            if task == "intent" and day.total:
                found[task, "corrected"] = day.corrected / day.total
        opinions = await self._log.opinions(shop, end - DAY, end)
        found["responder", "answers"] = opinions.answers
        if opinions.up + opinions.down:
            found["responder", "liked"] = opinions.up / (opinions.up + opinions.down)
        return [
            Metric(task, self._versions[task], metric, float(value), end) for (task, metric), value in found.items()
        ]
