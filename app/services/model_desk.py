"""Versions of the models, for the staff: evaluated by a worker, promoted on what that found, and rolled back.

Models are the server's, not a shop's. Where several shops share a server, only whoever runs it changes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import structlog

from app.domain.job import ClaimedJob
from app.domain.model_version import ModelVersion, Scores, Shortfall, Task, shortfalls
from app.domain.staff import StaffMember
from app.services.audit import Audit
from app.services.clock import Clock
from app.services.model_versions import (
    ModelVersionError,
    Versions,
    WorseVersionError,
    active_of,
    check_is_another,
    check_unchanged,
    find_version,
    go_back,
    name_of,
    use,
)

log = structlog.get_logger(__name__)

EVALUATE_KIND = "evaluate_model"
CASES = 300  # held-out questions for a responder
ABANDONED: Final = timedelta(hours=2)
"""An evaluation that has not ended for so long lost its worker, and another may be begun."""
LOST = "its worker was lost: have it scored again"

EvaluateApart = Callable[[Task, Path | None, int], Awaitable[Scores]]
"""Scores the model in a directory, or the one that ships, on so many cases; raises with a text that says why not."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A version beside another one; without `done_at` it waits for a worker or is under way."""

    id: UUID
    task: Task
    candidate: str
    against: str
    cases: int
    candidate_scores: Scores
    against_scores: Scores
    error: str | None
    asked_by: str | None
    created_at: datetime
    done_at: datetime | None

    @property
    def has_scores(self) -> bool:
        return self.done_at is not None and self.error is None

    @property
    def worse(self) -> Sequence[Shortfall]:
        """Where the candidate falls short; nothing as long as there are no scores."""
        return shortfalls(self.task, self.against_scores, self.candidate_scores) if self.has_scores else ()


class Evaluations(Protocol):
    """Where evaluations are kept."""

    async def begin(self, task: Task, candidate: str, against: str, cases: int, user: UUID) -> Evaluation:
        """Store it, and the job that scores the versions."""

    async def find(self, evaluation: UUID) -> Evaluation | None: ...

    async def latest(self, task: Task | None, before: UUID | None, limit: int) -> Sequence[Evaluation]:
        """Return evaluations, the newest first."""

    async def of_pair(self, task: Task, candidate: str, against: str) -> Evaluation | None:
        """Return the newest of two versions."""

    async def end(self, evaluation: UUID, candidate: Scores, against: Scores, error: str | None) -> None: ...


class NotComparedError(ModelVersionError):
    """A version was not scored beside the active one."""


class SharedServerError(ModelVersionError):
    """The models serve other shops too."""


