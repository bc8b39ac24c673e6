"""Walking through all records of a Shopify shop: what changed, what is gone, at the pace that Shopify allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response
from typer.testing import CliRunner

from app.channels.shopify_admin import AdminError
from app.cli import commands
from app.db import models
from app.domain.job import ClaimedJob, Lane
from app.domain.people import Role
from app.services.ids import new_id
from app.services.shopify_backfill import SYNC_DUE_KIND, SYNC_KIND, Status, SyncRun
from app.settings import get_settings
from app.simulate.faults import Fault
from tests.fixtures.signed import shopify as webhook
from tests.integration.app.shopify_nodes import ago, customer, money, order, product, shipped
from tests.integration.app.shopify_shop import Shopify, shopify_shop
from tests.integration.app.vendors import Vendors
from tests.integration.db.world import make_due


@pytest.fixture
async def shopify(folder: Path) -> AsyncIterator[Shopify]:
    async with shopify_shop(folder) as opened:
        opened.shop.put("customers", customer(1))
        for number in (1, 2, 3):
            opened.shop.put("products", product(number))
        opened.shop.put("orders", order(1001))
        yield opened


async def walk(shopify: Shopify, *, full: bool = False) -> SyncRun:
    """Walk through all records, as a worker does; return how it ended."""
    row = await shopify.row()
    await shopify.parts.runs.begin(row.shop_id, row.id, 100, full=full)
    for _ in range(200):
        await make_due(shopify.rig.core.database, SYNC_KIND)
        await shopify.work()
        run = await shopify.parts.runs.find(row.id)
        assert run is not None
        if run.status is not Status.RUNNING:
            return run
    raise AssertionError("the walk has no end")


async def the_job(shopify: Shopify) -> ClaimedJob:
    """Claim the job of a walk."""
    (job,) = [one for one in await shopify.rig.parts.queue.claim(Lane.SYNC, new_id(), 9) if one.kind == SYNC_KIND]
    return job


async def active(shopify: Shopify) -> set[str]:
    return {row.external_id for row in await shopify.rig.rows(models.Product, active=True)}


async def numbers(shopify: Shopify) -> set[str]:
    return {row.number for row in await shopify.rig.rows(models.Order)}


async def test_an_installation_brings_all_records(shopify: Shopify) -> None:
    shopify.shop.put("orders", order(1002, fulfillments=[shipped()], totalRefundedSet=money("5.0")))
    await shopify.install()
    while await shopify.work():
        pass
    (buyer,) = await shopify.rig.rows(models.Customer)
    assert (buyer.external_id, buyer.name, buyer.email) == ("1", "Ana No1", "ana1@shop.test")
    coat = next(row for row in await shopify.rig.rows(models.Product) if row.external_id == "1")
    assert (coat.title, coat.price_minor, coat.stock, coat.tags) == ("Coat 1", 6_450, 7, ["rain", "autumn"])
    assert coat.attributes == {"sizes": ["S", "M"], "old_price_minor": 8_000}
    assert (coat.description, coat.url) == ("Keeps you dry.", "https://demo.myshopify.com/products/coat-1")
    first, second = sorted(await shopify.rig.rows(models.Order), key=lambda row: row.number)
    assert (first.status, first.total_minor, first.customer_id) == ("processing", 2_000, buyer.id)
    assert [(item["title"], item["quantity"], item["product"]) for item in first.items] == [("Line 1", 2, str(coat.id))]
    assert (second.status, second.carrier, second.tracking_code) == ("shipped", "UPS", "1Z999")
    assert (second.arrives_on, second.refund["amount_minor"]) == (date(2026, 11, 25), 500)
    run = await shopify.parts.runs.find((await shopify.row()).id)
    assert run is not None
    assert (run.status, run.error) == (Status.DONE, None)
    assert run.counts["products"] == {"read": 3, "refused": 0, "taken": 3, "removed": 0}
    assert timedelta(hours=22) < run.due_at - run.started_at < timedelta(hours=26)


async def test_a_page_does_not_overwrite_what_a_webhook_told_since(shopify: Shopify) -> None:
    await shopify.install()
    vendors = Vendors(shopify.rig)
    body = {"id": 1, "title": "Coat, new", "variants": [{"price": "1.00"}], "updated_at": ago(days=1)}
    assert (await vendors.post(webhook("products/update", body, "d-1"))).status_code == 200
    await vendors.work()
    run = await walk(shopify)
    titles = {row.external_id: row.title for row in await shopify.rig.rows(models.Product)}
    assert titles == {"1": "Coat, new", "2": "Coat 2", "3": "Coat 3"}
    assert run.counts["products"]["taken"] == 2


async def test_the_next_walk_asks_for_what_changed_and_finds_what_is_gone(shopify: Shopify) -> None:
    shopify.shop.put("customers", customer(2))
    shopify.shop.put("orders", order(1002))
    await shopify.install()
    await walk(shopify)
    assert await active(shopify) == {"1", "2", "3"}

    del shopify.shop.products[2], shopify.shop.orders[1002], shopify.shop.customers[2]
    shopify.shop.put("products", product(3, ago(), title="Coat, changed"))
    run = await walk(shopify)
    assert await active(shopify) == {"1", "3"}
    assert await numbers(shopify) == {"1001"}
    assert [row.external_id for row in await shopify.rig.rows(models.Customer)] == ["1"]
    assert {kind: (found["read"], found["removed"]) for kind, found in run.counts.items()} == {
        "customers": (0, 1),
        "products": (1, 1),
        "orders": (0, 1),
    }
    shopify.shop.put("products", product(2, ago()))
    await walk(shopify)
    assert await active(shopify) == {"1", "2", "3"}


async def test_only_what_shopify_told_of_is_taken_out(shopify: Shopify) -> None:
    account = await shopify.install()
    rig = shopify.rig
    old = order(900, createdAt=ago(days=90))
    shopify.shop.put("orders", old)
    vendors = Vendors(rig)
    body = {"id": 900, "name": "#900", "created_at": ago(days=90), "updated_at": ago(days=80), "currency": "EUR"}
    told = {**body, "total_price": "1.00", "customer": {"id": 77, "first_name": "Gone"}}
    assert (await vendors.post(webhook("orders/create", told, "d-1"))).status_code == 200
    await vendors.work()
    async with rig.core.database.write_session() as session:
        session.add(
            models.Product(shop_id=account.shop_id, external_id="own", title="Own", price_minor=1, currency="EUR")
        )
        await session.commit()
    await walk(shopify)
    assert await active(shopify) == {"1", "2", "3", "own"}
    assert await numbers(shopify) == {"900", "1001"}  # Shopify lists those of 60 days: an older one is not gone
    assert "77" in {row.external_id for row in await rig.rows(models.Customer)}  # whose order is still here


async def test_every_page_waits_for_the_room_it_needs(shopify: Shopify) -> None:
    for number in range(1, 30):
        shopify.shop.put("orders", order(2000 + number))
    await shopify.install()
    shopify.shop.bucket.most = shopify.shop.bucket.available = 1000.0
    shopify.shop.bucket.restore_per_s = 100_000.0
    run = await walk(shopify)
    assert run.status is Status.DONE
    assert len(await numbers(shopify)) == 30
    sizes = [fields[0].args["first"] for fields in shopify.shop.queries if fields[0].name == "orders"]
    assert max(sizes) < 10  # ten of them cost more than one query may
    assert run.counts["orders"]["read"] == 30
    bucket, began = shopify.shop.bucket, time.monotonic()
    # Nothing comes back before its lack was felt.
    bucket.clock = lambda: time.monotonic() if shopify.shop.throttled else began
    bucket.restore()
    bucket.available, bucket.restore_per_s = 0.0, 2_000.0
    await walk(shopify, full=True)
    assert shopify.shop.throttled > 0


async def test_a_long_wait_is_left_to_another_job(shopify: Shopify) -> None:
    account = await shopify.install()
    shopify.shop.bucket.available, shopify.shop.bucket.restore_per_s = 0.0, 1.0
    job = await the_job(shopify)
    for _ in range(2):  # tried again it has the same one successor
        await shopify.parts.backfill(job)
    waiting = await shopify.rig.rows(models.Job, kind=SYNC_KIND, status="queued")
    assert [row.payload["account"] for row in waiting] == [str(account.id)]
    assert waiting[0].run_at > datetime.now(UTC) + timedelta(seconds=60)


async def test_two_workers_on_one_walk_count_nothing_twice(shopify: Shopify) -> None:
    for number in range(2, 12):
        shopify.shop.put("customers", customer(number))
    account = await shopify.install()
    run = await shopify.parts.runs.find(account.id)
    assert run is not None
    await shopify.parts.runs.move(run, replace(run, size=2))
    job = await the_job(shopify)
    await asyncio.gather(*(shopify.parts.backfill(job) for _ in range(3)))
    ended = await shopify.parts.runs.find(account.id)
    assert ended is not None
    assert ended.status is Status.DONE
    assert ended.counts["customers"] == {"read": 11, "refused": 0, "taken": 11, "removed": 0}
    assert len(await shopify.rig.rows(models.Customer)) == 11


async def test_all_lines_of_a_long_order_are_fetched(shopify: Shopify) -> None:
    shopify.shop.put("orders", order(1001, lines=130))
    await shopify.install()
    await walk(shopify)
    (row,) = await shopify.rig.rows(models.Order)
    assert [item["title"] for item in row.items] == [f"Line {number}" for number in range(1, 131)]


async def test_one_record_that_cannot_be_read_costs_no_other_and_stays_as_it_was(shopify: Shopify) -> None:
    await shopify.install()
    await walk(shopify)
    shopify.shop.put("products", product(1, ago(), priceRangeV2=None))
    shopify.shop.put("products", product(2, ago(), title="Coat, changed"))
    rows = await shopify.rig.rows(models.Order)
    async with shopify.rig.core.database.write_session() as session:
        # The number of an order that came another way.
        session.add(
            models.Order(
                shop_id=rows[0].shop_id, external_id="own", number="3001", status="processing", total_minor=1,
                currency="EUR", items=[], placed_at=datetime.now(UTC),
            )
        )  # fmt: skip
        await session.commit()
    shopify.shop.put("orders", order(1001, ago(), name="#3001"))
    shopify.shop.put("orders", order(1002, ago()))
    run = await walk(shopify)
    assert run.status is Status.DONE
    assert run.counts["products"]["refused"] == 1
    assert await active(shopify) == {"1", "2", "3"}
    assert {"1001", "1002"} <= await numbers(shopify)


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>", 503),
        Response("not json"),
        JSONResponse({"data": None}),
        JSONResponse({"data": {"customers": {"nodes": [1]}}}),
        JSONResponse({"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
    ],
    ids=["5xx", "html", "no data", "no page", "error"],
)
async def test_a_failing_shopify_is_asked_again(shopify: Shopify, answer: Response) -> None:
    account = await shopify.install()
    shopify.shop.faults.plan(Fault("refuse", answer))
    job, backfill = await the_job(shopify), shopify.parts.backfill
    with pytest.raises((AdminError, ValueError)):
        await backfill(job)
    noted = await shopify.parts.runs.find(account.id)
    assert noted is not None
    assert (noted.status, bool(noted.error)) == (Status.RUNNING, True)
    await backfill(job)
    ended = await shopify.parts.runs.find(account.id)
    assert ended is not None
    assert (ended.status, ended.error) == (Status.DONE, None)


async def test_a_token_that_was_revoked_ends_the_walk_and_marks_the_account(shopify: Shopify) -> None:
    await shopify.install()
    await walk(shopify)
    shopify.shop.uninstall()
    run = await walk(shopify)
    assert run.status is Status.FAILED
    assert run.error is not None
    assert (await shopify.row()).problem is not None
    assert await active(shopify) == {"1", "2", "3"}  # nothing is gone because nothing was told
    assert list(await shopify.parts.runs.due()) == []


async def test_walks_are_due_once_a_day_and_one_at_a_time(shopify: Shopify) -> None:
    account = await shopify.install()
    first = await shopify.parts.runs.find(account.id)
    assert first is not None
    again = await shopify.parts.runs.begin(account.shop_id, account.id, 100, full=True)
    assert again.run == first.run
    await walk(shopify)
    assert list(await shopify.parts.runs.due()) == []
    async with shopify.rig.core.database.write_session() as session:
        row = await session.get_one(models.SyncRun, account.id)
        row.due_at = datetime.now(UTC) - timedelta(seconds=1)
        await session.commit()
    assert list(await shopify.parts.runs.due()) == [(account.shop_id, account.id)]
    job: Any = None
    await shopify.handlers[SYNC_DUE_KIND](job)
    second = await shopify.parts.runs.find(account.id)
    assert second is not None
    assert second.run != first.run
    assert second.since["orders"] > (first.started_at - timedelta(minutes=20)).isoformat()


async def test_progress_is_told_and_a_walk_begun_over_rest(shopify: Shopify) -> None:
    account = await shopify.install()
    await walk(shopify)
    path = f"/api/channels/accounts/{account.id}/sync/"
    async with await shopify.rig.signed_in(Role.ADMIN) as client:
        (told,) = (await client.get("/api/channels/shopify/sync/")).json()
        begun = await client.post(path, json={"full": True})
    assert (told["status"], told["counts"]["orders"]["taken"]) == ("done", 1)
    assert (begun.status_code, begun.json()["status"], begun.json()["counts"]) == (202, "running", {})
    async with await shopify.rig.signed_in(Role.ADMIN, shopify.rig.other) as client:
        assert (await client.post(path, json={})).status_code == 404
        assert (await client.get("/api/channels/shopify/sync/")).json() == []


def test_progress_is_told_on_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_VAR_DIR", str(folder))
    get_settings.cache_clear()
    runner = CliRunner(env={"COLUMNS": "250"})

    def run(*arguments: str) -> str:
        done = runner.invoke(commands, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    try:
        run("init", "--name", "Shop", "--owner", "owner@shop.test", "--password", "a-long-password-of-tests")
        fields = ("shop_domain=demo.myshopify.com", "client_secret=c", "access_token=t")
        run("channel", "add", "shopify", *(part for field in fields for part in ("--field", field)))
        assert "never" in run("channel", "sync")
        assert "running" in run("channel", "sync", "--start")
        assert "customers: pull" in run("channel", "sync")
    finally:
        get_settings.cache_clear()
