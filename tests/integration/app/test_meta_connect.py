"""Connecting pages by signing in at Facebook: begun by an admin, approved there, and only then connected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from app.api.meta_connect import BEGIN_PATH
from app.auth.staff import SESSION_COOKIE
from app.channels.meta_upkeep import INSTAGRAM_FIELDS, PAGE_FIELDS
from app.db import models
from app.domain.people import Role
from app.services.meta_connect import CALLBACK_PATH
from app.simulate.loopback import serving
from app.simulate.meta_login import ChosenPage, MetaLoginDesk
from tests.fixtures.signed import PUBLIC_URL
from tests.integration.app.rig import Product, Tenant, product

APP_ID, APP_SECRET = "17841784", "of-the-app"
REDIRECT_URI = PUBLIC_URL + CALLBACK_PATH


@dataclass
class Facebook:
    rig: Product
    desk: MetaLoginDesk

    async def cookie(self, role: Role = Role.ADMIN, tenant: Tenant | None = None) -> dict[str, str]:
        """Sign in with a browser."""
        tenant = tenant or self.rig.mine
        record = await self.rig.core.staff_store.by_email(tenant.email(role))
        assert record is not None
        started = await self.rig.core.staff.start_session(record.member, None)
        return {"Cookie": f"{SESSION_COOKIE}={started.cookie}"}

    async def begin(self, headers: dict[str, str]) -> httpx2.Response:
        async with self.rig.client() as client:
            return await client.get(BEGIN_PATH, headers=headers)

    async def approve(self, begun: httpx2.Response) -> str:
        """Do what the person does at Facebook; return where the browser is sent, without the host."""
        assert begun.status_code == 303, begun.text
        async with httpx2.AsyncClient(trust_env=False) as browser:
            approved = await browser.get(begun.headers["location"])
        assert approved.status_code == 302, approved.text
        location: str = approved.headers["location"]
        return location.removeprefix(PUBLIC_URL)

    async def finish(self, back: str, headers: dict[str, str]) -> httpx2.Response:
        async with self.rig.client() as client:
            return await client.get(back, headers=headers)

    async def connect(self) -> httpx2.Response:
        headers = await self.cookie()
        return await self.finish(await self.approve(await self.begin(headers)), headers)


@pytest.fixture
async def facebook(folder: Path) -> AsyncIterator[Facebook]:
    pages = [ChosenPage("1001", "Demo Coats", instagram="17840001"), ChosenPage("1002", "Demo Boots")]
    desk = MetaLoginDesk(APP_ID, APP_SECRET, frozenset({REDIRECT_URI}), pages, page_size=1)
    async with serving(desk.app) as base:
        app = {"meta_app_id": APP_ID, "meta_app_secret": APP_SECRET, "meta_stand_in": base}
        async with product(folder, public_url=PUBLIC_URL, **app) as rig:

            async def get(url: str) -> tuple[int, str]:
                async with rig.client() as client:
                    answer = await client.get(url.removeprefix(PUBLIC_URL))
                return answer.status_code, answer.text

            desk.get = get
            yield Facebook(rig, desk)


async def test_an_admin_connects_the_chosen_pages(facebook: Facebook) -> None:
    finished = await facebook.connect()
    assert (finished.status_code, finished.headers.get("location")) == (303, "/console"), finished.text
    rows = {row.external_id: row for row in await facebook.rig.rows(models.ChannelAccount) if row.kind != "web"}
    assert {(row.kind, row.external_id, row.name) for row in rows.values()} == {
        ("messenger", "1001", "Demo Coats"),
        ("messenger", "1002", "Demo Boots"),
        ("instagram", "17840001", "demo.coats"),
    }
    coats, boots = facebook.desk.pages
    stored = await facebook.rig.core.accounts.find(rows["1002"].id)
    assert stored is not None
    assert (stored.secrets["page_token"], stored.secrets["app_secret"]) == (boots.token, APP_SECRET)
    assert facebook.desk.webhooks["page"] == (f"{PUBLIC_URL}/api/webhooks/facebook/", set(PAGE_FIELDS))
    assert facebook.desk.webhooks["instagram"][0] == f"{PUBLIC_URL}/api/webhooks/instagram/"
    for row in rows.values():
        await facebook.rig.web.context.reconciling.now(facebook.rig.mine.shop.id, row.id)
    assert boots.subscribed == set(PAGE_FIELDS)
    assert coats.subscribed == {*PAGE_FIELDS, *INSTAGRAM_FIELDS}  # shared by both accounts
    assert coats.token.encode() not in (facebook.rig.settings.var_dir / "assistify.db").read_bytes()
    assert await facebook.rig.rows(models.PendingInstall) == []
    assert (await facebook.connect()).status_code == 303  # again: the same accounts
    assert len([row for row in await facebook.rig.rows(models.ChannelAccount) if row.kind != "web"]) == 3


async def test_a_callback_is_good_once_and_only_for_who_began(facebook: Facebook) -> None:
    headers = await facebook.cookie()
    back = await facebook.approve(await facebook.begin(headers))
    state = parse_qs(urlsplit(back).query)["state"][0]
    others = [
        await facebook.cookie(),  # the same admin in another browser
        await facebook.cookie(Role.OWNER),
        await facebook.cookie(Role.ADMIN, facebook.rig.other),
    ]
    for other in others:
        assert (await facebook.finish(back, other)).status_code == 403
    assert (await facebook.finish(back, {})).status_code == 401
    forged = f"{CALLBACK_PATH}?{urlencode({'code': 'x', 'state': state + 'x'})}"
    assert (await facebook.finish(forged, headers)).status_code == 403
    assert await facebook.rig.rows(models.ChannelAccount) == []
    assert (await facebook.finish(back, headers)).status_code == 303
    assert (await facebook.finish(back, headers)).status_code == 403


async def test_whoever_does_not_approve_connects_nothing(facebook: Facebook) -> None:
    facebook.desk.approves = False
    refused = await facebook.connect()
    assert (refused.status_code, await facebook.rig.rows(models.ChannelAccount)) == (403, [])
    facebook.desk.approves, facebook.desk.pages = True, []
    assert "no page was chosen" in (await facebook.connect()).text


async def test_a_server_that_meta_cannot_reach_is_told(facebook: Facebook) -> None:
    async def nothing(url: str) -> tuple[int, str]:
        return 502, ""

    facebook.desk.get = nothing
    refused = await facebook.connect()
    assert refused.status_code == 503
    assert "/api/webhooks/facebook/" in refused.text
    assert len(await facebook.rig.rows(models.ChannelAccount, kind="messenger")) == 2  # signing in again mends it


async def test_only_admins_in_their_browser_begin(facebook: Facebook) -> None:
    agent = await facebook.begin(await facebook.cookie(Role.AGENT))
    token = await facebook.begin(await facebook.rig.bearer(Role.ADMIN))
    nobody = await facebook.begin({})
    assert [answer.status_code for answer in (agent, token, nobody)] == [403, 422, 401]


async def test_the_console_is_told_where_to_sign_in(facebook: Facebook) -> None:
    async with await facebook.rig.signed_in(Role.ADMIN) as client:
        kinds = (await client.get("/api/channels/accounts/")).json()["kinds"]
    offered = {one["kind"] for one in kinds if one.get("sign_in") == BEGIN_PATH}
    assert offered == {"messenger", "instagram"}


async def test_without_an_app_there_is_no_signing_in(folder: Path) -> None:
    async with product(folder, public_url=PUBLIC_URL) as rig:
        plain = Facebook(rig, MetaLoginDesk(APP_ID, APP_SECRET, frozenset()))
        refused = await plain.begin(await plain.cookie())
        assert (refused.status_code, "ASSISTIFY_META_APP_ID" in refused.text) == (422, True)
