"""Conversations as rows, and the line of the lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from app.db import models
from app.db.base import table_of
from app.db.batch import BatchSession, updating
from app.db.repositories.summary import select_summaries, summary_of
from app.db.upsert import insert_if_absent
from app.domain.conversation import Control, Controller, Conversation, Status
from app.domain.message import Score
from realtime.protocol import shapes

# Statements of every message are made once: making one, and the key of its compiled form, takes longer than its run.
_TABLE = table_of(models.Conversation)
_CUSTOMERS = table_of(models.Customer)
_BLOCKED_AT = select(_CUSTOMERS.c.blocked_at).where(_CUSTOMERS.c.id == _TABLE.c.customer_id).scalar_subquery()
LOCKED = select(_TABLE, _BLOCKED_AT.label("blocked_at"))
_LOCKED = LOCKED.where(_TABLE.c.id == bindparam("conversation")).with_for_update()
_SUMMARIES = select_summaries().where(models.Conversation.id.in_(bindparam("conversations", expanding=True)))


class SqlConversations:
    """See app.services.ports.Conversations."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session

    async def lock(self, conversation: UUID) -> Conversation | None:
        """Lock the row until the transaction ends (on SQLite the transaction is the only writer)."""
        row = (await self._session.execute(_LOCKED, {"conversation": conversation})).one_or_none()
        return None if row is None else conversation_of(row, is_blocked=row.blocked_at is not None)

    async def find_open(self, identity: UUID) -> UUID | None:
        """Return the open conversation of an identity."""
        return await self._session.scalar(
            select(models.Conversation.id).where(
                models.Conversation.identity_id == identity, models.Conversation.status == Status.OPEN
            )
        )

    async def find_last(self, identity: UUID) -> UUID | None:
        """Return the newest conversation of an identity."""
        return await self._session.scalar(
            select(models.Conversation.id)
            .where(models.Conversation.identity_id == identity)
            .order_by(models.Conversation.created_at.desc(), models.Conversation.id.desc())
            .limit(1)
        )

    async def add(self, conversation: Conversation) -> bool:
        """Insert on conflict do nothing; the customer is the one whom the address belongs to by then."""
        is_new = await insert_if_absent(
            self._session,
            models.Conversation,
            id=conversation.id,
            shop_id=conversation.shop,
            customer_id=conversation.customer,
            identity_id=conversation.identity,
            channel=conversation.channel,
            created_at=conversation.created_at,
            **_changing(conversation),
        )
        if is_new:
            await self._follow(conversation)
        return is_new

    async def _follow(self, begun: Conversation) -> None:
        """Give a conversation to whom its customer was joined to since the address was read.

        A merge holds its customers' rows until it ends, and the insert has waited for the one it names: what is read
        now is what came of it. From here on a merge waits for this transaction, and finds the conversation.
        """
        address, held = models.ChannelIdentity, begun.customer
        whose = select(address.customer_id).where(address.id == begun.identity)
        while (now := await self._session.scalar(whose)) is not None and now != held:
            await self._session.execute(update(_TABLE).where(_TABLE.c.id == begun.id).values(customer_id=now))
            held = now

    async def save(self, conversation: Conversation, before: Conversation) -> None:
        """Write what has changed."""
        known = _changing(before)
        changed = {name: value for name, value in _changing(conversation).items() if value != known[name]}
        if changed:
            self._session.later(updating(_TABLE, tuple(changed)), {"id": conversation.id, **changed})

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[shapes.Summary]:
        """Read the lines of the lists."""
        if not conversations:
            return []
        # As many as the next power of two: each number of them is another statement, to be prepared and planned.
        filler = [conversations[0]] * ((1 << (len(conversations) - 1).bit_length()) - len(conversations))
        rows = await self._session.execute(_SUMMARIES, {"conversations": [*conversations, *filler]})
        return [summary_of(row) for row in rows]


def conversation_of(row: models.Conversation | Row[Any], *, is_blocked: bool = False) -> Conversation:
    """Return the record of a row."""
    return Conversation(
        id=row.id,
        shop=row.shop_id,
        customer=row.customer_id,
        identity=row.identity_id,
        channel=row.channel,
        created_at=row.created_at,
        last_activity_at=row.last_activity_at,
        control=Control(Status(row.status), Controller(row.controller), row.holder_id, row.epoch),
        assignee=row.assignee_id,
        control_seq=row.control_seq,
        cut=row.cut,
        status_seq=row.status_seq,
        last_seq=row.last_seq,
        customer_seq=row.customer_seq,
        question=row.question_id,
        agent_seq=row.agent_seq,
        covered_seq=row.covered_seq,
        last_message=row.last_message_id,
        receipts=list(row.receipts),
        staff_read_seq=row.staff_read_seq,
        priority=row.priority,
        labels=list(row.labels),
        snooze_until=row.snooze_until,
        draft=row.draft,
        intent=score_of(row.intent),
        sentiment=score_of(row.sentiment),
        page=row.page,
        handoff_reason=row.handoff_reason,
        bot_notice=row.bot_notice,
        csat=row.csat,
        waiting_since=row.waiting_since,
        closed_at=row.closed_at,
        is_blocked=is_blocked,
    )


def score_of(stored: dict[str, Any] | None) -> Score | None:
    """Return a stored {label, score}."""
    return None if stored is None else Score(stored["label"], stored["score"])


def _changing(conversation: Conversation) -> dict[str, Any]:
    control = conversation.control
    return {
        "status": control.status.value,
        "controller": control.controller.value,
        "holder_id": control.holder,
        "epoch": control.epoch,
        "assignee_id": conversation.assignee,
        "control_seq": conversation.control_seq,
        "cut": conversation.cut,
        "status_seq": conversation.status_seq,
        "last_seq": conversation.last_seq,
        "customer_seq": conversation.customer_seq,
        "question_id": conversation.question,
        "agent_seq": conversation.agent_seq,
        "covered_seq": conversation.covered_seq,
        "last_message_id": conversation.last_message,
        "receipts": conversation.receipts,
        "staff_read_seq": conversation.staff_read_seq,
        "priority": conversation.priority,
        "labels": conversation.labels,
        "snooze_until": conversation.snooze_until,
        "draft": conversation.draft,
        "intent": _stored(conversation.intent),
        "sentiment": _stored(conversation.sentiment),
        "page": conversation.page,
        "handoff_reason": conversation.handoff_reason,
        "bot_notice": conversation.bot_notice,
        "csat": conversation.csat,
        "waiting_since": conversation.waiting_since,
        "closed_at": conversation.closed_at,
        "last_activity_at": conversation.last_activity_at,
    }


def _stored(score: Score | None) -> dict[str, Any] | None:
    return None if score is None else {"label": score.label, "score": score.score}
