"""What the pages of the demo shop read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.auth.identity import identity_hash
from app.bootstrap.core import seed
from app.main import create_app
from tests.integration.app.rig import ORIGIN, product


@pytest.fixture
async def shop(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with product(folder) as rig:
        await seed(rig.core)
        transport = httpx2.ASGITransport(create_app(rig.web, demo=True))
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield client


async def test_the_visitor_plays_a_guest_or_ana(shop: httpx2.AsyncClient) -> None:
    guest = (await shop.get("/demo/session")).json()
    ana = (await shop.get("/demo/session?as=ana")).json()
    assert guest == {"shop": "Demo Outfitters", "widget_key": "wk_demo", "identity": None}
    assert ana["identity"]["id"] == "cust_42"
    assert ana["identity"]["hash"] == identity_hash("demo-widget-secret", "cust_42")
    assert (await shop.get("/demo/session?as=mallory")).status_code == 422


async def test_orders_are_those_of_the_played_customer(shop: httpx2.AsyncClient) -> None:
    assert (await shop.get("/demo/orders")).json() == []
    orders = (await shop.get("/demo/orders?as=ana")).json()
    known = next(order for order in orders if order["number"].lstrip("#") == "1042")
    assert (known["carrier"], known["tracking"], known["state"]) == ("UPS", "1Z999AA10123456784", "shipped")
    assert not any(order["number"].lstrip("#") == "1043" for order in orders)


async def test_every_product_has_its_page_and_picture(shop: httpx2.AsyncClient) -> None:
    products = (await shop.get("/demo/products")).json()
    assert len(products) >= 60
    picture = await shop.get(f"/demo/pictures/{products[0]['id']}.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["cache-control"].startswith("public")
    assert (await shop.get("/demo/pictures/nothing.svg")).status_code == 404
    assert {product["image_url"] for product in products} == {f"/demo/pictures/{one['id']}.svg" for one in products}


async def test_without_the_demo_there_is_none_of_it(folder: Path) -> None:
    async with product(folder) as rig, rig.client() as client:
        assert (await client.get("/demo/session")).status_code == 404
        transport = httpx2.ASGITransport(create_app(rig.web, demo=True))
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as unseeded:
            answer = await unseeded.get("/demo/session")
        assert (answer.status_code, "--demo" in answer.json()["detail"]) == (404, True)
