"""The stand-in of Shopify's admin refuses what the documents do not list, and is as short of breath as the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from app.simulate.graphql import Field, GraphqlError, parse
from app.simulate.shopify_admin import ShopifyAdmin
from app.simulate.shopify_graphql import Bucket

DOMAIN = "demo.myshopify.com"
APP = {"client_id": "id", "client_secret": "secret"}
PAGE = "{ products(first: %d, after: %s) { nodes { id } pageInfo { hasNextPage endCursor } } }"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(clock: Clock) -> ShopifyAdmin:
    return ShopifyAdmin(DOMAIN, "id", "secret", clock=clock, bucket=Bucket(clock=clock))


@pytest.fixture
async def client(shop: ShopifyAdmin) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(shop.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in") as opened:
        yield opened


async def ask(client: httpx2.AsyncClient, token: str, document: str, **variables: Any) -> dict[str, Any]:
    answer = await client.post(
        "/admin/api/2026-10/graphql.json",
        json={"query": document, "variables": variables},
        headers={"X-Shopify-Access-Token": token},
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def code_of(told: dict[str, Any]) -> str:
    return str(told["errors"][0]["extensions"]["code"])


def test_a_document_is_read_with_its_variables() -> None:
    operation = parse(
        'query Page($first: Int!, $tags: [String!] = ["a"]) { # a comment\n'
        ' orders(first: $first, query: "x:\\"y\\"", reverse: true, sortKey: ID, by: {tags: $tags}) { nodes { id } } }',
        {"first": 2},
    )
    args = {"first": 2, "query": 'x:"y"', "reverse": True, "sortKey": "ID", "by": {"tags": ["a"]}}
    assert list(operation.fields) == [Field("orders", args, (Field("nodes", {}, (Field("id"),)),))]


@pytest.mark.parametrize(
    "document",
    ["", "{", "{}", "{ a", "{ a } }", "{ a(b: $c) }", "query Q($a: Int) { b }", "query Q($a: Int!) { b(c: $a) }",
     "{ ...F }", "subscription { a }", "{ a(b: ) }", '{ a(b: "x }', "{ % }"],
)  # fmt: skip
def test_what_is_no_document_is_refused(document: str) -> None:
    with pytest.raises(GraphqlError):
        parse(document, {})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ orders(first: 1) { nodes { secret } } }", "undefinedField"),
        ("{ orders(first: 1) { edges { node { id } } } }", "undefinedField"),
        ("{ invoices(first: 1) { nodes { id } } }", "undefinedField"),
        ("{ orders(first: 1, status: OPEN) { nodes { id } } }", "argumentNotAccepted"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        ('{ orders(first: 1, query: "name:1") { nodes { id } } }', "BAD_REQUEST"),
        ('{ orders(first: 1, after: "none") { nodes { id } } }', "INVALID_CURSOR"),
        ("{ orders(first: 1) { nodes } }", "selectionMismatch"),
        ("{ orders(first: 1) { nodes { id { x } } } }", "selectionMismatch"),
        ("{ customers(first: 1) { nodes { id } } }", "ACCESS_DENIED"),
        ("{ orders(first: 1) { nodes { customer { id } } } }", "ACCESS_DENIED"),
    ],
)
async def test_what_is_not_listed_is_refused(
    shop: ShopifyAdmin, client: httpx2.AsyncClient, document: str, code: str
) -> None:
    grant = shop.issue("read_orders,read_products")
    assert code_of(await ask(client, grant.token, document)) == code


async def test_only_a_live_token_opens(shop: ShopifyAdmin, client: httpx2.AsyncClient, clock: Clock) -> None:
    grant = shop.issue()

    async def status(token: str) -> int:
        path, headers = "/admin/api/2026-10/graphql.json", {"X-Shopify-Access-Token": token}
        return (await client.post(path, json={"query": "{ shop { id } }"}, headers=headers)).status_code

    assert [await status(token) for token in (grant.token, "", "shpat_other")] == [200, 401, 401]
    clock.now += 3600
    assert await status(grant.token) == 401
    refreshing = {**APP, "grant_type": "refresh_token", "refresh_token": grant.refresh}
    first, second = [await client.post("/admin/oauth/access_token", data=refreshing) for _ in range(2)]
    assert [first.status_code, second.status_code] == [200, 200]  # until the successor is used
    fresh = second.json()
    assert await status(fresh["access_token"]) == 200
    using = {**refreshing, "refresh_token": fresh["refresh_token"]}
    assert (await client.post("/admin/oauth/access_token", data=using)).status_code == 200
    assert (await client.post("/admin/oauth/access_token", data=refreshing)).status_code == 400
    shop.uninstall()
    assert (await client.post("/admin/oauth/access_token", data=using)).status_code == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"code": "other"}, 400),
        ({"client_secret": "wrong"}, 401),
        ({"unlisted": "1"}, 400),
        ({"code": None}, 400),
    ],
)
async def test_a_code_is_swapped_once_for_what_is_listed(
    shop: ShopifyAdmin, client: httpx2.AsyncClient, changes: dict[str, str | None], status: int
) -> None:
    shop.codes["c"] = (frozenset({"read_orders"}), shop.clock() + 1)
    form = {name: value for name, value in {**APP, "code": "c", "expiring": "1", **changes}.items() if value}
    answer = await client.post("/admin/oauth/access_token", data=form)
    assert answer.status_code == status
    if status == 200:
        assert set(answer.json()) == {
            "access_token", "scope", "expires_in", "refresh_token", "refresh_token_expires_in"
        }  # fmt: skip
        assert (await client.post("/admin/oauth/access_token", data=form)).status_code == 400


async def test_queries_cost_and_the_bucket_fills_again(
    shop: ShopifyAdmin, client: httpx2.AsyncClient, clock: Clock
) -> None:
    for number in range(3):
        shop.put("products", {"id": f"gid://shopify/Product/{number}", "updatedAt": "2026-11-01T00:00:00Z"})
    token = shop.issue().token
    shop.bucket.available = 300.0
    told = await ask(client, token, PAGE % (250, "null"))
    cost = told["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (252, 5)
    assert cost["throttleStatus"]["currentlyAvailable"] == 295
    shop.bucket.available = 100.0
    throttled = await ask(client, token, PAGE % (250, "null"))
    assert code_of(throttled) == "THROTTLED"
    assert "data" not in throttled
    clock.now += 2
    assert "data" in await ask(client, token, PAGE % (250, "null"))
    deep = "{ products(first: 250) { nodes { variants(first: 10) { nodes { id } } } } }"
    assert code_of(await ask(client, token, deep)) == "MAX_COST_EXCEEDED"


async def test_pages_follow_one_another_while_records_change(shop: ShopifyAdmin, client: httpx2.AsyncClient) -> None:
    token = shop.issue().token
    for number in range(5):
        shop.put("products", {"id": f"gid://shopify/Product/{number}", "updatedAt": f"2026-11-0{number + 1}T00:00:00Z"})
    document = "query P($after: String) { products(first: 2, after: $after, sortKey: UPDATED_AT) "
    document += "{ nodes { id } pageInfo { hasNextPage endCursor } } }"
    seen, after = [], None
    while True:
        page = (await ask(client, token, document, after=after))["data"]["products"]
        seen += [int(node["id"].rpartition("/")[2]) for node in page["nodes"]]
        shop.products[0]["updatedAt"] = "2026-11-09T00:00:00Z"  # changed meanwhile: it comes again, at the end
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == [0, 1, 2, 3, 4, 0]


async def test_subscriptions_are_unique_and_go_to_https_alone(shop: ShopifyAdmin, client: httpx2.AsyncClient) -> None:
    document = """mutation S($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
      webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {
        webhookSubscription { id } userErrors { field message } } }"""
    token = shop.issue().token

    async def create(topic: str, **given: str) -> dict[str, Any]:
        return await ask(client, token, document, topic=topic, webhookSubscription=given)

    def refused(told: dict[str, Any]) -> bool:
        return bool(told["data"]["webhookSubscriptionCreate"]["userErrors"])

    assert not refused(await create("ORDERS_CREATE", uri="https://here.example/", format="JSON"))
    assert refused(await create("ORDERS_CREATE", uri="https://here.example/"))
    assert refused(await create("ORDERS_UPDATED", uri="http://here.example/"))
    assert "errors" in await create("ORDERS_LOST", uri="https://here.example/")
    assert "errors" in await create("CUSTOMERS_REDACT", uri="https://here.example/")
    assert "errors" in await create("ORDERS_PAID", callbackUrl="https://here.example/")
    assert len(shop.subscriptions) == 1
