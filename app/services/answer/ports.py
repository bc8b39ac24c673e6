"""What the answer pipeline needs from the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.domain.catalogue import Article, CustomerView, Order, Product, ShopProfile


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is searched: active products and published articles of one shop."""

    products: Sequence[Product]
    articles: Sequence[Article]


class Records(Protocol):
    """The shop's records, read fresh for every answer."""

    async def profile(self, shop: UUID) -> ShopProfile: ...

    async def customer(self, shop: UUID, customer: UUID, *, verified: bool) -> CustomerView: ...

    async def orders(self, shop: UUID, customer: UUID, limit: int = 20) -> Sequence[Order]: ...

    async def proven_order(self, shop: UUID, number: str, email: str) -> Order | None: ...

    async def catalogue_version(self, shop: UUID) -> str: ...

    async def catalogue(self, shop: UUID) -> Catalogue: ...

    async def products(self, shop: UUID, ids: Sequence[UUID]) -> Sequence[Product]: ...


class Attempts(Protocol):
    """A limit on guessing order numbers."""

    async def allow(self, key: str) -> bool:
        """Count one attempt under `key`; false once there were too many in the window."""
