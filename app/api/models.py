"""Versions of the models: which there are, how they fare beside each other, and which is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.domain.model_version import ModelVersion, Task
from app.services.model_desk import CASES, Evaluation, NotComparedError, SharedServerError
from app.services.model_versions import (
    SHIPPED,
    ModelVersionError,
    WorseVersionError,
    active_of,
    directory_by_hand,
    name_of,
)

TAG = "models"
MANAGE = Permission.MANAGE_SETTINGS

Version = Annotated[str, Meta(min_length=1, max_length=255, description=f"or how it begins; `{SHIPPED}` ships")]


class VersionShown(Struct, frozen=True):
    """A version; the one that ships has no id, and neither has it times. `scores` are those of its last evaluation.

    `status` is candidate, active, retired or withdrawn (rolled back).
    """

    id: UUID | None
    version: str
    status: str
    scores: Mapping[str, float | int]
    added_at: datetime | None = None
    activated_at: datetime | None = None
    activated_by: str | None = None


class TaskVersions(Struct, frozen=True):
    """The versions of a task. Workers load the active one when they start; `pinned`: a directory is set by hand in
    the configuration and wins over it."""

    task: Task
    active: str
    pinned: bool
    versions: list[VersionShown]


class ModelsShown(Struct, frozen=True):
    """All versions; `changeable` is false on a server of several shops, whose models are changed by who runs it."""

    changeable: bool
    tasks: list[TaskVersions]


class FigureShown(Struct, frozen=True):
    """A score in which the candidate is worse than what it is compared with."""

    score: str
    active: float
    candidate: float


class EvaluationShown(Struct, frozen=True):
    """A version beside another on the same held-out cases; `status` is running (or waiting), done or failed."""

    id: UUID
    task: Task
    candidate: str
    against: str
    status: str
    candidate_scores: Mapping[str, float | int]
    against_scores: Mapping[str, float | int]
    worse: list[FigureShown]
    created_at: datetime
    asked_by: str | None = None
    done_at: datetime | None = None
    error: str | None = None


class EvaluationPage(Struct, frozen=True):
    """Evaluations, the newest first; `next` is the cursor of the next page."""

    evaluations: list[EvaluationShown]
    next: UUID | None = None


class EvaluationQuery(Struct, frozen=True):
    """Which evaluations."""

    task: Task | None = None
    cursor: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class EvaluationRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version, beside which (without `against` the active one); `cases` are a responder's questions."""

    task: Task
    version: Version
    against: Version | None = None
    cases: Annotated[int, Meta(ge=10, le=2000)] = CASES


class Promotion(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version; `anyway`: also when it is worse than the active one."""

    task: Task
    version: Version
    anyway: bool = False


class Rollback(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which task."""

    task: Task


async def list_model_versions(call: Call) -> ModelsShown:
    """List the versions of each task, the model that ships among them."""
    desk = call.context.model_desk
    known = await desk.versions()
    return ModelsShown(await desk.may_change(), [_task(call, task, known) for task in Task])


async def evaluate_model(call: Call) -> EvaluationShown:
    """Have a worker score a version beside another; minutes for a responder, so the result is asked for by its id."""
    body: EvaluationRequest = call.body
    try:
        begun = await call.context.model_desk.evaluate(call.staff, body.task, body.version, body.against, body.cases)
    except ModelVersionError as error:
        raise _refused(error) from error
    return _shown(begun)


async def list_model_evaluations(call: Call) -> EvaluationPage:
    """List evaluations, the newest first."""
    query: EvaluationQuery = call.query
    found = await call.context.model_desk.evaluations(query.task, query.cursor, query.limit + 1)
    page = found[: query.limit]
    return EvaluationPage([_shown(one) for one in page], page[-1].id if len(found) > len(page) else None)


async def read_model_evaluation(call: Call) -> EvaluationShown:
    """Return an evaluation and what it found."""
    found = await call.context.model_desk.find_evaluation(call.request.path_params["id"])
    if found is None:
        raise Problem(404, "not_found", "there is no such evaluation")
    return _shown(found)


async def promote_model(call: Call) -> ModelsShown:
    """Use a version from the next start of the workers on.

    Refused with 409 `model_worse`, which names the figures in `worse`, or `not_compared` when no evaluation beside the
    active version has scores.
    """
    body: Promotion = call.body
    try:
        await call.context.model_desk.promote(call.staff, body.task, body.version, anyway=body.anyway)
    except ModelVersionError as error:
        raise _refused(error) from error
    return await list_model_versions(call)


async def rollback_model(call: Call) -> ModelsShown:
    """Go back to the version that was active before, from the next start of the workers on."""
    body: Rollback = call.body
    try:
        await call.context.model_desk.rollback(call.staff, body.task)
    except ModelVersionError as error:
        raise _refused(error) from error
    return await list_model_versions(call)


def _refused(error: ModelVersionError) -> Problem:
    match error:
        case WorseVersionError():
            worse = [FigureShown(one.score, one.active, one.candidate) for one in error.worse]
            return Problem(409, "model_worse", f"{error}; `anyway` promotes it all the same", worse=worse)
        case NotComparedError():
            return Problem(409, "not_compared", str(error))
        case SharedServerError():
            return Problem(409, "shared_models", str(error))
        case _:
            return Problem(409, "conflict", str(error))


def _task(call: Call, task: Task, known: Sequence[ModelVersion]) -> TaskVersions:
    active = name_of(active_of(known, task))
    shipped = VersionShown(None, SHIPPED, "active" if active == SHIPPED else "candidate", {})
    added = [
        VersionShown(
            one.id, one.version, one.status.value, one.scores, one.added_at, one.activated_at, one.activated_by
        )
        for one in known
        if one.task is task
    ]
    pinned = directory_by_hand(call.context.settings, task) is not None
    return TaskVersions(task, active, pinned, [*added, shipped])


def _shown(found: Evaluation) -> EvaluationShown:
    return EvaluationShown(
        id=found.id,
        task=found.task,
        candidate=found.candidate,
        against=found.against,
        status="running" if found.done_at is None else "failed" if found.error is not None else "done",
        candidate_scores=found.candidate_scores,
        against_scores=found.against_scores,
        worse=[FigureShown(one.score, one.active, one.candidate) for one in found.worse],
        created_at=found.created_at,
        asked_by=found.asked_by,
        done_at=found.done_at,
        error=found.error,
    )


OPERATIONS = (
    Operation("GET", "/api/models/versions/", list_model_versions, "Versions of the models", TAG, MANAGE,
              response=ModelsShown),
    Operation("POST", "/api/models/evaluations/", evaluate_model, "Score a version beside another", TAG, MANAGE,
              body=EvaluationRequest, response=EvaluationShown, status=202, errors=(409,)),
    Operation("GET", "/api/models/evaluations/", list_model_evaluations, "Versions scored beside others", TAG, MANAGE,
              query=EvaluationQuery, response=EvaluationPage),
    Operation("GET", "/api/models/evaluations/{id:uuid}/", read_model_evaluation, "A version beside another", TAG,
              MANAGE, response=EvaluationShown, errors=(404,)),
    Operation("POST", "/api/models/promote/", promote_model, "Use a version that is not worse", TAG, MANAGE,
              body=Promotion, response=ModelsShown, errors=(409,)),
    Operation("POST", "/api/models/rollback/", rollback_model, "Use the version before again", TAG, MANAGE,
              body=Rollback, response=ModelsShown, errors=(409,)),
)  # fmt: skip
