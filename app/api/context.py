"""What the REST API stands on; bootstrap fills it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from app.api.problem import Problem
from app.auth.staff import StaffAuth
from app.demo.seed import WIDGET_KEY
from app.live.sessions import UseCases
from app.live.uploaders import Uploaders
from app.services.accounts import AccountDesk, Accounts
from app.services.analytics import Analytics
from app.services.answer.ports import Records
from app.services.attachments import Attachments
from app.services.audit import Audit
from app.services.channel_health import ChannelHealth
from app.services.customers import Customers
from app.services.digest import Digests
from app.services.fetched_files import FetchedFiles
from app.services.handshakes import VerifyTokens
from app.services.inbox import Inbox, WebhookLog
from app.services.instagram_connect import InstagramConnect
from app.services.merging import Merging
from app.services.meta_connect import MetaConnect
from app.services.model_desk import ModelDesk
from app.services.model_health import Metrics
from app.services.privacy import Privacy
from app.services.product_links import ProductLinks
from app.services.program import Programs
from app.services.rate_limit import RateLimiter
from app.services.recommendation_stats import Recommendations
from app.services.reconciling import Reconciling
from app.services.shopify_backfill import SyncRuns
from app.services.shopify_install import ShopifyInstall
from app.services.shops import Shops, WidgetShop
from app.services.simulator import Simulator
from app.services.templates import Templates
from app.settings import Settings
from realtime.hub import Hub


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the parts; `ready` is false only while draining or without the database."""

    ready: bool
    degraded: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Use cases and reads behind the operations."""

    settings: Settings
    staff: StaffAuth
    limiter: RateLimiter
    analytics: Analytics
    model_log: Metrics
    model_desk: ModelDesk
    privacy: Privacy
    customers: Customers
    health: Callable[[], Awaitable[Health]]
    cases: UseCases
    programs: Programs
    hub: Hub
    records: Records
    shops: Shops
    inbox: Inbox
    webhook_log: WebhookLog
    audit: Audit
    merging: Merging
    accounts: Accounts
    account_desk: AccountDesk
    attachments: Attachments
    fetched_files: FetchedFiles
    uploaders: Uploaders
    channel_health: ChannelHealth
    reconciling: Reconciling
    simulator: Simulator
    templates: Templates
    shopify_install: ShopifyInstall
    sync_runs: SyncRuns
    meta_connect: MetaConnect
    instagram_connect: InstagramConnect
    recommendations: Recommendations
    product_links: ProductLinks
    digests: Digests
    verify_tokens: VerifyTokens
    demo: bool = False

    async def demo_shop(self) -> WidgetShop:
        """Return the demo shop.

        Raises: Problem 404 when it is not loaded.
        """
        shop = await self.shops.by_key(WIDGET_KEY)
        if shop is None:
            raise Problem(404, "not_found", "the demo shop is not loaded: start with --demo")
        return shop

    async def customer_id(self, shop: UUID, external_id: str) -> UUID | None:
        """Return the customer known to a shop by this id."""
        return await self.shops.customer_id(shop, external_id)
