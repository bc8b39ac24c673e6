"""Which version of each model is used: added, compared, promoted and rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.domain.model_version import ModelVersion, Scores, Shortfall, Task, VersionStatus, shortfalls
from app.errors import AssistifyError
from app.services.model_digest import digest_of
from app.settings import Settings

SHIPPED = "starter"
"""The name of the model that ships, which has no row."""

Evaluate = Callable[[Task, Path | None], Scores]
"""Scores the model in a directory, or with None the one that ships, on the held-out cases; takes seconds to minutes."""


VersionOf = Callable[[Task, Path], str]
"""Names the model in a directory by its weights."""


class ModelVersionError(AssistifyError):
    """A version is not there, or may not be used."""


class WorseVersionError(ModelVersionError):
    """A version falls short of the active one."""

    def __init__(self, active: str, candidate: str, worse: Sequence[Shortfall]) -> None:
        figures = "; ".join(map(str, worse))
        super().__init__(f"{candidate} is worse than {active}: {figures}. Nothing was changed")
        self.worse = worse


class ModelChangedError(ModelVersionError):
    """The files of a version are not there, or are not those that were added."""


class VersionInUseError(ModelVersionError):
    """The version in use would get other files than those it was promoted with."""

    def __init__(self, task: Task, version: str, location: Path) -> None:
        super().__init__(
            f"{task.value} version {version} is in use, and {location} has the same weights with other files beside "
            "them: promote another version first"
        )


class Versions(Protocol):
    """Where versions are kept."""

    async def all(self) -> Sequence[ModelVersion]: ...

    async def add(
        self, task: Task, version: str, location: Path, *, pointers: bool, digest: str | None = None
    ) -> ModelVersion:
        """Return the version.

        Raises: VersionInUseError when it is the active one and its files are others now.
        """

    async def set_scores(self, version: UUID, scores: Scores) -> None: ...

    async def activate(
        self, task: Task, version: UUID | None, *, instead_of: UUID | None, by: UUID | None = None
    ) -> bool: ...

    async def go_back(self, task: Task, version: UUID | None, *, instead_of: UUID) -> bool: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, scored on the same cases in one run; `worse` says where the second falls short."""

    active: str
    active_scores: Scores
    candidate: str
    candidate_scores: Scores
    worse: Sequence[Shortfall]


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

        Raises: ModelFilesError or ModelLoadError when there is no such model in it; VersionInUseError.
        """
        name = self._version_of(task, directory)
        digest = await asyncio.to_thread(digest_of, directory)
        return await self._versions.add(task, name, directory, digest=digest, pointers=pointers)

    async def find(self, task: Task, version: str) -> ModelVersion | None:
        """Return a version by its name, or by a beginning that only one has; None for the model that ships.

        Raises: ModelVersionError when none or several match.
        """
        return find_version(await self._versions.all(), task, version)

    async def compare(self, task: Task, candidate: str, against: str | None = None) -> Comparison:
        """Score a version beside another one, or beside the active one.

        Raises: ModelVersionError; ModelFilesError or ModelLoadError when a directory cannot be loaded.
        """
        second = await self.find(task, candidate)
        first = await self.find(task, against) if against is not None else await self.active(task)
        before, after = await self._scored(task, first), await self._scored(task, second)
        return Comparison(name_of(first), before, name_of(second), after, shortfalls(task, before, after))

    async def promote(self, task: Task, version: str, *, anyway: bool = False) -> Comparison:
        """Use a version from the next start of the workers on.

        Raises: ModelVersionError when it is worse than the active one, unless `anyway`; what `compare` raises.
        """
        before, found = await self.active(task), await self.find(task, version)
        check_is_another(task, found, before)
        comparison = await self.compare(task, version)
        if comparison.worse and not anyway:
            raise WorseVersionError(comparison.active, comparison.candidate, comparison.worse)
        await use(self._versions, task, found, instead_of=before)
        return comparison

    async def rollback(self, task: Task) -> str:
        """Go back to the version that was active before, or to the model that ships; return its name.

        Raises: ModelVersionError when the model that ships is in use.
        """
        return name_of((await go_back(self._versions, task))[1])

    async def active(self, task: Task) -> ModelVersion | None:
        """Return the active version of a task; None is the model that ships."""
        return active_of(await self._versions.all(), task)

    async def _scored(self, task: Task, version: ModelVersion | None) -> Scores:
        if version is not None:
            await asyncio.to_thread(check_unchanged, version)
        scores = self._evaluate(task, None if version is None else Path(version.location))
        if version is not None:
            await self._versions.set_scores(version.id, scores)
        return scores


def directory_by_hand(settings: Settings, task: Task) -> Path | None:
    """Return the directory that is set in the configuration; it wins over the versions."""
    found: Path | None = getattr(settings, f"{task.value}_dir")
    return found


def check_unchanged(version: ModelVersion) -> None:
    """Check that the files of a version are those that were added; blocks, for it reads all of them.

    Of a version that was added before digests were kept nothing is known.

    Raises: ModelChangedError.
    """
    if version.digest is None:
        return
    named = f"{version.task.value} version {version.version}"
    try:
        digest = digest_of(Path(version.location))
    except OSError as error:
        raise ModelChangedError(f"{named} cannot be read in {version.location}: {error.strerror or error}") from error
    if digest != version.digest:
        raise ModelChangedError(
            f"the files of {named} in {version.location} are not those that were added: put them back, or add them "
            "as a version of their own"
        )


def find_version(known: Sequence[ModelVersion], task: Task, version: str) -> ModelVersion | None:
    """Return a version by its name, or by a beginning that only one has; None for the model that ships.

    Raises: ModelVersionError when none or several match.
    """
    if version == SHIPPED:
        return None
    of_task = [one for one in known if one.task is task]
    found = [one for one in of_task if one.version == version] or [
        one for one in of_task if one.version.startswith(version)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join([SHIPPED, *(one.version for one in of_task)])
    problem = "is not known" if not found else "fits several versions"
    raise ModelVersionError(f"{task.value} version {version} {problem}; there are: {names}")


def active_of(known: Sequence[ModelVersion], task: Task) -> ModelVersion | None:
    """Return the active version of a task; None is the model that ships."""
    return next((one for one in known if one.task is task and one.status is VersionStatus.ACTIVE), None)


def check_is_another(task: Task, version: ModelVersion | None, active: ModelVersion | None) -> None:
    """Raise ModelVersionError when a version is the active one already."""
    if name_of(version) == name_of(active):
        raise ModelVersionError(f"{task.value} version {name_of(version)} is active already")


async def use(
    versions: Versions,
    task: Task,
    version: ModelVersion | None,
    *,
    instead_of: ModelVersion | None,
    by: UUID | None = None,
) -> None:
    """Make a version the active one.

    Raises: ModelVersionError when it is so already, or another than `instead_of` is active by now.
    """
    check_is_another(task, version, instead_of)
    new, old = (None if one is None else one.id for one in (version, instead_of))
    if not await versions.activate(task, new, instead_of=old, by=by):
        raise ModelVersionError(f"another {task.value} version was made active meanwhile: compare with that one")


async def go_back(versions: Versions, task: Task) -> tuple[ModelVersion, ModelVersion | None]:
    """Go back to what was active before, and return the version that was left and the one that is active now.

    Raises: ModelVersionError when the model that ships is in use, or another version became active meanwhile.
    """
    known = await versions.all()
    active = active_of(known, task)
    if active is None:
        raise ModelVersionError(f"{task.value} uses the model that ships: there is nothing to go back to")
    before = next(iter(earlier_ones(known, active)), None)
    if not await versions.go_back(task, None if before is None else before.id, instead_of=active.id):
        raise ModelVersionError(f"another {task.value} version was made active meanwhile: look which one it is")
    return active, before


def earlier_ones(known: Sequence[ModelVersion], active: ModelVersion) -> Sequence[ModelVersion]:
    """Return what was active before and was not rolled back, the latest first; after them comes what ships."""
    if active.activated_at is None:
        return ()
    earlier = [
        (one.activated_at, one)
        for one in known
        if one.task is active.task
        and one.status is VersionStatus.RETIRED
        and one.activated_at is not None
        and one.activated_at < active.activated_at
    ]
    return [one for _, one in sorted(earlier, key=lambda pair: pair[0], reverse=True)]


def name_of(version: ModelVersion | None) -> str:
    """Return the name of a version, or of the model that ships."""
    return SHIPPED if version is None else version.version
