"""Versions of the models that can be replaced, and when one is worse than another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

Scores = Mapping[str, float | int]


class Task(StrEnum):
    """What a model is for; the recommender is trained per shop and has no versions here."""

    INTENT = "intent"
    SENTIMENT = "sentiment"
    RESPONDER = "responder"


class VersionStatus(StrEnum):
    """At most one version of a task is active; with none the model that ships is used.

    A retired one was replaced, and a rollback goes back to it; a withdrawn one was itself rolled back.
    """

    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model directory that was added. `pointers`: the responder was trained to emit them (nlp/grounding.py).

    `digest` is a sha256 over its files as they were then; None: it was added before digests were kept.
    `activated_by` is the name of who promoted it over REST; None: at the command line, or never.
    """

    id: UUID
    task: Task
    version: str
    location: str
    digest: str | None
    pointers: bool
    status: VersionStatus
    scores: Scores
    added_at: datetime
    activated_at: datetime | None
    activated_by: str | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A score in which a candidate is worse than what is active, by more than chance explains."""

    score: str
    active: float
    candidate: float

    def __str__(self) -> str:
        return f"{self.score} {self.active:.3f} -> {self.candidate:.3f}"


@dataclass(frozen=True, slots=True)
class _Bar:
    """How much a score may fall (`better` +1) or rise (-1) before a version counts as worse."""

    score: str
    better: int
    slack: float


# The slack is about what one held-out text more or less makes.
_BARS: Final[Mapping[Task, tuple[_Bar, ...]]] = {
    Task.INTENT: (
        _Bar("accuracy", 1, 0.005),
        _Bar("out_of_scope_recall", 1, 0.03),
        _Bar("false_alarms", -1, 0.01),
        _Bar("calibration_error", -1, 0.03),
    ),
    Task.SENTIMENT: (_Bar("accuracy", 1, 0.012), _Bar("calibration_error", -1, 0.03)),  # one of 90 texts is 0.011
    Task.RESPONDER: (_Bar("faithful", 1, 0.0), _Bar("right_fact", 1, 0.01), _Bar("all_facts", 1, 0.02)),
}


def shortfalls(task: Task, active: Scores, candidate: Scores) -> list[Shortfall]:
    """Return where the candidate is worse than what is active; both scored on the same cases."""
    found = []
    for bar in _BARS[task]:
        if bar.score not in active:
            continue
        before = float(active[bar.score])
        after = float(candidate.get(bar.score, 0.0 if bar.better > 0 else 1.0))
        if (before - after) * bar.better > bar.slack + 1e-9:
            found.append(Shortfall(bar.score, before, after))
    return found
