"""Replies of the bot as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Integer, Row, Select, Text, Uuid, bindparam, column, select, update, values

from app.db import models
from app.db.base import Json, table_of
from app.db.batch import BatchSession, inserting, updating
from app.domain.reply import Frozen, Outcome, Reply, ReplyStatus
from app.services.ports import Checkpoint

ACTIVE = (ReplyStatus.QUEUED.value, ReplyStatus.RUNNING.value)
_TABLE = table_of(models.Response)
_ACTIVE_OF = select(_TABLE).where(  # made once: every message asks for it
    _TABLE.c.conversation_id == bindparam("conversation"), _TABLE.c.status.in_(ACTIVE)
)
_FOUND = select(_TABLE).where(_TABLE.c.id == bindparam("key"))
_OF_JOB = select(_TABLE).where(_TABLE.c.job_id == bindparam("key"))
_ADDED = inserting(
    _TABLE,
    *("id", "shop_id", "conversation_id", "question_id", "job_id", "covers_seq", "epoch", "attempt", "status"),
    *("seed", "checkpoint_text", "checkpoint_ids", "created_at"),
)
_TAKEN_IN = updating(_TABLE, ("question_id", "covers_seq"))


class SqlReplies:
    """See app.services.ports.Replies."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session
        self._active: dict[UUID, Reply | None] = {}  # the lock of a conversation keeps it as it is, but for writes here

    def tell(self, conversation: UUID, active: Reply | None) -> None:
        """Take for granted what the queued or running reply of a conversation is."""
        self._active[conversation] = active

    async def find(self, reply: UUID) -> Reply | None:
        """Return a reply by its id."""
        return await self._one(_FOUND, reply)

    async def find_active(self, conversation: UUID) -> Reply | None:
        """Return the queued or running reply of a conversation."""
        if conversation not in self._active:
            row = (await self._session.execute(_ACTIVE_OF, {"conversation": conversation})).one_or_none()
            self._active[conversation] = None if row is None else reply_of(row)
        return self._active[conversation]

    async def find_by_job(self, job: UUID) -> Reply | None:
        """Return the reply a job makes."""
        return await self._one(_OF_JOB, job)

    async def _one(self, statement: Select[Any], key: UUID) -> Reply | None:
        row = (await self._session.execute(statement, {"key": key})).one_or_none()
        return None if row is None else reply_of(row)

    async def add(self, reply: Reply) -> None:
        """Insert."""
        self._active.clear()
        self._session.later(
            _ADDED,
            {
                "id": reply.id,
                "shop_id": reply.shop,
                "conversation_id": reply.conversation,
                "question_id": reply.question,
                "job_id": reply.job,
                "covers_seq": reply.covers_seq,
                "epoch": reply.epoch,
                "attempt": reply.attempt,
                "status": reply.status.value,
                "seed": 0,
                "checkpoint_text": reply.text,
                "checkpoint_ids": list(reply.ids),
                "created_at": reply.created_at,
            },
        )

    async def take_in(self, reply: UUID, question: UUID, covers_seq: int) -> None:
        """Point a queued reply at a newer question."""
        self._active.clear()
        self._session.later(_TAKEN_IN, {"id": reply, "question_id": question, "covers_seq": covers_seq})

    async def start(self, reply: UUID, attempt: int, now: datetime) -> None:
        """Note that a worker has it."""
        self._set(reply, status=ReplyStatus.RUNNING.value, attempt=attempt, started_at=now)

    def _set(self, reply: UUID, **changes: Any) -> None:
        self._active.clear()
        self._session.later(updating(_TABLE, tuple(changes)), {"id": reply, **changes})

    async def freeze(self, reply: UUID, attempt: int, frozen: Frozen, now: datetime) -> bool:
        """Store what decides the text, once."""
        stored = {name: _plain(value) for name, value in asdict(frozen).items()}
        result = await self._session.execute(
            update(models.Response)
            .where(
                models.Response.id == reply,
                models.Response.attempt == attempt,
                models.Response.status == ReplyStatus.RUNNING.value,
                models.Response.frozen_at.is_(None),
            )
            .values(frozen_at=now, **stored)
            .execution_options(synchronize_session=False)
        )
        return cast(CursorResult[Any], result).rowcount == 1

    async def end(
        self,
        reply: UUID,
        status: ReplyStatus,
        now: datetime,
        *,
        text: str,
        ids: Sequence[int] | None = None,
        finish_reason: str | None = None,
        failure: str | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Move the status for good."""
        changes: dict[str, Any] = {
            "status": status.value,
            "ended_at": now,
            "checkpoint_text": text,
            "finish_reason": finish_reason,
            "failure": failure,
        }
        if ids is not None:
            changes["checkpoint_ids"] = list(ids)
        if outcome is not None:
            changes.update(asdict(outcome))
        self._set(reply, **changes)

    async def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> set[UUID]:
        """Store all texts in one statement; what comes back is still owned."""
        if not checkpoints:
            return set()
        given = (
            values(
                column("id", Uuid()),
                column("attempt", Integer()),
                column("text", Text()),
                column("ids", Json),
                name="given",
            )
            .data([(one.reply, one.attempt, one.text, list(one.ids)) for one in checkpoints])
            .cte("given")
        )
        owned = await self._session.scalars(
            update(models.Response)
            .where(
                models.Response.id == given.c.id,
                models.Response.attempt == given.c.attempt,
                models.Response.status == ReplyStatus.RUNNING.value,
            )
            .values(checkpoint_text=given.c.text, checkpoint_ids=given.c.ids)
            .returning(models.Response.id)
            .execution_options(synchronize_session=False)
        )
        return set(owned)


def reply_of(row: models.Response | Row[Any]) -> Reply:
    """Return the record of a row."""
    return Reply(
        id=row.id,
        shop=row.shop_id,
        conversation=row.conversation_id,
        question=row.question_id,
        job=row.job_id,
        covers_seq=row.covers_seq,
        epoch=row.epoch,
        attempt=row.attempt,
        status=ReplyStatus(row.status),
        created_at=row.created_at,
        text=row.checkpoint_text,
        ids=tuple(row.checkpoint_ids),
        frozen=_frozen_of(row) if row.frozen_at is not None else None,
    )


def _frozen_of(row: models.Response | Row[Any]) -> Frozen:
    return Frozen(
        prompt=row.prompt or "",
        facts=row.facts or {},
        literals=row.literals or {},
        model=row.model or "",
        model_hash=row.model_hash or "",
        tokenizer_hash=row.tokenizer_hash or "",
        decoding=row.decoding or {},
        seed=row.seed,
        products=tuple(row.products or ()),
        sources=tuple(row.sources or ()),
        intent=row.intent,
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
