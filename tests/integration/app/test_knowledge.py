"""Search in a shop's catalogue as it changes: the real records, and the encoder asked no more than needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from app.services.answer.knowledge import CHECK_S, Hits, Knowledge
from app.services.imports import ArticleRow, ProductRow
from nlp.model_files import Vectors
from tests.integration.app.rig import Product, encoder

TENT = ProductRow(
    external_id="p1",
    title="Ridge Tent",
    description="Sleeps two people. It weighs 1.9 kilograms.",
    price=Decimal("129.90"),
    currency="EUR",
)
STOVE = ProductRow(
    external_id="p2", title="Gas Stove", description="Boils water in three minutes.", price=Decimal(40), currency="EUR"
)
RETURNS = ArticleRow(external_id="a1", title="Returns", body="Send it back within 30 days. We pay the postage.")


class Counted:
    """The encoder that ships; knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return encoder().encode(texts)


class Gated(Counted):
    """An encoder that encodes a catalogue when it is let, and tells when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.gate = threading.Event()

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.begun.set()
        if not self.gate.wait(30):
            raise TimeoutError("the gate stayed shut")
        return super().encode(texts)


class Shop:
    """One shop's knowledge under a clock that is turned by hand."""

    def __init__(self, rig: Product, counted: Counted | None = None) -> None:
        self.id: UUID = rig.mine.shop.id
        self.now = 0.0
        self.counted = counted or Counted()
        self.knowledge = Knowledge(rig.core.records, self.counted, lambda: self.now)

    async def ask(self, text: str) -> Hits:
        self.now += 2 * CHECK_S
        return await self.knowledge.search(self.id, text, encoder().encode([text])[0])


async def test_a_question_encodes_nothing_of_the_catalogue(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE, RETURNS])
    shop = Shop(rig)
    await shop.knowledge.warm(shop.id)
    shop.counted.asked.clear()
    hits = await shop.ask("how much does the tent weigh")
    assert hits.products[0].item.title == "Ridge Tent"
    assert "weighs 1.9 kilograms" in hits.sentences[hits.products[0].item.id].item
    assert hits.sentences[hits.articles[0].item.id].item
    assert shop.counted.asked == []


async def test_a_changed_product_costs_its_own_vectors_alone(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE, RETURNS])
    shop = Shop(rig)
    await shop.knowledge.warm(shop.id)
    shop.counted.asked.clear()
    changed = msgspec.structs.replace(TENT, description="Sleeps two people. The poles are made of aluminium.")
    await rig.core.imports.upsert(shop.id, [changed])
    hits = await shop.ask("what are the poles of the tent made of")
    assert "aluminium" in hits.sentences[hits.products[0].item.id].item
    assert len(shop.counted.asked) == 2  # the product's own vector, and that of its new sentence
    assert all("The poles are made of aluminium." in text for text in shop.counted.asked)


async def test_an_index_is_built_once_for_all_who_wait_and_outlives_who_gives_up(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE])
    encoder = Gated()
    shop = Shop(rig, encoder)
    waiting = [asyncio.create_task(shop.knowledge.names_kind(shop.id, "a tent")) for _ in range(3)]
    await asyncio.to_thread(encoder.begun.wait, 30)
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    late = asyncio.create_task(shop.knowledge.names_kind(shop.id, "a stove"))
    encoder.gate.set()
    assert await asyncio.gather(*waiting[1:], late) == [True, True, True]
    assert len(encoder.asked) == 2  # each product once


async def test_an_index_that_nobody_waits_for_any_more_is_kept(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE])
    encoder = Gated()
    shop = Shop(rig, encoder)
    first = asyncio.create_task(shop.knowledge.names_kind(shop.id, "a tent"))
    await asyncio.to_thread(encoder.begun.wait, 30)
    first.cancel()
    await asyncio.wait([first])
    encoder.gate.set()
    assert (await shop.ask("a tent")).products
    assert len([text for text in encoder.asked if "Ridge Tent" in text]) == 1


async def test_closing_ends_a_build(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT])
    encoder = Gated()
    shop = Shop(rig, encoder)
    waiting = asyncio.create_task(shop.knowledge.names_kind(shop.id, "a tent"))
    await asyncio.to_thread(encoder.begun.wait, 30)
    await shop.knowledge.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    encoder.gate.set()
