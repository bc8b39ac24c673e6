"""Versions of models as rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.domain.model_version import ModelVersion, Scores, Task, VersionStatus


class SqlModelVersions:
    """See app.services.model_versions.Versions; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[ModelVersion]:
        """Return all versions, by task, the newest first."""
        async with self._database.read_session() as session:
            table = models.ModelVersion
            rows = await session.scalars(select(table).order_by(table.task, table.added_at.desc(), table.id.desc()))
            return [_version(row) for row in rows]

    async def add(self, task: Task, version: str, location: Path, *, pointers: bool) -> ModelVersion:
        """Return the version, inserting it as a candidate when it is new; a known one gets the new location."""
        async with self._database.write_session() as session:
            table = models.ModelVersion
            row = await session.scalar(select(table).where(table.task == task.value, table.version == version))
            if row is None:
                row = models.ModelVersion(
                    task=task.value, version=version, status=VersionStatus.CANDIDATE.value, scores={}, pointers=pointers
                )
                session.add(row)
            row.location, row.pointers = str(location), pointers
            await session.flush()
            added = _version(row)
            await session.commit()
            return added

    async def set_scores(self, version: UUID, scores: Scores) -> None:
        """Store what a version scored last."""
        async with self._database.write_session() as session:
            await session.execute(
                update(models.ModelVersion).where(models.ModelVersion.id == version).values(scores=dict(scores))
            )
            await session.commit()

    async def activate(self, task: Task, version: UUID | None, *, again: bool = False) -> None:
        """Make a version the active one of its task, or with None the model that ships; the old one is retired.

        `again`: it keeps the time at which it was promoted first.
        """
        async with self._database.write_session() as session:
            table = models.ModelVersion
            active = VersionStatus.ACTIVE.value
            await session.execute(
                update(table)
                .where(table.task == task.value, table.status == active)
                .values(status=VersionStatus.RETIRED.value)
            )
            if version is not None:
                values = {"status": active} if again else {"status": active, "activated_at": utc_now()}
                await session.execute(update(table).where(table.id == version).values(**values))
            await session.commit()


def _version(row: models.ModelVersion) -> ModelVersion:
    return ModelVersion(
        id=row.id,
        task=Task(row.task),
        version=row.version,
        location=row.location,
        pointers=row.pointers,
        status=VersionStatus(row.status),
        scores=row.scores,
        added_at=row.added_at,
        activated_at=row.activated_at,
    )
