"""Orders, products and customers of a Shopify shop, taken in from its webhooks in any order, once or many times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from app.channels.port import BodyError
from app.domain.channel import Record
from app.services.clock import Clock
from app.services.ports import Store, WaitingEvent
from app.services.privacy import TOPICS
from app.services.shopify_install import UNINSTALLED
from app.services.shopify_readings import Reading, read_record, withdrawn

log = structlog.get_logger(__name__)


SHOP_UPDATED = "shop/update"
RECORDS = frozenset({"orders", "products", "customers"})


class SyncedRecords(Protocol):
    """Where records are kept."""

    async def currency(self, shop: UUID) -> str: ...

    async def take(self, shop: UUID, account: UUID, readings: Sequence[Reading]) -> int:
        """Write those that are not older than what is known, in one transaction; return how many.

        Raises: ImportConflictError.
        """


RecordEffect = Callable[[WaitingEvent, Record], Awaitable[None]]
"""Does what a webhook asks that carries no record of a shop, and finishes its row."""


class ShopifySync:
    """Takes in records of one shop at a time."""

    def __init__(
        self,
        records: SyncedRecords,
        store: Store,
        clock: Clock,
        *,
        privacy: RecordEffect,
        uninstalled: RecordEffect,
        updated: RecordEffect,
    ) -> None:
        self._records = records
        self._store = store
        self._clock = clock
        self._effects = {**dict.fromkeys(TOPICS, privacy), UNINSTALLED: uninstalled, SHOP_UPDATED: updated}

    async def record(self, row: WaitingEvent, event: Record) -> None:
        """Take in a record that a webhook told; one that cannot be read is marked so, and loses nothing else."""
        effect = self._effects.get(event.topic)
        if effect is not None:
            await effect(row, event)
            return
        error = None
        try:
            await self.take(row.shop, row.account, event.account, event.topic, event.body, event.at)
        except (BodyError, ValueError) as problem:
            error = str(problem)[:200]
            log.warning("record not taken", action="record_not_taken", topic=event.topic, account=str(row.account))
        async with self._store.write() as tx:
            await tx.inbox.finish(row.id, error=error)
            await tx.commit()

    async def take(
        self, shop: UUID, account: UUID, domain: str, topic: str, body: Mapping[str, Any], told_at: datetime | None
    ) -> int:
        """Take in one record; return how many rows were older than it: none for a topic that holds no record.

        Raises: BodyError, ValueError when it cannot be read; ImportConflictError.
        """
        kind, _, verb = topic.partition("/")
        if topic == "products/delete":
            return await self._records.take(shop, account, [withdrawn(body, told_at or self._clock.now())])
        if verb == "delete" or kind not in RECORDS:
            return 0  # what is gone is found by the daily reconciliation
        readings = read_record(kind, body, domain, await self._records.currency(shop))
        return await self._records.take(shop, account, readings)
