"""Reads for people's eyes: snapshots, pages of messages, lists of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db import models
from app.db.repositories.conversations import conversation_of
from app.db.repositories.messages import message_of
from app.db.repositories.summary import Last, customer_shape, select_summaries, summary_of, user_shape
from app.domain.conversation import Conversation
from app.domain.message import Message
from app.services.wire import message_shape
from realtime.protocol import shapes

SNAPSHOT_MESSAGES = 50
SNAPSHOT_NOTES = 50

_Assignee = aliased(models.User)
_Holder = aliased(models.User)


class SqlViews:
    """See app.services.ports.Views."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owners(self, conversation: UUID) -> tuple[UUID, UUID] | None:
        """Return (shop, identity)."""
        row = (
            await self._session.execute(
                select(models.Conversation.shop_id, models.Conversation.identity_id).where(
                    models.Conversation.id == conversation
                )
            )
        ).one_or_none()
        return None if row is None else (row.shop_id, row.identity_id)

    async def snapshot(self, conversation: UUID, *, staff: bool) -> tuple[shapes.Snapshot, Conversation] | None:
        """Read a conversation with its last messages; call in a read transaction, which sees one state."""
        log = select(models.Meta.value).where(models.Meta.key == "log").scalar_subquery()
        found = (
            await self._session.execute(
                select(
                    models.Conversation,
                    models.Customer,
                    models.ChannelIdentity.verified,
                    _Assignee.name,
                    _Holder.name,
                    log,
                )
                .join(models.Customer, models.Customer.id == models.Conversation.customer_id)
                .join(models.ChannelIdentity, models.ChannelIdentity.id == models.Conversation.identity_id)
                .outerjoin(_Assignee, _Assignee.id == models.Conversation.assignee_id)
                .outerjoin(_Holder, _Holder.id == models.Conversation.holder_id)
                .where(models.Conversation.id == conversation)
            )
        ).one_or_none()
        if found is None:
            return None
        row, customer, verified, assignee, holder, log_id = found
        messages = await self.messages(conversation, before=None, limit=SNAPSHOT_MESSAGES + 1)
        shown = messages[-SNAPSHOT_MESSAGES:]
        snapshot = shapes.Snapshot(
            id=row.id,
            log=log_id,
            status=row.status,
            controller=row.controller,
            epoch=row.epoch,
            seq=row.last_seq,
            customer=customer_shape(customer, verified=verified, staff=staff),
            channel=row.channel,
            messages=[message_shape(message, staff=staff) for message in shown],
            assignee=user_shape(row.assignee_id, assignee),
            holder=user_shape(row.holder_id, holder),
            receipts=msgspec.convert(row.receipts, list[shapes.Receipt]),
            csat=None if row.csat is None else shapes.Csat(**row.csat),
            more=len(messages) > SNAPSHOT_MESSAGES,
        )
        if staff:
            snapshot = msgspec.structs.replace(
                snapshot,
                notes=await self._notes(conversation),
                labels=row.labels,
                priority=row.priority,
                snooze_until=row.snooze_until,
                draft=row.draft,
            )
        return snapshot, conversation_of(row)

    async def messages(self, conversation: UUID, *, before: int | None, limit: int) -> Sequence[Message]:
        """Return a page, oldest first."""
        conditions = [models.Message.conversation_id == conversation]
        if before is not None:
            conditions.append(models.Message.seq < before)
        rows = await self._session.scalars(
            select(models.Message).where(*conditions).order_by(models.Message.seq.desc()).limit(limit)
        )
        return [message_of(row) for row in reversed(rows.all())]

    async def _notes(self, conversation: UUID) -> list[shapes.Note]:
        rows = await self._session.scalars(
            select(models.Note)
            .where(models.Note.conversation_id == conversation)
            .order_by(models.Note.seq.desc())
            .limit(SNAPSHOT_NOTES)
        )
        return [
            shapes.Note(
                id=row.id,
                seq=row.seq,
                at=row.created_at,
                author=shapes.UserRef(id=row.user_id, name=row.user_name),
                text=row.text,
                client_id=UUID(row.client_id),
            )
            for row in reversed(rows.all())
        ]

    async def summaries(
        self,
        shop: UUID,
        *,
        queue: str,
        user: UUID | None,
        status: str | None,
        q: str | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[shapes.Summary]:
        """Return a page of a queue, the latest activity first."""
        key = tuple_(models.Conversation.last_activity_at, models.Conversation.id)
        # An opened widget in which nobody has written yet is nothing to see.
        has_messages = models.Conversation.last_message_id.is_not(None)
        conditions = [models.Conversation.shop_id == shop, has_messages, *_in_queue(queue, user)]
        if status is not None:
            conditions.append(models.Conversation.status == status)
        if q:
            conditions.append(_matches(q))
        if before is not None:
            conditions.append(key < tuple_(*before))
        rows = await self._session.execute(
            select_summaries()
            .where(*conditions)
            .order_by(models.Conversation.last_activity_at.desc(), models.Conversation.id.desc())
            .limit(limit)
        )
        return [summary_of(row) for row in rows]


def _in_queue(queue: str, user: UUID | None) -> list[ColumnElement[Any]]:
    match queue:
        case "mine":
            return [models.Conversation.assignee_id == user]
        case "unassigned":
            return [models.Conversation.controller == "queue", models.Conversation.assignee_id.is_(None)]
        case "bot":
            return [models.Conversation.controller == "bot"]
        case _:
            return []


def _matches(q: str) -> ColumnElement[bool]:
    """Search the customer and the last line."""
    columns = (models.Customer.name, models.Customer.email, models.Customer.external_id, Last.text)
    return or_(*(one.icontains(q, autoescape=True) for one in columns))
