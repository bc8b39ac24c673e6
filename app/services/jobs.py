"""The worker's side of all jobs but answers, and the periodic ones."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.job import ClaimedJob, Lane, NewJob, pause_s
from app.services.attachments import FETCH_GIVEN_UP_KIND, FETCH_KIND
from app.services.clock import Clock
from app.services.notifying import tell_dead
from app.services.ports import Store, Transaction
from app.services.publish import Publication, Publisher, nudge

LEASE_S = 30.0
SEQUELS: Mapping[str, str] = {FETCH_KIND: FETCH_GIVEN_UP_KIND}
"""The kind of the job that follows one that is given up, where somebody would wait for it for ever."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job due at every multiple of `every`, counted from 1970 plus `offset` (UTC)."""

    name: str
    lane: Lane
    every: timedelta
    offset: timedelta = timedelta()

    def due_at(self, now: datetime) -> datetime:
        """Return the last due time not after `now`."""
        since = now - _EPOCH - self.offset
        return _EPOCH + self.offset + (since // self.every) * self.every


class JobQueue:
    """Leases, retries and dead letters."""

    def __init__(self, store: Store, publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock

    async def enqueue(self, job: NewJob) -> bool:
        """Write a job in a transaction of its own; false when (cause, kind) is there already."""
        async with self._store.write() as tx:
            is_new = await tx.jobs.add(job) is not None
            await tx.commit()
        if is_new and not job.delay_s:
            await self._publisher.publish([nudge(job.lane)])
        return is_new

    async def claim(self, lane: Lane, worker: UUID, slots: int, *, lease_s: float = LEASE_S) -> Sequence[ClaimedJob]:
        """Lease jobs of a lane (not of `answer`: see Replies); one that had all its tries is buried instead."""
        if lane is Lane.ANSWER:
            raise ValueError("answers are claimed with their reply")
        told: list[Publication] = []
        async with self._store.write() as tx:
            jobs = await tx.jobs.claim(lane, worker, slots, lease_s)
            for job in jobs:
                if job.is_exhausted:
                    told += await self._bury(tx, job, "its worker died at the last try")
            await tx.commit()
        await self._publisher.publish(told)
        return [job for job in jobs if not job.is_exhausted]

    async def done(self, job: ClaimedJob) -> bool:
        """Complete a job; false when it is no longer this worker's."""
        async with self._store.write() as tx:
            is_done = await tx.jobs.end(job.id, attempt=job.attempt)
            await tx.commit()
        return is_done

    async def fail(self, job: ClaimedJob, error: str, *, is_final: bool = False) -> bool:
        """Queue a job again after a pause, or bury it at its limit; return whether it is buried."""
        is_dead = is_final or job.tries >= job.max_tries
        told: Sequence[Publication] = ()
        async with self._store.write() as tx:
            if is_dead:
                told = await self._bury(tx, job, error)
            else:
                await tx.jobs.retry(job.id, job.attempt, error, pause_s(job.tries, random.random()))
            await tx.commit()
        await self._publisher.publish(told)
        return is_dead

    async def _bury(self, tx: Transaction, job: ClaimedJob, error: str) -> Sequence[Publication]:
        """Put a job to the dead letters, and return what tells of it, unless it is another's by now."""
        if not await tx.jobs.end(job.id, attempt=job.attempt, error=error):
            return ()
        told = list(await tell_dead(tx, job, self._clock.now()))
        if job.kind in SEQUELS:
            sequel = NewJob(job.lane, SEQUELS[job.kind], str(job.id), shop=job.shop, payload=job.payload)
            await tx.jobs.add(sequel)
            told.append(nudge(job.lane))
        return told

    async def release(self, job: ClaimedJob) -> bool:
        """Give a job back at once, uncounted."""
        async with self._store.write() as tx:
            is_released = await tx.jobs.release(job.id, job.attempt)
            await tx.commit()
        return is_released

    async def renew(self, worker: UUID, jobs: Sequence[ClaimedJob], *, lease_s: float = LEASE_S) -> None:
        """Keep jobs that take longer than their lease."""
        async with self._store.write() as tx:
            await tx.jobs.renew(worker, [job.id for job in jobs], lease_s)
            await tx.commit()

    async def enqueue_due(self, periodics: Sequence[Periodic]) -> int:
        """Write the jobs of the last due times that no node has written yet; return how many."""
        now = self._clock.now()
        count = 0
        async with self._store.write() as tx:
            for periodic in periodics:
                due_at = periodic.due_at(now)
                job = NewJob(periodic.lane, periodic.name, cause=f"{periodic.name}@{due_at.isoformat()}")
                count += await tx.jobs.add_scheduled(periodic.name, due_at, job)
            await tx.commit()
        if count:
            await self._publisher.publish([nudge(lane) for lane in {periodic.lane for periodic in periodics}])
        return count
