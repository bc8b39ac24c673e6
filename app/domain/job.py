"""Work that must happen: lanes, limits and the pause between tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

MAX_TRIES = 5
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0
_MOST_DOUBLINGS = 16


class Lane(StrEnum):
    """Each has its own concurrency."""

    ANSWER = "answer"
    ANALYZE = "analyze"
    ASSIST = "assist"
    RECEIVE = "receive"
    DELIVER = "deliver"
    SYNC = "sync"
    BATCH = "batch"
    TRAIN = "train"


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be written in the transaction of its cause; (cause, kind) is unique. `delay_s` counts from now."""

    lane: Lane
    kind: str
    cause: str
    shop: UUID | None = None
    conversation: UUID | None = None
    epoch: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    delay_s: float = 0.0
    max_tries: int = MAX_TRIES


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job leased to a worker. (id, attempt) is the condition of every step; `is_exhausted` when it has had its
    tries (its worker died at the last one): it must be ended, not done."""

    id: UUID
    lane: Lane
    kind: str
    cause: str
    shop: UUID | None
    conversation: UUID | None
    epoch: int | None
    payload: Mapping[str, Any]
    attempt: int
    tries: int
    max_tries: int
    lease_until: datetime

    @property
    def is_exhausted(self) -> bool:
        return self.tries > self.max_tries


def pause_s(tries: int, draw: float) -> float:
    """Return the seconds to the next try after `tries` failed ones: doubling, capped, and half of it left to chance.

    `draw` is uniform in [0, 1).
    """
    longest_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(max(0, tries - 1), _MOST_DOUBLINGS))
    return longest_s * (0.5 + draw / 2)
