"""Orders, products and customers as Shopify's Admin GraphQL tells them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any


def ago(**time: float) -> str:
    """Return a time before now, as Shopify writes it."""
    return (datetime.now(UTC).replace(microsecond=0) - timedelta(**time)).isoformat().replace("+00:00", "Z")


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def customer(number: int, updated: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Customer/{number}",
        "firstName": "Ana",
        "lastName": f"No{number}",
        "createdAt": ago(days=300),
        "updatedAt": updated or ago(days=10),
        "defaultEmailAddress": {"emailAddress": f"Ana{number}@Shop.test"},
        "defaultPhoneNumber": None,
        **changes,
    }


def product(number: int, updated: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Product/{number}",
        "title": f"Coat {number}",
        "descriptionHtml": "<p>Keeps you <b>dry</b>.</p>",
        "handle": f"coat-{number}",
        "productType": "Coats",
        "status": "ACTIVE",
        "tags": ["rain", "autumn"],
        "updatedAt": updated or ago(days=10),
        "totalInventory": 7,
        "tracksInventory": True,
        "options": [{"name": "Size", "values": ["S", "M"]}],
        "priceRangeV2": {"minVariantPrice": {"amount": "64.5", "currencyCode": "EUR"}},
        "variants": [
            {"price": "69.50", "compareAtPrice": "99.00", "id": "gid://shopify/ProductVariant/1"},
            {"price": "64.50", "compareAtPrice": "80.00", "id": "gid://shopify/ProductVariant/2"},
        ],
        "featuredMedia": {"preview": {"image": {"url": "https://cdn.test/coat.png"}}},
        **changes,
    }


def line(number: int, product: int | None = 1) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": f"Line {number}",
        "quantity": 2,
        "originalUnitPriceSet": money("10.00"),
        "product": None if product is None else {"id": f"gid://shopify/Product/{product}"},
    }


def order(number: int, updated: str = "", lines: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "email": "ana1@shop.test",
        "createdAt": ago(days=20),
        "updatedAt": updated or ago(days=10),
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "currencyCode": "EUR",
        "currentTotalPriceSet": money("20.0"),
        "totalRefundedSet": money("0.0"),
        "customer": customer(1),
        "lineItems": [line(one) for one in range(1, lines + 1)],
        "fulfillments": [],
        **changes,
    }


def shipped(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Fulfillment/1",
        "status": "SUCCESS",
        "displayStatus": "IN_TRANSIT",
        "createdAt": "2026-11-19T09:00:00Z",
        "updatedAt": "2026-11-19T09:00:00Z",
        "deliveredAt": None,
        "estimatedDeliveryAt": "2026-11-25T09:00:00Z",
        "trackingInfo": [{"company": "UPS", "number": "1Z999", "url": "https://ups.test/1Z999"}],
        **changes,
    }
