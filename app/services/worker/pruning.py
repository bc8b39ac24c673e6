"""The nightly job that removes old events, a few at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from app.domain.job import ClaimedJob
from app.services.clock import Clock

PRUNE_KIND = "events.prune"
PAUSE_S = 0.1
"""Between two transactions: live conversations come first."""

log = structlog.get_logger(__name__)


class Pruning(Protocol):
    """The log, as this job sees it."""

    async def prune(self, closed_before: datetime) -> int:
        """Remove events of some conversations closed before a time; return of how many, 0 when there are none left."""


class PruneEvents:
    """Handler: removes the events of conversations that have been closed for `keep_days`."""

    def __init__(self, pruning: Pruning, clock: Clock, *, keep_days: int) -> None:
        self._pruning = pruning
        self._clock = clock
        self._keep = timedelta(days=keep_days)

    async def __call__(self, job: ClaimedJob) -> None:
        """Go on until nothing is left; a job that is given back in between goes on where it was."""
        closed_before = self._clock.now() - self._keep
        steps = 0
        while await self._pruning.prune(closed_before):
            steps += 1
            await self._clock.sleep(PAUSE_S)
        if steps:
            log.info("old events removed", action="events_pruned", steps=steps)
