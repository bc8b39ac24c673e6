"""Visitors with a conversation each, who write at the same moment: what they say shares transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from app.db.database import Database
from app.db.store import SqlStore
from app.domain.people import Visitor
from app.services.change import Changes
from app.services.ids import new_id
from app.services.ingest import Ingest, SendLimit, Sent
from app.services.ports import MessageKey, Together, Transaction
from tests.integration.db.world import World

Commit = Callable[[Sequence[Transaction]], Coroutine[Any, Any, None]]
AtCommit = Callable[[Commit, Sequence[Transaction]], Coroutine[Any, Any, None]]
"""What is done in place of a common commit, which it is given."""


class Watched(SqlStore):
    """Counts what is opened together, and holds it back while the gate is closed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.sizes: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.are_two_open = asyncio.Event()
        self.fails = False
        self.at_commit: AtCommit | None = None

    @asynccontextmanager
    async def together(self, keys: Sequence[MessageKey]) -> AsyncIterator[Together]:
        self.sizes.append(len(keys))
        if len(self.sizes) == 2:
            self.are_two_open.set()
        await self.gate.wait()
        if self.fails:
            raise ConnectionError
        async with super().together(keys) as found:
            if self.at_commit is not None:
                found.commit = partial(self.at_commit, found.commit)  # type: ignore[method-assign]
            yield found


class Crowd:
    """A process that takes what the visitors of a shop say; `limit` is asked under the locks of each message."""

    def __init__(self, world: World, *, limit: SendLimit | None = None, database: Database | None = None) -> None:
        self.world = world
        self.database = database or world.database
        self.store = Watched(self.database)
        self.changes = Changes(self.store, world.live, world.publisher, world.clock)
        self.ingest = Ingest(self.store, self.changes, world.clock, world.links, limit=limit)
        self.of: dict[UUID, Visitor] = {}

    async def open(self, count: int, shop: UUID | None = None) -> list[UUID]:
        """Let so many new visitors of a shop open a conversation each; return all conversations."""
        for _ in range(count):
            await self.join(Visitor(new_id(), shop or self.world.shop, "Ana"))
        return list(self.of)

    async def join(self, visitor: Visitor) -> UUID:
        """Return the conversation of a visitor."""
        conversation = await self.ingest.open_conversation(visitor)
        self.of[conversation] = visitor
        return conversation

    async def say(self, conversation: UUID, text: str, key: str | None = None) -> Sent:
        return await self.ingest.receive_message(self.of[conversation], conversation, key or str(uuid4()), text)

    async def say_together(self, said: Sequence[tuple[UUID, str]], key: str | None = None) -> list[asyncio.Task[Sent]]:
        """Let all speak at once, from the third on in one transaction; return once they are in line."""
        self.store.gate.clear()
        self.store.sizes.clear()
        self.store.are_two_open.clear()
        tasks = [asyncio.create_task(self.say(conversation, text, key)) for conversation, text in said]
        await self.store.are_two_open.wait()
        for _ in range(10):  # for the others to be in line
            await asyncio.sleep(0)
        self.store.gate.set()
        return tasks

    async def texts(self, conversation: UUID) -> list[str]:
        return [one.text for one in await self.world.messages(conversation)]
