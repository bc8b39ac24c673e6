"""What installations of Shopify's app write: the pending ones, and the rows of their accounts, under lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.channels.shopify_admin import Grant
from app.db import models
from app.db.base import NO_KEY, database_now
from app.db.database import Database
from app.db.vault import Vault
from app.services.shopify_install import PendingInstall, grant_fields, time_of

UNINSTALLED = "uninstalled"
_TOKENS = ("access_token", "refresh_token")


class SqlPendingInstalls:
    """See app.services.shopify_install.PendingInstalls; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, state: str, pending: PendingInstall, ttl_s: float) -> None:
        """Insert; those that ran out are deleted on the way."""
        table = models.PendingInstall
        async with self._database.write_session() as session:
            await session.execute(
                delete(table).where(table.expires_at <= database_now()).execution_options(synchronize_session=False)
            )
            session.add(
                table(
                    state_hash=state,
                    shop_id=pending.shop,
                    user_id=pending.user,
                    session_hash=pending.session,
                    domain=pending.domain,
                    expires_at=cast(Any, database_now(ttl_s)),
                )
            )
            await session.commit()

    async def find(self, state: str) -> PendingInstall | None:
        """Return one that has not run out."""
        table = models.PendingInstall
        async with self._database.read_session() as session:
            row = await session.scalar(
                select(table).where(table.state_hash == state, table.expires_at > database_now())
            )
        return None if row is None else PendingInstall(row.shop_id, row.user_id, row.session_hash, row.domain)

    async def take(self, state: str) -> bool:
        """Delete."""
        table = models.PendingInstall
        async with self._database.write_session() as session:
            result = await session.execute(
                delete(table).where(table.state_hash == state).execution_options(synchronize_session=False)
            )
            await session.commit()
        return cast(CursorResult[Any], result).rowcount == 1


class SqlInstalledAccounts:
    """See app.services.shopify_install.InstalledAccounts."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def renew(self, account: UUID, used: str, grant: Grant) -> bool:
        """Compare and write the tokens."""
        async with self._database.write_session() as session:
            row, known = await self._locked(session, account)
            if known.get("refresh_token") != used:
                return False
            fresh = {"access_token": grant.token, "refresh_token": grant.refresh}
            row.secrets = self._vault.lock({**known, **fresh})
            row.fields = {**row.fields, **grant_fields(grant)}
            await session.commit()
        return True

    async def uninstall(self, account: UUID, told_at: datetime) -> bool:
        """Compare the times and drop the tokens."""
        async with self._database.write_session() as session:
            row, known = await self._locked(session, account)
            installed_at = time_of(row.fields.get("installed_at"))
            if installed_at is not None and installed_at > told_at:
                return False
            row.secrets = self._vault.lock({name: value for name, value in known.items() if name not in _TOKENS})
            row.problem = UNINSTALLED
            await session.commit()
        return True

    async def allow_origins(self, shop: UUID, origins: Sequence[str]) -> None:
        """Add those that are missing."""
        async with self._database.write_session() as session:
            row = await session.get_one(models.Shop, shop, with_for_update=NO_KEY)
            fresh = [one for one in dict.fromkeys(origins) if one not in row.origins]
            if fresh:
                row.origins = [*row.origins, *fresh]
                await session.commit()

    async def _locked(self, session: AsyncSession, account: UUID) -> tuple[models.ChannelAccount, dict[str, str]]:
        row = await session.get_one(models.ChannelAccount, account, with_for_update=True)
        return row, self._vault.unlock(row.secrets or {})
