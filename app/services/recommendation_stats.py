"""What came of the products that were shown with answers: looked at, and bought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct

ATTRIBUTION = timedelta(days=7)
"""An order counts for a click when it was placed within this time after it."""


OPENINGS = ("because you bought", "matches your search", "often bought with", "similar to")
"""How reasons begin that name a product or a kind of products after it."""


def kind_of(reason: str | None) -> str:
    """Return a reason without what it names."""
    if not reason:
        return "unknown"
    return next((opening for opening in OPENINGS if reason.startswith(opening)), reason)


class RecommendationCounts(Struct, frozen=True):
    """Products shown, those of them that were opened, and those that were then ordered."""

    shown: int = 0
    clicked: int = 0
    ordered: int = 0


class RecommendationStats(Struct, frozen=True):
    """Of what was shown in a period, in all, by the kind of reason that was given, and by channel."""

    total: RecommendationCounts
    by_reason: dict[str, RecommendationCounts]
    by_channel: dict[str, RecommendationCounts]
    attribution_days: int = ATTRIBUTION.days


class Recommendations(Protocol):
    """Follows what was recommended."""

    async def click(self, recommendation: UUID) -> bool:
        """Note that a product shown was opened, once; false when there is no such recommendation."""

    async def page_of(self, recommendation: UUID) -> str | None:
        """Return the page of the product that was shown, as the shop has it now."""

    async def stats(self, shop: UUID, start: datetime, end: datetime) -> RecommendationStats:
        """Count what was shown from `start` to before `end`."""
