"""Accounts of all vendors in the rig's shop, and a way to send it signed requests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx2

from app.bootstrap.shopify import open_shopify
from app.channels.registry import BY_KIND
from app.db import models
from app.domain.channel import Record
from app.domain.job import Lane
from app.services.accounts import AccountDesk
from app.services.clock import SystemClock
from app.services.ids import new_id
from app.services.receiving import Receiving
from tests.fixtures.signed import Signed
from tests.integration.app.rig import Product, Tenant

WHATSAPP = {
    "account_sid": "AC1",
    "auth_token": "twilio-token",
    "number": "+14155550199",
    "messaging_service_sid": "MG1",
}
MESSENGER = {"page_id": "1001", "page_token": "page-token", "app_secret": "app-secret", "verify_token": "verify-me"}
INSTAGRAM = {
    "ig_id": "17840001",
    "access_token": "ig-token",
    "app_secret": "ig-secret",
    "verify_token": "verify-ig",
    "setup": "instagram",
}
SHOPIFY = {"shop_domain": "demo.myshopify.com", "client_secret": "client-secret", "previous_secret": "old-secret"}
ALL = {"whatsapp": WHATSAPP, "messenger": MESSENGER, "instagram": INSTAGRAM, "shopify": SHOPIFY}


class Vendors:
    """Sends what vendors send, to the composed application."""

    def __init__(self, rig: Product) -> None:
        self.rig = rig
        self.desk = AccountDesk(rig.core.accounts, BY_KIND)
        self.client = rig.client()

    async def connect(self, kind: str, tenant: Tenant | None = None, **changes: str) -> UUID:
        shop = (tenant or self.rig.mine).shop.id
        return await self.desk.add(shop, kind, {**ALL[kind], **changes})

    async def post(self, signed: Signed, path: str | None = None) -> httpx2.Response:
        return await self.client.post(path or signed.path, content=signed.body, headers=dict(signed.headers))

    async def log(self, **where: object) -> list[Any]:
        rows = await self.rig.rows(models.WebhookLog, **where)
        return sorted(rows, key=lambda row: row.id)

    async def verdicts(self) -> list[str]:
        return [row.status for row in await self.log()]

    async def work(self) -> int:
        """Do the jobs that webhooks left, as a worker does; return how many there were."""
        parts, worker = self.rig.parts, new_id()
        receiving = Receiving(parts.store, parts.changes, SystemClock())
        shopify = open_shopify(self.rig.core, parts).records
        receiving.handle({Record: shopify.record})
        jobs = await parts.queue.claim(Lane.RECEIVE, worker, 100)
        for job in jobs:
            await receiving(job)
            assert await parts.queue.done(job)
        return len(jobs)

    async def texts(self, **where: object) -> list[str]:
        """Return what customers said, in order."""
        rows = await self.rig.rows(models.Message, sender_kind="customer", **where)
        return [row.text for row in sorted(rows, key=lambda row: (row.created_at, row.seq))]
