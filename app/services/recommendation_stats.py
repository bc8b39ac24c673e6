"""What came of the products that were shown with answers: looked at, and bought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct

ATTRIBUTION = timedelta(days=7)
"""An order counts for a click when it was placed within this time after it."""


class RecommendationCounts(Struct, frozen=True):
    """Products shown, those of them that were opened, and those that were then ordered."""

    shown: int = 0
    clicked: int = 0
    ordered: int = 0


class RecommendationStats(Struct, frozen=True):
    """Of what was shown in a period, in all and by the reason that was given."""

    total: RecommendationCounts
    by_reason: dict[str, RecommendationCounts]
    attribution_days: int = ATTRIBUTION.days


class Recommendations(Protocol):
    """Follows what was recommended."""

    async def click(self, recommendation: UUID) -> bool:
        """Note that a product shown was opened, once; false when there is no such recommendation."""

    async def stats(self, shop: UUID, start: datetime, end: datetime) -> RecommendationStats:
        """Count what was shown from `start` to before `end`."""
