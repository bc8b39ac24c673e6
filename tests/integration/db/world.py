"""A shop with staff and a visitor on a real database, and all use cases over the in-memory bus and live reply."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import convert
from sqlalchemy import select, update

from app.db import models
from app.db.database import Database
from app.db.store import SqlStore
from app.domain.conversation import Conversation
from app.domain.message import FinishReason
from app.domain.people import Actor, Role, Staff, Visitor
from app.domain.reply import Reply
from app.services.attachments import FileLinks
from app.services.change import Changes
from app.services.control import ControlDesk
from app.services.desk import DeskWork
from app.services.ids import new_id
from app.services.ingest import Ingest, Sent
from app.services.jobs import JobQueue
from app.services.publish import Publisher
from app.services.reads import Reads
from app.services.replies import Claim, Finished, Replies
from app.services.sending import Sending
from realtime.bus.frame import Frame, Kind
from realtime.bus.memory import MemoryBus
from realtime.bus.topic import conversation_topic
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import LiveReply
from realtime.protocol import shapes


class HandClock:
    """A clock that only moves by hand; sleeps are remembered and over at once."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        self.elapsed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.elapsed += seconds

    def advance(self, **kw: float) -> None:
        self.time += timedelta(**kw)


class World:
    """Everything, wired."""

    def __init__(self, database: Database, *, live: LiveReply | None = None, bus: MemoryBus | None = None) -> None:
        self.database = database
        self.bus = bus or MemoryBus()
        self.memory_live = MemoryLiveReply(self.bus)
        self.live: LiveReply = live or self.memory_live
        self.clock = HandClock()
        self.store = SqlStore(database)
        self.publisher = Publisher(self.bus)
        self.changes = Changes(self.store, self.live, self.publisher, self.clock)
        self.links = FileLinks("a key of tests", "https://shop.example", self.clock)
        self.ingest = Ingest(self.store, self.changes, self.clock, self.links)
        self.sending = Sending(self.changes, self.links)
        self.control = ControlDesk(self.changes, self.store)
        self.replies = Replies(self.store, self.changes, self.live, self.clock)
        self.jobs = JobQueue(self.store, self.publisher, self.clock)
        self.desk = DeskWork(self.changes)
        self.reads = Reads(self.store)
        self.shop = new_id()
        self.worker = new_id()
        self.ada = Staff(new_id(), self.shop, "Ada", Role.AGENT)
        self.ben = Staff(new_id(), self.shop, "Ben", Role.AGENT)
        self.boss = Staff(new_id(), self.shop, "Olive", Role.OWNER)
        self.viewer = Staff(new_id(), self.shop, "Vera", Role.VIEWER)
        self.visitor = Visitor(new_id(), self.shop, "Ana")

    async def populate(self) -> None:
        """Insert the shop and its staff."""
        key = uuid4().hex
        async with self.database.write_session() as session:
            session.add(models.Shop(id=self.shop, name="Shop", widget_key=key, widget_secret="secret"))
            await session.flush()
            for staff in (self.ada, self.ben, self.boss, self.viewer):
                session.add(
                    models.User(
                        id=staff.id,
                        shop_id=self.shop,
                        email=f"{staff.name}-{key}@shop.test".lower(),
                        name=staff.name,
                        role=staff.role.value,
                    )
                )
            await session.commit()

    async def set_rules(self, **settings: object) -> None:
        """Replace the shop's settings."""
        async with self.database.write_session() as session:
            await session.execute(update(models.Shop).where(models.Shop.id == self.shop).values(settings=settings))
            await session.commit()

    async def open(self) -> UUID:
        return await self.ingest.open_conversation(self.visitor)

    async def ask(self, conversation: UUID, text: str = "Where is my order?", key: str | None = None) -> Sent:
        return await self.ingest.receive_message(self.visitor, conversation, key or str(uuid4()), text)

    async def begin(self, text: str = "") -> Claim:
        """Claim the one reply that waits, and say `text` of it."""
        claims = await self.replies.claim(self.worker, 10)
        assert len(claims) == 1
        if text:
            await self.say(claims[0], text)
        return claims[0]

    async def say(self, claim: Claim, text: str) -> None:
        """Begin or adopt the live reply, and append."""
        conversation, reply = claim.conversation.id, claim.reply
        begun = await self.live.begin(conversation, reply.id, reply.epoch, claim.attempt)
        ids = tuple(range(len(text)))
        await self.live.append(conversation, reply.id, reply.epoch, claim.attempt, start=begun.end, text=text, ids=ids)

    async def finish(self, claim: Claim, text: str = "It is on its way.", **fields: object) -> None:
        finished = convert({"text": text, "ids": (1, 2), "finish_reason": FinishReason.STOP, **fields}, Finished)
        await self.live.finish(claim.conversation.id, claim.reply.id, claim.reply.epoch, claim.attempt)
        await self.replies.finish(claim, finished)

    async def record(self, conversation: UUID) -> Conversation:
        async with self.store.write() as tx:
            found = await tx.conversations.lock(conversation)
        assert found is not None
        return found

    async def active_reply(self, conversation: UUID) -> Reply | None:
        async with self.store.read() as tx:
            return await tx.replies.find_active(conversation)

    async def all_of(self, model: type[models.Base], **where: object) -> list[models.Base]:
        async with self.database.read_session() as session:
            return list(await session.scalars(select(model).filter_by(**where)))

    async def snapshot(self, actor: Actor, conversation: UUID) -> shapes.Snapshot:
        return convert((await self.reads.snapshot(actor, conversation)).body, shapes.Snapshot)

    async def messages(self, conversation: UUID) -> list[shapes.Message]:
        return list((await self.reads.messages(self.boss, conversation, limit=200)).messages)

    async def log(self, conversation: UUID, after: int = 0) -> list[Frame]:
        return list((await self.reads.read_log(conversation, after, 10_000)).frames)

    async def types(self, conversation: UUID, after: int = 0) -> list[str]:
        rows = await self.all_of(models.Event, conversation_id=conversation)
        events = [row for row in rows if isinstance(row, models.Event) and row.seq > after]
        return [row.type for row in sorted(events, key=lambda row: row.seq)]

    async def watch(self, conversation: UUID) -> list[Frame]:
        """Return a list that fills with the logged events published for a conversation."""
        heard: list[Frame] = []

        def listen(_: str, frame: Frame) -> None:
            if frame.kind is Kind.EVENT:
                heard.append(frame)

        await self.bus.subscribe(conversation_topic(conversation), listen)
        return heard


async def expire_leases(database: Database) -> None:
    """Let every lease run out, as if the workers were gone for longer than it."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    async with database.write_session() as session:
        await session.execute(update(models.Job).where(models.Job.status == "running").values(run_at=long_ago))
        await session.commit()


async def make_due(database: Database, kind: str) -> None:
    """Let delayed jobs of a kind be due now."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    async with database.write_session() as session:
        await session.execute(update(models.Job).where(models.Job.kind == kind).values(run_at=long_ago))
        await session.commit()


async def together(*work: object) -> list[object]:
    """Run all at once; exceptions are returned."""
    return await asyncio.gather(*work, return_exceptions=True)  # type: ignore[call-overload, no-any-return]
