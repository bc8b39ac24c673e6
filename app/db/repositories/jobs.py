"""The jobs table: claimed with SKIP LOCKED on PostgreSQL, under the write lock on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Float,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    func,
    select,
    update,
)

from app.db import models
from app.db.base import database_now, table_of
from app.db.batch import BatchSession, inserting
from app.db.upsert import insert_if_absent
from app.domain.job import ClaimedJob, Lane, NewJob
from app.services.ids import new_id

_ACTIVE = ("queued", "running")
_TABLE = table_of(models.Job)
_LOOK_AHEAD = 4  # candidates per job wanted: other workers may hold the first ones


_ENQUEUED = inserting(
    _TABLE,
    *("id", "shop_id", "conversation_id", "lane", "kind", "cause", "epoch", "payload", "status", "attempt", "tries"),
    "max_tries",
    computed={
        "run_at": lambda parameter: database_now(parameter("delay_s", Float())),
        "created_at": lambda _: database_now(),
    },
    or_nothing=True,
)


# Made once: these run with every job.
_IS_DUE = and_(  # queued and due, or running with a lease that ran out: `run_at` says both
    _TABLE.c.lane == bindparam("lane", type_=String()),
    _TABLE.c.status.in_(_ACTIVE),
    _TABLE.c.run_at <= database_now(),
)


def _turns() -> Subquery:
    """Return the due jobs that come first, with their turn."""
    place = func.row_number().over(partition_by=_TABLE.c.shop_id, order_by=(_TABLE.c.run_at, _TABLE.c.id))
    due = select(_TABLE.c.id, _TABLE.c.shop_id, _TABLE.c.run_at, place.label("place")).where(_IS_DUE).subquery()
    busy = (
        select(_TABLE.c.shop_id, func.count().label("running"))
        .where(
            _TABLE.c.lane == bindparam("lane", type_=String()),
            _TABLE.c.status == "running",
            _TABLE.c.run_at > database_now(),
        )
        .group_by(_TABLE.c.shop_id)
        .subquery()
    )
    turn = due.c.place + func.coalesce(busy.c.running, 0)
    return (
        select(due.c.id, turn.label("turn"))
        .outerjoin(busy, busy.c.shop_id.is_not_distinct_from(due.c.shop_id))
        .order_by(turn, due.c.run_at, due.c.id)
        .limit(bindparam("ahead", type_=Integer()))
        .subquery()
    )


def _due() -> Select[UUID]:
    turn = _turns()
    return (
        select(_TABLE.c.id)
        .join(turn, turn.c.id == _TABLE.c.id)
        .where(_IS_DUE)
        .order_by(turn.c.turn, _TABLE.c.run_at, _TABLE.c.id)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(of=_TABLE, skip_locked=True)
    )


_DUE = _due()
_CLAIMED = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        status="running",
        worker_id=bindparam("worker"),
        attempt=_TABLE.c.attempt + 1,
        tries=_TABLE.c.tries + 1,
        run_at=database_now(bindparam("lease_s", type_=Float())),
    )
    .returning(_TABLE)
)
_ENDED = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("job"), _TABLE.c.status.in_(_ACTIVE))
    .values(status=bindparam("new_status"), error=bindparam("new_error"), ended_at=database_now())
)
_ATTEMPT_ENDED = _ENDED.where(_TABLE.c.attempt == bindparam("of_attempt"))


class SqlJobs:
    """See app.services.ports.Jobs."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session

    async def add(self, job: NewJob) -> UUID | None:
        """Insert on conflict do nothing."""
        job_id = new_id()
        times = {"run_at": database_now(job.delay_s), "created_at": database_now()}
        is_new = await insert_if_absent(self._session, models.Job, **_values(job_id, job), **times)
        return job_id if is_new else None

    def enqueue(self, job: NewJob) -> UUID:
        """Insert on conflict do nothing, with the next statement."""
        job_id = new_id()
        self._session.later(_ENQUEUED, {**_values(job_id, job), "delay_s": job.delay_s})
        return job_id

    async def claim(self, lane: Lane, worker: UUID, limit: int, lease_s: float) -> Sequence[ClaimedJob]:
        """Lease due jobs; each shop's first before any shop's second, running ones counted in."""
        wanted = {"lane": lane.value, "limit": limit, "ahead": limit * _LOOK_AHEAD}
        ids = (await self._session.scalars(_DUE, wanted)).all()
        if not ids:
            return []
        rows = await self._session.execute(_CLAIMED, {"ids": ids, "worker": worker, "lease_s": lease_s})
        claimed = {row.id: _claimed(row) for row in rows}
        return [claimed[job] for job in ids]

    async def end(self, job: UUID, *, attempt: int | None = None, error: str | None = None) -> bool:
        """Complete or bury."""
        values = {"job": job, "new_status": "done" if error is None else "dead", "new_error": error}
        if attempt is None:
            result = await self._session.execute(_ENDED, values)
        else:
            result = await self._session.execute(_ATTEMPT_ENDED, {**values, "of_attempt": attempt})
        return cast(CursorResult[Any], result).rowcount > 0

    async def retry(self, job: UUID, attempt: int, error: str, pause_s: float) -> bool:
        """Queue again after a pause."""
        changes = {"status": "queued", "worker_id": None, "error": error, "run_at": database_now(pause_s)}
        return await self._change(_held(job, attempt), **changes)

    async def release(self, job: UUID, attempt: int) -> bool:
        """Queue again at once, uncounted."""
        changes = {"status": "queued", "worker_id": None, "tries": models.Job.tries - 1, "run_at": database_now()}
        return await self._change(_held(job, attempt), **changes)

    async def forgive(self, lost: Sequence[ClaimedJob]) -> None:
        """Take one from the tries of each that is active and was claimed by this attempt or a later one."""
        for job in lost:
            is_open = and_(models.Job.id == job.id, models.Job.attempt >= job.attempt, models.Job.status.in_(_ACTIVE))
            await self._change(and_(is_open, models.Job.tries > 0), tries=models.Job.tries - 1)

    async def renew(self, worker: UUID, jobs: Sequence[UUID], lease_s: float) -> None:
        """Move the ends of leases."""
        held = and_(models.Job.id.in_(jobs), models.Job.worker_id == worker, models.Job.status == "running")
        await self._change(held, run_at=database_now(lease_s))

    async def holds(self, job: UUID, attempt: int) -> bool:
        """Whether this attempt is the last one claimed and not ended."""
        return await self._session.scalar(select(models.Job.id).where(_held(job, attempt))) is not None

    async def add_scheduled(self, name: str, due_at: datetime, job: NewJob) -> bool:
        """Insert job and due time; (cause, kind) and (name, due_at) are both unique."""
        job_id = await self.add(job)
        if job_id is None:
            return False
        return await insert_if_absent(
            self._session, models.Schedule, id=new_id(), name=name, due_at=due_at, job_id=job_id
        )

    async def _change(self, condition: ColumnElement[bool], **changes: Any) -> bool:
        result = await self._session.execute(
            update(models.Job).where(condition).values(**changes).execution_options(synchronize_session=False)
        )
        return cast(CursorResult[Any], result).rowcount > 0


def _held(job: UUID, attempt: int) -> ColumnElement[bool]:
    return and_(models.Job.id == job, models.Job.attempt == attempt, models.Job.status == "running")


def _claimed(row: Row[Any]) -> ClaimedJob:
    return ClaimedJob(
        id=row.id,
        lane=Lane(row.lane),
        kind=row.kind,
        cause=row.cause,
        shop=row.shop_id,
        conversation=row.conversation_id,
        epoch=row.epoch,
        payload=row.payload,
        attempt=row.attempt,
        tries=row.tries,
        max_tries=row.max_tries,
        lease_until=row.run_at,
    )


def _values(job_id: UUID, job: NewJob) -> dict[str, Any]:
    return {
        "id": job_id,
        "shop_id": job.shop,
        "conversation_id": job.conversation,
        "lane": job.lane.value,
        "kind": job.kind,
        "cause": job.cause,
        "epoch": job.epoch,
        "payload": dict(job.payload),
        "status": "queued",
        "attempt": 0,
        "tries": 0,
        "max_tries": job.max_tries,
    }
