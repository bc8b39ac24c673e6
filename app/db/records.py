"""The shop's records as answers read them: always fresh, so that a changed order changes the next answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.domain.catalogue import Article, CustomerView, Order, OrderItem, Product, ShopProfile
from app.services.answer.ports import Catalogue
from nlp.grounding import POINTERS, WORDS

CATALOGUE_PAGE = 500


class SqlRecords:
    """Reads profiles, orders and the catalogue; each call is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def profile(self, shop: UUID) -> ShopProfile:
        """Return the shop's name, general facts and whether people are there now."""
        async with self._database.read_session() as session:
            row = await session.get_one(models.Shop, shop)
            stated = await session.scalars(
                select(models.Article.facts).where(models.Article.shop_id == shop, models.Article.published)
            )
            hours = (
                await session.scalars(select(models.BusinessHour).where(models.BusinessHour.shop_id == shop))
            ).all()
            facts: dict[str, str] = {}
            for source in (*stated, row.settings.get("facts", {})):
                facts.update({key: str(value) for key, value in source.items() if key in POINTERS or key in WORDS})
        return ShopProfile(
            id=shop,
            name=row.name,
            facts=facts,
            people_available=is_open(hours, datetime.now(ZoneInfo(row.timezone))),
        )

    async def customer(self, shop: UUID, customer: UUID, *, verified: bool) -> CustomerView:
        """Return the customer as the answer may know them."""
        async with self._database.read_session() as session:
            row = await session.scalar(
                select(models.Customer).where(models.Customer.shop_id == shop, models.Customer.id == customer)
            )
        return CustomerView(id=customer, name=row.name if row is not None else None, verified=verified)

    async def orders(self, shop: UUID, customer: UUID, limit: int = 20) -> Sequence[Order]:
        """Return a customer's orders, newest first."""
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(models.Order)
                .where(models.Order.shop_id == shop, models.Order.customer_id == customer)
                .order_by(models.Order.placed_at.desc(), models.Order.id.desc())
                .limit(limit)
            )
            return [_order(row) for row in rows]

    async def proven_order(self, shop: UUID, number: str, email: str) -> Order | None:
        """Return the order with this number if it was placed with this e-mail address (any case)."""
        bare = number.lstrip("#")
        spellings = {f"{mark}{one}" for mark in ("", "#") for one in (bare, bare.upper(), bare.lower())}
        async with self._database.read_session() as session:
            row = await session.scalar(
                select(models.Order)
                .outerjoin(models.Customer, models.Customer.id == models.Order.customer_id)
                .where(
                    models.Order.shop_id == shop,
                    models.Order.number.in_(spellings),
                    func.lower(func.coalesce(models.Order.email, models.Customer.email)) == email.lower(),
                )
            )
            return _order(row) if row is not None else None

    async def catalogue_version(self, shop: UUID) -> str:
        """Return a value that changes when products or articles are added, removed or imported again."""
        async with self._database.read_session() as session:
            row = await session.get_one(models.Shop, shop)
            products = await session.scalar(select(func.count()).where(models.Product.shop_id == shop))
            articles = (
                await session.execute(
                    select(func.count(), func.max(models.Article.changed_at)).where(models.Article.shop_id == shop)
                )
            ).one()
        return f"{row.settings.get('catalogue_version', 0)}/{products}/{articles[0]}/{articles[1]}"

    async def catalogue(self, shop: UUID) -> Catalogue:
        """Return all active products and published articles."""
        async with self._database.read_session() as session:
            products = await _active_products(session, shop)
            articles = await session.scalars(
                select(models.Article)
                .where(models.Article.shop_id == shop, models.Article.published)
                .order_by(models.Article.id)
            )
            return Catalogue(
                products=products,
                articles=[_article(row) for row in articles],
            )

    async def products(self, shop: UUID, ids: Sequence[UUID]) -> Sequence[Product]:
        """Return these products as they are now, in the order asked for; unknown and inactive ones are left out."""
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(models.Product).where(
                    models.Product.shop_id == shop, models.Product.id.in_(ids), models.Product.active
                )
            )
            found = {row.id: product_of(row) for row in rows}
        return [found[product] for product in ids if product in found]


async def _active_products(session: AsyncSession, shop: UUID) -> list[Product]:
    """Read in pages: rows become objects on the event loop, which has others to serve."""
    table, found = models.Product, list[Product]()
    query = select(table).where(table.shop_id == shop, table.active).order_by(table.id).limit(CATALOGUE_PAGE)
    while True:
        rows = (await session.scalars(query.where(table.id > found[-1].id) if found else query)).all()
        found += [product_of(row) for row in rows]
        session.expunge_all()
        if len(rows) < CATALOGUE_PAGE:
            return found


def is_open(hours: Sequence[models.BusinessHour], now: datetime) -> bool:
    """Return whether `now` (shop's local time) is in business hours; hours of a date win; none set means always."""
    if not hours:
        return True
    today = [span for span in hours if span.day == now.date()]
    spans = today or [span for span in hours if span.day is None and span.weekday == now.weekday()]
    minute = now.hour * 60 + now.minute
    return any(span.opens_minute <= minute < span.closes_minute for span in spans)


def product_of(row: models.Product) -> Product:
    """Read a product row; `attributes` holds what not every shop has."""
    attributes: Mapping[str, Any] = row.attributes
    return Product(
        id=row.id,
        external_id=row.external_id,
        title=row.title,
        description=row.description,
        category=row.category or "",
        price_minor=row.price_minor,
        currency=row.currency,
        stock=row.stock if row.stock is not None else 1,
        url=row.url,
        image_url=row.image_url,
        old_price_minor=attributes.get("old_price_minor"),
        material=attributes.get("material"),
        sizes=tuple(attributes.get("sizes", ())),
        colours=tuple(attributes.get("colours", ())),
        tags=tuple(row.tags),
        restock=_date(attributes.get("restock")),
        consumable=bool(attributes.get("consumable", False)),
    )


def _article(row: models.Article) -> Article:
    return Article(
        id=row.id,
        title=row.title,
        body=row.body,
        url=row.url,
        topic=row.topic,
        states_facts=bool(row.facts),
    )


def _order(row: models.Order) -> Order:
    refund: Mapping[str, Any] = row.refund or {}
    return Order(
        id=row.id,
        number=row.number,
        state=row.status,
        placed=row.placed_at.astimezone(UTC),
        total_minor=row.total_minor,
        currency=row.currency,
        items=tuple(
            OrderItem(
                title=item["title"],
                quantity=item.get("quantity", 1),
                product_id=UUID(item["product"]) if item.get("product") else None,
            )
            for item in row.items
        ),
        carrier=row.carrier,
        tracking=row.tracking_code,
        tracking_url=row.tracking_url,
        shipped=row.shipped_on,
        arrives=row.arrives_on,
        delivered=row.delivered_on,
        refund_state=refund.get("state"),
        refund_minor=refund.get("amount_minor"),
        refund_expected=_date(refund.get("expected")),
    )


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
