"""Records kept in step with a vendor: taken in by their age, not by the order in which they come."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.db.import_store import bump_catalogue, upsert_rows
from app.db.upsert import insert_if_absent
from app.services.imports import ProductRow, Row


class SqlSyncedRecords:
    """See app.services.shopify_sync.SyncedRecords; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def currency(self, shop: UUID) -> str:
        """Return the currency of a shop."""
        async with self._database.read_session() as session:
            return (await session.get_one(models.Shop, shop)).currency

    async def put(self, shop: UUID, account: UUID, kind: str, row: Row, changed_at: datetime) -> bool:
        """Insert or update a record; false, and nothing changed, when a newer state of it is known.

        Raises: ImportConflictError.
        """
        async with self._database.write_session() as session:
            if not await _is_newer(session, account, kind, str(row.external_id), changed_at):
                return False
            await upsert_rows(session, shop, [row])
            if isinstance(row, ProductRow):
                await _set_active(session, shop, row.external_id, active=True)
            await session.commit()
        return True

    async def withdraw(self, shop: UUID, account: UUID, product: str, changed_at: datetime) -> bool:
        """Take a product out of the catalogue; false when a newer state of it is known."""
        async with self._database.write_session() as session:
            if not await _is_newer(session, account, "products", product, changed_at):
                return False
            await _set_active(session, shop, product, active=False)
            await bump_catalogue(session, shop)
            await session.commit()
        return True


async def _is_newer(session: AsyncSession, account: UUID, kind: str, external_id: str, changed_at: datetime) -> bool:
    """Move the mark forward. The same time again is taken: one delivery may be told twice, and states are whole."""
    table, external_id = models.SyncMark, mark_of(external_id)
    is_first = await insert_if_absent(
        session, table, account_id=account, kind=kind, external_id=external_id, changed_at=changed_at
    )
    if is_first:
        return True
    place = (table.account_id == account, table.kind == kind, table.external_id == external_id)
    known = (await session.scalars(select(table.changed_at).where(*place).with_for_update())).one()
    if changed_at < known:
        return False
    await session.execute(update(table).where(*place).values(changed_at=changed_at))
    return True


async def _set_active(session: AsyncSession, shop: UUID, external_id: str, *, active: bool) -> None:
    await session.execute(
        update(models.Product)
        .where(models.Product.shop_id == shop, models.Product.external_id == external_id)
        .values(active=active)
    )


def mark_of(external_id: str) -> str:
    """Return the key of a record in sync_marks: a hash, so that the mark outlives an erased person unnamed."""
    return hashlib.sha256(external_id.encode()).hexdigest()
