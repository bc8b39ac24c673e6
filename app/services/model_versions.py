"""Which version of each model is used: added, compared, promoted and rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.domain.model_version import ModelVersion, Scores, Task, VersionStatus, shortfalls
from app.errors import AssistifyError
from app.settings import Settings

SHIPPED = "starter"
"""The name of the model that ships, which has no row."""

Evaluate = Callable[[Task, Path | None], Scores]
"""Scores the model in a directory, or with None the one that ships, on the held-out cases; takes seconds to minutes."""


VersionOf = Callable[[Task, Path], str]
"""Names the model in a directory by its weights."""


class ModelVersionError(AssistifyError):
    """A version is not there, or may not be used."""


class Versions(Protocol):
    """Where versions are kept."""

    async def all(self) -> Sequence[ModelVersion]: ...

    async def add(self, task: Task, version: str, location: Path, *, pointers: bool) -> ModelVersion: ...

    async def set_scores(self, version: UUID, scores: Scores) -> None: ...

    async def activate(self, task: Task, version: UUID | None, *, again: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, scored on the same cases in one run; `worse` says in words where the second falls short."""

    active: str
    active_scores: Scores
    candidate: str
    candidate_scores: Scores
    worse: Sequence[str]


class ModelVersions:
    """Use cases of whoever runs the models."""

    def __init__(self, versions: Versions, evaluate: Evaluate, version_of: VersionOf) -> None:
        self._versions = versions
        self._evaluate = evaluate
        self._version_of = version_of

    async def all(self) -> Sequence[ModelVersion]:
        """Return all versions, by task, the newest first."""
        return await self._versions.all()

    async def add(self, task: Task, directory: Path, *, pointers: bool = False) -> ModelVersion:
        """Add the model in a directory as a candidate; the same weights again are the same version.

        Raises: ModelFilesError or ModelLoadError when there is no such model in it.
        """
        return await self._versions.add(task, self._version_of(task, directory), directory, pointers=pointers)

    async def find(self, task: Task, version: str) -> ModelVersion | None:
        """Return a version by its name, or by a beginning that only one has; None for the model that ships.

        Raises: ModelVersionError when none or several match.
        """
        if version == SHIPPED:
            return None
        of_task = [one for one in await self._versions.all() if one.task is task]
        found = [one for one in of_task if one.version == version] or [
            one for one in of_task if one.version.startswith(version)
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join([SHIPPED, *(one.version for one in of_task)])
        problem = "is not known" if not found else "fits several versions"
        raise ModelVersionError(f"{task.value} version {version} {problem}; there are: {known}")

    async def compare(self, task: Task, candidate: str, against: str | None = None) -> Comparison:
        """Score a version beside another one, or beside the active one.

        Raises: ModelVersionError; ModelFilesError or ModelLoadError when a directory cannot be loaded.
        """
        second = await self.find(task, candidate)
        first = await self.find(task, against) if against is not None else await self.active(task)
        before, after = await self._scored(task, first), await self._scored(task, second)
        return Comparison(_name(first), before, _name(second), after, shortfalls(task, before, after))

    async def promote(self, task: Task, version: str, *, anyway: bool = False) -> Comparison:
        """Use a version from the next start of the workers on.

        Raises: ModelVersionError when it is worse than the active one, unless `anyway`; what `compare` raises.
        """
        comparison = await self.compare(task, version)
        if comparison.worse and not anyway:
            raise ModelVersionError(
                f"{comparison.candidate} is worse than {comparison.active}: {'; '.join(comparison.worse)}. "
                "Nothing was changed; --anyway promotes it all the same."
            )
        found = await self.find(task, version)
        await self._versions.activate(task, None if found is None else found.id)
        return comparison

    async def rollback(self, task: Task) -> str:
        """Go back to the version that was active before, or to the model that ships; return its name.

        Raises: ModelVersionError when the model that ships is in use.
        """
        of_task = [one for one in await self._versions.all() if one.task is task]
        active = next((one for one in of_task if one.status is VersionStatus.ACTIVE), None)
        if active is None or active.activated_at is None:
            raise ModelVersionError(f"{task.value} uses the model that ships: there is nothing to go back to")
        earlier = [
            (one.activated_at, one)
            for one in of_task
            if one.status is VersionStatus.RETIRED and one.activated_at and one.activated_at < active.activated_at
        ]
        before = max(earlier, key=lambda pair: pair[0])[1] if earlier else None
        await self._versions.activate(task, None if before is None else before.id, again=True)
        return _name(before)

    async def active(self, task: Task) -> ModelVersion | None:
        """Return the active version of a task; None is the model that ships."""
        found = [one for one in await self._versions.all() if one.task is task and one.status is VersionStatus.ACTIVE]
        return found[0] if found else None

    async def _scored(self, task: Task, version: ModelVersion | None) -> Scores:
        scores = self._evaluate(task, None if version is None else Path(version.location))
        if version is not None:
            await self._versions.set_scores(version.id, scores)
        return scores


def with_active(settings: Settings, versions: Sequence[ModelVersion]) -> Settings:
    """Return the settings with the directories of the active versions; what is set by hand wins."""
    changes: dict[str, object] = {}
    for version in versions:
        name = f"{version.task.value}_dir"
        if version.status is not VersionStatus.ACTIVE or getattr(settings, name) is not None:
            continue
        changes[name] = Path(version.location)
        if version.task is Task.RESPONDER:
            changes["responder_pointers"] = version.pointers
    return settings.model_copy(update=changes)


def _name(version: ModelVersion | None) -> str:
    return SHIPPED if version is None else version.version
