"""kill -9 at every step of walking through Shopify's records: the next worker goes on where it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.db import models
from app.services.shopify_backfill import SYNC_KIND, Status
from tests.fixtures.effort import EFFORT
from tests.fixtures.mortals import Mortals
from tests.integration.app.dying_sync import BEFORE, DEATHS
from tests.integration.app.shopify_nodes import customer, order, product
from tests.integration.app.shopify_shop import Shopify, shopify_shop
from tests.integration.db.world import expire_leases, make_due

MOST = 12
TITLE = "Coat, seen by the worker that dies after %s"
# Each is a process: the others are walked through by check-long.
CHOSEN = DEATHS if EFFORT > 1 else [BEFORE + "a page is written", "records are forgotten"]


@pytest.fixture
async def shopify(folder: Path) -> AsyncIterator[Shopify]:
    async with shopify_shop(folder) as opened:
        opened.shop.bucket.restore_per_s = 100_000.0
        opened.shop.put("customers", customer(1))
        for number in range(1, MOST + 1):
            opened.shop.put("orders", order(1000 + number))
            opened.shop.put("products", product(number))
        yield opened


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals("tests.integration.app.dying_sync")
    yield mortals
    mortals.close()


async def test_dead_at_every_step(shopify: Shopify, folder: Path, mortals: Mortals) -> None:
    rig, runs = shopify.rig, shopify.parts.runs
    account = await shopify.install()
    for step in CHOSEN:
        run = await runs.find(account.id)
        while run is None or run.status is Status.RUNNING:  # what the installation or the last death left
            await make_due(rig.core.database, SYNC_KIND)
            await shopify.work()
            run = await runs.find(account.id)
        shopify.shop.put("products", product(2, title=TITLE % step))
        shopify.shop.products.pop(1, None) if step == CHOSEN[-1] else None
        is_full = "ids" not in step
        begun = await runs.begin(account.shop_id, account.id, 3, full=is_full)
        await mortals.die(folder, shopify.base, step)
        await expire_leases(rig.core.database)
        while (run := await runs.find(account.id)) is not None and run.status is Status.RUNNING:
            await make_due(rig.core.database, SYNC_KIND)
            await shopify.work()
        assert run is not None
        assert (run.run, run.status) == (begun.run, Status.DONE)
        if is_full:  # no page was lost, and none counted twice
            read = {kind: counts["read"] for kind, counts in run.counts.items()}
            assert read == {"customers": 1, "products": len(shopify.shop.products), "orders": MOST}, step
            coats = {row.external_id: row for row in await rig.rows(models.Product)}
            assert coats["2"].title == TITLE % step
    assert len(await rig.rows(models.Order)) == MOST
    assert len(await rig.rows(models.Customer)) == 1
    gone = [row.external_id for row in await rig.rows(models.Product, active=False)]
    assert gone == ["1"]
