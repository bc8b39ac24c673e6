"""Counts and series of customer messages: by intent, by sentiment, by channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.db import models
from app.db.base import UtcDateTime
from app.db.database import Database
from app.services.analytics import Bucket, Dimension, Interval, Stats

_COLUMNS: dict[Dimension, InstrumentedAttribute[str] | InstrumentedAttribute[str | None]] = {
    Dimension.INTENT: models.Message.intent_label,
    Dimension.SENTIMENT: models.Message.sentiment_label,
    Dimension.CHANNEL: models.Conversation.channel,
}
_SQLITE_FORMAT = {
    Interval.HOUR: "%Y-%m-%d %H:00:00.000000",
    Interval.DAY: "%Y-%m-%d 00:00:00.000000",
}


class SqlAnalytics:
    """Aggregates over the messages table by its (shop, created_at) index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stats(
        self, shop: UUID, dimension: Dimension, start: datetime, end: datetime, interval: Interval
    ) -> Stats:
        """Count the customers' messages with `start` <= created < `end`, in UTC buckets."""
        label = _COLUMNS[dimension]
        bucket = self._bucket(interval)
        query = (
            select(bucket, label, func.count())
            .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
            .where(
                models.Message.shop_id == shop,
                models.Message.created_at >= start,
                models.Message.created_at < end,
                models.Message.sender_kind == "customer",
                label.is_not(None),
            )
            .group_by(bucket, label)
            .order_by(bucket)
        )
        async with self._database.read_session() as session:
            rows = [(at, str(name), int(count)) for at, name, count in (await session.execute(query)).all()]
        return _fold(rows)

    def _bucket(self, interval: Interval) -> ColumnElement[datetime]:
        column = models.Message.created_at
        if self._database.is_sqlite:
            return func.strftime(_SQLITE_FORMAT[interval], column, type_=UtcDateTime())
        return func.date_trunc(interval.value, column, "UTC", type_=UtcDateTime())


def _fold(rows: Sequence[tuple[datetime, str, int]]) -> Stats:
    counts: Counter[str] = Counter()
    series: dict[datetime, dict[str, int]] = {}
    for at, name, count in rows:
        counts[name] += count
        series.setdefault(at, {})[name] = count
    return Stats(
        total=counts.total(),
        counts=dict(counts.most_common()),
        series=[Bucket(at=at, counts=values) for at, values in series.items()],
    )
