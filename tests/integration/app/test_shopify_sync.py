"""Orders, products and customers from Shopify's webhooks: in any order, told twice, changed and withdrawn."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.db import models
from tests.fixtures.signed import PUBLIC_URL, shopify
from tests.integration.app.rig import Product, product
from tests.integration.app.vendors import Vendors

CUSTOMER = {"id": 901, "email": "Ana@Shop.test", "first_name": "Ana", "last_name": "Demo", "phone": "+15550101"}
ORDER: dict[str, Any] = {
    "id": 5001,
    "name": "#1042",
    "order_number": 1042,
    "email": "ana@shop.test",
    "created_at": "2026-11-18T10:00:00-05:00",
    "updated_at": "2026-11-18T10:00:00-05:00",
    "currency": "USD",
    "total_price": "129.00",
    "financial_status": "paid",
    "customer": CUSTOMER,
    "line_items": [{"product_id": 77, "title": "Rain coat", "quantity": 2, "price": "64.50"}],
    "shipping_address": {"address1": "1 Main Street"},
}
SHIPPED = {
    **ORDER,
    "updated_at": "2026-11-19T09:00:00Z",
    "fulfillments": [
        {
            "status": "success",
            "created_at": "2026-11-19T09:00:00Z",
            "updated_at": "2026-11-19T09:00:00Z",
            "tracking_company": "UPS",
            "tracking_number": "1Z999AA10123456784",
            "tracking_url": "https://ups.test/1Z999AA10123456784",
            "shipment_status": "in_transit",
        }
    ],
}
COAT: dict[str, Any] = {
    "id": 77,
    "title": "Rain coat",
    "body_html": "<p>Keeps you <b>dry</b> &amp; warm.</p><p>Two pockets.</p>",
    "product_type": "Coats",
    "tags": "rain, autumn",
    "handle": "rain-coat",
    "status": "active",
    "updated_at": "2026-11-01T10:00:00Z",
    "options": [{"name": "Size", "values": ["S", "M"]}, {"name": "Color", "values": ["blue"]}],
    "variants": [
        {"price": "64.50", "compare_at_price": "80.00", "inventory_management": "shopify", "inventory_quantity": 3},
        {"price": "69.50", "compare_at_price": None, "inventory_management": "shopify", "inventory_quantity": -2},
    ],
    "image": {"src": "https://cdn.test/coat.png"},
}
_deliveries = itertools.count()


@pytest.fixture
async def vendors(folder: Path) -> AsyncIterator[Vendors]:
    async with product(folder, public_url=PUBLIC_URL) as rig:
        connected = Vendors(rig)
        await connected.connect("shopify")
        yield connected


async def told(vendors: Vendors, *records: tuple[str, dict[str, Any]]) -> None:
    for topic, body in records:
        assert (await vendors.post(shopify(topic, body, f"delivery-{next(_deliveries)}"))).status_code == 200
    await vendors.work()


async def the_order(rig: Product) -> Any:
    (order,) = await rig.rows(models.Order, shop_id=rig.mine.shop.id)
    return order


async def test_an_order_brings_its_customer_and_what_was_bought(vendors: Vendors) -> None:
    await told(vendors, ("products/create", COAT), ("orders/create", ORDER))
    order = await the_order(vendors.rig)
    assert (order.number, order.external_id, order.status) == ("1042", "5001", "processing")
    assert (order.total_minor, order.currency, order.email) == (12_900, "USD", "ana@shop.test")
    (customer,) = await vendors.rig.rows(models.Customer, external_id="901")
    assert (customer.name, customer.email) == ("Ana Demo", "ana@shop.test")
    assert order.customer_id == customer.id
    (coat,) = await vendors.rig.rows(models.Product, external_id="77")
    assert [(item["title"], item["quantity"], item["product"]) for item in order.items] == [
        ("Rain coat", 2, str(coat.id))
    ]


async def test_a_parcel_on_its_way_is_told_with_its_number(vendors: Vendors) -> None:
    await told(vendors, ("orders/create", ORDER), ("orders/fulfilled", SHIPPED))
    order = await the_order(vendors.rig)
    assert (order.status, order.carrier, order.tracking_code) == ("shipped", "UPS", "1Z999AA10123456784")
    assert order.shipped_on == date(2026, 11, 19)


async def test_an_older_state_that_comes_later_changes_nothing(vendors: Vendors) -> None:
    await told(vendors, ("orders/fulfilled", SHIPPED), ("orders/create", ORDER), ("orders/paid", ORDER))
    assert (await the_order(vendors.rig)).status == "shipped"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"financial_status": "pending"}, "awaiting payment"),
        ({"cancelled_at": "2026-11-20T10:00:00Z"}, "cancelled"),
        ({"financial_status": "refunded", "cancelled_at": "2026-11-20T10:00:00Z"}, "refunded"),
        ({"fulfillments": [{**SHIPPED["fulfillments"][0], "status": "cancelled"}]}, "processing"),
        ({"fulfillments": [{**SHIPPED["fulfillments"][0], "shipment_status": "out_for_delivery"}]}, "out for delivery"),
        ({"fulfillments": [{**SHIPPED["fulfillments"][0], "shipment_status": "delivered"}]}, "delivered"),
        ({"fulfillments": [{**SHIPPED["fulfillments"][0], "shipment_status": "failure"}]}, "delayed"),
    ],
)
async def test_states_are_those_that_answers_know(vendors: Vendors, change: dict[str, Any], status: str) -> None:
    await told(vendors, ("orders/updated", {**ORDER, **change}))
    assert (await the_order(vendors.rig)).status == status


async def test_what_was_paid_back_is_known(vendors: Vendors) -> None:
    transactions = [
        {"kind": "refund", "status": "success", "amount": "64.50"},
        {"kind": "refund", "status": "failure", "amount": "64.50"},
    ]
    await told(vendors, ("orders/updated", {**ORDER, "refunds": [{"transactions": transactions}]}))
    refund = (await the_order(vendors.rig)).refund
    assert (refund["state"], refund["amount_minor"]) == ("sent", 6_450)


async def test_a_product_is_sold_at_its_lowest_price_with_the_stock_of_all_variants(vendors: Vendors) -> None:
    await told(vendors, ("products/create", COAT))
    (coat,) = await vendors.rig.rows(models.Product)
    assert (coat.price_minor, coat.currency, coat.stock, coat.active) == (6_450, "EUR", 3, True)
    assert coat.description == "Keeps you dry & warm. Two pockets."
    assert (coat.tags, coat.url) == (["rain", "autumn"], "https://demo.myshopify.com/products/rain-coat")
    assert coat.attributes == {"sizes": ["S", "M"], "colours": ["blue"], "old_price_minor": 8_000}


async def test_a_product_goes_when_it_is_archived_or_deleted_and_comes_back(vendors: Vendors) -> None:
    async def is_sold() -> bool:
        (coat,) = await vendors.rig.rows(models.Product)
        return bool(coat.active)

    await told(vendors, ("products/create", COAT))
    archived = {**COAT, "status": "archived", "updated_at": "2026-11-02T10:00:00Z"}
    await told(vendors, ("products/update", archived))
    assert not await is_sold()
    await told(vendors, ("products/update", {**COAT, "updated_at": "2026-11-03T10:00:00Z"}))
    assert await is_sold()
    deleted = shopify("products/delete", {"id": 77}, "delivery-deleted")
    at_noon = deleted.with_headers(x_shopify_triggered_at="2026-11-03T12:00:00.123456789Z")
    assert (await vendors.post(at_noon)).status_code == 200
    await vendors.work()
    assert not await is_sold()
    await told(vendors, ("products/update", {**COAT, "updated_at": "2026-11-03T11:00:00Z"}))  # told late
    assert not await is_sold()


async def test_a_record_that_cannot_be_read_costs_no_other(vendors: Vendors) -> None:
    broken = [{**ORDER, "id": 1, "created_at": "yesterday"}, {**ORDER, "id": 2, "currency": "dollars"}, {"id": None}]
    await told(vendors, *(("orders/create", body) for body in broken), ("orders/create", ORDER))
    assert (await the_order(vendors.rig)).external_id == "5001"
    rows = await vendors.log()
    assert [row.error is None for row in rows] == [False, False, False, True]
    assert all(row.processed_at is not None for row in rows)


async def test_another_shops_account_changes_only_its_own_records(vendors: Vendors) -> None:
    rig = vendors.rig
    await vendors.connect("shopify", rig.other, shop_domain="other.myshopify.com", client_secret="other-secret")
    theirs = shopify("orders/create", {**ORDER, "total_price": "1.00"}, "delivery-other", "other-secret")
    headers = {"x-shopify-shop-domain": "other.myshopify.com"}
    await told(vendors, ("orders/create", ORDER))
    assert (await vendors.post(theirs.with_headers(**headers))).status_code == 200
    await vendors.work()
    assert (await the_order(rig)).total_minor == 12_900
    (order,) = await rig.rows(models.Order, shop_id=rig.other.shop.id)
    assert order.total_minor == 100
