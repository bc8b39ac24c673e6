"""The traffic of channel accounts, as their health needs it, and what vendors last told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.db.vault import Vault
from app.domain.channel import WEB
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


class SqlAccountStates:
    """See app.services.reconciling.AccountStates."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def ids(self) -> Sequence[tuple[UUID, UUID]]:
        """Return (shop, account) of all active accounts of vendors."""
        row = models.ChannelAccount
        async with self._database.read_session() as session:
            found = await session.execute(
                select(row.shop_id, row.id).where(row.active.is_(True), row.kind != WEB).order_by(row.id)
            )
            return [(shop, account) for shop, account in found]

    async def connected_at(self, account: UUID) -> datetime | None:
        """Return when an account was made."""
        async with self._database.read_session() as session:
            row = await session.get(models.ChannelAccount, account)
            return None if row is None else row.created_at

    async def state(self, account: UUID) -> Mapping[str, Any]:
        """Return what was noted last."""
        async with self._database.read_session() as session:
            row = await session.get(models.ChannelAccount, account)
            return {} if row is None else row.vendor_state or {}

    async def note(self, account: UUID, state: Mapping[str, Any]) -> None:
        """Write."""
        async with self._database.write_session() as session:
            row = models.ChannelAccount
            await session.execute(update(row).where(row.id == account).values(vendor_state=dict(state)))
            await session.commit()

    async def renew(self, account: UUID, secret: str, value: str, state: Mapping[str, Any]) -> None:
        """Replace one of the secrets under the row's lock."""
        async with self._database.write_session() as session:
            row = await session.get(models.ChannelAccount, account, with_for_update=True)
            if row is not None and row.secrets is not None:
                row.secrets = {**row.secrets, **self._vault.lock({secret: value})}
                row.vendor_state = dict(state)
                row.problem = None
            await session.commit()

    async def heal(self, account: UUID) -> None:
        """Clear the column; that of an account without secrets stays."""
        row = models.ChannelAccount
        healed = update(row).where(row.id == account, row.problem.is_not(None), row.secrets.is_not(None))
        async with self._database.write_session() as session:
            await session.execute(healed.values(problem=None))
            await session.commit()
