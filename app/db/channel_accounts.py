"""Channel accounts as rows, their secrets encrypted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.db.upsert import insert_if_absent
from app.db.vault import Vault
from app.domain.channel import WEB, Account
from app.services.accounts import AccountChange, StoredAccount
from app.services.ids import new_id
from app.services.reconciling import token_end


class SqlChannelAccounts:
    """See app.services.accounts.Accounts."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def named(self, kind: str, names: Sequence[str]) -> Mapping[str, Account]:
        """Look up by external id or alias; a name that is one account's own is not another's alias."""
        row = models.ChannelAccount
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(row).where(
                    row.kind == kind, row.active.is_(True), or_(row.external_id.in_(names), row.alias.in_(names))
                )
            )
            found = [(one.external_id, one.alias, self._account(one)) for one in rows]
        by_alias = {alias: account for _, alias, account in found if alias is not None}
        return {**by_alias, **{external_id: account for external_id, _, account in found}}

    async def active(self, kind: str) -> Sequence[Account]:
        """Return all active accounts of a kind."""
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(models.ChannelAccount).where(
                    models.ChannelAccount.kind == kind, models.ChannelAccount.active.is_(True)
                )
            )
            return [self._account(row) for row in rows]

    async def find(self, account: UUID) -> Account | None:
        """Return an account by its id."""
        async with self._database.read_session() as session:
            row = await session.get(models.ChannelAccount, account)
            return None if row is None else self._account(row)

    async def of_shop(self, shop: UUID) -> Sequence[StoredAccount]:
        """Return the accounts of vendors that a shop has."""
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(models.ChannelAccount)
                .where(models.ChannelAccount.shop_id == shop, models.ChannelAccount.kind != WEB)
                .order_by(models.ChannelAccount.created_at, models.ChannelAccount.id)
            )
            return [
                StoredAccount(
                    row.id,
                    row.shop_id,
                    row.kind,
                    row.external_id,
                    row.name,
                    row.active,
                    row.fields,
                    frozenset(row.secrets or {}),
                    row.problem,
                    token_end(row.vendor_state or {}),
                )
                for row in rows
            ]

    async def add(self, shop: UUID, kind: str, change: AccountChange) -> UUID | None:
        """Insert on conflict do nothing; this shop's own disconnected account comes back with its history."""
        account = new_id()
        async with self._database.write_session() as session:
            is_new = await insert_if_absent(
                session,
                models.ChannelAccount,
                id=account,
                shop_id=shop,
                kind=kind,
                created_at=utc_now(),
                **self._values(change),
            )
            if not is_new:
                found = await self._disconnected(session, shop, kind, change.external_id)
                if found is None:
                    return None
                account = found
                if not await self._write(session, shop, account, change):
                    return None
            await session.commit()
        return account

    async def _disconnected(self, session: AsyncSession, shop: UUID, kind: str, external_id: str) -> UUID | None:
        return await session.scalar(
            select(models.ChannelAccount.id).where(
                models.ChannelAccount.shop_id == shop,
                models.ChannelAccount.kind == kind,
                models.ChannelAccount.external_id == external_id,
                models.ChannelAccount.active.is_(False),
            )
        )

    async def change(self, shop: UUID, account: UUID, change: AccountChange) -> bool:
        """Write all that can change."""
        async with self._database.write_session() as session:
            if not await self._write(session, shop, account, change):
                return False
            await session.commit()
        return True

    async def _write(self, session: AsyncSession, shop: UUID, account: UUID, change: AccountChange) -> bool:
        try:
            await session.execute(
                update(models.ChannelAccount)
                .where(models.ChannelAccount.id == account, models.ChannelAccount.shop_id == shop)
                .values(**self._values(change))
            )
        except IntegrityError:
            return False
        return True

    def _values(self, change: AccountChange) -> dict[str, Any]:
        return {
            "external_id": change.external_id,
            "alias": change.alias,
            "name": change.name,
            "fields": dict(change.fields),
            "secrets": self._vault.lock(change.secrets),
            "active": change.active,
            "problem": None,  # whoever changes an account has mended it, or will be told again
        }

    def _account(self, row: models.ChannelAccount) -> Account:
        return Account(
            row.id, row.shop_id, row.kind, row.external_id, row.fields, self._vault.unlock(row.secrets or {})
        )
