"""A Shopify account that is looked after: webhooks subscribed, the token renewed, missed records taken in; and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from app.bootstrap.upkeep import open_reconciling
from app.channels.shopify_admin import AdminRefusedError
from app.cli.reconciled import lines_of
from app.db import models
from app.domain.people import Role
from app.services.reconciling import Reconciled
from app.services.shopify_backfill import KINDS
from app.services.shopify_subscriptions import LISTED
from app.simulate.faults import Fault
from tests.integration.app.shopify_nodes import ago, customer, order, product
from tests.integration.app.shopify_shop import DOMAIN, Shopify, shopify_shop


@pytest.fixture
async def shopify(folder: Path) -> AsyncIterator[Shopify]:
    async with shopify_shop(folder) as opened:
        opened.shop.put("customers", customer(1))
        opened.shop.put("products", product(1))
        opened.shop.put("orders", order(1001))
        await opened.install()
        while await opened.work():
            pass
        yield opened


async def reconciled(shopify: Shopify, *, patience_s: float = 60.0) -> Reconciled:
    account = (await shopify.row()).id
    work = open_reconciling(shopify.rig.core, shopify.rig.parts)
    return await work.now(shopify.rig.mine.shop.id, account, patience_s=patience_s)


def told(done: Reconciled) -> list[str]:
    return lines_of("Shopify", DOMAIN, done)


async def test_what_is_in_order_is_said_to_be(shopify: Shopify) -> None:
    lines = told(await reconciled(shopify))
    assert lines[0] == f"Shopify {DOMAIN}: in order"
    assert lines[1].startswith("  Access: good until ")
    assert lines[2:] == [
        "  Webhooks: all arrive here",
        "  Customers: nothing was missed",
        "  Products: nothing was missed",
        "  Orders: nothing was missed",
    ]


async def test_what_was_missed_is_made_good_at_once_and_named(shopify: Shopify) -> None:
    shopify.shop.grants[0].expires_at = 0.0
    shopify.shop.subscriptions.pop(1)
    shopify.shop.put("orders", order(1002, ago()))
    shopify.shop.put("orders", order(1003, ago()))
    shopify.shop.put("products", product(1, ago(), title="Coat, changed"))
    del shopify.shop.customers[1]
    gone = shopify.shop.subscriptions[2]["uri"]
    shopify.shop.subscriptions[2]["uri"] = gone.replace("//", "//old.")
    lines = told(await reconciled(shopify))
    assert lines[0] == f"Shopify {DOMAIN}: mended"
    assert lines[1].startswith("  Access: renewed just now, good until ")
    assert lines[2] == "  Webhooks: all arrive here; missing until now: orders/create, orders/updated"
    assert lines[4:] == ["  Products: 1 missed, taken in now", "  Orders: 2 missed, taken in now"]
    assert {row.number for row in await shopify.rig.rows(models.Order)} == {"1001", "1002", "1003"}
    assert told(await reconciled(shopify))[0] == f"Shopify {DOMAIN}: in order"


async def test_an_account_that_was_refused_once_and_is_taken_again_goes_on(shopify: Shopify) -> None:
    account = (await shopify.row()).id
    shopify.shop.faults.plan(*(Fault("refuse", JSONResponse({"errors": "no"}, 403)) for _ in range(2)))
    with pytest.raises(AdminRefusedError):
        await shopify.parts.access.ask(account, LISTED, {})
    assert (await shopify.row()).problem == "Shopify answered 403"
    await reconciled(shopify)
    assert (await shopify.row()).problem is None


async def test_an_app_that_was_taken_out_is_said_to_be(shopify: Shopify) -> None:
    shopify.shop.uninstall()
    lines = told(await reconciled(shopify))
    assert lines == [
        f"Shopify {DOMAIN}: needs you",
        "  Access: the vendor does not take our credentials (Shopify answered 400): "
        "enter new ones, or install the app again",
    ]


async def test_long_work_is_left_to_a_worker(shopify: Shopify) -> None:
    done = await reconciled(shopify, patience_s=0.0)
    assert done.records is not None
    assert done.records.state == "running"
    assert told(done)[-1] == "  Records: still being looked through; a worker goes on"
    while await shopify.work():
        pass
    run = await shopify.parts.runs.find((await shopify.row()).id)
    assert run is not None
    assert run.finished_at is not None


async def test_over_rest(shopify: Shopify) -> None:
    account = (await shopify.row()).id
    shopify.shop.put("orders", order(1002, ago()))
    async with await shopify.rig.signed_in(Role.ADMIN) as client:
        done = (await client.post(f"/api/channels/accounts/{account}/reconcile/")).json()
    assert (done["reached"], done["topics"], done["health"]["state"]) == (True, [], "ok")
    assert done["records"]["state"] == "done"
    assert {kind: done["records"]["counts"][kind]["taken"] for kind in KINDS} == {
        "customers": 0,
        "products": 0,
        "orders": 1,
    }
    until = datetime.fromisoformat(done["token_until"])
    assert until > datetime.now(UTC)
