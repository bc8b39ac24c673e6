"""Looks after an installed Shopify app at somebody's wish: its token, webhooks, and records that no webhook told."""

from __future__ import annotations

from collections.abc import Sequence

from app.channels.port import Http, HttpLostError
from app.channels.shopify_admin import AdminError, AdminRefusedError, ThrottledError, TooMuchError
from app.channels.shopify_pages import PAGE_SIZES
from app.domain.channel import Account, VendorReport
from app.services.reconciling import MissedRecords, Reconciled
from app.services.shopify_access import ShopifyAccess
from app.services.shopify_backfill import KINDS, ShopifyBackfill, SyncRuns, may_read
from app.services.shopify_install import time_of
from app.services.shopify_subscriptions import ShopifySubscriptions, ShopifyUpkeep


class ShopifyReconciling:
    """See app.services.reconciling.Keeper. Every day the jobs of Shopify do the same."""

    def __init__(
        self,
        access: ShopifyAccess,
        subscriptions: ShopifySubscriptions,
        upkeep: ShopifyUpkeep,
        runs: SyncRuns,
        backfill: ShopifyBackfill,
    ) -> None:
        self._access = access
        self._subscriptions = subscriptions
        self._upkeep = upkeep
        self._runs = runs
        self._backfill = backfill

    async def keep(self, account: Account, webhook_url: str, http: Http, patience_s: float) -> Reconciled:
        """Renew, subscribe and fetch; a walk through the records that takes longer is left to a worker.

        Raises: HttpLostError.
        """
        if not account.secrets.get("access_token"):
            return Reconciled(VendorReport(detail="the app is not installed: nothing can be asked of Shopify"))
        try:
            topics, trouble = await self._subscribe(account)
        except AdminRefusedError as error:
            return Reconciled(VendorReport(credentials_good=not error.is_credentials and None, detail=str(error)))
        now = await self._access.account(account.id)
        if now is None:
            return Reconciled(VendorReport(detail="the app was taken out"))
        report = await self._upkeep.inspect(now, webhook_url, http)
        return Reconciled(
            report,
            subscribed_again=bool(topics),
            renewed=now.secrets["access_token"] != account.secrets["access_token"],
            topics=tuple(topics),
            detail=trouble,
            token_until=time_of(now.fields.get("token_expires_at")),
            records=await self._walk(now, patience_s),
        )

    async def _subscribe(self, account: Account) -> tuple[Sequence[str], str]:
        """Return the topics that were subscribed, and why others were not."""
        try:
            return await self._subscriptions.mend(account), ""
        except (ThrottledError, TooMuchError) as error:
            raise HttpLostError(str(error)) from error
        except AdminError as error:
            return (), str(error)

    async def _walk(self, account: Account, patience_s: float) -> MissedRecords:
        begun = await self._runs.begin(account.shop, account.id, PAGE_SIZES[KINDS[0]], full=False)
        run = await self._backfill.follow(begun, patience_s)
        return MissedRecords(
            state=run.status.value,
            counts={kind: run.counts.get(kind, {}) for kind in KINDS},
            unreadable=tuple(kind for kind in KINDS if not may_read(account, kind)),
            error=run.error,
        )
