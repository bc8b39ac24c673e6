"""The webhook log, for people's eyes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, tuple_

from app.db import models
from app.db.database import Database
from app.services.inbox import LoggedEvent

PRUNED_AT_ONCE = 500


class SqlWebhookLog:
    """See app.services.inbox.WebhookLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, shop: UUID, *, channel: str | None, status: str | None, before: UUID | None, limit: int
    ) -> Sequence[LoggedEvent]:
        """Read by (received_at, id), without the bodies."""
        row = models.WebhookLog
        conditions = [row.shop_id == shop]
        if channel is not None:
            conditions.append(row.channel == channel)
        if status is not None:
            conditions.append(row.status == status)
        async with self._database.read_session() as session:
            if before is not None:
                last = await session.scalar(select(row.received_at).where(row.id == before, row.shop_id == shop))
                if last is None:
                    return []
                conditions.append(tuple_(row.received_at, row.id) < tuple_(last, before))
            rows = await session.execute(
                select(
                    row.id,
                    row.channel,
                    row.status,
                    row.received_at,
                    row.account_id,
                    row.kind,
                    row.provider_id,
                    row.processed_at,
                    row.error,
                )
                .where(*conditions)
                .order_by(row.received_at.desc(), row.id.desc())
                .limit(limit)
            )
            return [LoggedEvent(*one) for one in rows]

    async def prune(self, received_before: datetime) -> int:
        """Remove processed rows from before a time in one short transaction; return of how many."""
        row = models.WebhookLog
        old = (
            select(row.id)
            .where(row.received_at < received_before, row.processed_at.is_not(None))
            .order_by(row.received_at)
            .limit(PRUNED_AT_ONCE)
        )
        async with self._database.write_session() as session:
            ids = (await session.scalars(old)).all()
            await session.execute(delete(row).where(row.id.in_(ids)).execution_options(synchronize_session=False))
            await session.commit()
        return len(ids)
