"""The product as it is composed for real, on a SQLite file, with a scripted responder in place of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from socket import socket
from typing import Any
from uuid import UUID

import httpx2
from argon2 import PasswordHasher
from sqlalchemy import select
from starlette.applications import Starlette

from app.bootstrap.core import Core, Parts, build_parts, open_core
from app.bootstrap.web import Web, build_web
from app.bootstrap.worker import Models, build_worker
from app.db import models
from app.domain.conversation import Conversation
from app.domain.people import Role, Staff, Visitor
from app.lifecycle import make_server
from app.main import create_app
from app.services.answer.ports import Responder
from app.services.ids import new_id
from app.services.shops import NewShop, WidgetShop
from app.services.worker.reply_run import ResponderModel
from app.services.worker.worker import Worker
from app.settings import Settings
from nlp.analyzer import TextAnalyzer
from nlp.encoder import Encoder
from nlp.registry import load_analyzer
from realtime.bus.frame import Frame, Kind
from realtime.bus.topic import conversation_topic

PASSWORD = "a-password-of-tests"
ORIGIN = "http://127.0.0.1:8000"


@cache
def password_hash() -> str:
    return PasswordHasher().hash(PASSWORD)


@cache
def encoder() -> Encoder:
    return Encoder.load()


@cache
def analyzer() -> TextAnalyzer:
    return load_analyzer(encoder(), None, None)


@dataclass
class Tenant:
    """A shop with one member of staff of each role."""

    shop: WidgetShop
    staff: dict[Role, Staff] = field(default_factory=dict)

    def email(self, role: Role = Role.AGENT) -> str:
        return f"{role.value}@{self.shop.widget_key.removeprefix('wk_')}.test"


@dataclass
class Product:
    """Everything wired, and two shops in it."""

    core: Core
    parts: Parts
    mine: Tenant
    other: Tenant

    @property
    def settings(self) -> Settings:
        return self.core.settings

    @cached_property
    def web(self) -> Web:
        return build_web(self.core, self.parts)

    @cached_property
    def app(self) -> Starlette:
        return create_app(self.web, demo=False)

    def client(self, *, address: str = "127.0.0.1", **options: Any) -> httpx2.AsyncClient:
        """Return a client of the application, as somebody at `address`; answers are whole before they are seen."""
        transport = httpx2.ASGITransport(self.app, client=(address, 40_000), raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=ORIGIN, **options)

    async def bearer(self, role: Role = Role.AGENT, tenant: Tenant | None = None) -> dict[str, str]:
        """Return the header of a signed-in member."""
        tenant = tenant or self.mine
        record = await self.core.staff_store.by_email(tenant.email(role))
        assert record is not None
        pair = await self.core.staff.issue_tokens(record.member, None)
        return {"Authorization": f"Bearer {pair.access}"}

    async def signed_in(self, role: Role = Role.AGENT, tenant: Tenant | None = None) -> httpx2.AsyncClient:
        return self.client(headers=await self.bearer(role, tenant))

    def worker(self, responder: Responder, **changes: Any) -> Worker:
        """Build a worker around a responder; `changes` are settings."""
        core = self.core
        if changes:
            core = replace(core, settings=core.settings.model_copy(update=changes))
        model = ResponderModel(engine=responder, name="scripted", has_pointers=True, max_tokens=64)
        return build_worker(core, self.parts, Models(encoder(), analyzer(), model))

    async def visitor(self, tenant: Tenant | None = None) -> Visitor:
        return Visitor(new_id(), (tenant or self.mine).shop.id, "Ana")

    async def open(self, tenant: Tenant | None = None) -> tuple[Visitor, UUID]:
        """Return a new visitor and their conversation."""
        visitor = await self.visitor(tenant)
        return visitor, await self.parts.cases.ingest.open_conversation(visitor)

    async def ask(self, visitor: Visitor, conversation: UUID, text: str = "Where is my parcel now?") -> int:
        sent = await self.parts.cases.ingest.receive_message(visitor, conversation, str(new_id()), text)
        return sent.seq

    async def record(self, conversation: UUID) -> Conversation:
        async with self.parts.store.read() as tx:
            found = await tx.views.snapshot(conversation, staff=True)
        assert found is not None
        return found[1]

    async def rows(self, model: type[models.Base], **where: object) -> list[Any]:
        async with self.core.database.read_session() as session:
            return list(await session.scalars(select(model).filter_by(**where)))

    async def messages(self, conversation: UUID) -> list[Any]:
        rows = await self.rows(models.Message, conversation_id=conversation)
        return sorted(rows, key=lambda row: row.seq)

    async def until(
        self, conversation: UUID, condition: Callable[[], Awaitable[object]], timeout_s: float = 30.0
    ) -> None:
        """Wait until an event of the conversation has made `condition` true."""
        heard = asyncio.Event()

        def listen(_: str, frame: Frame) -> None:
            if frame.kind is Kind.EVENT:
                heard.set()

        subscription = await self.core.bus.subscribe(conversation_topic(conversation), listen)
        try:
            async with asyncio.timeout(timeout_s):
                while not await condition():
                    await heard.wait()
                    heard.clear()
        finally:
            subscription.close()

    async def answered(self, conversation: UUID, texts: int = 1) -> list[str]:
        """Wait for so many messages of the bot; return their texts."""

        async def said() -> list[str]:
            return [row.text for row in await self.messages(conversation) if row.sender_kind == "bot"]

        async def enough() -> bool:
            return len(await said()) >= texts

        await self.until(conversation, enough)
        return await said()


async def add_tenant(core: Core, name: str) -> Tenant:
    """Make a shop and its staff."""
    shop = await core.shops.ensure(
        NewShop(name=name.title(), widget_key=f"wk_{name}", widget_secret=f"secret of {name}")
    )
    tenant = Tenant(shop)
    for role in Role:
        user = await core.staff_store.add_user(
            shop.id, email=tenant.email(role), name=role.value.title(), role=role.value, password_hash=password_hash()
        )
        tenant.staff[role] = Staff(user, shop.id, role.value.title(), role)
    return tenant


def settings_of(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return the settings of a product on the database in `folder`."""
    return {
        "var_dir": folder,
        "database_url": f"sqlite+aiosqlite:///{folder}/assistify.db",
        "secret_key": "a-secret-key-of-tests-that-is-long-enough",
        "requests_per_minute": 100_000,
        "coalesce_ms": 5,
        "job_poll_s": 0.05,
        **changes,
    }


@asynccontextmanager
async def product(folder: Path, **changes: Any) -> AsyncIterator[Product]:
    """Open the product on a migrated database in `folder`."""
    async with open_core(Settings(**settings_of(folder, **changes))) as core:
        mine, other = await add_tenant(core, "mine"), await add_tenant(core, "other")
        yield Product(core, build_parts(core), mine, other)


@asynccontextmanager
async def working(*workers: Worker) -> AsyncIterator[None]:
    """Run workers until the body ends, then drain them."""
    loops = [loop for worker in workers for _, loop in worker.tasks()]

    async def run(loop: Callable[[], Awaitable[None]]) -> None:
        await loop()

    tasks = [asyncio.create_task(run(loop)) for loop in loops]
    try:
        yield
    finally:
        await asyncio.gather(*(worker.drain() for worker in workers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def serving(rig: Product, port: int = 0) -> AsyncIterator[str]:
    """Serve over a real socket; yields the base URL."""

    async def drain() -> None:
        rig.web.state.draining = True
        await rig.web.gateway.drain(0.0)

    server = make_server(rig.app, rig.settings, drain)
    listener = socket()
    listener.bind(("127.0.0.1", port))
    async with rig.web.gateway.running():
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
            listener.close()
