"""What every role stands on: database, bus, who may do what, use cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from app.auth.passwords import Passwords
from app.auth.revocation import RevokingStaff
from app.auth.staff import Lifetimes, StaffAuth
from app.auth.tokens import Tokens
from app.channels.http import VendorHttp
from app.channels.registry import BY_KIND
from app.channels.shopify import SHOPIFY
from app.channels.shopify_admin import ShopifyAdmin
from app.db.account_traces import SqlAccountTraces
from app.db.archive import SqlArchive
from app.db.channel_accounts import SqlChannelAccounts
from app.db.database import Database
from app.db.import_store import SqlImportStore
from app.db.migrate import migrate
from app.db.model_versions import SqlModelVersions
from app.db.records import SqlRecords
from app.db.shops import SqlShops
from app.db.staff import SqlStaff
from app.db.store import SqlStore
from app.db.vault import Vault
from app.demo.seed import SeededDemo, seed_demo
from app.errors import ConfigurationError
from app.live.sessions import UseCases
from app.services.attachments import FileLinks
from app.services.blocking import Blocking
from app.services.buckets import Buckets, MemoryBuckets, RedisBuckets
from app.services.change import Changes
from app.services.channel_health import ChannelHealth
from app.services.clock import SystemClock
from app.services.control import ControlDesk
from app.services.deliver import Deliver
from app.services.desk import DeskWork
from app.services.ingest import Ingest
from app.services.jobs import JobQueue
from app.services.notifications import Notifications
from app.services.outbox import Outbox
from app.services.privacy import Privacy
from app.services.product_links import ProductLinks
from app.services.publish import Publisher
from app.services.rate_limit import RateLimiter
from app.services.reads import Reads
from app.services.replies import Replies
from app.services.sending import Sending
from app.services.shopify_subscriptions import ShopifyUpkeep
from app.services.signs import Signs
from app.services.suggesting import Suggestions
from app.settings import Settings
from realtime.bus.cluster import ClusterBus
from realtime.bus.cluster_map import is_cluster
from realtime.bus.memory import MemoryBus
from realtime.bus.open_layer import UnknownLayerError, open_layer
from realtime.bus.port import Bus
from realtime.bus.redis import RedisBus
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import LiveReply
from realtime.live_reply.redis import RedisLiveReply

SEED_LOCK = 0x4153_4445  # one process at a time loads the demo
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Core:
    """What every role stands on: the database, the bus and who may do what."""

    settings: Settings
    database: Database
    bus: Bus
    live: LiveReply
    shops: SqlShops
    accounts: SqlChannelAccounts
    records: SqlRecords
    imports: SqlImportStore
    model_versions: SqlModelVersions
    staff_store: SqlStaff
    passwords: Passwords
    tokens: Tokens
    staff: StaffAuth
    limiter: RateLimiter
    buckets: Buckets
    http: VendorHttp

    async def migrate(self) -> None:
        """Bring the database to the newest schema."""
        await migrate(self.database)


@asynccontextmanager
async def open_core(settings: Settings) -> AsyncIterator[Core]:
    """Open database and bus, and close them at the end."""
    settings.make_var_dir()
    async with AsyncExitStack() as stack:
        database = Database(settings.resolved_database_url)
        stack.push_async_callback(database.aclose)
        bus, live = _open_bus(settings)
        stack.push_async_callback(bus.aclose)
        stack.push_async_callback(live.aclose)
        limiter = RateLimiter(settings.redis_url)
        stack.push_async_callback(limiter.aclose)
        buckets = RedisBuckets(settings.redis_url) if settings.redis_url else MemoryBuckets()
        stack.push_async_callback(buckets.aclose)
        http = VendorHttp(allow_loopback=settings.allows_loopback)
        stack.push_async_callback(http.aclose)
        secret = settings.resolved_secret_key()
        tokens, passwords, staff_store = Tokens(secret), Passwords(), RevokingStaff(database, bus)
        lifetimes = Lifetimes(
            access_s=settings.access_token_s,
            refresh_s=settings.refresh_token_days * DAY_S,
            session_s=settings.session_days * DAY_S,
        )
        yield Core(
            settings=settings,
            database=database,
            bus=bus,
            live=live,
            shops=SqlShops(database),
            accounts=SqlChannelAccounts(database, Vault(secret)),
            records=SqlRecords(database),
            imports=SqlImportStore(database),
            model_versions=SqlModelVersions(database),
            staff_store=staff_store,
            passwords=passwords,
            tokens=tokens,
            staff=StaffAuth(staff_store, tokens, passwords, lifetimes, csrf_key=secret),
            limiter=limiter,
            buckets=buckets,
            http=http,
        )


def _open_bus(settings: Settings) -> tuple[Bus, LiveReply]:
    url = settings.redis_url
    if settings.channel_layer:
        try:
            layer = open_layer(settings.channel_layer, url)
        except UnknownLayerError as error:
            raise ConfigurationError(f"ASSISTIFY_CHANNEL_LAYER: {error}") from error
        return layer, RedisLiveReply(url, bus=layer)
    if url:
        return ClusterBus(url) if is_cluster(url) else RedisBus(url), RedisLiveReply(url)
    bus = MemoryBus()
    return bus, MemoryLiveReply(bus)


async def seed(core: Core) -> SeededDemo:
    """Load the demo shop; several processes may call it at once."""

    async def add_user(shop: UUID, email: str, name: str, role: str, password: str) -> None:
        known = await core.staff_store.by_email(email)
        if known is None or not await core.passwords.matches(known.password_hash, password):
            password_hash = await core.passwords.hash(password)
            await core.staff_store.add_user(shop, email=email, name=name, role=role, password_hash=password_hash)

    async with core.database.alone(SEED_LOCK):
        return await seed_demo(core.settings, core.shops, core.imports, add_user, datetime.now(UTC).date())


def open_channel_health(core: Core) -> ChannelHealth:
    """Return what checks channel accounts; Shopify's admin is asked as the settings say."""
    settings = core.settings
    admin = ShopifyAdmin(core.http, api_version=settings.shopify_api_version, stand_in=settings.shopify_stand_in)
    return ChannelHealth(
        core.accounts,
        SqlAccountTraces(core.database),
        {**BY_KIND, SHOPIFY.kind: replace(SHOPIFY, upkeep=ShopifyUpkeep(admin))},
        core.http,
        SystemClock(),
        public_url=core.settings.resolved_public_url,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """Use cases on the core."""

    store: SqlStore
    publisher: Publisher
    changes: Changes
    cases: UseCases
    replies: Replies
    queue: JobQueue
    privacy: Privacy


def open_links(core: Core) -> FileLinks:
    """Return what makes and checks the addresses of files."""
    settings = core.settings
    return FileLinks(settings.resolved_secret_key(), settings.resolved_public_url, SystemClock())


def open_product_links(settings: Settings) -> ProductLinks:
    """Return what makes and reads the links of recommended products."""
    return ProductLinks(settings.resolved_secret_key(), settings.resolved_public_url)


def build_parts(core: Core) -> Parts:
    """Wire the use cases."""
    settings, clock = core.settings, SystemClock()
    store, publisher = SqlStore(core.database), Publisher(core.bus)
    senders = {kind: one.sender.limits for kind, one in BY_KIND.items() if one.sender is not None}
    outbox = Outbox(senders, settings.resolved_public_url, open_product_links(settings))
    changes = Changes(store, core.live, publisher, clock, outbox)

    async def limit(sender: UUID) -> int | None:
        per_minute = settings.messages_per_minute
        return await core.limiter.retry_after_ms("message", str(sender), per_minute=per_minute)

    queue = JobQueue(store, publisher, clock)
    links = open_links(core)
    cases = UseCases(
        ingest=Ingest(store, changes, clock, links, limit=limit, message_chars=settings.message_chars),
        sending=Sending(changes, links, message_chars=settings.message_chars),
        control=ControlDesk(changes, store),
        desk=DeskWork(changes),
        reads=Reads(store),
        suggestions=Suggestions(store, queue, clock),
        notifications=Notifications(store, publisher, clock),
        signs=Signs(changes, clock),
        blocking=Blocking(store, core.bus, clock),
        deliver=Deliver(
            store,
            changes,
            core.accounts,
            BY_KIND,
            links,
            public_url=settings.resolved_public_url,
            check_s=settings.delivery_check_s,
        ),
    )
    replies = Replies(store, changes, core.live, clock, lease_s=settings.job_lease_s)
    privacy = Privacy(store, changes, SqlArchive(core.database), clock)
    return Parts(store, publisher, changes, cases, replies, queue, privacy)
