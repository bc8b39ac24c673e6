"""Evaluations of models as rows."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select, update

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.db.repositories.jobs import SqlJobs
from app.domain.job import Lane, NewJob
from app.domain.model_version import Scores, Task
from app.services.model_desk import EVALUATE_KIND, Evaluation

_Rows = Select[models.ModelEvaluation, str]


class SqlModelEvaluations:
    """See app.services.model_desk.Evaluations; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, task: Task, candidate: str, against: str, cases: int, user: UUID) -> Evaluation:
        """Insert both."""
        async with self._database.write_session() as session:
            row = models.ModelEvaluation(
                task=task.value,
                candidate=candidate,
                against=against,
                cases=cases,
                candidate_scores={},
                against_scores={},
                user_id=user,
            )
            session.add(row)
            await session.flush()
            name = await session.scalar(select(models.User.name).where(models.User.id == user))
            begun = _evaluation(row, name)
            payload = {"evaluation": str(begun.id)}
            SqlJobs(session).enqueue(NewJob(Lane.TRAIN, EVALUATE_KIND, cause=str(begun.id), payload=payload))
            await session.commit()
            return begun

    async def find(self, evaluation: UUID) -> Evaluation | None:
        """Return an evaluation."""
        found = await self._read(_rows().where(models.ModelEvaluation.id == evaluation))
        return found[0] if found else None

    async def latest(self, task: Task | None, before: UUID | None, limit: int) -> Sequence[Evaluation]:
        """Return evaluations, the newest first; ids grow with time."""
        table = models.ModelEvaluation
        query = _rows().order_by(table.id.desc()).limit(limit)
        if task is not None:
            query = query.where(table.task == task.value)
        return await self._read(query if before is None else query.where(table.id < before))

    async def of_pair(self, task: Task, candidate: str, against: str) -> Evaluation | None:
        """Return the newest of two versions."""
        table = models.ModelEvaluation
        same = (table.task == task.value, table.candidate == candidate, table.against == against)
        found = await self._read(_rows().where(*same).order_by(table.id.desc()).limit(1))
        return found[0] if found else None

    async def end(self, evaluation: UUID, candidate: Scores, against: Scores, error: str | None) -> None:
        """Store what was found; one that has ended stays."""
        table = models.ModelEvaluation
        async with self._database.write_session() as session:
            await session.execute(
                update(table)
                .where(table.id == evaluation, table.done_at.is_(None))
                .values(candidate_scores=dict(candidate), against_scores=dict(against), error=error, done_at=utc_now())
            )
            await session.commit()

    async def _read(self, query: _Rows) -> list[Evaluation]:
        async with self._database.read_session() as session:
            return [_evaluation(row, name) for row, name in await session.execute(query)]


def _rows() -> _Rows:
    table, user = models.ModelEvaluation, models.User
    return select(table, user.name).outerjoin(user, user.id == table.user_id)


def _evaluation(row: models.ModelEvaluation, asked_by: str | None) -> Evaluation:
    return Evaluation(
        id=row.id,
        task=Task(row.task),
        candidate=row.candidate,
        against=row.against,
        cases=row.cases,
        candidate_scores=row.candidate_scores,
        against_scores=row.against_scores,
        error=row.error,
        asked_by=asked_by,
        created_at=row.created_at,
        done_at=row.done_at,
    )
