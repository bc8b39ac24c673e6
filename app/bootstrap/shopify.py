"""Shopify's parts, for every role."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.bootstrap.core import Core, Parts
from app.channels.registry import BY_KIND
from app.channels.shopify import SHOPIFY
from app.channels.shopify_admin import App, ShopifyAdmin
from app.channels.shopify_pages import PAGE_SIZES
from app.db.shopify_accounts import SqlInstalledAccounts, SqlPendingInstalls
from app.db.sync_runs import SqlSyncRuns
from app.db.synced_records import SqlSyncedRecords
from app.db.vault import Vault
from app.services.accounts import AccountDesk
from app.services.clock import SystemClock
from app.services.shopify_access import ShopifyAccess
from app.services.shopify_backfill import KINDS, ShopifyBackfill, SyncDue
from app.services.shopify_install import ShopifyInstall, Uninstalled
from app.services.shopify_reconciling import ShopifyReconciling
from app.services.shopify_subscriptions import ShopifySubscriptions, ShopifyUpkeep, ShopUpdated
from app.services.shopify_sync import ShopifySync


@dataclass(frozen=True, slots=True)
class ShopifyParts:
    """What is done about Shopify."""

    install: ShopifyInstall
    access: ShopifyAccess
    subscriptions: ShopifySubscriptions
    records: ShopifySync
    runs: SqlSyncRuns
    backfill: ShopifyBackfill
    due: SyncDue
    reconciling: ShopifyReconciling


def open_installed(core: Core) -> SqlInstalledAccounts:
    """Return what installations write."""
    return SqlInstalledAccounts(core.database, Vault(core.settings.resolved_secret_key()))


def open_shopify(core: Core, parts: Parts) -> ShopifyParts:
    """Wire Shopify's parts."""
    settings, clock = core.settings, SystemClock()
    admin = ShopifyAdmin(core.http, api_version=settings.shopify_api_version, stand_in=settings.shopify_stand_in)
    installed = open_installed(core)
    client_secret = settings.shopify_client_secret.get_secret_value()
    runs, synced = SqlSyncRuns(core.database), SqlSyncedRecords(core.database)

    async def begin_sync(shop: UUID, account: UUID) -> None:
        await runs.begin(shop, account, PAGE_SIZES[KINDS[0]], full=False)

    install = ShopifyInstall(
        core.accounts,
        AccountDesk(core.accounts, BY_KIND),
        SqlPendingInstalls(core.database),
        admin,
        parts.queue,
        clock,
        begin_sync=begin_sync,
        app=App(settings.shopify_client_id, client_secret) if settings.shopify_client_id else None,
        scopes=settings.shopify_scopes.replace(" ", ""),
        public_url=settings.resolved_public_url,
    )
    access = ShopifyAccess(core.accounts, installed, admin, parts.store, parts.publisher, clock)
    url = f"{settings.resolved_public_url}/api/webhooks/{SHOPIFY.path}/"
    records = ShopifySync(
        synced,
        parts.store,
        clock,
        privacy=parts.privacy.record,
        uninstalled=Uninstalled(installed, parts.store, clock).record,
        updated=ShopUpdated(parts.store).record,
    )
    subscriptions = ShopifySubscriptions(access, installed, url=url)
    backfill = ShopifyBackfill(runs, synced, access, parts.queue, clock)
    return ShopifyParts(
        install=install,
        access=access,
        subscriptions=subscriptions,
        records=records,
        runs=runs,
        backfill=backfill,
        due=SyncDue(runs, parts.queue),
        reconciling=ShopifyReconciling(access, subscriptions, ShopifyUpkeep(admin), runs, backfill),
    )
