"""How fast the records of a Shopify shop come in: `python -m benchmarks.backfill [ORDERS]`, one JSON line.

The stand-in of Shopify's Admin API answers over the loopback and throttles nobody: what is measured is this server,
with everything in one process on SQLite. Shopify itself lets a shop ask for less (its bucket of query costs).
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from app.services.shopify_backfill import SYNC_KIND, Status
from tests.integration.app.conftest import migrate_new
from tests.integration.app.shopify_nodes import customer, order, product
from tests.integration.app.shopify_shop import Shopify, shopify_shop
from tests.integration.db.world import make_due

ORDERS = 3000
ORDERS_OF_EACH = 3
PRODUCTS = 200
LINES = 3


async def walk(shopify: Shopify) -> float:
    """Walk through all records as a worker does; return how many seconds it took."""
    account = await shopify.install()
    began = time.perf_counter()
    while True:
        await make_due(shopify.rig.core.database, SYNC_KIND)
        await shopify.work()
        run = await shopify.parts.runs.find(account.id)
        if run is not None and run.status is not Status.RUNNING:
            assert run.status is Status.DONE, run.error
            return time.perf_counter() - began


async def main(orders: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await migrate_new(f"sqlite+aiosqlite:///{folder}/assistify.db")
        async with shopify_shop(Path(folder)) as shopify:
            shopify.shop.bucket.restore_per_s = 1_000_000.0
            for number in range(1, PRODUCTS + 1):
                shopify.shop.put("products", product(number))
            for number in range(1, orders + 1):
                buyer = customer((number - 1) // ORDERS_OF_EACH + 1)
                shopify.shop.put("customers", buyer)
                shopify.shop.put("orders", order(number, customer=buyer, lines=LINES))
            seconds = await walk(shopify)
            records = orders + PRODUCTS + len(shopify.shop.customers)
    figures = {"orders": orders, "records": records, "seconds": round(seconds, 1)}
    rates = {"orders_per_s": round(orders / seconds, 1), "records_per_s": round(records / seconds, 1)}
    print(json.dumps({**figures, **rates}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS))
