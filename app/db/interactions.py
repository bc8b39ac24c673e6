"""What customers did with products, as the recommender is trained on it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.db.records import product_of
from app.db.shops import WEIGHTS
from app.services.recommending import TrainingData
from nlp.training.recommender import Interaction, Item, User


class SqlInteractions:
    """Reads all of a shop's interactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def training_data(self, shop: UUID) -> TrainingData:
        """Return interactions, active products and customers of a shop."""
        async with self._database.read_session() as session:
            interactions = await session.execute(
                select(
                    models.Interaction.customer_id,
                    models.Interaction.product_id,
                    models.Interaction.weight,
                    models.Interaction.kind,
                ).where(models.Interaction.shop_id == shop)
            )
            seen = [
                Interaction(str(customer), str(product), weight, kind == "purchase")
                for customer, product, weight, kind in interactions
            ]
            seen += await _ordered(session, shop, {(one.user_id, one.item_id) for one in seen if one.bought})
            products = await session.scalars(
                select(models.Product)
                .where(models.Product.shop_id == shop, models.Product.active)
                .order_by(models.Product.id)
            )
            items = [_item(row) for row in products]
            languages = await _languages(session, shop)
        users = sorted({one.user_id for one in seen})
        return TrainingData(seen, items, [User(user, languages.get(user, ())) for user in users])


async def _ordered(session: AsyncSession, shop: UUID, known: set[tuple[str, str]]) -> list[Interaction]:
    """Return the purchases that stand in orders and are not known as such."""
    orders = await session.execute(
        select(models.Order.customer_id, models.Order.items).where(
            models.Order.shop_id == shop,
            models.Order.customer_id.is_not(None),
            models.Order.status.not_in(("cancelled", "refunded", "returned")),
        )
    )
    pairs = {(str(customer), item["product"]) for customer, items in orders for item in items if item.get("product")}
    return [Interaction(customer, product, WEIGHTS["purchase"], True) for customer, product in sorted(pairs - known)]


async def _languages(session: AsyncSession, shop: UUID) -> dict[str, tuple[str, ...]]:
    """Return what is known of customers that others share: the language of their locale."""
    rows = await session.execute(
        select(models.Customer.id, models.Customer.locale).where(
            models.Customer.shop_id == shop, models.Customer.locale.is_not(None)
        )
    )
    return {str(customer): (f"language:{language_of(locale)}",) for customer, locale in rows if locale}


def language_of(locale: str) -> str:
    """Return the language of a locale, `de` of `de-AT` or `de_DE`."""
    return locale.replace("_", "-").partition("-")[0].lower()


def _item(row: models.Product) -> Item:
    product = product_of(row)
    features = [f"category:{product.category}", *(f"tag:{tag}" for tag in product.tags)]
    features += [f"colour:{colour}" for colour in product.colours]
    features += [f"material:{product.material}"] if product.material else []
    features.append(f"price:{product.price_minor.bit_length()}")  # a band is twice as dear as the one before
    return Item(str(product.id), product.title, tuple(dict.fromkeys(features)), product.consumable)
