"""Imported rows in the database: made, replaced, linked, all or none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.db import models
from app.services.imports import (
    ArticleRow,
    CustomerRow,
    ImportConflictError,
    ImportResult,
    ItemRow,
    OrderRow,
    ProductRow,
    parse_rows,
)
from tests.integration.app.rig import Product

TENT = ProductRow(external_id="p1", title="Tent", price=Decimal("129.90"), currency="EUR")


def order(**changes: Any) -> OrderRow:
    values: dict[str, Any] = {
        "number": "1042",
        "status": "shipped",
        "placed_at": datetime(2026, 11, 20, 10, tzinfo=UTC),
        "total": Decimal("259.80"),
        "currency": "EUR",
        "customer": "cust_1",
        "email": "Ana@Shop.TEST",
        "items": [ItemRow(title="Tent", quantity=2, external_id="p1", price=Decimal("129.90"))],
    }
    return OrderRow(**{**values, **changes})


async def test_rows_of_a_known_id_replace_the_record(rig: Product) -> None:
    shop = rig.mine.shop.id
    first = ProductRow(
        external_id="p1",
        title="Old tent",
        price=Decimal("99"),
        currency="EUR",
        old_price=Decimal("150"),
        sizes=["S", "M"],
        tags=["green"],
        material="canvas",
        restock=date(2026, 12, 1),
        stock=0,
    )
    assert await rig.core.imports.upsert(shop, [first]) == ImportResult(created=1, updated=0)
    (before,) = await rig.rows(models.Product)
    assert before.attributes == {
        "sizes": ["S", "M"],
        "material": "canvas",
        "restock": "2026-12-01",
        "old_price_minor": 15_000,
    }
    more = ProductRow(external_id="p2", title="Cup", price=Decimal("9"), currency="EUR")
    assert await rig.core.imports.upsert(shop, [TENT, more]) == ImportResult(created=1, updated=1)
    after = {row.external_id: row for row in await rig.rows(models.Product)}
    assert (after["p1"].id, after["p1"].title, after["p1"].price_minor) == (before.id, "Tent", 12_990)
    assert (after["p1"].attributes, after["p1"].tags, after["p1"].stock) == ({}, [], None)


async def test_shops_do_not_share_ids(rig: Product) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [TENT])
    assert (await rig.core.imports.upsert(rig.other.shop.id, [TENT])).created == 1
    assert len(await rig.rows(models.Product, external_id="p1")) == 2


async def test_orders_find_their_customer_and_products(rig: Product) -> None:
    shop = rig.mine.shop.id
    await rig.core.imports.upsert(rig.other.shop.id, [CustomerRow(external_id="cust_1")])
    assert await rig.core.imports.upsert(shop, [order()]) == ImportResult(created=1, updated=0, unlinked=1)
    (lonely,) = await rig.rows(models.Order)
    assert (lonely.customer_id, lonely.items[0]["product"]) == (None, None)

    await rig.core.imports.upsert(shop, [CustomerRow(external_id="cust_1", name="Ana", email="Ana@Shop.test")])
    await rig.core.imports.upsert(shop, [TENT])
    assert await rig.core.imports.upsert(shop, [order()]) == ImportResult(created=0, updated=1, unlinked=0)
    (linked,) = await rig.rows(models.Order)
    (customer,) = await rig.rows(models.Customer, shop_id=shop)
    (product,) = await rig.rows(models.Product)
    assert linked.id == lonely.id
    assert linked.customer_id == customer.id
    assert linked.items == [
        {"title": "Tent", "quantity": 2, "external_id": "p1", "price_minor": 12_990, "product": str(product.id)}
    ]
    assert (linked.email, customer.email) == ("ana@shop.test", "ana@shop.test")
    assert (linked.total_minor, linked.external_id) == (25_980, "1042")
    assert (await rig.core.imports.upsert(shop, [order(customer=None)])).unlinked == 0


async def test_an_id_of_another_order_stops_the_import(rig: Product) -> None:
    shop = rig.mine.shop.id
    await rig.core.imports.upsert(shop, [order(external_id="x")])
    with pytest.raises(ImportConflictError, match="another order"):
        await rig.core.imports.upsert(shop, [order(number="1043"), order(number="1044", external_id="x")])
    assert [row.number for row in await rig.rows(models.Order)] == ["1042"]


async def test_what_answers_read_of_an_order_without_minor_units(rig: Product) -> None:
    shop = rig.mine.shop.id
    await rig.core.imports.upsert(shop, [CustomerRow(external_id="cust_1", email="ana@shop.test")])
    row = order(total=Decimal(2400), currency="JPY", refund_state="sent", refund_amount=Decimal(1200), items=[])
    await rig.core.imports.upsert(shop, [row])
    read = await rig.core.records.proven_order(shop, "#1042", "ANA@shop.test")
    assert read is not None
    assert (read.total_minor, read.refund_minor, read.refund_state) == (2400, 1200, "sent")
    assert await rig.core.records.proven_order(shop, "1042", "somebody@shop.test") is None
    assert await rig.core.records.proven_order(rig.other.shop.id, "1042", "ana@shop.test") is None


@pytest.mark.parametrize(
    ("stored", "asked"), [("#1042", "1042"), ("1042", "#1042"), ("ab-77", "AB-77"), ("#AB-77", "ab-77")]
)
async def test_an_order_is_found_however_its_number_is_written(rig: Product, stored: str, asked: str) -> None:
    await rig.core.imports.upsert(rig.mine.shop.id, [order(number=stored)])
    assert await rig.core.records.proven_order(rig.mine.shop.id, asked, "ana@shop.test") is not None


async def test_many_rows_tell_their_progress(rig: Product) -> None:
    rows = [
        ProductRow(external_id=f"p{number}", title=f"Product {number}", price=Decimal(number), currency="EUR")
        for number in range(1203)
    ]
    heard: list[int] = []
    assert (await rig.core.imports.upsert(rig.mine.shop.id, rows, heard.append)).created == 1203
    assert heard == [500, 1000, 1203]
    assert (await rig.core.imports.upsert(rig.mine.shop.id, rows)).updated == 1203


async def test_an_import_changes_the_version_of_the_catalogue(rig: Product) -> None:
    shop = rig.mine.shop.id
    versions = {await rig.core.records.catalogue_version(shop)}
    for title in ("Returns", "Returns, anew"):
        article = ArticleRow(
            external_id="a1", title=title, body="Within 30 days.", facts={"policy.return_window": "30 days"}
        )
        await rig.core.imports.upsert(shop, [article])
        versions.add(await rig.core.records.catalogue_version(shop))
    assert len(versions) == 3
    assert (await rig.core.records.profile(shop)).facts["policy.return_window"] == "30 days"


async def test_an_empty_file_changes_nothing(rig: Product) -> None:
    assert await rig.core.imports.upsert(rig.mine.shop.id, parse_rows("products", []).rows) == ImportResult(0, 0)
