"""The webhook log: inserted in bulk before the vendor is answered, worked off in the order of its ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.services.ports import InboxRow, WaitingEvent


class SqlInboxLog:
    """See app.services.ports.InboxLog."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rows: Sequence[InboxRow]) -> set[UUID]:
        """Insert on conflict do nothing."""
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        insert = insert_on_sqlite if is_sqlite else insert_on_postgresql
        if len(rows) == 1:  # which most requests bring
            one = insert(models.WebhookLog).values(**_values(rows[0])).on_conflict_do_nothing()
            return set(await self._session.scalars(one.returning(models.WebhookLog.id)))
        # One prepared statement for all rows; a statement with all of them in it takes SQLAlchemy longer to write.
        connection = await self._session.connection()
        statement = insert(models.WebhookLog.__table__).on_conflict_do_nothing()  # type: ignore[arg-type]
        await connection.execute(statement, [_values(row) for row in rows])
        posts = {row.post for row in rows}
        stored = await self._session.scalars(select(models.WebhookLog.id).where(models.WebhookLog.post_id.in_(posts)))
        return set(stored) & {row.id for row in rows}

    async def waiting(self, post: UUID, account: UUID) -> Sequence[WaitingEvent]:
        """Read in the order of ids."""
        row = models.WebhookLog
        own = and_(row.post_id == post, row.account_id == account)
        people = select(row.address).where(own, row.address != "").scalar_subquery()
        first = select(row.id).where(own).order_by(row.id).limit(1).scalar_subquery()
        earlier = and_(row.account_id == account, row.address.in_(people), row.id < first)
        rows = await self._session.scalars(
            select(row).where(row.processed_at.is_(None), or_(own, earlier)).order_by(row.id)
        )
        return [
            WaitingEvent(one.id, one.shop_id, account, one.channel, one.event)
            for one in rows
            if one.shop_id is not None and one.event is not None
        ]

    async def finish(
        self, event: UUID, *, message: UUID | None = None, error: str | None = None, status: str | None = None
    ) -> bool:
        """Update the row unless it was before; a second transaction waits for the first and then changes nothing."""
        values: dict[str, Any] = {"processed_at": utc_now(), "message_id": message, "error": error}
        if error is not None or status is not None:
            values["status"] = status or "failed"
        result = await self._session.execute(
            update(models.WebhookLog)
            .where(models.WebhookLog.id == event, models.WebhookLog.processed_at.is_(None))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return cast(CursorResult[Any], result).rowcount == 1

    async def app_of(self, account: UUID) -> str | None:
        """Read it where an account's fields are."""
        found = select(models.ChannelAccount.fields).where(models.ChannelAccount.id == account)
        fields = await self._session.scalar(found)
        return (fields or {}).get("app_id") or None


def _values(row: InboxRow) -> dict[str, Any]:
    now = utc_now()
    return {
        "id": row.id,
        "shop_id": row.shop,
        "account_id": row.account,
        "post_id": row.post,
        "channel": row.channel,
        "account_ref": row.account_ref,
        "provider_id": row.provider_id,
        "kind": row.kind,
        "address": row.address,
        "status": row.status,
        "headers": dict(row.headers),
        "body": row.body,
        "event": row.event,
        "error": row.error,
        "received_at": now,
        "processed_at": None if row.waits else now,
    }
