"""The one composition root: settings in, wired parts out. Nothing else knows both ports and adapters."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import torch

from app import metrics
from app.api.context import ApiContext, Health
from app.api.security import Ancestors
from app.auth.passwords import Passwords
from app.auth.staff import Lifetimes, StaffAuth
from app.auth.tokens import Tokens
from app.db.analytics import SqlAnalytics
from app.db.customers import SqlCustomers
from app.db.database import Database
from app.db.import_store import SqlImportStore
from app.db.interactions import SqlInteractions
from app.db.migrate import migrate
from app.db.records import SqlRecords
from app.db.reply_context import SqlReplyContexts
from app.db.shops import SqlShops
from app.db.staff import SqlStaff
from app.db.store import SqlStore
from app.demo.seed import SeededDemo, seed_demo
from app.domain.job import Lane
from app.errors import ConfigurationError
from app.live.sessions import LiveSessions, UseCases
from app.live.visitors import Visitors
from app.services.answer.knowledge import Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.pipeline import Pipeline, Tokenizing
from app.services.change import Changes, HeldText
from app.services.clock import SystemClock
from app.services.control import ControlDesk
from app.services.desk import DeskWork
from app.services.ids import new_id
from app.services.ingest import ANALYZE_KIND, Ingest
from app.services.jobs import JobQueue, Periodic
from app.services.program import Programs
from app.services.publish import Publisher
from app.services.rate_limit import RateLimiter
from app.services.reads import Reads
from app.services.recommending import TRAIN_KIND, ShopRecommenders
from app.services.replies import Replies
from app.services.sending import Sending
from app.services.transitions import HANDOFF_TIMEOUT_KIND
from app.services.worker.analyzing import AnalyzeMessage
from app.services.worker.answering import AnswerLane
from app.services.worker.lane import Handler, JobLane
from app.services.worker.reply_run import ResponderModel, RunParts
from app.services.worker.validity import Validity
from app.services.worker.wake import Wake
from app.services.worker.worker import Worker
from app.settings import Settings
from nlp.analyzer import TextAnalyzer
from nlp.encoder import Encoder, ModelFilesError
from nlp.engine.engine import Engine
from nlp.engine.request import ModelLoadError
from nlp.engine.settings import EngineSettings
from nlp.registry import STARTER_RESPONDER, load_analyzer
from realtime.bus.memory import MemoryBus
from realtime.bus.port import Bus
from realtime.bus.redis import RedisBus
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import LiveReply
from realtime.live_reply.redis import RedisLiveReply
from realtime.presence import MemoryPresence
from realtime.presence_redis import RedisPresence
from realtime.settings import RealtimeSettings

DATABASE_PING_S = 2.0
LANE_SLOTS = {Lane.ANALYZE: 8, Lane.SYNC: 4, Lane.TRAIN: 1}
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Core:
    """What every role stands on: the database, the bus and who may do what."""

    settings: Settings
    database: Database
    bus: Bus
    live: LiveReply
    shops: SqlShops
    records: SqlRecords
    imports: SqlImportStore
    staff_store: SqlStaff
    passwords: Passwords
    tokens: Tokens
    staff: StaffAuth
    limiter: RateLimiter

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
        secret = settings.resolved_secret_key()
        tokens, passwords, staff_store = Tokens(secret), Passwords(), SqlStaff(database)
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
            records=SqlRecords(database),
            imports=SqlImportStore(database),
            staff_store=staff_store,
            passwords=passwords,
            tokens=tokens,
            staff=StaffAuth(staff_store, tokens, passwords, lifetimes, csrf_key=secret),
            limiter=RateLimiter(settings.redis_url),
        )


def _open_bus(settings: Settings) -> tuple[Bus, LiveReply]:
    if settings.redis_url:
        return RedisBus(settings.redis_url), RedisLiveReply(settings.redis_url)
    bus = MemoryBus()
    return bus, MemoryLiveReply(bus)


async def seed(core: Core) -> SeededDemo:
    """Load the demo shop."""

    async def add_user(shop: UUID, email: str, name: str, role: str, password: str) -> None:
        known = await core.staff_store.by_email(email)
        if known is None or not await core.passwords.matches(known.password_hash, password):
            password_hash = await core.passwords.hash(password)
            await core.staff_store.add_user(shop, email=email, name=name, role=role, password_hash=password_hash)

    return await seed_demo(core.settings, core.shops, core.imports, add_user, datetime.now(UTC).date())


@dataclass(frozen=True, slots=True)
class Parts:
    """Use cases on the core."""

    store: SqlStore
    publisher: Publisher
    changes: Changes
    cases: UseCases
    replies: Replies
    queue: JobQueue


def build_parts(core: Core) -> Parts:
    """Wire the use cases."""
    settings, clock = core.settings, SystemClock()
    store, publisher = SqlStore(core.database), Publisher(core.bus)
    changes = Changes(store, core.live, publisher, clock)

    async def limit(sender: UUID) -> int | None:
        per_minute = settings.messages_per_minute
        return await core.limiter.retry_after_ms("message", str(sender), per_minute=per_minute)

    cases = UseCases(
        ingest=Ingest(store, changes, clock, limit=limit, message_chars=settings.message_chars),
        sending=Sending(changes, message_chars=settings.message_chars),
        control=ControlDesk(changes),
        desk=DeskWork(changes),
        reads=Reads(store),
    )
    replies = Replies(store, changes, core.live, clock, lease_s=settings.job_lease_s)
    return Parts(store, publisher, changes, cases, replies, JobQueue(store, publisher, clock))


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
        degraded = () if self._bus.healthy else ("bus",)
        metrics.degraded.labels(part="bus").set(len(degraded))
        if self.draining:
            return Health(False, degraded, "draining")
        try:
            async with asyncio.timeout(DATABASE_PING_S):
                await self._database.ping()
        except Exception as error:
            return Health(False, degraded, f"the database cannot be reached: {type(error).__name__}")
        return Health(True, degraded)


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
    sessions = LiveSessions(parts.cases, visitors, core.staff, core.limiter, public_url=settings.resolved_public_url)
    realtime = RealtimeSettings(message_chars=settings.message_chars)
    hub = Hub(core.bus, core.live, sessions, realtime)

    def mirrored(conversation: UUID) -> HeldText | None:
        reply = hub.held(conversation)
        return None if reply is None else HeldText(reply.message, reply.text)

    parts.changes.use_mirror(mirrored)
    presence = RedisPresence(settings.redis_url) if settings.redis_url else MemoryPresence()
    gateway = Gateway(hub, sessions, realtime, presence=presence)
    metrics.connections.set_function(lambda: gateway.connection_count)
    state = WebState(core.database, core.bus)
    context = ApiContext(
        settings=settings,
        staff=core.staff,
        limiter=core.limiter,
        analytics=SqlAnalytics(core.database),
        customers=SqlCustomers(core.database),
        health=state.health,
        cases=parts.cases,
        programs=Programs(parts.store),
        hub=hub,
        records=core.records,
        shops=core.shops,
    )
    return Web(context, gateway, visitors.embedding_origins, state)


@dataclass(frozen=True, slots=True)
class Models:
    """The loaded models of a worker."""

    encoder: Encoder
    analyzer: TextAnalyzer
    responder: ResponderModel


def load_models(settings: Settings) -> Models:
    """Load all models; takes seconds, call it off the event loop.

    Raises: ConfigurationError that says which model and why.
    """
    threads = settings.torch_threads or max(1, (os.cpu_count() or 2) - 1)
    torch.set_num_threads(threads)
    try:
        encoder = Encoder.load()
        analyzer = load_analyzer(encoder, settings.intent_dir, settings.sentiment_dir)
        directory = settings.responder_dir or STARTER_RESPONDER
        engine = Engine.load(
            directory,
            EngineSettings(
                dtype=settings.responder_dtype,
                slots=settings.engine_slots,
                max_waiting=settings.engine_queue,
                max_tokens=settings.max_reply_tokens,
                threads=threads,
            ),
        )
    except (ModelFilesError, ModelLoadError) as error:
        raise ConfigurationError(str(error)) from error
    responder = ResponderModel(
        engine=engine,
        name=directory.name if settings.responder_dir else "starter",
        has_pointers=settings.responder_dir is None or settings.responder_pointers,
        max_tokens=settings.max_reply_tokens,
    )
    return Models(encoder, analyzer, responder)


def open_recommenders(core: Core) -> ShopRecommenders:
    """Return the recommenders of all shops."""
    folder = core.settings.var_dir / "models" / "recommenders"
    return ShopRecommenders(SqlInteractions(core.database), core.records, folder)


def build_worker(core: Core, parts: Parts, models: Models) -> Worker:
    """Wire the worker role."""
    settings, worker = core.settings, new_id()
    analyzer = BatchedAnalyzer(models.analyzer)
    recommenders = open_recommenders(core)
    engine = models.responder.engine
    knowledge = Knowledge(core.records, models.encoder)
    pipeline = Pipeline(
        records=core.records,
        analyzer=analyzer,
        knowledge=knowledge,
        recommenders=recommenders,
        attempts=core.limiter,
        tokenizing=Tokenizing(engine.count_tokens, engine.window),
    )
    validity = Validity(settings.reply_validity_s, time.monotonic)
    run_parts = RunParts(
        replies=parts.replies,
        contexts=SqlReplyContexts(core.database),
        pipeline=pipeline,
        model=models.responder,
        live=core.live,
        valid=validity,
        coalesce_ms=settings.coalesce_ms,
        pace=settings.reply_pace,
    )
    wakes = {lane.value: Wake() for lane in Lane}
    answers = AnswerLane(
        worker,
        run_parts,
        validity,
        wakes[Lane.ANSWER.value],
        slots=settings.engine_slots,
        poll_s=settings.job_poll_s,
    )
    handlers: dict[Lane, dict[str, Handler]] = {
        Lane.ANALYZE: {ANALYZE_KIND: AnalyzeMessage(parts.store, analyzer, parts.cases.desk)},
        Lane.SYNC: {HANDOFF_TIMEOUT_KIND: parts.cases.control.expire_handoff},
        Lane.TRAIN: {TRAIN_KIND: recommenders.train_all},
    }
    lanes = [
        JobLane(
            lane, worker, parts.queue, of_lane, wakes[lane.value], slots=LANE_SLOTS[lane], poll_s=settings.job_poll_s
        )
        for lane, of_lane in handlers.items()
    ]

    async def warm() -> None:
        for shop in await core.shops.all():
            await knowledge.warm(shop.id)
            await recommenders.warm(shop.id)

    nightly = Periodic(TRAIN_KIND, Lane.TRAIN, timedelta(days=1), timedelta(hours=3))
    return Worker(core.bus, parts.queue, answers, lanes, wakes, [nightly], warm)
