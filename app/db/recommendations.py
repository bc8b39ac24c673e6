"""Recommendations after they were shown: clicks become interactions, orders after clicks are counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.db.shops import WEIGHTS
from app.services.recommendation_stats import ATTRIBUTION, RecommendationCounts, RecommendationStats, kind_of

_NOT_BOUGHT = ("cancelled", "refunded", "returned")
_KIND = "click"


class SqlRecommendations:
    """Each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def click(self, recommendation: UUID) -> bool:
        """Note that a product shown was opened, once; false when there is no such recommendation."""
        async with self._database.write_session() as session:
            row = await session.get(models.Recommendation, recommendation)
            if row is None:
                return False
            now = utc_now()
            first = await session.execute(
                update(models.Recommendation)
                .where(models.Recommendation.id == recommendation, models.Recommendation.clicked_at.is_(None))
                .values(clicked_at=now)
                .returning(models.Recommendation.id)
            )
            if first.scalar_one_or_none() is not None:
                session.add(
                    models.Interaction(
                        shop_id=row.shop_id,
                        customer_id=await _customer(session, row.message_id),
                        product_id=row.product_id,
                        kind=_KIND,
                        weight=WEIGHTS[_KIND],
                        at=now,
                    )
                )
                await session.commit()
        return True

    async def page_of(self, recommendation: UUID) -> str | None:
        """Return the page of the product that was shown, as the shop has it now."""
        async with self._database.read_session() as session:
            return await session.scalar(
                select(models.Product.url)
                .join(models.Recommendation, models.Recommendation.product_id == models.Product.id)
                .where(models.Recommendation.id == recommendation)
            )

    async def stats(self, shop: UUID, start: datetime, end: datetime) -> RecommendationStats:
        """Count what was shown from `start` to before `end`."""
        shown = (
            select(
                models.Recommendation.reason,
                models.Recommendation.product_id,
                models.Recommendation.clicked_at,
                models.Conversation.customer_id,
                models.Conversation.channel,
            )
            .join(models.Message, models.Message.id == models.Recommendation.message_id)
            .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
            .where(
                models.Recommendation.shop_id == shop,
                models.Recommendation.created_at >= start,
                models.Recommendation.created_at < end,
            )
        )
        async with self._database.read_session() as session:
            rows = (await session.execute(shown)).all()
            bought = await _bought(session, shop, start)
        total = _Count()
        by_reason: defaultdict[str, _Count] = defaultdict(_Count)
        by_channel: defaultdict[str, _Count] = defaultdict(_Count)
        for reason, product, clicked, customer, channel in rows:
            placed = bought.get((customer, str(product)), ())
            ordered = clicked is not None and any(clicked <= at <= clicked + ATTRIBUTION for at in placed)
            for one in (total, by_reason[kind_of(reason)], by_channel[channel]):
                one.add(is_clicked=clicked is not None, is_ordered=ordered)
        return RecommendationStats(total.counted, _counted(by_reason), _counted(by_channel))


@dataclass(slots=True)
class _Count:
    """Counts as they grow."""

    shown: int = 0
    clicked: int = 0
    ordered: int = 0

    def add(self, *, is_clicked: bool, is_ordered: bool) -> None:
        self.shown += 1
        self.clicked += is_clicked
        self.ordered += is_ordered

    @property
    def counted(self) -> RecommendationCounts:
        return RecommendationCounts(self.shown, self.clicked, self.ordered)


def _counted(counts: Mapping[str, _Count]) -> dict[str, RecommendationCounts]:
    return {name: one.counted for name, one in counts.items()}


async def _customer(session: AsyncSession, message: UUID) -> UUID:
    found = await session.scalars(
        select(models.Conversation.customer_id)
        .join(models.Message, models.Message.conversation_id == models.Conversation.id)
        .where(models.Message.id == message)
    )
    return found.one()


async def _bought(session: AsyncSession, shop: UUID, start: datetime) -> dict[tuple[UUID | None, str], list[datetime]]:
    """Return when each customer ordered each product, in orders since `start`."""
    orders = await session.execute(
        select(models.Order.customer_id, models.Order.items, models.Order.placed_at).where(
            models.Order.shop_id == shop,
            models.Order.customer_id.is_not(None),
            models.Order.placed_at >= start,
            models.Order.status.not_in(_NOT_BOUGHT),
        )
    )
    found: defaultdict[tuple[UUID | None, str], list[datetime]] = defaultdict(list)
    for customer, items, placed in orders:
        for item in items:
            if item.get("product"):
                found[customer, item["product"]].append(placed)
    return found
