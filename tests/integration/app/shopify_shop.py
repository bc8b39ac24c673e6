"""The product with a stand-in of one Shopify shop, over real sockets, and the admin who installs the app there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import httpx2

from app.bootstrap.shopify import ShopifyParts, open_shopify
from app.db import models
from app.domain.job import Lane
from app.domain.people import Role
from app.services.ids import new_id
from app.services.shopify_backfill import SYNC_DUE_KIND, SYNC_KIND
from app.services.shopify_install import CALLBACK_PATH, SUBSCRIBE_KIND
from app.services.worker.lane import Handler
from app.simulate.loopback import serving
from app.simulate.shopify_admin import ShopifyAdmin
from tests.fixtures.signed import PUBLIC_URL
from tests.integration.app.rig import Product, Tenant, product

DOMAIN = "demo.myshopify.com"
CLIENT_ID, CLIENT_SECRET = "app-client-id", "client-secret"
INSTALL = "/api/channels/shopify/install/"
REDIRECT_URI = PUBLIC_URL + CALLBACK_PATH


@dataclass
class Shopify:
    """The product and the shop."""

    rig: Product
    shop: ShopifyAdmin
    base: str

    @cached_property
    def parts(self) -> ShopifyParts:
        return open_shopify(self.rig.core, self.rig.parts)

    async def cookie(self, role: Role = Role.ADMIN, tenant: Tenant | None = None) -> dict[str, str]:
        """Return the header of a fresh browser session."""
        record = await self.rig.core.staff_store.by_email((tenant or self.rig.mine).email(role))
        assert record is not None
        started = await self.rig.core.staff.start_session(record.member, None)
        return {"Cookie": f"assistify_session={started.cookie}"}

    async def begin(self, headers: dict[str, str], domain: str = DOMAIN) -> httpx2.Response:
        async with self.rig.client() as client:
            return await client.get(INSTALL, params={"shop": domain}, headers=headers)

    async def approve(self, begun: httpx2.Response) -> str:
        """Let the merchant approve; return the path and query that the browser is sent back to."""
        assert begun.status_code == 303, begun.text
        assert urlsplit(begun.headers["location"]).netloc == urlsplit(self.base).netloc
        async with httpx2.AsyncClient(trust_env=False) as browser:
            approved = await browser.get(begun.headers["location"])
        assert approved.status_code == 302, approved.text
        back: str = approved.headers["location"]
        public_url = self.rig.settings.resolved_public_url
        assert back.startswith(public_url + CALLBACK_PATH)
        return back.removeprefix(public_url)

    async def finish(self, back: str, headers: dict[str, str]) -> httpx2.Response:
        async with self.rig.client() as client:
            return await client.get(back, headers=headers)

    async def install(self) -> Any:
        """Install the app; return the account's row."""
        headers = await self.cookie()
        finished = await self.finish(await self.approve(await self.begin(headers)), headers)
        assert finished.status_code == 303, finished.text
        return await self.row()

    async def row(self) -> Any:
        (row,) = await self.rig.rows(models.ChannelAccount, kind="shopify")
        return row

    async def secrets(self) -> dict[str, str]:
        account = await self.rig.core.accounts.find((await self.row()).id)
        assert account is not None
        return dict(account.secrets)

    @property
    def handlers(self) -> dict[str, Handler]:
        return {
            SUBSCRIBE_KIND: self.parts.subscriptions,
            SYNC_KIND: self.parts.backfill,
            SYNC_DUE_KIND: self.parts.due,
        }

    async def work(self) -> int:
        """Do the waiting jobs about Shopify, as a worker does; return how many there were."""
        queue = self.rig.parts.queue
        jobs = await queue.claim(Lane.SYNC, new_id(), 100)
        for job in jobs:
            await self.handlers[job.kind](job)
            assert await queue.done(job)
        return len(jobs)

    async def jobs(self, kind: str) -> list[UUID]:
        return [row.id for row in await self.rig.rows(models.Job, kind=kind)]


def changed(back: str, **changes: str) -> str:
    """Return a callback with other values, its signature as it was."""
    path, _, query = back.partition("?")
    return f"{path}?{urlencode({**dict(parse_qsl(query)), **changes})}"


@asynccontextmanager
async def shopify_shop(folder: Path, public_url: str = PUBLIC_URL, **settings: Any) -> AsyncIterator[Shopify]:
    """Open the product and the stand-in."""
    shop = ShopifyAdmin(DOMAIN, CLIENT_ID, CLIENT_SECRET, redirect_uris=frozenset({public_url + CALLBACK_PATH}))
    async with serving(shop.app) as base:
        given = {"shopify_client_id": CLIENT_ID, "shopify_client_secret": CLIENT_SECRET, **settings}
        async with product(folder, public_url=public_url, shopify_stand_in=base, **given) as rig:
            yield Shopify(rig, shop, base)
