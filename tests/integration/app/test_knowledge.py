"""Search in a shop's catalogue as it changes: the real records, and the encoder asked no more than needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec

from app.services.answer.knowledge import CHECK_S, PATIENCE_S, Hits, Knowledge
from app.services.answer.searching import SEARCH_HIT
from app.services.answer.shared_work import StoppedError
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


IMPATIENT_S = 0.05


class Counted:
    """The encoder that ships; knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return encoder().encode(texts)


class Gated(Counted):
    """An encoder that encodes whole products when it is let, and tells when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.whole: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        whole = [text for text in texts if text.startswith((TENT.title, STOVE.title))]
        if whole:
            self.begun.set()
            if not self.gate.wait(30):
                raise TimeoutError("the gate stayed shut")
            self.whole += whole
        return super().encode(texts)


class Shop:
    """One shop's knowledge under a clock that is turned by hand."""

    def __init__(
        self,
        rig: Product,
        counted: Counted | None = None,
        vectors: Path | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.id: UUID = rig.mine.shop.id
        self.now = 0.0
        self.counted = counted or Counted()
        self.knowledge = Knowledge(
            rig.core.records, self.counted, lambda: self.now, vectors=vectors, patience_s=patience_s
        )

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


async def test_of_two_kinds_that_do_not_meet_the_noun_looked_for_is_meant(rig: Product) -> None:
    lights = ProductRow(
        external_id="p3", title="String Lights", description="Ten metres.", price=Decimal(24), currency="EUR"
    )
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE, lights])
    shop = Shop(rig)
    for text, title in [
        ("do you have a light tent?", "Ridge Tent"),
        ("a light for my tent", "String Lights"),
        ("a tent with light", "Ridge Tent"),
        ("stove or tent?", "Gas Stove"),
    ]:
        assert [hit.item.title for hit in (await shop.ask(text)).of_kind] == [title], text


async def test_a_title_or_a_kind_alone_names_a_product(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE])
    shop = Shop(rig)
    named = {text: await shop.knowledge.names_product(shop.id, text) for text in (
        "the ridge", "the gas stove", "your tents", "the ridge stove hinge", "red", "the", ""
    )}  # fmt: skip
    assert [text for text, is_so in named.items() if is_so] == ["the ridge", "the gas stove", "your tents"]


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
    await shop.knowledge.warm(shop.id)
    assert sorted(text.partition(".")[0] for text in encoder.whole) == ["Gas Stove", "Ridge Tent"]


async def test_an_index_that_nobody_waits_for_any_more_is_kept(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE])
    encoder = Gated()
    shop = Shop(rig, encoder)
    first = asyncio.create_task(shop.knowledge.names_kind(shop.id, "a tent"))
    await asyncio.to_thread(encoder.begun.wait, 30)
    first.cancel()
    await asyncio.wait([first])
    encoder.gate.set()
    await shop.knowledge.warm(shop.id)
    assert (await shop.ask("a tent")).products
    assert len([text for text in encoder.whole if "Ridge Tent" in text]) == 1


async def test_closing_ends_a_build_and_begins_no_other(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT])
    encoder = Gated()
    shop = Shop(rig, encoder, patience_s=300)
    waiting = asyncio.create_task(shop.knowledge.names_kind(shop.id, "a tent"))
    await asyncio.to_thread(encoder.begun.wait, 30)
    await shop.knowledge.aclose()
    await asyncio.wait([waiting])
    assert waiting.cancelled() or isinstance(waiting.exception(), StoppedError)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("index-")]
    encoder.gate.set()


async def test_a_shop_without_an_index_yet_is_searched_by_words(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE, RETURNS])
    encoder = Gated()
    shop = Shop(rig, encoder, patience_s=IMPATIENT_S)
    warming = asyncio.create_task(shop.knowledge.warm(shop.id))
    await asyncio.to_thread(encoder.begun.wait, 30)
    hits = await shop.ask("do you have a ridge tent")
    assert hits.products[0].item.title == "Ridge Tent"
    assert hits.products[0].score > SEARCH_HIT
    encoder.gate.set()
    await warming
    assert (await shop.ask("something to sleep in")).products[0].item.title == "Ridge Tent"


async def test_a_changed_catalogue_is_searched_as_it_was_until_its_index_is_built(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT])
    encoder = Gated()
    encoder.gate.set()
    shop = Shop(rig, encoder, patience_s=IMPATIENT_S)
    await shop.knowledge.warm(shop.id)
    encoder.gate.clear()
    encoder.begun.clear()
    await rig.core.imports.upsert(shop.id, [STOVE])
    assert [found.item.title for found in (await shop.ask("a gas stove")).products] == ["Ridge Tent"]
    await asyncio.to_thread(encoder.begun.wait, 30)
    encoder.gate.set()
    await shop.knowledge.warm(shop.id)
    assert (await shop.ask("a gas stove")).products[0].item.title == "Gas Stove"


async def test_a_worker_that_starts_again_finds_the_vectors_of_the_one_before(rig: Product, tmp_path: Path) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT, STOVE, RETURNS])
    for asked in (True, False):
        shop = Shop(rig, vectors=tmp_path / "vectors.safetensors")
        await shop.knowledge.warm(shop.id)
        assert bool(shop.counted.asked) is asked
        assert (await shop.ask("a tent")).products[0].item.title == "Ridge Tent"
