"""Recommenders of the shops: trained from interactions when first needed and nightly, kept in the var folder."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from app.domain.job import ClaimedJob
from app.services.answer.ports import Records
from app.services.answer.recommend import Recommended
from app.services.answer.shared_work import SharedWork
from app.services.child_process import ModuleFailedError, run_module
from nlp.encoder import ModelFilesError
from nlp.recommender import Recommender
from nlp.recommender_file import load_recommender, save_recommender
from nlp.training.recommender import Interaction, Item, User, train_recommender

log = structlog.get_logger(__name__)

SHOWN = 3
FRESH_S = 6 * 3600  # a model that is younger than this needs no nightly training
LOOKED_AT = (9, 90)  # of the best, until enough are in stock
NOT_KEPT = frozenset({"cancelled", "returned", "refunded"})  # orders whose products may be shown again
TRAIN_KIND = "train_recommenders"
PROCESS = "nlp.training.recommender_process"


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
        self._loaded: dict[UUID, _Loaded] = {}
        self._making = SharedWork("recommender", self._renew)

    async def recommend(
        self,
        shop: UUID,
        *,
        customer: UUID | None,
        page_product: UUID | None,
        exclude: Collection[UUID],
    ) -> Sequence[Recommended]:
        """Return up to three products that are in stock now, best first."""
        recommender = await self.current(shop)
        owned = await self._ordered(shop, customer) if customer is not None else frozenset()
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
            in_stock = [one for one in products if one.stock > 0 and (one.consumable or one.id not in owned)][:SHOWN]
            shown = [Recommended(one, reasons[one.id].reason, reasons[one.id].score) for one in in_stock]
            if len(shown) == SHOWN or len(ranked) < count:
                break
        return shown

    async def _ordered(self, shop: UUID, customer: UUID) -> frozenset[UUID]:
        """Return what a customer ordered lately: the model knows of orders up to its last training."""
        orders = await self._records.orders(shop, customer)
        kept = [order for order in orders if order.state not in NOT_KEPT]
        return frozenset(item.product_id for order in kept for item in order.items if item.product_id is not None)

    async def warm(self, shop: UUID) -> None:
        """Load or train a shop's recommender now."""
        await self.current(shop)

    async def train(self, shop: UUID) -> Recommender:
        """Train a shop's recommender in a process of its own, from where the last training ended, and use it from now.

        Raises: ModuleFailedError; the one in use stays.
        """
        data = await self._interactions.training_data(shop)
        path, state = self._path(shop), self._path(shop).with_suffix(".state")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            job = Path(folder) / "job.json"
            await asyncio.to_thread(job.write_bytes, msgspec.json.encode(data))
            await run_module(PROCESS, str(job), str(path), str(state))
        self._loaded[shop] = await asyncio.to_thread(_Loaded.read, path)
        log.info("recommender trained", action="recommender_trained", shop=str(shop), items=len(data.items))
        return self._loaded[shop].recommender

    async def train_all(self, job: ClaimedJob) -> None:
        """Train the recommenders of all shops that have one.

        Raises: ModuleFailedError after the others were trained.
        """
        failed: ModuleFailedError | None = None
        for path in sorted(self._folder.glob("*.safetensors")):
            if time.time_ns() - _written_at(path) < FRESH_S * 10**9:
                continue  # another worker did, or it is new
            try:
                await self.train(UUID(path.stem))
            except ModuleFailedError as error:
                log.warning("recommender not trained", action="recommender_failed", shop=path.stem)
                failed = error
        if failed is not None:
            raise failed

    def _path(self, shop: UUID) -> Path:
        return self._folder / f"{shop}.safetensors"

    async def current(self, shop: UUID) -> Recommender:
        """Return the newest model on disk, which another worker may have written; the first one is made here."""
        known = self._loaded.get(shop)
        if known is not None and known.written_at == _written_at(self._path(shop)):
            return known.recommender
        return await self._making.result(shop)

    async def aclose(self) -> None:
        """End the making of models."""
        await self._making.aclose()

    async def _renew(self, shop: UUID) -> Recommender:
        path = self._path(shop)
        try:
            self._loaded[shop] = await asyncio.to_thread(_Loaded.read, path)
        except ModelFilesError:
            data = await self._interactions.training_data(shop)
            self._loaded[shop] = await asyncio.to_thread(_make, data, path)
        return self._loaded[shop].recommender


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model in memory, and when its file was written."""

    recommender: Recommender
    written_at: int

    @classmethod
    def read(cls, path: Path) -> _Loaded:
        written_at = _written_at(path)
        return cls(load_recommender(path), written_at)


def _written_at(path: Path) -> int:
    """When the file was written, in nanoseconds; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _make(data: TrainingData, path: Path) -> _Loaded:
    save_recommender(train_recommender(data.interactions, data.items, data.users), path)
    return _Loaded.read(path)
