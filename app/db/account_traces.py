"""The traffic of channel accounts, as their health needs it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.services.channel_health import Traces

_EVENTS = ("accepted", "ignored_type", "duplicate", "failed")
_HANDED_OVER = ("sent", "delivered", "read")


class SqlAccountTraces:
    """See app.services.channel_health.TraceLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def traces(self, account: UUID) -> Traces:
        """Read the newest of each kind."""
        async with self._database.read_session() as session:
            events = [await self._last(session, account, status) for status in _EVENTS]
            row = models.Delivery
            failed = (
                await session.execute(
                    select(row.error, row.changed_at)
                    .where(row.account_id == account, row.status == "failed")
                    .order_by(row.changed_at.desc())
                    .limit(1)
                )
            ).one_or_none()
            sent = [
                await session.scalar(
                    select(func.max(row.changed_at)).where(row.account_id == account, row.status == one)
                )
                for one in _HANDED_OVER
            ]
            return Traces(
                last_event_at=max((at for at in events if at is not None), default=None),
                last_refused_at=await self._last(session, account, "bad_signature"),
                last_sent_at=max((at for at in sent if at is not None), default=None),
                last_error=None if failed is None else failed.error,
                last_error_at=None if failed is None else failed.changed_at,
            )

    async def _last(self, session: AsyncSession, account: UUID, status: str) -> datetime | None:
        log = models.WebhookLog
        return await session.scalar(
            select(func.max(log.received_at)).where(log.account_id == account, log.status == status)
        )
