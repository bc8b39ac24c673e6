"""A lane of ordinary jobs: claims them, runs each by the handler of its kind, retries and buries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import structlog

from app import metrics
from app.domain.job import ClaimedJob, Lane
from app.services.jobs import LEASE_S, JobQueue
from app.services.worker.cancellation import see_through
from app.services.worker.wake import Wake

log = structlog.get_logger(__name__)

RENEW_S = LEASE_S / 3

Handler = Callable[[ClaimedJob], Awaitable[None]]
"""Does one job; it may complete the job itself, in the transaction of its last step."""


class JobLane:
    """One lane of one worker."""

    def __init__(
        self,
        lane: Lane,
        worker: UUID,
        queue: JobQueue,
        handlers: Mapping[str, Handler],
        wake: Wake,
        *,
        slots: int,
        poll_s: float,
    ) -> None:
        self.lane = lane
        self._worker = worker
        self._queue = queue
        self._handlers = handlers
        self._wake = wake
        self._slots = slots
        self._poll_s = poll_s
        self._running: dict[asyncio.Task[None], ClaimedJob] = {}
        self._claiming = asyncio.Lock()
        self._draining = False
        self._may_be_more = True  # whether the last claim took all it had room for

    async def run(self) -> None:
        """Claim and do jobs until drained."""
        while not self._draining:
            room = self._slots - len(self._running)
            async with self._claiming:
                claimed = await self._claim(room) if room > 0 and not self._draining else 0
            self._may_be_more = claimed == room
            if claimed < max(room, 1):
                await self._wake.wait(self._poll_s)

    async def _claim(self, room: int) -> int:
        try:
            jobs = await self._queue.claim(self.lane, self._worker, room)
        except Exception as error:
            log.warning("claim failed", action="claim_failed", lane=self.lane.value, error=type(error).__name__)
            return 0
        for job in jobs:
            self._running[asyncio.create_task(self._guarded(job), name=f"{job.kind}-{job.id}")] = job
        return len(jobs)

    async def _guarded(self, job: ClaimedJob) -> None:
        result = "done"
        try:
            await self._do(job)
            await self._queue.done(job)
        except asyncio.CancelledError:
            result = "released"
            await see_through(self._give_back(job))
            raise
        except Exception as error:
            result = "failed"
            log.exception("job failed", action="job_failed", kind=job.kind, job=str(job.id))
            await see_through(self._fail(job, error))
        finally:
            metrics.jobs_total.labels(lane=self.lane.value, result=result).inc()
            task = asyncio.current_task()
            if task is not None:
                self._running.pop(task, None)
            if self._may_be_more:
                self._wake.set()

    async def _do(self, job: ClaimedJob) -> None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            raise LookupError(f"no handler for jobs of kind {job.kind}: is this worker older than the web process?")
        await handler(job)

    async def _give_back(self, job: ClaimedJob) -> None:
        """Release a job uncounted."""
        try:
            await self._queue.release(job)
        except Exception:
            log.exception("a job could not be released", action="job_release_failed", job=str(job.id))

    async def _fail(self, job: ClaimedJob, error: Exception) -> None:
        try:
            await self._queue.fail(job, type(error).__name__)
        except Exception:
            # The database is away: the lease runs out and the job is claimed again.
            log.exception("a failed job could not be given back", action="job_fail_failed", job=str(job.id))

    async def renew(self) -> None:
        """Keep the leases of jobs that take long."""
        while True:
            await asyncio.sleep(RENEW_S)
            if not self._running:
                continue
            try:
                await self._queue.renew(self._worker, list(self._running.values()))
            except Exception as error:
                log.warning("renewal failed", action="renew_failed", lane=self.lane.value, error=type(error).__name__)

    async def drain(self) -> None:
        """Claim no more, and give back what runs."""
        self._draining = True
        self._wake.set()
        async with self._claiming:  # what a claim under way brings is given back too
            await asyncio.sleep(0)  # a task that is cancelled before its first step gives nothing back
            tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
