"""Walks through a vendor's records as rows: every step with the place it leads to, in one transaction."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import database_now
from app.db.database import Database
from app.db.import_store import bump_catalogue
from app.db.repositories.jobs import SqlJobs
from app.db.synced_records import mark_of, take_readings
from app.domain.job import Lane, NewJob
from app.services.ids import new_id
from app.services.shopify_backfill import (
    FORGOTTEN_AT_ONCE,
    KINDS,
    SYNC_KIND,
    SYNC_TRIES,
    LostStepError,
    Phase,
    Status,
    SyncRun,
)
from app.services.shopify_readings import Reading

DAY_S = 86_400.0
JITTER_S = 3_600.0  # so that not all accounts are walked through at one time
DEAD_S = 7_200.0  # silent for so long: its job is gone
_TABLES: Mapping[str, Any] = {"customers": models.Customer, "products": models.Product, "orders": models.Order}


class SqlSyncRuns:
    """See app.services.shopify_backfill.SyncRuns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, account: UUID) -> SyncRun | None:
        """Return the last walk through an account."""
        async with self._database.read_session() as session:
            row = await session.get(models.SyncRun, account)
            return None if row is None else _run(row)

    async def of_shop(self, shop: UUID) -> Sequence[SyncRun]:
        """Return the last walks of a shop."""
        table = models.SyncRun
        async with self._database.read_session() as session:
            rows = await session.scalars(select(table).where(table.shop_id == shop).order_by(table.account_id))
            return [_run(row) for row in rows]

    async def due(self) -> Sequence[tuple[UUID, UUID]]:
        """Read the active accounts whose day has passed."""
        table, account = models.SyncRun, models.ChannelAccount
        rests = exists().where(table.account_id == account.id, table.due_at > database_now())
        async with self._database.read_session() as session:
            rows = await session.execute(
                select(account.shop_id, account.id, account.secrets).where(
                    account.kind == "shopify", account.active.is_(True), account.problem.is_(None), ~rests
                )
            )
            return [(shop, found) for shop, found, secrets in rows if "access_token" in (secrets or {})]

    async def begin(self, shop: UUID, account: UUID, size: int, *, full: bool) -> SyncRun:
        """Insert or write the row of the account, and the first job with it."""
        table = models.SyncRun
        async with self._database.write_session() as session:
            # The account's row is the lock: there may be no row of a walk yet.
            await session.get_one(models.ChannelAccount, account, with_for_update=True)
            row = await session.get(table, account, with_for_update=True)
            if row is not None and row.status == Status.RUNNING and not await self._is_dead(session, account):
                return _run(row)
            if row is None:
                row = table(account_id=account, shop_id=shop, since={})
                session.add(row)
            row.run_id, row.status, row.pages = new_id(), Status.RUNNING, 0
            row.kind, row.phase, row.cursor, row.size = KINDS[0], Phase.PULL, None, size
            row.since, row.counts, row.error, row.finished_at = {} if full else row.since, {}, None, None
            due_s = DAY_S + random.uniform(-JITTER_S, JITTER_S)
            times = {"started_at": database_now(), "touched_at": database_now(), "due_at": database_now(due_s)}
            for name, value in times.items():
                setattr(row, name, value)
            await session.flush()
            payload = {"account": str(account), "run": str(row.run_id)}
            job = NewJob(Lane.SYNC, SYNC_KIND, f"{row.run_id}", shop, payload=payload, max_tries=SYNC_TRIES)
            await SqlJobs(session).add(job)
            await session.refresh(row)
            begun = _run(row)
            await session.commit()
        return begun

    async def _is_dead(self, session: AsyncSession, account: UUID) -> bool:
        table = models.SyncRun
        query = select(table.account_id).where(table.account_id == account, table.touched_at < database_now(-DEAD_S))
        return await session.scalar(query) is not None

    async def pulled(self, run: SyncRun, then: SyncRun, readings: Sequence[Reading], ids: Sequence[str]) -> None:
        """Write the records of a page and the next place.

        Raises: LostStepError, ImportConflictError.
        """
        async with self._database.write_session() as session:
            await _lock(session, run)
            taken = await take_readings(session, run.shop, run.account, readings)
            news = sum(one.kind == run.kind for one in taken.news)
            await _see(session, run, ids)
            counts = {**then.counts, run.kind: {**then.counts[run.kind], "taken": _taken(run) + news}}
            await _go(session, run, then, counts)
            await session.commit()

    async def move(self, run: SyncRun, then: SyncRun, ids: Sequence[str] = ()) -> None:
        """Mark the ids and write the next place.

        Raises: LostStepError.
        """
        async with self._database.write_session() as session:
            await _lock(session, run)
            await _see(session, run, ids)
            await _go(session, run, then, then.counts)
            await session.commit()

    async def forget(self, run: SyncRun, then: SyncRun, orders_since: datetime | None) -> tuple[int, bool]:
        """Look at some records, in the order of their ids.

        Raises: LostStepError.
        """
        table = _TABLES[run.kind]
        conditions = [table.shop_id == run.shop, table.external_id.is_not(None)]
        if run.cursor is not None:
            conditions.append(table.id > UUID(run.cursor))
        if run.kind == "products":
            conditions.append(models.Product.active.is_(True))
        if run.kind == "orders" and orders_since is not None:
            conditions.append(models.Order.placed_at >= orders_since)
        async with self._database.write_session() as session:
            await _lock(session, run)
            query = select(table.id, table.external_id).where(*conditions).order_by(table.id).limit(FORGOTTEN_AT_ONCE)
            rows = [(found, str(external_id)) for found, external_id in (await session.execute(query)).all()]
            removed = await _remove(session, run, await _not_told(session, run, rows))
            is_all = len(rows) < FORGOTTEN_AT_ONCE
            counts = run.counted(removed=removed)
            if is_all:
                await _go(session, run, then, counts)
            else:
                await _go(session, run, run, counts, cursor=str(rows[-1][0]))
            await session.commit()
        return removed, is_all

    async def note(self, run: SyncRun, error: str | None, status: Status = Status.RUNNING) -> None:
        """Write, unless the walk went on meanwhile."""
        table = models.SyncRun
        values: dict[str, Any] = {"error": error[:255] if error else None, "status": status}
        if status is not Status.RUNNING:
            values["finished_at"] = database_now()
        async with self._database.write_session() as session:
            await session.execute(
                update(table).where(_at(run)).values(**values).execution_options(synchronize_session=False)
            )
            await session.commit()


