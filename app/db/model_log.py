"""What models did, and what was measured of it, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from app.db import models
from app.db.database import Database
from app.services.ids import new_id
from app.services.model_health import Metric, Observed, Opinions

_COLUMNS = {
    "intent": (models.Message.intent_label, models.Message.intent_score),
    "sentiment": (models.Message.sentiment_label, models.Message.sentiment_score),
}


class SqlModelLog:
    """See app.services.model_health.ModelLog; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shops(self) -> Sequence[UUID]:
        """Return all shops."""
        async with self._database.read_session() as session:
            return list(await session.scalars(select(models.Shop.id).order_by(models.Shop.id)))

    async def observed(self, shop: UUID, task: str, start: datetime, end: datetime) -> Observed:
        """Count the customers' messages by label; the intents that people set are counted as corrected too."""
        label, score = _COLUMNS[task]
        within = (
            models.Message.shop_id == shop,
            models.Message.created_at >= start,
            models.Message.created_at < end,
            models.Message.sender_kind == "customer",
            label.is_not(None),
        )
        async with self._database.read_session() as session:
            rows = (await session.execute(select(label, func.count()).where(*within).group_by(label))).all()
            mean = await session.scalar(select(func.avg(score)).where(*within))
            corrected = await session.scalar(
                select(func.count())
                .select_from(models.Feedback)
                .join(models.Message, models.Message.id == models.Feedback.message_id)
                .where(*within)
            )
        counts = {str(name): int(count) for name, count in rows}
        return Observed(counts, None if mean is None else float(mean), int(corrected or 0))

    async def opinions(self, shop: UUID, start: datetime, end: datetime) -> Opinions:
        """Count finished answers of the bot, and the thumbs on them."""
        within = (
            models.Message.shop_id == shop,
            models.Message.created_at >= start,
            models.Message.created_at < end,
            models.Message.sender_kind == "bot",
        )
        async with self._database.read_session() as session:
            answers = await session.scalar(select(func.count()).select_from(models.Message).where(*within))
            thumbs = (
                await session.execute(
                    select(models.Feedback.value, func.count())
                    .join(models.Message, models.Message.id == models.Feedback.message_id)
                    .where(*within)
                    .group_by(models.Feedback.value)
                )
            ).all()
        counts = {str(value): int(count) for value, count in thumbs}
        return Opinions(int(answers or 0), counts.get("up", 0), counts.get("down", 0))

    async def keep(self, shop: UUID, metrics: Sequence[Metric]) -> None:
        """Store the values of a day; measured again, they replace the earlier ones."""
        if not metrics:
            return
        table = models.ModelMetric
        rows = [
            {
                "id": new_id(),
                "shop_id": shop,
                "task": one.task,
                "model": one.model,
                "metric": one.metric,
                "value": one.value,
                "detail": {},
                "at": one.at,
            }
            for one in metrics
        ]
        async with self._database.write_session() as session:
            days = {one.at for one in metrics}
            await session.execute(delete(table).where(table.shop_id == shop, table.at.in_(days)))
            await session.execute(insert(table), rows)
            await session.commit()

    async def metrics(self, shop: UUID, start: datetime, end: datetime) -> list[Metric]:
        """Return a shop's values, the oldest first."""
        table = models.ModelMetric
        query = (
            select(table)
            .where(table.shop_id == shop, table.at >= start, table.at < end)
            .order_by(table.at, table.task, table.metric)
        )
        async with self._database.read_session() as session:
            return [Metric(row.task, row.model, row.metric, row.value, row.at) for row in await session.scalars(query)]
