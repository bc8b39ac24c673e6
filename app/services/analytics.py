"""What the analytics dashboards show, as data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class Dimension(StrEnum):
    """What messages are counted by."""

    INTENT = "intent"
    SENTIMENT = "sentiment"
    CHANNEL = "channel"


class Interval(StrEnum):
    """Length of a bucket, in UTC."""

    HOUR = "hour"
    DAY = "day"


class Bucket(Struct, frozen=True):
    """Counts of one interval that begins at `at`; empty intervals are left out."""

    at: datetime
    counts: dict[str, int]


class Stats(Struct, frozen=True):
    """Messages by label, most frequent first, and over time."""

    total: int
    counts: dict[str, int]
    series: list[Bucket]


class Analytics(Protocol):
    """Reads statistics of one shop."""

    async def stats(
        self, shop: UUID, dimension: Dimension, start: datetime, end: datetime, interval: Interval
    ) -> Stats: ...
