"""A reply of the bot: its life, its owner, and the text that stays when it is cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class ReplyStatus(StrEnum):
    """Moves once from queued or running to one of the others."""

    QUEUED = "queued"  # no worker ever had it
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    TAKEN_OVER = "taken_over"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        return self in (ReplyStatus.QUEUED, ReplyStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Frozen:
    """All that decides the text of a reply, stored before its first token."""

    prompt: str
    facts: Mapping[str, Any]
    literals: Mapping[str, str]  # sentinel number (decimal) -> the text it stands for
    model: str
    model_hash: str
    tokenizer_hash: str
    decoding: Mapping[str, Any]
    seed: int = 0
    products: tuple[Mapping[str, Any], ...] = ()  # as the message will carry them
    sources: tuple[Mapping[str, Any], ...] = ()
    intent: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as stored; `id` is the id of its message."""

    id: UUID
    shop: UUID
    conversation: UUID
    question: UUID
    job: UUID
    covers_seq: int
    epoch: int
    attempt: int
    status: ReplyStatus
    created_at: datetime
    text: str = ""  # checkpointed
    ids: tuple[int, ...] = ()
    frozen: Frozen | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How generation ended, in figures."""

    prompt_tokens: int | None = None
    tokens: int | None = None
    ttft_ms: float | None = None
    latency_ms: float | None = None


def longest(texts: Iterable[str | None]) -> str:
    """Return the longest text. All are beginnings of one append-only text, so that it is the one known best."""
    return max((text for text in texts if text is not None), key=len, default="")
