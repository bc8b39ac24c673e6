"""Recommendations for an answer: one model per shop, trained from its interactions, loaded when first needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.domain.catalogue import Product


@dataclass(frozen=True, slots=True)
class Recommended:
    """A product to show, with the reason in words."""

    product: Product
    reason: str
    score: float


class Recommenders(Protocol):
    """Recommends products of a shop."""

    async def recommend(
        self,
        shop: UUID,
        *,
        customer: UUID | None,
        page_product: UUID | None,
        exclude: Collection[UUID],
    ) -> Sequence[Recommended]:
        """Return up to three products in stock, best first; `customer` None is an unknown visitor."""
