"""Recommenders of the shops: trained from interactions when first needed and nightly, kept in the var folder."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

import structlog

from app.domain.job import ClaimedJob
from app.services.answer.ports import Records
from app.services.answer.recommend import Recommended
from nlp.encoder import ModelFilesError
from nlp.recommender import Recommender
from nlp.recommender_file import load_recommender, save_recommender
from nlp.training.recommender import Interaction, Item, User, train_recommender

log = structlog.get_logger(__name__)

SHOWN = 3
LOOKED_AT = (9, 90)  # of the best, until enough are in stock
TRAIN_KIND = "train_recommenders"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a recommender is trained on."""

    interactions: Sequence[Interaction]
    items: Sequence[Item]
    users: Sequence[User]


class Interactions(Protocol):
    """Reads what customers did."""

    async def training_data(self, shop: UUID) -> TrainingData: ...


class ShopRecommenders:
    """One recommender per shop, loaded or trained when first asked for."""

    def __init__(self, interactions: Interactions, records: Records, folder: Path) -> None:
        self._interactions = interactions
        self._records = records
        self._folder = folder
        self._loaded: dict[UUID, Recommender] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}

    async def recommend(
        self,
        shop: UUID,
        *,
        customer: UUID | None,
        page_product: UUID | None,
        exclude: Collection[UUID],
    ) -> Sequence[Recommended]:
        """Return up to three products that are in stock now, best first."""
        recommender = await self._recommender(shop)
        shown: list[Recommended] = []
        for count in LOOKED_AT:
            ranked = recommender.recommend(
                str(customer) if customer is not None else None,
                str(page_product) if page_product is not None else None,
                exclude=[str(product) for product in exclude],
                k=count,
            )
            reasons = {UUID(one.product_id): one for one in ranked}
            products = await self._records.products(shop, list(reasons))
            in_stock = [product for product in products if product.stock > 0][:SHOWN]
            shown = [Recommended(one, reasons[one.id].reason, reasons[one.id].score) for one in in_stock]
            if len(shown) == SHOWN or len(ranked) < count:
                break
        return shown

    async def warm(self, shop: UUID) -> None:
        """Load or train a shop's recommender now."""
        await self._recommender(shop)

    async def train(self, shop: UUID) -> Recommender:
        """Train a shop's recommender anew and use it from now on."""
        data = await self._interactions.training_data(shop)
        path = self._path(shop)

        def run() -> Recommender:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_recommender(train_recommender(data.interactions, data.items, data.users), path)
            return load_recommender(path)

        self._loaded[shop] = await asyncio.to_thread(run)
        log.info("recommender trained", action="recommender_trained", shop=str(shop), items=len(data.items))
        return self._loaded[shop]

    async def train_all(self, job: ClaimedJob) -> None:
        """Train the recommenders of all shops this worker has loaded."""
        for shop in list(self._loaded):
            await self.train(shop)

    def _path(self, shop: UUID) -> Path:
        return self._folder / f"{shop}.safetensors"

    async def _recommender(self, shop: UUID) -> Recommender:
        async with self._locks.setdefault(shop, asyncio.Lock()):
            known = self._loaded.get(shop)
            if known is not None:
                return known
            try:
                self._loaded[shop] = await asyncio.to_thread(load_recommender, self._path(shop))
            except ModelFilesError:
                return await self.train(shop)
            return self._loaded[shop]
