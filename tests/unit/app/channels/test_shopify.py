"""Shopify: what its deliveries become."""

from __future__ import annotations

import pytest

from app.channels.port import BodyError, RawRequest
from app.channels.shopify import SHOPIFY, ShopifyReceiver
from app.domain.channel import Ignored, Record

RECEIVER = ShopifyReceiver()
HEADERS = {
    "x-shopify-topic": "orders/create",
    "x-shopify-shop-domain": "Demo.myshopify.com",
    "x-shopify-webhook-id": "b54557e4",
    "x-shopify-triggered-at": "2026-03-29T18:00:27.877041743Z",
}


def request(body: bytes = b'{"id":1}', **changes: str) -> RawRequest:
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return RawRequest("POST", "https://shop.example/api/webhooks/shopify/", headers, (), body)


def test_a_record() -> None:
    (parsed,) = RECEIVER.parse(request())
    event = parsed.event
    assert isinstance(event, Record)
    assert (event.key, event.account, event.topic, event.body) == (
        "b54557e4",
        "demo.myshopify.com",
        "orders/create",
        {"id": 1},
    )
    assert event.at is not None
    assert event.at.isoformat() == "2026-03-29T18:00:27.877041+00:00"


def test_headers_without_their_x() -> None:
    bare = {name.removeprefix("x-"): value for name, value in HEADERS.items()}
    (parsed,) = RECEIVER.parse(RawRequest("POST", "https://shop.example/", bare, (), b"{}"))
    assert parsed.event.key == "b54557e4"


def test_no_record_is_kept_all_the_same() -> None:
    (parsed,) = RECEIVER.parse(request(b"[1]"))
    assert isinstance(parsed.event, Ignored)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_bodies_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BodyError):
        RECEIVER.parse(request(body))


@pytest.mark.parametrize(
    "domain", ["", "shop.example", "demo.myshopify.com.evil.example", "../x", "a" * 70 + ".myshopify.com"]
)
def test_only_shops_of_shopify_are_looked_up(domain: str) -> None:
    assert RECEIVER.references(request(x_shopify_shop_domain=domain)) == []
    assert list(SHOPIFY.references({"shop_domain": domain})) == []


def test_a_delivery_without_its_headers_is_none() -> None:
    with pytest.raises(BodyError):
        RECEIVER.parse(request(x_shopify_webhook_id=""))
