"""Upserts imported rows by external id (orders by number), all or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import NO_KEY, utc_now
from app.db.batch import BatchSession
from app.db.database import Database
from app.db.joined import holders, look_for_twins
from app.services.imports import (
    ArticleRow,
    CustomerRow,
    ImportConflictError,
    ImportResult,
    OrderRow,
    ProductRow,
    Row,
    to_minor,
)

CHUNK = 500  # rows looked up at once

Model = type[models.Product] | type[models.Order] | type[models.Customer] | type[models.Article]


class SqlImportStore:
    """Writes records of one shop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upsert(
        self, shop: UUID, rows: Sequence[Row], progress: Callable[[int], None] | None = None
    ) -> ImportResult:
        """Insert or update all rows in one transaction; `progress` hears how many are done.

        Raises: ImportConflictError.
        """
        async with self._database.write_session() as session:
            result = await upsert_rows(session, shop, rows, progress)
            await session.commit()
        return result


async def upsert_rows(
    session: BatchSession, shop: UUID, rows: Sequence[Row], progress: Callable[[int], None] | None = None
) -> ImportResult:
    """Insert or update rows of one kind in the caller's transaction.

    Raises: ImportConflictError.
    """
    created = updated = unlinked = 0
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        known = await _known(session, shop, chunk)
        links = await _links(session, shop, chunk)
        for row in chunk:
            values = _values(row, links)
            record = known.get(_key(row))
            if record is None:
                session.add(_model(row)(shop_id=shop, **values))
                created += 1
            else:
                for name, value in values.items():
                    setattr(record, name, value)
                updated += 1
            unlinked += isinstance(row, OrderRow) and bool(row.customer) and values["customer_id"] is None
        await _flush(session)
        await _note_people(session, shop, chunk)
        if progress is not None:
            progress(min(start + CHUNK, len(rows)))
    if any(isinstance(row, (ProductRow, ArticleRow)) for row in rows[:1]):
        await bump_catalogue(session, shop)
    return ImportResult(created=created, updated=updated, unlinked=unlinked)


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise ImportConflictError(
            "a row has the id of another record (an order: the external_id, or the number that stands in for it, of "
            "another order), or somebody imported the same rows just now"
        ) from error


async def _note_people(session: BatchSession, shop: UUID, rows: Sequence[Row]) -> None:
    """Have it looked into whether customers who changed are known by another address, too."""
    named = [row.external_id for row in rows if isinstance(row, CustomerRow) and (row.phone or row.email)]
    if named:
        table = models.Customer
        changed = await session.scalars(select(table.id).where(table.shop_id == shop, table.external_id.in_(named)))
        await look_for_twins(session, shop, changed.all())


async def bump_catalogue(session: AsyncSession, shop: UUID) -> None:
    """Raise the version that tells workers to rebuild their search index."""
    row = await session.get_one(models.Shop, shop, with_for_update=NO_KEY)
    row.settings = {**row.settings, "catalogue_version": int(row.settings.get("catalogue_version", 0)) + 1}


def _model(row: Row) -> Model:
    return {
        ProductRow: models.Product,
        OrderRow: models.Order,
        CustomerRow: models.Customer,
        ArticleRow: models.Article,
    }[type(row)]  # type: ignore[return-value]  # mypy joins the values to type[Base]


def _key(row: Row) -> str:
    return row.number if isinstance(row, OrderRow) else row.external_id


async def _known(session: AsyncSession, shop: UUID, rows: Sequence[Row]) -> dict[str, Any]:
    model = _model(rows[0])
    column = models.Order.number if model is models.Order else cast(Any, model).external_id
    found = await session.scalars(
        select(model).where(model.shop_id == shop, column.in_([_key(row) for row in rows])).with_for_update()
    )
    return {getattr(record, column.key): record for record in found}


async def _links(session: AsyncSession, shop: UUID, rows: Sequence[Row]) -> dict[tuple[str, str], UUID]:
    """Return ids of the customers and products that orders name by external id."""
    orders = [row for row in rows if isinstance(row, OrderRow)]
    customers = {row.customer for row in orders if row.customer}
    products = {item.external_id for row in orders for item in row.items if item.external_id}
    links: dict[tuple[str, str], UUID] = {}
    for kind, model, wanted in (("customer", models.Customer, customers), ("product", models.Product, products)):
        if not wanted:
            continue
        found = await session.execute(
            select(model.external_id, model.id).where(
                tuple_(model.shop_id, model.external_id).in_([(shop, external_id) for external_id in wanted])
            )
        )
        links.update({(kind, str(external_id)): identifier for external_id, identifier in found})
    held = await holders(session, [one for (kind, _), one in links.items() if kind == "customer"])
    return {named: held.get(one, one) for named, one in links.items()}


def _values(row: Row, links: Mapping[tuple[str, str], UUID]) -> dict[str, Any]:
    if isinstance(row, ProductRow):
        return _product_values(row)
    if isinstance(row, OrderRow):
        return _order_values(row, links)
    if isinstance(row, CustomerRow):
        values: dict[str, Any] = {"external_id": row.external_id, "name": row.name, "phone": row.phone}
        values["locale"] = row.locale
        values |= {"email": row.email.lower() if row.email else None, "email_proven": bool(row.email)}
        return values | ({"created_at": row.created_at} if row.created_at else {})
    return {
        "external_id": row.external_id,
        "title": row.title,
        "body": row.body,
        "topic": row.topic,
        "url": row.url,
        "locale": row.locale,
        "facts": row.facts,
        "changed_at": utc_now(),
    }


def _product_values(row: ProductRow) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "sizes": row.sizes,
        "colours": row.colours,
        "material": row.material,
        "consumable": row.consumable,
        "restock": row.restock.isoformat() if row.restock else None,
        "old_price_minor": to_minor(row.old_price, row.currency) if row.old_price is not None else None,
    }
    return {
        "external_id": row.external_id,
        "title": row.title,
        "description": row.description,
        "category": row.category,
        "tags": row.tags,
        "price_minor": to_minor(row.price, row.currency),
        "currency": row.currency,
        "stock": row.stock,
        "url": row.url,
        "image_url": row.image_url,
        "attributes": {name: value for name, value in attributes.items() if value},
    }


def _order_values(row: OrderRow, links: Mapping[tuple[str, str], UUID]) -> dict[str, Any]:
    return {
        "number": row.number,
        "external_id": row.external_id or row.number,
        "customer_id": links.get(("customer", row.customer or "")),
        "email": row.email.lower() if row.email else None,
        "status": row.status,
        "placed_at": row.placed_at,
        "total_minor": to_minor(row.total, row.currency),
        "currency": row.currency,
        "carrier": row.carrier,
        "tracking_code": row.tracking_code,
        "tracking_url": row.tracking_url,
        "shipped_on": row.shipped_on,
        "arrives_on": row.arrives_on,
        "delivered_on": row.delivered_on,
        "refund": _refund(row),
        "items": [
            {
                "title": item.title,
                "quantity": item.quantity,
                "external_id": item.external_id,
                "price_minor": _minor(item.price, row.currency),
                "product": _text(links.get(("product", item.external_id or ""))),
            }
            for item in row.items
        ],
        "changed_at": utc_now(),
    }


def _refund(row: OrderRow) -> dict[str, Any] | None:
    if row.refund_state is None:
        return None
    return {
        "state": row.refund_state,
        "amount_minor": _minor(row.refund_amount, row.currency),
        "expected": row.refund_expected.isoformat() if row.refund_expected else None,
    }


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return to_minor(amount, currency) if amount is not None else None


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
