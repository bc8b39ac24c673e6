"""Records kept in step with a vendor: taken in by their age, not by the order in which they come."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import database_now
from app.db.batch import BatchSession
from app.db.database import Database
from app.db.import_store import bump_catalogue, upsert_rows
from app.db.upsert import insert_if_absent
from app.services.shopify_readings import Reading

KINDS = ("customers", "products", "orders")  # orders name the others


class SqlSyncedRecords:
    """See app.services.shopify_sync.SyncedRecords; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def currency(self, shop: UUID) -> str:
        """Return the currency of a shop."""
        async with self._database.read_session() as session:
            return (await session.get_one(models.Shop, shop)).currency

    async def take(self, shop: UUID, account: UUID, readings: Sequence[Reading]) -> int:
        """Insert or update.

        Raises: ImportConflictError.
        """
        async with self._database.write_session() as session:
            taken = await take_readings(session, shop, account, readings)
            await session.commit()
        return len(taken.written)


class Taken(NamedTuple):
    """What was written, and which of it was not known yet."""

    written: Sequence[Reading]
    news: Sequence[Reading]


async def take_readings(session: BatchSession, shop: UUID, account: UUID, readings: Sequence[Reading]) -> Taken:
    """Write what is not older than what is known, in the caller's transaction; return what that was.

    Raises: ImportConflictError.
    """
    # Always in one order, so that two transactions wait for one another in turn.
    newest = sorted(_newest(readings), key=lambda one: (KINDS.index(one.kind), one.external_id))
    aged = [(one, await _age(session, account, one)) for one in newest]
    fresh = [one for one, age in aged if age is not Age.OLDER]
    for kind in KINDS:
        rows = [one.row for one in fresh if one.kind == kind and one.row is not None]
        if rows:
            await upsert_rows(session, shop, rows)
    products = [one for one in fresh if one.kind == "products"]
    await _set_active(session, shop, [one.external_id for one in products if one.row is not None], active=True)
    gone = [one.external_id for one in products if one.row is None]
    if gone:
        await _set_active(session, shop, gone, active=False)
        await bump_catalogue(session, shop)
    return Taken(fresh, [one for one, age in aged if age is Age.NEWER])


class Age(Enum):
    """How a reading is beside what is known of its record. The same is taken too: states are whole."""

    OLDER = auto()
    SAME = auto()
    NEWER = auto()


def _newest(readings: Sequence[Reading]) -> Iterable[Reading]:
    """Return of each record its newest state: one customer may stand in many orders."""
    found: dict[tuple[str, str], Reading] = {}
    for one in readings:
        known = found.get((one.kind, one.external_id))
        if known is None or one.changed_at >= known.changed_at:
            found[one.kind, one.external_id] = one
    return found.values()


async def _age(session: AsyncSession, account: UUID, reading: Reading) -> Age:
    """Move the mark forward, if need be."""
    table, external_id = models.SyncMark, mark_of(reading.external_id)
    place = (table.account_id == account, table.kind == reading.kind, table.external_id == external_id)
    is_first = await insert_if_absent(
        session,
        table,
        account_id=account,
        kind=reading.kind,
        external_id=external_id,
        changed_at=reading.changed_at,
        seen_at=database_now(),
    )
    if is_first:
        return Age.NEWER
    seen = update(table).where(*place).values(seen_at=database_now()).returning(table.changed_at)
    known: datetime = (await session.scalars(seen)).one()  # the row is locked from here on
    if reading.changed_at <= known:
        return Age.SAME if reading.changed_at == known else Age.OLDER
    await session.execute(update(table).where(*place).values(changed_at=reading.changed_at))
    return Age.NEWER


async def _set_active(session: AsyncSession, shop: UUID, external_ids: Sequence[str], *, active: bool) -> None:
    if external_ids:
        await session.execute(
            update(models.Product)
            .where(models.Product.shop_id == shop, models.Product.external_id.in_(external_ids))
            .values(active=active)
        )


def mark_of(external_id: str) -> str:
    """Return the key of a record in sync_marks: a hash, so that the mark outlives an erased person unnamed."""
    return hashlib.sha256(external_id.encode()).hexdigest()
