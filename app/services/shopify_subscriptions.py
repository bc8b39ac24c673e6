"""The webhooks of an installed app: subscribed as often as it takes, never twice; and where the widget may stand.

Shopify deletes subscriptions whose address did not answer for long, so this is done again every day. The three
compliance topics cannot be subscribed by the API: they are part of the app's configuration (deploy/shopify).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from app.channels.port import Http, HttpLostError, Parsed
from app.channels.shopify_admin import AdminError, AdminRefusedError, ShopifyAdmin, ThrottledError, TooMuchError
from app.domain.channel import Account, Record, Renewal, VendorReport
from app.domain.job import ClaimedJob, Lane, NewJob
from app.services.ports import Store, WaitingEvent
from app.services.shopify_access import ShopifyAccess
from app.services.shopify_install import SUBSCRIBE_KIND, InstalledAccounts

log = structlog.get_logger(__name__)

TOPICS: Final = {
    "read_orders": ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_PAID", "ORDERS_FULFILLED", "ORDERS_CANCELLED"),
    "read_products": ("PRODUCTS_CREATE", "PRODUCTS_UPDATE", "PRODUCTS_DELETE"),
    "read_customers": ("CUSTOMERS_CREATE", "CUSTOMERS_UPDATE"),
    "": ("APP_UNINSTALLED", "SHOP_UPDATE"),
}
LISTED = """query Subscriptions {
  webhookSubscriptions(first: 100) { nodes { id topic uri } }
  shop { myshopifyDomain primaryDomain { url } }
}"""
CREATE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}"""
UPDATE = """mutation Move($id: ID!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhookSubscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}"""


class ShopifySubscriptions:
    """Handler: `url` is where Shopify sends its webhooks; one that is not https cannot be subscribed."""

    def __init__(self, access: ShopifyAccess, installed: InstalledAccounts, *, url: str) -> None:
        self._access = access
        self._installed = installed
        self._url = url

    async def __call__(self, job: ClaimedJob) -> None:
        """Subscribe what is missing at one account; nothing when the app was taken out meanwhile.

        Raises: AdminError, AdminRefusedError, ThrottledError: the job is tried again.
        """
        account = await self._access.account(UUID(job.payload["account"]))
        if account is not None:
            await self.mend(account)

    async def mend(self, account: Account) -> Sequence[str]:
        """Subscribe what is missing at an account that may ask; return those topics.

        Raises: AdminError, AdminRefusedError, ThrottledError.
        """
        told = (await self._access.ask(account.id, LISTED, {})).data
        await self._allow_storefront(account, told)
        if urlsplit(self._url).scheme != "https":
            log.warning("webhooks not subscribed: no https address", action="shopify_not_subscribed")
            return ()
        nodes, missing = told["webhookSubscriptions"]["nodes"], []
        for topic in wanted_topics(account):
            known = [node for node in nodes if node["topic"] == topic]
            if not any(node["uri"] == self._url for node in known):
                await self._subscribe(account.id, topic, known)
                missing.append(topic)
        return missing

    async def _subscribe(self, account: UUID, topic: str, known: Sequence[Mapping[str, Any]]) -> None:
        wanted = {"uri": self._url, "format": "JSON"}
        # This server's own subscription, from before its address changed: it is moved, so that nothing comes twice.
        moved = next((node for node in known if _path(node["uri"]) == _path(self._url)), None)
        if moved is None:
            reply = await self._access.ask(account, CREATE, {"topic": topic, "webhookSubscription": wanted})
        else:
            reply = await self._access.ask(account, UPDATE, {"id": moved["id"], "webhookSubscription": wanted})
        for payload in reply.data.values():
            errors = [str(error.get("message", "")) for error in payload["userErrors"]]
            if errors and not any("already been taken" in error for error in errors):
                raise AdminError(f"{topic} was not subscribed: {errors[0]}")

    async def _allow_storefront(self, account: Account, told: Mapping[str, Any]) -> None:
        url = str((told["shop"].get("primaryDomain") or {}).get("url") or "")
        parts = urlsplit(url)
        own = [f"{parts.scheme}://{parts.netloc}"] if parts.scheme == "https" and parts.netloc else []
        await self._installed.allow_origins(account.shop, [f"https://{account.external_id}", *own])


class ShopUpdated:
    """Effect of `shop/update`: the storefront may have another address by now, and the widget is to stand there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, row: WaitingEvent, event: Record) -> None:
        """Have the account looked after, once for each row."""
        job = NewJob(Lane.SYNC, SUBSCRIBE_KIND, str(row.id), row.shop, payload={"account": str(row.account)})
        async with self._store.write() as tx:
            if await tx.inbox.finish(row.id):
                tx.jobs.enqueue(job)
            await tx.commit()


class ShopifyUpkeep:
    """See app.channels.port.Upkeep: what is asked about an installed app. Subscribing, renewing and fetching have jobs
    of their own."""

    def __init__(self, admin: ShopifyAdmin) -> None:
        self._admin = admin

    async def inspect(self, account: Account, webhook_url: str, http: Http) -> VendorReport:
        """Ask which topics come to us; nothing of an account that was connected by its keys.

        Raises: HttpLostError.
        """
        token = account.secrets.get("access_token", "")
        if not account.fields.get("installed_at"):
            return VendorReport()
        try:
            told = (await self._admin.ask(account.external_id, token, LISTED, {})).data
        except AdminRefusedError as error:
            # A token that has ended is renewed at its next use: no harm.
            is_renewed = bool(account.secrets.get("refresh_token"))
            return VendorReport(credentials_good=None if is_renewed else False, detail=str(error))
        except (ThrottledError, TooMuchError):
            return VendorReport(credentials_good=True)
        except AdminError as error:
            raise HttpLostError(str(error)) from error
        ours = {node["topic"] for node in told["webhookSubscriptions"]["nodes"] if node["uri"] == webhook_url}
        missing = tuple(topic for topic in wanted_topics(account) if topic not in ours)
        return VendorReport(credentials_good=True, subscribed=bool(ours), missing=missing if ours else ())

    async def subscribe(self, account: Account, webhook_url: str, http: Http) -> bool:
        """Nothing here: the job of ShopifySubscriptions does it, every day."""
        return False

    async def missed(self, account: Account, since: datetime, http: Http) -> Sequence[Parsed]:
        """Nothing here: the daily walk through the records finds what was missed."""
        return []

    async def renew(self, account: Account, http: Http) -> Renewal | None:
        """Nothing here: tokens are renewed as they are used."""
        return None


def wanted_topics(account: Account) -> list[str]:
    """Return the topics that an account's scopes allow."""
    scopes = account.fields.get("scopes", "").replace("write_", "read_").split(",")
    return [topic for scope, topics in TOPICS.items() if not scope or scope in scopes for topic in topics]


def _path(url: str) -> str:
    return urlsplit(url).path
