"""Recommenders of shops: trained when first needed, kept on disk, never showing what is sold out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from app.db import models
from app.db.interactions import SqlInteractions
from app.domain.job import ClaimedJob, Lane
from app.services.child_process import ModuleFailedError
from app.services.ids import new_id
from app.services.imports import CustomerRow, ItemRow, OrderRow, ProductRow
from app.services.recommending import TRAIN_KIND, ShopRecommenders, TrainingData
from tests.integration.app.rig import Product

PRODUCTS = 20


class CountedInteractions(SqlInteractions):
    """The real reads, counted: each is one training."""

    trainings = 0

    async def training_data(self, shop: UUID) -> TrainingData:
        self.trainings += 1
        return await super().training_data(shop)


@pytest.fixture
def interactions(rig: Product) -> CountedInteractions:
    return CountedInteractions(rig.core.database)


def recommenders(rig: Product, interactions: CountedInteractions) -> ShopRecommenders:
    return ShopRecommenders(interactions, rig.core.records, rig.settings.var_dir / "recommenders")


async def stock_up(rig: Product) -> dict[str, UUID]:
    """Give the shop products and a history in which low numbers are bought together; return ids by external id."""
    shop = rig.mine.shop.id
    goods = [
        ProductRow(external_id=f"p{number}", title=f"Product {number}", price=Decimal(5), currency="EUR", stock=3)
        for number in range(PRODUCTS)
    ]
    await rig.core.imports.upsert(shop, goods)
    await rig.core.imports.upsert(shop, [CustomerRow(external_id=f"c{number}") for number in range(12)])
    history = [
        (f"c{customer}", f"p{product}", "purchase", product)
        for customer in range(12)
        for product in range(PRODUCTS - customer)
    ]
    await rig.core.shops.add_history(shop, history)
    return {row.external_id: row.id for row in await rig.rows(models.Product)}


async def ask(
    found: ShopRecommenders, rig: Product, *, page: UUID | None = None, exclude: set[UUID] | None = None
) -> list[str]:
    shown = await found.recommend(rig.mine.shop.id, customer=None, page_product=page, exclude=exclude or set())
    assert all(one.reason for one in shown)
    return [one.product.external_id for one in shown]


async def sell_out(rig: Product, *external_ids: str) -> None:
    async with rig.core.database.write_session() as session:
        await session.execute(
            update(models.Product).where(models.Product.external_id.in_(external_ids)).values(stock=0)
        )
        await session.commit()


async def test_it_is_trained_at_first_need_and_read_from_disk_after(
    rig: Product, interactions: CountedInteractions
) -> None:
    await stock_up(rig)
    first = recommenders(rig, interactions)
    shown = await asyncio.gather(*(ask(first, rig) for _ in range(4)))
    assert interactions.trainings == 1
    assert len(shown[0]) == 3
    restarted = recommenders(rig, interactions)
    assert await ask(restarted, rig) == shown[0]
    assert interactions.trainings == 1


async def test_a_file_that_cannot_be_read_is_trained_anew(rig: Product, interactions: CountedInteractions) -> None:
    await stock_up(rig)
    shown = await ask(recommenders(rig, interactions), rig)
    (file,) = (rig.settings.var_dir / "recommenders").glob("*.safetensors")
    for content in (b"", b"nonsense", file.read_bytes()[:100]):
        file.write_bytes(content)
        assert await ask(recommenders(rig, interactions), rig) == shown
    assert interactions.trainings == 4


async def test_what_is_sold_out_or_gone_is_not_shown(rig: Product, interactions: CountedInteractions) -> None:
    ids = await stock_up(rig)
    found = recommenders(rig, interactions)
    best = await ask(found, rig, page=ids["p1"], exclude={ids["p1"]})
    assert "p1" not in best
    await sell_out(rig, best[0])
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Product).where(models.Product.external_id == best[1]).values(active=False))
        await session.commit()
    after = await ask(found, rig, page=ids["p1"], exclude={ids["p1"]})
    assert len(after) == 3
    assert best[0] not in after
    assert best[1] not in after


async def test_the_last_products_in_stock_are_found(rig: Product, interactions: CountedInteractions) -> None:
    await stock_up(rig)
    found = recommenders(rig, interactions)
    await ask(found, rig)
    left = {"p17", "p18", "p19"}  # the least bought
    await sell_out(rig, *(f"p{number}" for number in range(PRODUCTS) if f"p{number}" not in left))
    assert set(await ask(found, rig)) == left


async def test_a_shop_without_products_recommends_nothing(rig: Product, interactions: CountedInteractions) -> None:
    assert await ask(recommenders(rig, interactions), rig) == []


async def test_another_shops_products_are_not_shown(rig: Product, interactions: CountedInteractions) -> None:
    await stock_up(rig)
    found = recommenders(rig, interactions)
    shown = await found.recommend(rig.other.shop.id, customer=None, page_product=None, exclude=set())
    assert list(shown) == []


async def test_training_in_a_process_of_its_own_goes_on_and_is_seen_by_other_workers(
    rig: Product, interactions: CountedInteractions
) -> None:
    await stock_up(rig)
    mine, another = recommenders(rig, interactions), recommenders(rig, interactions)
    await ask(another, rig)
    first = await mine.train(rig.mine.shop.id)
    second = await mine.train(rig.mine.shop.id)
    assert first.algorithm == second.algorithm == "lightfm-warp"
    assert first.version != second.version  # it went on: the same data alone gives the same model
    await ask(another, rig)
    assert (await another.current(rig.mine.shop.id)).version == second.version
    folder = rig.settings.var_dir / "recommenders"
    assert sorted(path.suffix for path in folder.iterdir()) == [".safetensors", ".state"]


async def test_at_night_what_is_old_is_trained_and_what_is_new_is_not(
    rig: Product, interactions: CountedInteractions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stock_up(rig)
    found = recommenders(rig, interactions)
    await ask(found, rig)
    lease = datetime.now(UTC)
    job = ClaimedJob(new_id(), Lane.TRAIN, TRAIN_KIND, "night", None, None, None, {}, 1, 1, 1, lease)
    await found.train_all(job)
    assert interactions.trainings == 1
    monkeypatch.setattr("app.services.recommending.FRESH_S", 0)
    await found.train_all(job)
    assert interactions.trainings == 2


async def test_a_training_that_fails_leaves_the_model_in_use(
    rig: Product, interactions: CountedInteractions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stock_up(rig)
    found = recommenders(rig, interactions)
    shown = await ask(found, rig)
    monkeypatch.setattr("app.services.recommending.PROCESS", "nlp.no_such_module")
    with pytest.raises(ModuleFailedError):
        await found.train(rig.mine.shop.id)
    assert await ask(found, rig) == shown


async def test_purchases_of_orders_are_learnt_from(rig: Product) -> None:
    ids = await stock_up(rig)
    shop = rig.mine.shop.id
    before = await SqlInteractions(rig.core.database).training_data(shop)
    order = OrderRow(
        number="#1", status="shipped", placed_at=datetime(2026, 11, 1, tzinfo=UTC), total=Decimal(5), currency="EUR",
        customer="c11", items=[ItemRow(title="Product 19", quantity=1, external_id="p19")],
    )  # fmt: skip
    await rig.core.imports.upsert(shop, [order])
    after = await SqlInteractions(rig.core.database).training_data(shop)
    (new,) = after.interactions[len(before.interactions) :]
    assert (new.item_id, new.bought) == (str(ids["p19"]), True)


async def test_what_was_ordered_since_the_training_is_not_shown_unless_it_is_used_up(
    rig: Product, interactions: CountedInteractions
) -> None:
    await stock_up(rig)
    shop = rig.mine.shop.id
    found = recommenders(rig, interactions)
    (customer,) = [row.id for row in await rig.rows(models.Customer, external_id="c11")]

    async def shown() -> list[str]:
        some = await found.recommend(shop, customer=customer, page_product=None, exclude=set())
        return [one.product.external_id for one in some]

    async def buy(product: str, status: str) -> None:
        order = OrderRow(
            number=f"#{product}", status=status, placed_at=datetime(2026, 11, 1, tzinfo=UTC), total=Decimal(5),
            currency="EUR", customer="c11", items=[ItemRow(title=product, quantity=1, external_id=product)],
        )  # fmt: skip
        await rig.core.imports.upsert(shop, [order])

    first, second, third = await shown()
    await buy(first, "shipped")
    await buy(second, "cancelled")
    used_up = ProductRow(external_id=third, title="Refill", price=Decimal(5), currency="EUR", stock=3, consumable=True)
    await rig.core.imports.upsert(shop, [used_up])
    await buy(third, "delivered")
    after = await shown()
    assert first not in after
    assert {second, third} <= set(after)


async def test_what_others_share_is_a_feature_of_products_and_customers(rig: Product) -> None:
    shop = rig.mine.shop.id
    goods = ProductRow(
        external_id="p1", title="Wool Hat", price=Decimal("29.90"), currency="EUR", category="Hats",
        tags=["warm", "warm"], colours=["grey"], material="wool",
    )  # fmt: skip
    await rig.core.imports.upsert(shop, [goods, CustomerRow(external_id="c1"), CustomerRow(external_id="c2")])
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Customer).where(models.Customer.external_id == "c1").values(locale="de_AT"))
        await session.commit()
    await rig.core.shops.add_history(shop, [("c1", "p1", "purchase", 1), ("c2", "p1", "view", 2)])
    data = await SqlInteractions(rig.core.database).training_data(shop)
    assert data.items[0].features == ("category:Hats", "tag:warm", "colour:grey", "material:wool", "price:12")
    assert sorted(user.features for user in data.users) == [(), ("language:de",)]


async def test_a_shop_of_one_product_and_no_order_recommends_it_alone(
    rig: Product, interactions: CountedInteractions
) -> None:
    only = ProductRow(external_id="p1", title="Tent", price=Decimal(5), currency="EUR", stock=1)
    await rig.core.imports.upsert(rig.mine.shop.id, [only])
    found = recommenders(rig, interactions)
    assert await ask(found, rig) == ["p1"]
    (product,) = [row.id for row in await rig.rows(models.Product)]
    assert await ask(found, rig, page=product) == []
    trained = await found.train(rig.mine.shop.id)
    assert trained.algorithm == "popularity"
    assert await ask(found, rig) == ["p1"]


async def test_a_first_model_is_kept_when_who_asked_for_it_gives_up(
    rig: Product, interactions: CountedInteractions
) -> None:
    await stock_up(rig)
    found = recommenders(rig, interactions)
    asked, may = asyncio.Event(), asyncio.Event()
    reads = interactions.training_data

    async def held(shop: UUID) -> TrainingData:
        asked.set()
        await may.wait()
        return await reads(shop)

    interactions.training_data = held  # type: ignore[method-assign]
    first = asyncio.create_task(ask(found, rig))
    await asked.wait()
    first.cancel()
    await asyncio.wait([first])
    may.set()
    assert len(await ask(found, rig)) == 3
    assert interactions.trainings == 1
