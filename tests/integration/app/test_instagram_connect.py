"""Connecting an Instagram account without a page: begun by an admin, approved there, kept subscribed and renewed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from app.api.instagram_connect import BEGIN_PATH
from app.auth.staff import SESSION_COOKIE
from app.channels.meta_upkeep import INSTAGRAM_FIELDS
from app.db import models
from app.db.account_traces import SqlAccountStates
from app.db.vault import Vault
from app.domain.people import Role
from app.services.instagram_connect import CALLBACK_PATH
from app.services.meta_connect import CALLBACK_PATH as FACEBOOK_CALLBACK_PATH
from app.services.reconciling import Reconciled
from app.simulate.instagram_login import InstagramLoginDesk
from app.simulate.loopback import serving
from app.simulate.meta_desk import LONG_LIVED_S
from tests.fixtures.signed import PUBLIC_URL
from tests.integration.app.rig import Product, product

APP_ID, APP_SECRET = "99017841", "of-the-instagram-app"
DAY_S = 86_400


@dataclass
class Instagram:
    rig: Product
    desk: InstagramLoginDesk

    async def cookie(self, role: Role = Role.ADMIN) -> dict[str, str]:
        """Sign in with a browser."""
        record = await self.rig.core.staff_store.by_email(self.rig.mine.email(role))
        assert record is not None
        started = await self.rig.core.staff.start_session(record.member, None)
        return {"Cookie": f"{SESSION_COOKIE}={started.cookie}"}

    async def get(self, path: str, headers: dict[str, str]) -> httpx2.Response:
        async with self.rig.client() as client:
            return await client.get(path, headers=headers)

    async def approved(self, headers: dict[str, str]) -> str:
        """Begin, and do what the person does at Instagram; return where the browser is sent, without the host."""
        begun = await self.get(BEGIN_PATH, headers)
        assert begun.status_code == 303, begun.text
        async with httpx2.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(begun.headers["location"])
        assert answer.status_code == 302, answer.text
        location: str = answer.headers["location"]
        return location.removeprefix(PUBLIC_URL).removesuffix("#_")

    async def connect(self) -> httpx2.Response:
        headers = await self.cookie()
        return await self.get(await self.approved(headers), headers)

    async def accounts(self) -> list[models.ChannelAccount]:
        return await self.rig.rows(models.ChannelAccount, kind="instagram")

    async def reconciled(self) -> Reconciled:
        (row,) = await self.accounts()
        return await self.rig.web.context.reconciling.now(self.rig.mine.shop.id, row.id)


@pytest.fixture
async def instagram(folder: Path) -> AsyncIterator[Instagram]:
    desk = InstagramLoginDesk(APP_ID, APP_SECRET, frozenset({PUBLIC_URL + CALLBACK_PATH}))
    async with serving(desk.app) as base:
        app = {"instagram_app_id": APP_ID, "instagram_app_secret": APP_SECRET, "meta_stand_in": base}
        async with product(folder, public_url=PUBLIC_URL, verify_token="ours", **app) as rig:
            yield Instagram(rig, desk)


@pytest.mark.parametrize("is_listed", [True, False])
async def test_an_admin_connects_an_account_without_a_page(instagram: Instagram, is_listed: bool) -> None:
    instagram.desk.is_listed = is_listed
    finished = await instagram.connect()
    assert (finished.status_code, finished.headers.get("location")) == (303, "/console"), finished.text
    (row,) = await instagram.accounts()
    assert (row.external_id, row.name, row.fields["setup"]) == ("17840002", "demo.coats", "instagram")
    stored = await instagram.rig.core.accounts.find(row.id)
    assert stored is not None
    assert stored.secrets == {
        "access_token": instagram.desk.tokens.token,
        "app_secret": APP_SECRET,
        "verify_token": "ours",
    }
    done = await instagram.reconciled()
    assert (done.subscribed_again, done.renewed) == (True, False)
    assert instagram.desk.tokens.subscribed == set(INSTAGRAM_FIELDS)
    health = await instagram.rig.web.context.channel_health.of_account(instagram.rig.mine.shop.id, row.id)
    assert health.report is not None
    assert health.report.token_expires_at is not None
    assert abs(health.report.token_expires_at.timestamp() - time.time() - LONG_LIVED_S) < 60
    written = (instagram.rig.settings.var_dir / "assistify.db").read_bytes()
    assert not any(secret.encode() in written for secret in stored.secrets.values() if secret != "ours")
    assert (await instagram.connect()).status_code == 303  # again: the same account
    assert len(await instagram.accounts()) == 1


async def test_the_token_is_renewed_in_its_last_thirty_days(instagram: Instagram) -> None:
    await instagram.connect()
    first, day = instagram.desk.tokens.token, time.time()
    assert not (await instagram.reconciled()).renewed
    (row,) = await instagram.accounts()
    instagram.desk.clock = lambda: day + 31 * DAY_S
    states = SqlAccountStates(instagram.rig.core.database, Vault(instagram.rig.settings.resolved_secret_key()))
    end = datetime.now(UTC) + timedelta(days=29)  # as it is a month later
    await states.note(row.id, {**await states.state(row.id), "token_expires_at": end.isoformat()})
    assert (await instagram.reconciled()).renewed
    stored = await instagram.rig.core.accounts.find(row.id)
    assert stored is not None
    assert stored.secrets["access_token"] == instagram.desk.tokens.token != first


async def test_a_callback_is_good_once_and_only_for_who_began(instagram: Instagram) -> None:
    headers = await instagram.cookie()
    back = await instagram.approved(headers)
    for other in (await instagram.cookie(), await instagram.cookie(Role.OWNER)):
        assert (await instagram.get(back, other)).status_code == 403
    assert (await instagram.get(back.replace("state=", "state=x"), headers)).status_code == 403
    at_facebook = back.replace(CALLBACK_PATH, FACEBOOK_CALLBACK_PATH)
    assert (await instagram.get(at_facebook, headers)).status_code == 422  # no app is set there
    assert await instagram.accounts() == []
    assert (await instagram.get(back, headers)).status_code == 303
    assert (await instagram.get(back, headers)).status_code == 403


async def test_whoever_does_not_approve_or_not_messages_connects_nothing(instagram: Instagram) -> None:
    instagram.desk.allowed = frozenset()
    refused = await instagram.connect()
    assert (refused.status_code, "approve" in refused.text) == (403, True)
    instagram.desk.allowed = frozenset({"instagram_business_basic"})
    refused = await instagram.connect()
    assert (refused.status_code, "messages were not allowed" in refused.text) == (403, True)
    headers = await instagram.cookie()
    back = await instagram.approved(headers)
    query = urlencode({"code": "made-up", "state": back.rpartition("state=")[2]})
    refused = await instagram.get(f"{CALLBACK_PATH}?{query}", headers)
    assert (refused.status_code, "Matching code was not found" in refused.text) == (403, True)
    assert await instagram.accounts() == []


async def test_only_admins_in_their_browser_begin(instagram: Instagram) -> None:
    agent = await instagram.get(BEGIN_PATH, await instagram.cookie(Role.AGENT))
    token = await instagram.get(BEGIN_PATH, await instagram.rig.bearer(Role.ADMIN))
    assert [answer.status_code for answer in (agent, token)] == [403, 422]
    async with await instagram.rig.signed_in(Role.ADMIN) as client:
        kinds = (await client.get("/api/channels/accounts/")).json()["kinds"]
    offered = {one["kind"]: one.get("sign_in_at_instagram") for one in kinds if one.get("sign_in_at_instagram")}
    assert offered == {"instagram": BEGIN_PATH}


@pytest.mark.parametrize(
    ("app", "named"),
    [
        ({}, "ASSISTIFY_INSTAGRAM_APP_ID"),
        ({"instagram_app_id": APP_ID, "instagram_app_secret": APP_SECRET}, "ASSISTIFY_VERIFY_TOKEN"),
    ],
)
async def test_what_is_missing_in_the_settings_is_named(folder: Path, app: dict[str, str], named: str) -> None:
    async with product(folder, public_url=PUBLIC_URL, **app) as rig:
        plain = Instagram(rig, InstagramLoginDesk(APP_ID, APP_SECRET, frozenset()))
        refused = await plain.get(BEGIN_PATH, await plain.cookie())
    assert (refused.status_code, named in refused.text) == (422, True)