def _at(run: SyncRun) -> Any:
    """Return the condition that a walk is where it was read."""
    table = models.SyncRun
    return and_(
        table.account_id == run.account,
        table.run_id == run.run,
        table.status == Status.RUNNING,
        table.pages == run.pages,
    )


async def _lock(session: AsyncSession, run: SyncRun) -> None:
    found = await session.scalar(select(models.SyncRun.run_id).where(_at(run)).with_for_update())
    if found is None:
        raise LostStepError


async def _go(
    session: AsyncSession, run: SyncRun, then: SyncRun, counts: Mapping[str, Any], cursor: str | None = None
) -> None:
    values: dict[str, Any] = {
        "status": then.status,
        "kind": then.kind,
        "phase": then.phase,
        "cursor": cursor or then.cursor,
        "size": then.size,
        "since": dict(then.since),
        "counts": {kind: dict(found) for kind, found in counts.items()},
        "pages": run.pages + 1,
        "error": None,
        "touched_at": database_now(),
    }
    if then.status is not Status.RUNNING:
        values["finished_at"] = database_now()
    table = models.SyncRun
    await session.execute(
        update(table)
        .where(table.account_id == run.account)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def _see(session: AsyncSession, run: SyncRun, ids: Sequence[str]) -> None:
    """Note that Shopify told of records just now."""
    if ids:
        table = models.SyncMark
        await session.execute(
            update(table)
            .where(
                table.account_id == run.account,
                table.kind == run.kind,
                table.external_id.in_([mark_of(one) for one in ids]),
            )
            .values(seen_at=database_now())
            .execution_options(synchronize_session=False)
        )


async def _not_told(session: AsyncSession, run: SyncRun, rows: Sequence[tuple[UUID, str]]) -> list[UUID]:
    """Return which of these records came from this account, and were not told of since the walk began."""
    marks = {mark_of(external_id): found for found, external_id in rows}
    table = models.SyncMark
    silent = await session.scalars(
        select(table.external_id).where(
            table.account_id == run.account,
            table.kind == run.kind,
            table.external_id.in_(marks),
            or_(table.seen_at.is_(None), table.seen_at < run.started_at),
        )
    )
    return [marks[one] for one in silent]


async def _remove(session: AsyncSession, run: SyncRun, gone: Sequence[UUID]) -> int:
    """Take records out: products are no longer for sale, orders are deleted, and so are customers who never wrote."""
    if not gone:
        return 0
    options = {"synchronize_session": False}
    if run.kind == "products":
        table = models.Product
        statement: Any = update(table).where(table.id.in_(gone)).values(active=False)
        await bump_catalogue(session, run.shop)
    elif run.kind == "orders":
        statement = delete(models.Order).where(models.Order.id.in_(gone))
    else:
        statement = delete(models.Customer).where(models.Customer.id.in_(gone), ~_is_used())
    result = await session.execute(statement.execution_options(**options))
    return cast(CursorResult[Any], result).rowcount


def _is_used() -> Any:
    """Return the condition that something here refers to a customer: who wrote stays, whatever Shopify knows."""
    customer = models.Customer.id
    return or_(
        *(
            exists().where(column == customer)
            for column in (
                models.ChannelIdentity.customer_id,
                models.Conversation.customer_id,
                models.Order.customer_id,
                models.Interaction.customer_id,
                models.CustomerMerge.from_id,
                models.CustomerMerge.into_id,
                models.PrivacyRequest.customer_id,
            )
        )
    )


def _taken(run: SyncRun) -> int:
    return run.counts.get(run.kind, {}).get("taken", 0)


def _run(row: models.SyncRun) -> SyncRun:
    return SyncRun(
        account=row.account_id,
        shop=row.shop_id,
        run=row.run_id,
        status=Status(row.status),
        kind=row.kind,
        phase=Phase(row.phase),
        cursor=row.cursor,
        size=row.size,
        pages=row.pages,
        since=row.since,
        counts=row.counts,
        started_at=row.started_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        error=row.error,
    )
