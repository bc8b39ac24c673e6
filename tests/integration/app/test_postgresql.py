"""The reads and writes of this layer on PostgreSQL, where they differ from SQLite: texts, groups, locks, conflicts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from app.db import models
from app.db.merges import SqlMerges
from app.domain.people import Role
from app.services.analytics import Bucket, Dimension, Interval
from app.services.imports import CustomerRow, ImportConflictError, ItemRow, OrderRow, ProductRow
from app.services.shopify_backfill import KINDS
from tests.fixtures.postgres_server import PostgresServer
from tests.integration.app.conftest import migrate_new
from tests.integration.app.responder import ANSWER, ScriptedResponder
from tests.integration.app.rig import PASSWORD, Product, product, working
from tests.integration.app.shopify_nodes import customer, order
from tests.integration.app.shopify_nodes import product as product_node
from tests.integration.app.shopify_shop import shopify_shop
from tests.integration.app.test_conversations_api import said_at
from tests.integration.app.test_shopify_backfill import walk
from tests.integration.app.vendors import Vendors

DAY = datetime(2026, 11, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    started = PostgresServer()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def template(server: PostgresServer) -> str:
    """Return the URL of a migrated database."""
    url = server.create_database()
    asyncio.run(migrate_new(url))
    return url


@pytest.fixture
async def rig(server: PostgresServer, template: str, tmp_path: Path) -> AsyncIterator[Product]:
    url = server.create_database(template)
    async with product(tmp_path, database_url=url) as opened:
        yield opened
    server.drop_database(url)


async def test_messages_are_counted_in_buckets_of_utc(rig: Product) -> None:
    await said_at(
        rig,
        (DAY + timedelta(hours=9, minutes=5), "order_status", "neutral"),
        (DAY + timedelta(hours=9, minutes=50), "order_status", "negative"),
        (DAY + timedelta(hours=23, minutes=59), "refund_request", "negative"),
        (DAY + timedelta(days=1), "order_status", "neutral"),
    )
    shop, analytics = rig.mine.shop.id, rig.web.context.analytics
    daily = await analytics.stats(shop, Dimension.INTENT, DAY, DAY + timedelta(days=2), Interval.DAY)
    hourly = await analytics.stats(shop, Dimension.SENTIMENT, DAY, DAY + timedelta(days=1), Interval.HOUR)
    assert daily.series == [
        Bucket(DAY, {"order_status": 2, "refund_request": 1}),
        Bucket(DAY + timedelta(days=1), {"order_status": 1}),
    ]
    assert [bucket.at.hour for bucket in hourly.series] == [9, 23]
    assert hourly.counts == {"negative": 2, "neutral": 1}


async def test_records_are_imported_linked_and_refused(rig: Product) -> None:
    shop, imports = rig.mine.shop.id, rig.core.imports
    order = OrderRow(
        number="1042",
        status="shipped",
        placed_at=DAY,
        total=Decimal("10"),
        currency="EUR",
        customer="cust_1",
        external_id="x",
        items=[ItemRow(title="Tent", external_id="p1")],
    )
    await imports.upsert(shop, [ProductRow(external_id="p1", title="Tent", price=Decimal(10), currency="EUR")])
    await imports.upsert(shop, [CustomerRow(external_id="cust_1", name="Ana", email="ana@shop.test")])
    assert (await imports.upsert(shop, [order])).created == 1
    assert (await imports.upsert(shop, [order])).updated == 1
    clash = OrderRow(number="1043", status="shipped", placed_at=DAY, total=Decimal(1), currency="EUR", external_id="x")
    with pytest.raises(ImportConflictError):
        await imports.upsert(shop, [clash])
    found = await rig.core.records.proven_order(shop, "1042", "Ana@shop.test")
    assert found is not None
    assert found.items[0].product_id is not None


async def test_texts_that_cannot_be_stored_are_refused_and_not_a_failure(rig: Product) -> None:
    async with await rig.signed_in() as client:
        for path in ("/api/conversations/list/?q=a%00b", "/api/conversations/list/?cursor=AAAA"):
            assert (await client.get(path)).status_code == 422
        wrong = {"email": "a\0@b.test", "password": PASSWORD}
        assert (await client.post("/api/auth/token/", json=wrong)).status_code == 401
        ask = {"text": "hi", "customer": "a\0b"}
        assert (await client.post("/api/messages/process_message/", json=ask)).status_code == 422
        named = {"customer": "cust_1", "name": "a\0b", "email": "a\0@b.test"}
        assert (await client.post("/api/conversations/create_conversation/", json=named)).status_code == 201


async def test_an_answer_is_made_and_the_card_shows_it(rig: Product) -> None:
    async with working(rig.worker(ScriptedResponder())), await rig.signed_in(Role.AGENT) as client:
        asking = {"text": "Where is my order?", "customer": "cust_1"}
        answer = (await client.post("/api/messages/process_message/", json=asking)).json()
        assert answer["response"]["text"] == ANSWER
        (row,) = (await client.get("/api/conversations/list/")).json()["conversations"]
        card = (await client.get(f"/api/customers/{row['customer']['id']}/")).json()
    assert [line["id"] for line in card["conversations"]] == [answer["conversation_id"]]


async def test_shopifys_records_are_walked_through_and_what_is_gone_goes(
    server: PostgresServer, template: str, tmp_path: Path
) -> None:
    url = server.create_database(template)
    async with shopify_shop(tmp_path, database_url=url) as shopify:
        for number in (1, 2):
            shopify.shop.put("customers", customer(number))
            shopify.shop.put("products", product_node(number))
            shopify.shop.put("orders", order(1000 + number))
        await shopify.install()
        assert (await walk(shopify)).counts["orders"]["taken"] == 2
        del shopify.shop.customers[2], shopify.shop.products[2], shopify.shop.orders[1002]
        run = await walk(shopify)
        assert {kind: counts["removed"] for kind, counts in run.counts.items()} == dict.fromkeys(KINDS, 1)
        assert list(await shopify.parts.runs.due()) == []
        assert [row.number for row in await shopify.rig.rows(models.Order)] == ["1001"]
    server.drop_database(url)


async def test_two_workers_who_find_the_same_two_customers_join_them_once(rig: Product) -> None:
    vendors, shop = Vendors(rig), rig.mine.shop.id
    first = await vendors.connect("whatsapp")
    other = await vendors.connect("whatsapp", account_sid="AC2", number="+14155550188", messaging_service_sid="MG2")

    async def comes(account: UUID) -> UUID:
        async with rig.parts.store.write() as tx:
            identity = await tx.people.ensure_address(shop, account, "whatsapp:+14155550101", "Ana", "+14155550101")
            await tx.commit()
        return identity.customer

    people = await asyncio.gather(comes(first), comes(other))
    assert len(set(people)) == 2
    merges = SqlMerges(rig.core.database)
    done = await asyncio.gather(*(merges.join(shop, one, by_email=False) for one in people * 3))
    (merged,) = [one for one in done if one is not None]
    assert {row.customer_id for row in await rig.rows(models.ChannelIdentity)} == {merged.into}
    found = await rig.web.context.customers.find(shop, "ana")
    assert [one.id for one in found] == [merged.into]
    undone = await asyncio.gather(*(merges.undo(shop, merged.id, rig.mine.staff[Role.AGENT].id) for _ in range(3)))
    assert len([one for one in undone if one is not None]) == 1
    assert await merges.join(shop, people[0], by_email=False) is None
