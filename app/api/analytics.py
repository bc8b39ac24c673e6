"""Statistics of a shop's conversations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct, field

from app.api.operation import Call, Handler, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.services.analytics import Dimension, Interval, Stats
from app.services.model_health import Metric

TAG = "analytics"
DEFAULT_DAYS = 7
MAX_DAYS = 400
MAX_HOURLY_DAYS = 31

When = Annotated[str, Meta(description="RFC 3339 time, or a date, which begins at midnight UTC", max_length=40)]


class Period(Struct, frozen=True):
    """From (inclusive) and to (exclusive), RFC 3339 or a date; the last seven days when left out."""

    start: When | None = field(default=None, name="from")
    end: When | None = field(default=None, name="to")
    interval: Interval = Interval.DAY


class ModelMetrics(Struct, frozen=True):
    """Values of whole days, the oldest first."""

    metrics: list[Metric]


def _stats_of(dimension: Dimension) -> Handler:
    async def stats(call: Call) -> Stats:
        period: Period = call.query
        start, end = times_of(period)
        return await call.context.analytics.stats(call.staff.shop, dimension, start, end, period.interval)

    stats.__name__ = f"{dimension.value}_stats"
    return stats


async def model_metrics(call: Call) -> ModelMetrics:
    """Return what was measured of the models, day by day: confidence, drift, corrections, liked answers."""
    start, end = times_of(call.query)
    return ModelMetrics(list(await call.context.model_log.metrics(call.staff.shop, start, end)))


def times_of(period: Period) -> tuple[datetime, datetime]:
    """Return from and to.

    Raises: Problem 422.
    """
    try:
        end = _utc("to", period.end) or datetime.now(UTC)
        start = _utc("from", period.start) or end - timedelta(days=DEFAULT_DAYS)
    except OverflowError:
        raise Problem(422, "bad_request", "`from` and `to` must be in the years 2 to 9998") from None
    most = MAX_HOURLY_DAYS if period.interval is Interval.HOUR else MAX_DAYS
    if not timedelta(0) < end - start <= timedelta(days=most):
        raise Problem(422, "bad_request", f"`from` must be before `to`, by at most {most} days with this interval")
    return start, end


def _utc(name: str, text: str | None) -> datetime | None:
    """Read a time or date.

    Raises: Problem 422; OverflowError at the ends of the calendar.
    """
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text.replace(" ", "+"))  # an unescaped + of a zone arrives as a space
    except ValueError:
        raise Problem(422, "bad_request", f"`{name}` is no RFC 3339 time or date, such as 2026-11-20") from None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


OPERATIONS = (
    Operation(
        "GET",
        "/api/analytics/model_metrics/",
        model_metrics,
        "How the models fare, day by day",
        TAG,
        Permission.READ_ANALYTICS,
        query=Period,
        response=ModelMetrics,
    ),
    *(
        Operation(
            "GET",
            f"/api/analytics/{dimension.value}_stats/",
            _stats_of(dimension),
            f"Customer messages by {dimension.value}",
            TAG,
            Permission.READ_ANALYTICS,
            query=Period,
            response=Stats,
        )
        for dimension in Dimension
    ),
)
