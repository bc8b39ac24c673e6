"""Shops, and the history from which recommendations are learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import NO_KEY, utc_now
from app.db.database import Database
from app.services.shops import NewShop, WidgetShop

WEIGHTS = {"view": 1.0, "cart": 3.0, "purchase": 5.0, "click": 2.0}


class SqlShops:
    """Each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_key(self, widget_key: str) -> WidgetShop | None:
        """Return the shop of a widget key."""
        async with self._database.read_session() as session:
            return _shop(await session.scalar(select(models.Shop).where(models.Shop.widget_key == widget_key)))

    async def by_id(self, shop: UUID) -> WidgetShop | None:
        """Return a shop."""
        async with self._database.read_session() as session:
            return _shop(await session.get(models.Shop, shop))

    async def all(self) -> Sequence[WidgetShop]:
        """Return all shops, oldest first."""
        async with self._database.read_session() as session:
            rows = await session.scalars(select(models.Shop).order_by(models.Shop.id))
            return [shop for shop in map(_shop, rows) if shop is not None]

    async def ensure(self, shop: NewShop) -> WidgetShop:
        """Return the shop with this widget key, making it when there is none; two processes make one."""
        found = await self.by_key(shop.widget_key)
        if found is not None:
            return found
        async with self._database.write_session() as session:
            row = models.Shop(
                name=shop.name,
                widget_key=shop.widget_key,
                widget_secret=shop.widget_secret,
                currency=shop.currency,
                timezone=shop.timezone,
                origins=list(shop.origins),
                settings=dict(shop.settings),
                brand_colour=None,
            )
            session.add(row)
            try:
                await session.flush()
            except IntegrityError:
                await session.rollback()
            else:
                _add_hours(session, row.id, shop.hours)
                await session.commit()
        made = await self.by_key(shop.widget_key)
        if made is None:
            raise RuntimeError("the shop was neither found nor made")
        return made

    async def customer_id(self, shop: UUID, external_id: str) -> UUID | None:
        """Return the customer known to the shop by this id."""
        async with self._database.read_session() as session:
            return await session.scalar(
                select(models.Customer.id).where(
                    models.Customer.shop_id == shop, models.Customer.external_id == external_id
                )
            )

    async def setting(self, shop: UUID, name: str) -> Any:
        """Return one setting of a shop, None when it is not set."""
        async with self._database.read_session() as session:
            return (await session.get_one(models.Shop, shop)).settings.get(name)

    async def settings(self, shop: UUID) -> Mapping[str, Any]:
        """Return all settings of a shop that are set."""
        async with self._database.read_session() as session:
            return dict((await session.get_one(models.Shop, shop)).settings)

    async def set_setting(self, shop: UUID, name: str, value: Any) -> None:
        """Change one setting of a shop; `value` is JSON."""
        await self.change_settings(shop, {name: value})

    async def change_settings(self, shop: UUID, values: Mapping[str, Any]) -> None:
        """Change some settings of a shop in one step; the others stay."""
        async with self._database.write_session() as session:
            row = await session.get_one(models.Shop, shop, with_for_update=NO_KEY)
            row.settings = {**row.settings, **values}
            await session.commit()

    async def history_is_empty(self, shop: UUID) -> bool:
        """Return whether nobody has met any product yet."""
        async with self._database.read_session() as session:
            found = await session.scalar(
                select(models.Interaction.id).where(models.Interaction.shop_id == shop).limit(1)
            )
        return found is None

    async def add_history(self, shop: UUID, rows: Sequence[tuple[str, str, str, int]]) -> int:
        """Add interactions (customer, product, kind, days ago); rows that name unknown records are left out."""
        now = utc_now()
        async with self._database.write_session() as session:
            customers = await _ids(session, models.Customer, shop)
            products = await _ids(session, models.Product, shop)
            known = [row for row in rows if row[0] in customers and row[1] in products]
            session.add_all(
                models.Interaction(
                    shop_id=shop,
                    customer_id=customers[customer],
                    product_id=products[product],
                    kind=kind,
                    weight=WEIGHTS[kind],
                    at=now - timedelta(days=days_ago),
                )
                for customer, product, kind, days_ago in known
            )
            await session.commit()
        return len(known)


def _add_hours(session: AsyncSession, shop: UUID, hours: Sequence[tuple[int, int, int]]) -> None:
    session.add_all(
        models.BusinessHour(shop_id=shop, weekday=weekday, day=None, opens_minute=opens, closes_minute=closes)
        for weekday, opens, closes in hours
    )


async def _ids(
    session: AsyncSession, model: type[models.Customer] | type[models.Product], shop: UUID
) -> dict[str, UUID]:
    rows = await session.execute(select(model.external_id, model.id).where(model.shop_id == shop))
    return {str(external_id): identifier for external_id, identifier in rows}


def _shop(row: models.Shop | None) -> WidgetShop | None:
    if row is None:
        return None
    return WidgetShop(
        id=row.id,
        name=row.name,
        widget_key=row.widget_key,
        widget_secret=row.widget_secret,
        origins=tuple(row.origins),
        brand_colour=row.brand_colour,
    )
