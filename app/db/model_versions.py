"""Versions of models as rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.domain.model_version import ModelVersion, Scores, Task, VersionStatus
from app.services.model_versions import VersionInUseError


class SqlModelVersions:
    """See app.services.model_versions.Versions; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[ModelVersion]:
        """Return all versions, by task, the newest first."""
        async with self._database.read_session() as session:
            table = models.ModelVersion
            rows = await session.execute(
                select(table, models.User.name)
                .outerjoin(models.User, models.User.id == table.activated_by)
                .order_by(table.task, table.added_at.desc(), table.id.desc())
            )
            return [_version(row, name) for row, name in rows]

    async def add(
        self, task: Task, version: str, location: Path, *, pointers: bool, digest: str | None = None
    ) -> ModelVersion:
        """Return the version, inserting it as a candidate when it is new; a known one gets the new location.

        One whose files are others now is a candidate again, and was never scored.

        Raises: VersionInUseError when that is the active one; nothing is changed then.
        """
        async with self._database.write_session() as session:
            table = models.ModelVersion
            row = await session.scalar(select(table).where(table.task == task.value, table.version == version))
            if row is None:
                row = models.ModelVersion(
                    task=task.value, version=version, status=VersionStatus.CANDIDATE.value, scores={}, pointers=pointers
                )
                session.add(row)
            elif row.digest is not None and row.digest != digest:
                if row.status == VersionStatus.ACTIVE.value:
                    raise VersionInUseError(task, version, location)
                row.status, row.scores, row.activated_at, row.activated_by = (
                    VersionStatus.CANDIDATE.value,
                    {},
                    None,
                    None,
                )
                await _forget_evaluations(session, task, version)
            row.location, row.digest, row.pointers = str(location), digest, pointers
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

    async def activate(
        self, task: Task, version: UUID | None, *, instead_of: UUID | None, by: UUID | None = None
    ) -> bool:
        """Make a version the active one of its task, or with None the model that ships; the old one is retired.

        False, and nothing is changed, when another than `instead_of` is active by now.
        """
        async with self._database.write_session() as session:
            if not await _leave(session, task, instead_of, VersionStatus.RETIRED):
                return False
            if version is not None:
                table = models.ModelVersion
                values = {"status": VersionStatus.ACTIVE.value, "activated_at": utc_now(), "activated_by": by}
                try:
                    await session.execute(update(table).where(table.id == version).values(**values))
                except IntegrityError:  # none was active when we looked, which locks nothing
                    return False
            await session.commit()
            return True

    async def go_back(self, task: Task, version: UUID | None, *, instead_of: UUID) -> bool:
        """Make an earlier version active again, as of when it was; the one it replaces is withdrawn.

        False, and nothing is changed, when another than `instead_of` is active by now.
        """
        async with self._database.write_session() as session:
            if not await _leave(session, task, instead_of, VersionStatus.WITHDRAWN):
                return False
            if version is not None:
                table = models.ModelVersion
                await session.execute(
                    update(table).where(table.id == version).values(status=VersionStatus.ACTIVE.value)
                )
            await session.commit()
            return True


async def _leave(session: AsyncSession, task: Task, active: UUID | None, status: VersionStatus) -> bool:
    """Give the active version another status; false when it is not the one that is meant."""
    table = models.ModelVersion
    left = await session.execute(
        update(table)
        .where(table.task == task.value, table.status == VersionStatus.ACTIVE.value)
        .values(status=status.value)
        .returning(table.id)
    )
    return left.scalar_one_or_none() == active


async def _forget_evaluations(session: AsyncSession, task: Task, version: str) -> None:
    table = models.ModelEvaluation
    about = or_(table.candidate == version, table.against == version)
    await session.execute(delete(table).where(table.task == task.value, about))


def _version(row: models.ModelVersion, activated_by: str | None = None) -> ModelVersion:
    return ModelVersion(
        id=row.id,
        task=Task(row.task),
        version=row.version,
        location=row.location,
        digest=row.digest,
        pointers=row.pointers,
        status=VersionStatus(row.status),
        scores=row.scores,
        added_at=row.added_at,
        activated_at=row.activated_at,
        activated_by=activated_by,
    )
