"""Installing the app in a Shopify shop: begun by an admin, approved there, and only then connected; and taken out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse

from app.channels.shopify_admin import AdminRefusedError
from app.db import models
from app.domain.people import Role
from app.services.shopify_subscriptions import LISTED
from app.simulate.faults import Fault
from app.simulate.shopify_sign import sign_query
from tests.fixtures.signed import PUBLIC_URL
from tests.fixtures.signed import shopify as webhook
from tests.integration.app.shopify_shop import (
    CLIENT_ID,
    CLIENT_SECRET,
    DOMAIN,
    REDIRECT_URI,
    Shopify,
    changed,
    shopify_shop,
)
from tests.integration.app.vendors import Vendors

HOOK = f"{PUBLIC_URL}/api/webhooks/shopify/"


@pytest.fixture
async def shopify(folder: Path) -> AsyncIterator[Shopify]:
    async with shopify_shop(folder) as opened:
        yield opened


async def test_an_admin_installs_the_app(shopify: Shopify) -> None:
    headers = await shopify.cookie()
    begun = await shopify.begin(headers, "DEMO.myshopify.com ")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["client_id"] == [CLIENT_ID]
    assert asked["scope"] == ["read_orders,read_products,read_customers"]
    assert asked["redirect_uri"] == [REDIRECT_URI]
    finished = await shopify.finish(await shopify.approve(begun), headers)
    assert (finished.status_code, finished.headers["location"]) == (303, "/console")
    row, secrets, (grant,) = await shopify.row(), await shopify.secrets(), shopify.shop.grants
    assert (row.external_id, row.active, row.problem) == (DOMAIN, True, None)
    assert (secrets["access_token"], secrets["refresh_token"]) == (grant.token, grant.refresh)
    assert (secrets["client_secret"], row.fields["client_id"]) == (CLIENT_SECRET, CLIENT_ID)
    assert row.fields["scopes"] == "read_customers,read_orders,read_products"
    stored = (shopify.rig.settings.var_dir / "assistify.db").read_bytes()
    assert not any(secret.encode() in stored for secret in secrets.values())
    assert [entry.action for entry in await shopify.rig.rows(models.AuditEntry)] == ["channel.installed"]
    assert await shopify.rig.rows(models.PendingInstall) == []


async def test_webhooks_are_subscribed_once_however_often_it_is_done(shopify: Shopify) -> None:
    await shopify.install()
    assert await shopify.work() == 2  # the subscriptions, and the records
    before = {number: dict(item) for number, item in shopify.shop.subscriptions.items()}
    assert {item["uri"] for item in before.values()} == {HOOK}
    assert {"ORDERS_UPDATED", "PRODUCTS_DELETE", "CUSTOMERS_UPDATE", "APP_UNINSTALLED"} <= {
        item["topic"] for item in before.values()
    }
    await shopify.install()
    shopify.shop.subscriptions.pop(1)  # Shopify deletes what did not answer for long
    shopify.shop.subscriptions[2]["uri"] = "https://old.shop.example/api/webhooks/shopify/"
    assert await shopify.work() == 2
    after = [(item["topic"], item["uri"]) for item in shopify.shop.subscriptions.values()]
    assert sorted(after) == sorted((item["topic"], HOOK) for item in before.values())


async def test_the_check_tells_of_subscriptions_that_are_gone(shopify: Shopify) -> None:
    health = shopify.rig.web.context.channel_health
    await shopify.install()

    async def troubles() -> list[str]:
        return [trouble.value for one in await health.of_shop(shopify.rig.mine.shop.id) for trouble in one.troubles]

    assert await troubles() == ["not_subscribed"]
    await shopify.work()
    assert await troubles() == []
    shopify.shop.subscriptions.pop(1)
    assert await troubles() == ["fields_missing"]


async def test_the_storefront_may_embed_the_widget(shopify: Shopify) -> None:
    shopify.shop.primary_url = "https://www.demo-coats.example"
    await shopify.install()
    await shopify.work()
    shop = await shopify.rig.core.shops.by_id(shopify.rig.mine.shop.id)
    assert shop is not None
    assert list(shop.origins) == [f"https://{DOMAIN}", "https://www.demo-coats.example"]


async def test_a_storefront_that_moved_may_embed_the_widget_again(shopify: Shopify) -> None:
    await shopify.install()
    await shopify.work()
    shopify.shop.primary_url = "https://www.new-coats.example"
    vendors = Vendors(shopify.rig)
    for _ in range(2):  # told twice
        assert (await vendors.post(webhook("shop/update", {"id": 1}, "d-1"))).status_code == 200
    await vendors.work()
    assert await shopify.work() == 1
    shop = await shopify.rig.core.shops.by_id(shopify.rig.mine.shop.id)
    assert shop is not None
    assert "https://www.new-coats.example" in shop.origins
    assert "SHOP_UPDATE" in {item["topic"] for item in shopify.shop.subscriptions.values()}


async def test_only_shops_of_shopify_are_gone_to(shopify: Shopify) -> None:
    headers = await shopify.cookie()
    for domain in (
        f"{DOMAIN}.evil.example",
        "evil.example",
        "demo",
        "-a.myshopify.com",
        "a/b.myshopify.com",
        "é.myshopify.com",
    ):
        refused = await shopify.begin(headers, domain)
        assert refused.status_code == 422, domain
        assert "location" not in refused.headers


async def test_only_admins_in_their_browser_begin(shopify: Shopify) -> None:
    agent = await shopify.begin(await shopify.cookie(Role.AGENT))
    token = await shopify.begin(await shopify.rig.bearer(Role.ADMIN))
    nobody = await shopify.begin({})
    assert [answer.status_code for answer in (agent, token, nobody)] == [403, 422, 401]


async def test_a_callback_is_good_once_and_only_for_who_began(shopify: Shopify) -> None:
    headers = await shopify.cookie()
    back = await shopify.approve(await shopify.begin(headers))
    others = [
        await shopify.cookie(),  # the same admin in another browser
        await shopify.cookie(Role.OWNER),
        await shopify.cookie(Role.ADMIN, shopify.rig.other),
    ]
    for other in others:
        assert (await shopify.finish(back, other)).status_code == 403
    assert (await shopify.finish(back, {})).status_code == 401
    assert (await shopify.finish(back, headers)).status_code == 303
    assert (await shopify.finish(back, headers)).status_code == 403
    assert len(await shopify.rig.rows(models.ChannelAccount, kind="shopify")) == 1


async def test_a_forged_callback_connects_nothing_and_spoils_nothing(shopify: Shopify) -> None:
    headers = await shopify.cookie()
    back = await shopify.approve(await shopify.begin(headers))
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    path = urlsplit(back).path

    def signed(secret: str = CLIENT_SECRET, **changes: str) -> str:
        given = {name: value for name, value in {**query, **changes}.items() if name != "hmac"}
        return changed(path, **given, hmac=sign_query(secret, given))

    old = str(int(datetime.now(UTC).timestamp()) - 3600)
    forged = [
        path,
        changed(back, code="another"),
        changed(back, extra="1"),
        changed(back, hmac=query["hmac"].upper()),
        changed(back, hmac=""),
        back.replace("&hmac=", "&mac="),
        signed(state="never-begun"),
        signed(shop="other.myshopify.com"),
        signed(timestamp=old),
        signed("another-secret"),
    ]
    for one in forged:
        answer = await shopify.finish(one, headers)
        assert answer.status_code == 403, one
    assert await shopify.rig.rows(models.ChannelAccount, kind="shopify") == []
    assert (await shopify.finish(back, headers)).status_code == 303


async def test_an_installation_begun_too_long_ago_is_over(shopify: Shopify) -> None:
    headers = await shopify.cookie()
    back = await shopify.approve(await shopify.begin(headers))
    async with shopify.rig.core.database.write_session() as session:
        (row,) = await shopify.rig.rows(models.PendingInstall)
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        await session.merge(row)
        await session.commit()
    assert (await shopify.finish(back, headers)).status_code == 403


async def test_what_goes_wrong_at_shopify_is_said(shopify: Shopify) -> None:
    headers = await shopify.cookie()
    back = await shopify.approve(await shopify.begin(headers))
    shopify.shop.token_faults.plan(Fault("refuse", JSONResponse({}, 503)))
    assert (await shopify.finish(back, headers)).status_code == 503
    shopify.shop.granted = frozenset({"read_products"})
    fewer = await shopify.finish(await shopify.approve(await shopify.begin(headers)), headers)
    assert fewer.status_code == 403
    assert "read_customers, read_orders" in fewer.json()["detail"]
    assert await shopify.rig.rows(models.ChannelAccount, kind="shopify") == []


async def test_a_shop_that_another_one_has_connected_stays_theirs(shopify: Shopify) -> None:
    await shopify.install()
    headers = await shopify.cookie(Role.ADMIN, shopify.rig.other)
    refused = await shopify.finish(await shopify.approve(await shopify.begin(headers)), headers)
    assert refused.status_code == 409
    assert (await shopify.row()).shop_id == shopify.rig.mine.shop.id


async def test_a_shop_brings_its_own_app(folder: Path) -> None:
    async with shopify_shop(folder, shopify_client_id="", shopify_client_secret="") as shopify:
        refused = await shopify.begin(await shopify.cookie())
        assert refused.status_code == 422
        await Vendors(shopify.rig).connect("shopify", client_id=CLIENT_ID)
        row = await shopify.install()
        assert (await shopify.secrets())["access_token"] == shopify.shop.grants[0].token
        assert row.fields["client_id"] == CLIENT_ID


async def test_a_token_is_renewed_before_it_ends_and_after_it_was_refused(shopify: Shopify) -> None:
    account = (await shopify.install()).id
    first = shopify.shop.grants[0]
    offset = 3400.0
    shopify.shop.clock = lambda: datetime.now(UTC).timestamp() + offset
    first.expires_at = 0.0  # refused: the token ended earlier than was told
    assert (await shopify.parts.access.ask(account, LISTED, {})).data["shop"]["myshopifyDomain"] == DOMAIN
    second = (await shopify.secrets())["access_token"]
    assert second not in ("", first.token)
    row = await shopify.row()
    soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    async with shopify.rig.core.database.write_session() as session:
        row.fields = {**row.fields, "token_expires_at": soon}
        await session.merge(row)
        await session.commit()
    await shopify.parts.access.ask(account, LISTED, {})
    assert (await shopify.secrets())["access_token"] not in (first.token, second)
    assert (await shopify.row()).problem is None


async def test_an_account_that_is_refused_for_good_is_marked(shopify: Shopify) -> None:
    account = (await shopify.install()).id
    shopify.shop.uninstall()
    with pytest.raises(AdminRefusedError):
        await shopify.parts.access.ask(account, LISTED, {})
    assert (await shopify.row()).problem == "Shopify answered 400"
    notices = await shopify.rig.rows(models.Notification, kind="channel_broken")
    leaders = {shopify.rig.mine.staff[role].id for role in (Role.OWNER, Role.ADMIN)}
    assert {row.user_id for row in notices} == leaders
    with pytest.raises(AdminRefusedError):
        await shopify.parts.access.ask(account, LISTED, {})
    assert len(await shopify.rig.rows(models.Notification)) == len(notices)  # once a day


async def test_taken_out_the_tokens_go_and_the_signing_secret_stays(shopify: Shopify) -> None:
    vendors = Vendors(shopify.rig)
    installed = await shopify.install()
    now = datetime.now(UTC)
    gone = webhook("app/uninstalled", {"id": 1}, "d-1")
    assert (await vendors.post(gone.with_headers(x_shopify_triggered_at=now.isoformat()))).status_code == 200
    await vendors.work()
    row = await shopify.row()
    assert set(await shopify.secrets()) == {"client_secret"}
    assert (row.active, row.problem) == (True, "uninstalled")
    assert await shopify.work() == 2  # what the installation wanted done: nothing is asked of Shopify
    assert shopify.shop.queries == []

    again = await shopify.install()
    assert (again.id, again.problem) == (installed.id, None)
    late = webhook("app/uninstalled", {"id": 1}, "d-2")  # told again, hours late
    assert (await vendors.post(late.with_headers(x_shopify_triggered_at=now.isoformat()))).status_code == 200
    await vendors.work()
    assert "access_token" in await shopify.secrets()

    redacted = webhook("shop/redact", {"shop_id": 1, "shop_domain": DOMAIN}, "d-3")
    assert (await vendors.post(redacted)).status_code == 200
    await vendors.work()
    row = await shopify.row()
    assert (row.active, row.secrets) == (False, None)
