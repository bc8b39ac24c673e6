"""The lines of changed conversations in the console's lists, read after the commit: many with one query when many come.

A line counts what is unread, which is no part of a change: nobody waits for it under the conversation's lock.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from app.services.ports import Store
from app.services.publish import Publisher
from realtime.bus.topic import inbox_topic
from realtime.protocol import events

log = structlog.get_logger(__name__)


class _Round:
    """The conversations of one query, by id, with their shop."""

    def __init__(self) -> None:
        self.shops: dict[UUID, UUID] = {}
        self.is_over = asyncio.Event()


class InboxLines:
    """Reads and publishes. While one query runs, what changes meanwhile waits for the next one."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher
        self._next = _Round()
        self._running: asyncio.Task[None] | None = None

    async def tell(self, shop: UUID, conversation: UUID) -> None:
        """Publish the line of a conversation that has changed. A line that is lost is read again by the lists."""
        mine = self._next
        mine.shops[conversation] = shop
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await mine.is_over.wait()

    async def _run(self) -> None:
        try:
            while self._next.shops:
                this, self._next = self._next, _Round()
                try:
                    await self._publish(this.shops)
                finally:
                    this.is_over.set()
        finally:
            self._running = None

    async def _publish(self, shops: dict[UUID, UUID]) -> None:
        try:
            lines = await self._store.lines(list(shops))
        except Exception as error:
            log.warning("lines not read", action="inbox_lines_failed", error=type(error).__name__)
            return
        frames = [
            (inbox_topic(shops[line.id]), events.summary_frame(events.InboxChanged(summary=line))) for line in lines
        ]
        await self._publisher.publish(frames)
