"""Notifications as rows, and whom they go to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import table_of
from app.domain.people import Role, Staff
from app.services.notifying import Notice, Told
from realtime.protocol.events import Notification
from realtime.protocol.shapes import NotificationKind, UserRef


class SqlNotifications:
    """See app.services.notifying.NotificationLog."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def staff(self, shop: UUID) -> Sequence[Staff]:
        """Read those who are active."""
        user = models.User
        rows = await self._session.execute(
            select(user.id, user.name, user.role).where(user.shop_id == shop, user.active.is_(True)).order_by(user.id)
        )
        return [Staff(row.id, shop, row.name, Role(row.role)) for row in rows]

    async def last_agent(self, conversation: UUID) -> UUID | None:
        """Read the newest message of an agent."""
        message = models.Message
        return await self._session.scalar(
            select(message.sender_id)
            .where(message.conversation_id == conversation, message.sender_kind == "agent")
            .order_by(message.seq.desc())
            .limit(1)
        )

    async def add(self, shop: UUID, told: Sequence[Told]) -> Sequence[Notice]:
        """Insert in one statement; what is there already stays as it is."""
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        insert = (insert_on_sqlite if is_sqlite else insert_on_postgresql)(table_of(models.Notification))
        rows: list[dict[str, Any]] = [
            {
                "id": one.id,
                "shop_id": shop,
                "user_id": one.user,
                "kind": one.kind,
                "cause": one.cause,
                "conversation_id": one.conversation,
                "by_id": one.by,
                "at": one.at,
            }
            for one in told
        ]
        statement = insert.values(rows).on_conflict_do_nothing().returning(table_of(models.Notification).c.id)
        return await self._notices(list(await self._session.scalars(statement)))

    async def settle(self, conversation: UUID, kinds: Collection[NotificationKind], at: datetime) -> Sequence[Notice]:
        """Update those that are unread; what its user is marking just now is passed over, and waited for by nobody."""
        row = models.Notification
        unread = (
            select(row.id)
            .where(row.conversation_id == conversation, row.kind.in_(kinds), row.read_at.is_(None))
            .order_by(row.id)
            .with_for_update(skip_locked=True)
        )
        return await self._mark(list(await self._session.scalars(unread)), at)

    async def mark_read(self, user: UUID, ids: Sequence[UUID], at: datetime) -> Sequence[Notification]:
        """Update those that are unread, and read them."""
        row = models.Notification
        own = await self._session.scalars(select(row.id).where(row.id.in_(ids), row.user_id == user))
        return [notice.shown for notice in await self._mark(list(own), at)]

    async def _mark(self, ids: Sequence[UUID], at: datetime) -> Sequence[Notice]:
        """Update those that are unread, and read them."""
        if not ids:
            return ()
        row = models.Notification
        changed = await self._session.scalars(
            update(row)
            .where(row.id.in_(ids), row.read_at.is_(None))
            .values(read_at=at)
            .returning(row.id)
            .execution_options(synchronize_session=False)
        )
        return await self._notices(list(changed))

    async def page(
        self, user: UUID, *, unread: bool, limit: int, before: UUID | None = None, after: UUID | None = None
    ) -> Sequence[Notification]:
        """Read by the index of the user's own."""
        row = models.Notification
        wanted = _shown().where(row.user_id == user).order_by(row.id.desc()).limit(limit)
        if unread:
            wanted = wanted.where(row.read_at.is_(None))
        if before is not None:
            wanted = wanted.where(row.id < before)
        if after is not None:
            wanted = wanted.where(row.id > after)
        return [notice.shown for notice in await self._read(wanted)]

    async def unread_among(self, user: UUID, ids: Sequence[UUID]) -> Sequence[UUID]:
        """Read by primary key."""
        if not ids:
            return ()
        row = models.Notification
        wanted = select(row.id).where(row.id.in_(ids), row.user_id == user, row.read_at.is_(None)).order_by(row.id)
        return list(await self._session.scalars(wanted))

    async def newest_unread(self, users: Collection[UUID], limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Number each user's by the index of the unread ones."""
        row = models.Notification
        place = func.row_number().over(partition_by=row.user_id, order_by=row.id.desc()).label("place")
        numbered = select(row.user_id, row.id, place).where(row.user_id.in_(users), row.read_at.is_(None)).subquery()
        wanted = select(numbered.c.user_id, numbered.c.id).where(numbered.c.place <= limit)
        return [(user, notification) for user, notification in await self._session.execute(wanted)]

    async def own(self, user: UUID, ids: Sequence[UUID]) -> Sequence[Notification]:
        """Read by primary key."""
        row = models.Notification
        wanted = _shown().where(row.id.in_(ids), row.user_id == user).order_by(row.id)
        return [notice.shown for notice in await self._read(wanted)]

    async def count_unread(self, user: UUID) -> int:
        """Count."""
        row = models.Notification
        count = select(func.count()).select_from(row).where(row.user_id == user, row.read_at.is_(None))
        return await self._session.scalar(count) or 0

    async def _notices(self, ids: Sequence[UUID]) -> Sequence[Notice]:
        row = models.Notification
        return await self._read(_shown().where(row.id.in_(ids)).order_by(row.id)) if ids else ()

    async def _read(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Notice]:
        return [
            Notice(
                found.user_id,
                Notification(
                    id=found.id,
                    kind=cast(NotificationKind, found.kind),
                    at=found.at,
                    conversation=found.conversation_id,
                    read=found.read_at is not None,
                    customer=customer,
                    by=None if by is None else UserRef(id=found.by_id, name=by),
                ),
            )
            for found, customer, by in await self._session.execute(statement)
        ]


def _shown() -> Select[*tuple[Any, ...]]:
    """Read with the names of the customer and of the colleague."""
    row, customer, user = models.Notification, models.Customer, models.User
    return (
        select(row, customer.name, user.name)
        .outerjoin(models.Conversation, models.Conversation.id == row.conversation_id)
        .outerjoin(customer, customer.id == models.Conversation.customer_id)
        .outerjoin(user, user.id == row.by_id)
    )
