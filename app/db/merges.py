"""Customers joined and taken apart: which rows moved is kept, so that exactly those can go back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.db.repositories.summary import customer_shape
from app.services.ids import new_id
from app.services.merging import Merged
from realtime.protocol import shapes

_MOVED: dict[str, Any] = {
    "identities": models.ChannelIdentity,
    "conversations": models.Conversation,
    "orders": models.Order,
    "interactions": models.Interaction,
}
_FILLED = ("name", "email", "phone", "locale")
ROWS_AT_ONCE = 500


class SqlMerges:
    """See app.services.merging.Merges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def merge(self, shop: UUID, source: UUID, into: UUID, user: UUID, reason: str) -> Merged | None:
        """Move rows, fill in what the other record lacks, and note both."""
        async with self._database.write_session() as session:
            pair = await self._locked(session, shop, source, into)
            if pair is None:
                return None
            moved: dict[str, Any] = {}
            for name, table in _MOVED.items():
                rows = (await session.scalars(select(table.id).where(table.customer_id == source))).all()
                await _move(session, table, rows, into)
                moved[name] = [str(row) for row in rows]
            old, kept = pair[source], pair[into]
            filled = {name: getattr(old, name) for name in _FILLED if getattr(old, name) and not getattr(kept, name)}
            if filled:
                await session.execute(update(models.Customer).where(models.Customer.id == into).values(**filled))
            merge = models.CustomerMerge(
                id=new_id(),
                shop_id=shop,
                from_id=source,
                into_id=into,
                user_id=user,
                reason=reason,
                moved={**moved, "filled": sorted(filled)},
                at=utc_now(),
                undone_at=None,
            )
            session.add(merge)
            session.add(_audit(shop, user, "customer.merged", into, source))
            await session.commit()
            return Merged(merge.id, [UUID(one) for one in moved["conversations"]])

    async def _locked(self, session: AsyncSession, shop: UUID, one: UUID, other: UUID) -> dict[UUID, Any] | None:
        """Lock both rows, in the order of their ids."""
        rows = await session.scalars(
            select(models.Customer)
            .where(models.Customer.shop_id == shop, models.Customer.id.in_((one, other)))
            .order_by(models.Customer.id)
            .with_for_update()
        )
        found = {row.id: row for row in rows}
        return found if len(found) == 2 else None

    async def undo(self, shop: UUID, merge: UUID) -> Merged | None:
        """Move back what the other customer still has of it."""
        table = models.CustomerMerge
        async with self._database.write_session() as session:
            row = await session.scalar(
                select(table)
                .where(table.id == merge, table.shop_id == shop, table.undone_at.is_(None))
                .with_for_update()
            )
            if row is None:
                return None
            for name, moved in _MOVED.items():
                ids = [UUID(one) for one in row.moved[name]]
                await _move(session, moved, ids, row.from_id, held_by=row.into_id)
            emptied = dict.fromkeys(row.moved["filled"])
            if emptied:
                await session.execute(
                    update(models.Customer).where(models.Customer.id == row.into_id).values(**emptied)
                )
            await session.execute(update(table).where(table.id == merge).values(undone_at=utc_now()))
            session.add(_audit(shop, row.user_id, "customer.unmerged", row.into_id, row.from_id))
            await session.commit()
            return Merged(merge, [UUID(one) for one in row.moved["conversations"]])

    async def customer_of(self, conversation: UUID) -> shapes.Customer | None:
        """Return the customer of a conversation as staff see it."""
        async with self._database.read_session() as session:
            found = (
                await session.execute(
                    select(models.Customer, models.ChannelIdentity.verified)
                    .join(models.Conversation, models.Conversation.customer_id == models.Customer.id)
                    .join(models.ChannelIdentity, models.ChannelIdentity.id == models.Conversation.identity_id)
                    .where(models.Conversation.id == conversation)
                )
            ).one_or_none()
            return None if found is None else customer_shape(found[0], verified=found[1])


async def _move(session: AsyncSession, table: Any, rows: Any, to: UUID, *, held_by: UUID | None = None) -> None:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        condition = [table.id.in_(rows[start : start + ROWS_AT_ONCE])]
        if held_by is not None:
            condition.append(table.customer_id == held_by)
        await session.execute(
            update(table).where(*condition).values(customer_id=to).execution_options(synchronize_session=False)
        )


def _audit(shop: UUID, user: UUID | None, action: str, target: UUID, other: UUID) -> models.AuditEntry:
    return models.AuditEntry(
        shop_id=shop,
        actor_kind="user",
        actor_id=user,
        action=action,
        target_kind="customer",
        target_id=target,
        detail={"other": str(other)},
        at=utc_now(),
    )