class ModelDesk:
    """Use cases of the staff that manage a shop."""

    def __init__(
        self,
        versions: Versions,
        evaluations: Evaluations,
        audit: Audit,
        clock: Clock,
        *,
        is_shared: Callable[[], Awaitable[bool]],
    ) -> None:
        self._versions = versions
        self._evaluations = evaluations
        self._audit = audit
        self._clock = clock
        self._is_shared = is_shared

    async def versions(self) -> Sequence[ModelVersion]:
        """Return all versions, by task, the newest first; on a shared server without whose doing they are."""
        known = await self._versions.all()
        return [replace(one, activated_by=None) for one in known] if await self._is_shared() else known

    async def may_change(self) -> bool:
        """Tell whether a shop's staff may change the models here."""
        return not await self._is_shared()

    async def evaluate(
        self, member: StaffMember, task: Task, version: str, against: str | None, cases: int
    ) -> Evaluation:
        """Have a version scored beside another, or the active one; the same pair under way is not begun twice.

        Raises: ModelVersionError.
        """
        await self._check_may_change()
        known = await self._versions.all()
        candidate = find_version(known, task, version)
        other = active_of(known, task) if against is None else find_version(known, task, against)
        if name_of(candidate) == name_of(other):
            raise ModelVersionError(f"{name_of(candidate)} cannot be compared with itself: name another version")
        last = await self._evaluations.of_pair(task, name_of(candidate), name_of(other))
        if last is not None and self._as_it_is(last).done_at is None:
            return last
        begun = await self._evaluations.begin(task, name_of(candidate), name_of(other), cases, member.id)
        detail = {"task": task.value, "version": begun.candidate, "against": begun.against}
        await self._audit.note(member, "model.evaluated", "model_evaluation", begun.id, detail)
        return begun

    async def find_evaluation(self, evaluation: UUID) -> Evaluation | None:
        """Return an evaluation."""
        found = await self._evaluations.find(evaluation)
        return None if found is None else (await self._shown([found]))[0]

    async def evaluations(self, task: Task | None, before: UUID | None, limit: int) -> Sequence[Evaluation]:
        """Return evaluations, the newest first."""
        return await self._shown(await self._evaluations.latest(task, before, limit))

    async def _shown(self, found: Sequence[Evaluation]) -> list[Evaluation]:
        """Return evaluations as they are; on a shared server whoever asked may be another shop's."""
        now = [self._as_it_is(one) for one in found]
        return [replace(one, asked_by=None) for one in now] if await self._is_shared() else now

    async def promote(self, member: StaffMember, task: Task, version: str, *, anyway: bool) -> Evaluation:
        """Use a version from the next start of the workers on; return the evaluation that it rests on.

        Raises: NotComparedError, WorseVersionError (unless `anyway`), ModelVersionError.
        """
        await self._check_may_change()
        known = await self._versions.all()
        active, candidate = active_of(known, task), find_version(known, task, version)
        check_is_another(task, candidate, active)
        found = await self._evaluations.of_pair(task, name_of(candidate), name_of(active))
        if found is None or not found.has_scores:
            raise NotComparedError(
                f"{name_of(candidate)} was not scored beside {name_of(active)} yet: evaluate it first"
            )
        if found.worse and not anyway:
            raise WorseVersionError(found.against, found.candidate, found.worse)
        await use(self._versions, task, candidate, instead_of=active, by=member.id)
        target = candidate or active
        if target is not None:
            detail = {"task": task.value, "version": found.candidate, "instead_of": found.against, "anyway": anyway}
            await self._audit.note(member, "model.promoted", "model_version", target.id, detail)
        return found

    async def rollback(self, member: StaffMember, task: Task) -> str:
        """Go back to what was active before, from the next start of the workers on; return its name.

        Raises: ModelVersionError.
        """
        await self._check_may_change()
        left, now = await go_back(self._versions, task)
        detail = {"task": task.value, "version": name_of(now), "instead_of": left.version}
        await self._audit.note(member, "model.rolled_back", "model_version", left.id, detail)
        return name_of(now)

    def _as_it_is(self, found: Evaluation) -> Evaluation:
        """Return an evaluation that nobody will end as the failed one that it is."""
        lost_at = found.created_at + ABANDONED
        is_lost = found.done_at is None and self._clock.now() >= lost_at
        return replace(found, error=LOST, done_at=lost_at) if is_lost else found

    async def _check_may_change(self) -> None:
        if await self._is_shared():
            raise SharedServerError(
                "this server serves several shops with the same models: whoever runs it changes them, "
                "with `assistify models`"
            )


class EvaluateVersions:
    """Handler of the job; a version that cannot be scored ends its evaluation with the reason."""

    def __init__(self, versions: Versions, evaluations: Evaluations, evaluate: EvaluateApart) -> None:
        self._versions = versions
        self._evaluations = evaluations
        self._evaluate = evaluate

    async def __call__(self, job: ClaimedJob) -> None:
        """Score both versions; the last try that fails ends the evaluation."""
        found = await self._evaluations.find(UUID(str(job.payload["evaluation"])))
        if found is None or found.done_at is not None:
            return
        try:
            against = await self._scored(found, found.against)
            candidate = await self._scored(found, found.candidate)
        except Exception as error:
            log.warning(
                "model not scored", action="model_not_scored", task=found.task.value, error=type(error).__name__
            )
            if job.tries < job.max_tries and not isinstance(error, ModelVersionError):
                raise
            await self._evaluations.end(found.id, {}, {}, str(error))
        else:
            await self._evaluations.end(found.id, candidate, against, None)

    async def _scored(self, evaluation: Evaluation, name: str) -> Scores:
        version = find_version(await self._versions.all(), evaluation.task, name)
        if version is not None:
            await asyncio.to_thread(check_unchanged, version)
        location = None if version is None else Path(version.location)
        scores = await self._evaluate(evaluation.task, location, evaluation.cases)
        if version is not None:
            await self._versions.set_scores(version.id, scores)
        return scores
