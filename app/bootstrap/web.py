"""The web role: live sessions and REST. No model is loaded, and torch is not imported."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from app import metrics
from app.api.context import ApiContext, Health
from app.api.security import Ancestors
from app.bootstrap.core import Core, Parts, open_channel_health, open_links, open_product_links
from app.bootstrap.meta import open_instagram_connect, open_meta_connect
from app.bootstrap.shopify import open_shopify
from app.bootstrap.upkeep import open_reconciling
from app.channels.registry import BY_KIND, CHANNELS
from app.db.analytics import SqlAnalytics
from app.db.audit import SqlAudit
from app.db.customers import SqlCustomers
from app.db.database import Database
from app.db.files import SqlFiles
from app.db.merges import SqlMerges
from app.db.model_evaluations import SqlModelEvaluations
from app.db.model_log import SqlModelLog
from app.db.recommendations import SqlRecommendations
from app.db.talks import SqlTalks
from app.db.webhook_log import SqlWebhookLog
from app.live.limits import Limits, LimitSettings, PerMinute
from app.live.sessions import LiveSessions
from app.live.shown import ShownBySessions
from app.live.uploaders import Uploaders
from app.live.visitors import Visitors
from app.services.accounts import AccountDesk
from app.services.attachments import Attachments
from app.services.clock import SystemClock
from app.services.digest import Digests
from app.services.fetched_files import FetchedFiles
from app.services.handshakes import VerifyTokens
from app.services.inbox import Inbox
from app.services.merging import Merging
from app.services.model_desk import ModelDesk
from app.services.program import Programs
from app.services.simulator import Simulator
from app.services.templates import Templates
from app.settings import Settings
from realtime.bus.port import Bus
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.presence import MemoryPresence, Presence
from realtime.presence_redis import RedisPresence
from realtime.settings import RealtimeSettings

DATABASE_PING_S = 2.0


@dataclass(frozen=True, slots=True)
class Web:
    """The web role: what the REST API stands on, the live sessions, who may embed the widget."""

    context: ApiContext
    gateway: Gateway
    ancestors: Ancestors
    state: WebState


class WebState:
    """Whether this process takes traffic."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self.draining = False

    async def health(self) -> Health:
        """See app.api.context.Health; Redis away is no reason to take a process out."""
        degraded = self._bus.away
        metrics.degraded.labels(part="bus").set(1 if degraded else 0)
        if self.draining:
            return Health(False, degraded, "draining")
        try:
            async with asyncio.timeout(DATABASE_PING_S):
                await self._database.ping()
        except Exception as error:
            return Health(False, degraded, f"the database cannot be reached: {type(error).__name__}")
        return Health(True, degraded)


def limits_of(core: Core) -> Limits:
    """Return the limits of live sessions, as they are set."""
    settings = core.settings
    return Limits(
        core.buckets,
        LimitSettings(
            connections=PerMinute(
                settings.visitor_connections_per_minute,
                settings.address_connections_per_minute,
                settings.shop_connections_per_minute,
            ),
            commands=PerMinute(
                settings.visitor_commands_per_minute,
                settings.address_commands_per_minute,
                settings.shop_commands_per_minute,
            ),
            conversations=PerMinute(
                settings.visitor_conversations_per_minute,
                settings.address_conversations_per_minute,
                settings.shop_conversations_per_minute,
            ),
            uploads=PerMinute(
                settings.visitor_uploads_per_minute,
                settings.address_uploads_per_minute,
                settings.shop_uploads_per_minute,
            ),
        ),
    )


def build_web(core: Core, parts: Parts) -> Web:
    """Wire the web role."""
    settings = core.settings
    visitors = Visitors(
        core.shops,
        parts.cases.ingest,
        core.tokens,
        public_url=settings.resolved_public_url,
        token_days=settings.visitor_token_days,
    )
    limits = limits_of(core)
    sessions = LiveSessions(parts.cases, visitors, core.staff, limits, public_url=settings.resolved_public_url)
    realtime = RealtimeSettings(
        commands_per_minute=settings.connection_commands_per_minute,
        message_chars=settings.message_chars,
        presence_refresh_s=settings.presence_s / 3,
        presence_grace_s=settings.presence_grace_s,
    )
    hub = Hub(core.bus, core.live, sessions, realtime)

    parts.changes.use_sessions(ShownBySessions(hub))
    gateway = Gateway(hub, sessions, realtime, presence=_presence(settings))
    metrics.connections.set_function(lambda: gateway.connection_count)
    state = WebState(core.database, core.bus)
    shopify, pages = open_shopify(core, parts), open_meta_connect(core, parts)
    context = ApiContext(
        settings=settings,
        staff=core.staff,
        limiter=core.limiter,
        analytics=SqlAnalytics(core.database),
        model_log=SqlModelLog(core.database),
        model_desk=_model_desk(core),
        privacy=parts.privacy,
        customers=SqlCustomers(core.database),
        health=state.health,
        cases=parts.cases,
        programs=Programs(parts.store),
        hub=hub,
        records=core.records,
        shops=core.shops,
        inbox=Inbox(parts.store, parts.publisher),
        webhook_log=SqlWebhookLog(core.database),
        audit=SqlAudit(core.database),
        merging=Merging(SqlMerges(core.database), parts.changes, parts.store),
        accounts=core.accounts,
        account_desk=AccountDesk(core.accounts, BY_KIND),
        attachments=Attachments(SqlFiles(core.database), open_links(core)),
        fetched_files=FetchedFiles(parts.changes, SqlFiles(core.database)),
        uploaders=Uploaders(visitors, parts.cases.reads, limits),
        recommendations=SqlRecommendations(core.database),
        product_links=open_product_links(core.settings),
        digests=Digests(SqlTalks(core.database)),
        templates=Templates(parts.store, parts.changes, core.accounts, BY_KIND, core.http),
        channel_health=open_channel_health(core),
        reconciling=open_reconciling(core, parts),
        simulator=Simulator(AccountDesk(core.accounts, BY_KIND), settings.resolved_public_url, settings.own_url),
        shopify_install=shopify.install,
        sync_runs=shopify.runs,
        meta_connect=pages,
        instagram_connect=open_instagram_connect(core, parts, pages),
        verify_tokens=VerifyTokens(core.accounts, CHANNELS, settings.verify_token.get_secret_value()),
    )
    return Web(context, gateway, visitors.embedding_origins, state)


def _model_desk(core: Core) -> ModelDesk:
    async def is_shared() -> bool:
        return not core.settings.models_by_shops and len(await core.shops.all()) > 1

    return ModelDesk(
        core.model_versions,
        SqlModelEvaluations(core.database),
        SqlAudit(core.database),
        SystemClock(),
        is_shared=is_shared,
    )


def _presence(settings: Settings) -> Presence:
    ttl_s, grace_s = settings.presence_s, settings.presence_grace_s
    if settings.redis_url:
        return RedisPresence(settings.redis_url, ttl_s=ttl_s, grace_s=grace_s)
    return MemoryPresence(ttl_s=ttl_s, grace_s=grace_s)
