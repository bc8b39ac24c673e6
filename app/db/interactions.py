"""What customers did with products, as the recommender is trained on it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from app.db import models
from app.db.database import Database
from app.db.records import product_of
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
            products = await session.scalars(
                select(models.Product)
                .where(models.Product.shop_id == shop, models.Product.active)
                .order_by(models.Product.id)
            )
            items = [_item(row) for row in products]
        users = sorted({one.user_id for one in seen})
        return TrainingData(seen, items, [User(user) for user in users])


def _item(row: models.Product) -> Item:
    product = product_of(row)
    features = (f"category:{product.category}", *(f"tag:{tag}" for tag in product.tags))
    return Item(str(product.id), product.title, features, product.consumable)
