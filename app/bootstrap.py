"""The one composition root: settings in, wired parts out. Nothing else knows both ports and adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.auth.passwords import Passwords
from app.auth.staff import Lifetimes, StaffAuth
from app.auth.tokens import Tokens
from app.db.database import Database
from app.db.import_store import SqlImportStore
from app.db.migrate import migrate
from app.db.records import SqlRecords
from app.db.shops import SqlShops
from app.db.staff import SqlStaff
from app.demo.seed import SeededDemo, seed_demo
from app.services.rate_limit import RateLimiter
from app.settings import Settings
from realtime.bus.memory import MemoryBus
from realtime.bus.port import Bus
from realtime.bus.redis import RedisBus
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import LiveReply
from realtime.live_reply.redis import RedisLiveReply

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
