"""The app proxy's word on who looks at the storefront, and that it lets the widget in as that customer."""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.api.storefront import REFUSALS_PER_MINUTE
from app.auth.identity import is_identity_genuine
from tests.integration.app.rig import Product, product
from tests.integration.app.vendors import Vendors

PATH = "/api/storefront/shopify/"


def signed(secret: str = "client-secret", skew_s: int = 0, **changes: str) -> dict[str, str]:
    query = {
        "shop": "demo.myshopify.com",
        "logged_in_customer_id": "42",
        "path_prefix": "/apps/chat",
        "timestamp": str(int(time.time()) + skew_s),
        **changes,
    }
    message = "".join(sorted(f"{name}={value}" for name, value in query.items()))
    return {**query, "signature": hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()}


@pytest.fixture
async def vendors(rig: Product) -> Vendors:
    vendors = Vendors(rig)
    await vendors.connect("shopify")
    return vendors


async def test_a_signed_in_customer_is_vouched_for(vendors: Vendors) -> None:
    for client_secret in ("client-secret", "old-secret"):
        answer = await vendors.client.get(f"{PATH}?{urlencode(signed(client_secret))}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert told["widget_key"] == "wk_mine"
        secret, given = vendors.rig.mine.shop.widget_secret, told["identity"]["hash"]
        now = time.time()
        assert (told["server"], told["identity"]["id"]) == (vendors.rig.settings.resolved_public_url, "42")
        assert is_identity_genuine(secret, "42", given, now + told["expires_in"] - 30)
        assert not is_identity_genuine(secret, "42", given, now + told["expires_in"])  # for a while only


@pytest.mark.parametrize("customer", ["", "42; drop", "٤٢"])
async def test_a_guest_is_nobody(vendors: Vendors, customer: str) -> None:
    answer = await vendors.client.get(f"{PATH}?{urlencode(signed(logged_in_customer_id=customer))}")
    assert (answer.status_code, answer.json()["identity"]) == (200, None)


async def test_everything_else_is_refused(vendors: Vendors) -> None:
    good = signed()
    refused = [
        {},
        {**good, "logged_in_customer_id": "43"},
        {**good, "signature": good["signature"].upper()},
        {**good, "signature": good["signature"][:-1]},
        {name: value for name, value in good.items() if name != "signature"},
        signed("other"),
        signed(skew_s=-120),
        signed(skew_s=120),
        signed(shop="other.myshopify.com"),
        signed(shop="demo.myshopify.com.evil.example"),
    ]
    for query in refused:
        answer = await vendors.client.get(f"{PATH}?{urlencode(query)}")
        assert answer.status_code == 403, query
        assert "42" not in answer.text


async def test_one_address_of_shopify_asks_for_many_visitors(folder: Path) -> None:
    async with product(folder, requests_per_minute=2) as rig:
        vendors = Vendors(rig)
        await vendors.connect("shopify")
        asked = [await vendors.client.get(f"{PATH}?{urlencode(signed())}") for _ in range(4)]
        refused = [await vendors.client.get(PATH) for _ in range(REFUSALS_PER_MINUTE + 1)]
    assert [answer.status_code for answer in asked] == [200] * 4
    assert [answer.status_code for answer in refused] == [403] * REFUSALS_PER_MINUTE + [429]
