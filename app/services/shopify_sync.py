"""Orders, products and customers of a Shopify shop, taken in from its webhooks in any order, once or many times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from app.channels.port import BodyError
from app.channels.shopify_records import (
    changed_at,
    customer_values,
    identifier,
    is_on_sale,
    order_values,
    product_values,
)
from app.domain.channel import Record
from app.services.clock import Clock
from app.services.imports import Row, parse_rows
from app.services.ports import Store, WaitingEvent
from app.services.privacy import TOPICS
from app.services.shopify_install import UNINSTALLED

log = structlog.get_logger(__name__)


class SyncedRecords(Protocol):
    """Where records are kept."""

    async def currency(self, shop: UUID) -> str: ...

    async def put(self, shop: UUID, account: UUID, kind: str, row: Row, changed_at: datetime) -> bool: ...

    async def withdraw(self, shop: UUID, account: UUID, product: str, changed_at: datetime) -> bool: ...


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
    ) -> None:
        self._records = records
        self._store = store
        self._clock = clock
        self._effects = {**dict.fromkeys(TOPICS, privacy), UNINSTALLED: uninstalled}

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
    ) -> bool:
        """Take in one record; false when it is older than what is known, or of a topic that holds no record.

        Raises: BodyError, ValueError when it cannot be read; ImportConflictError.
        """
        kind, _, verb = topic.partition("/")
        if kind == "orders":
            return await self._order(shop, account, body)
        if kind == "customers" and verb in ("create", "update"):
            return await self._put(shop, account, "customers", customer_values(body), changed_at(body))
        if kind == "products" and (verb == "delete" or not is_on_sale(body)):
            at = told_at or self._clock.now() if verb == "delete" else changed_at(body)
            return await self._records.withdraw(shop, account, identifier(body.get("id")), at)
        if kind == "products":
            values = product_values(body, domain, await self._records.currency(shop))
            return await self._put(shop, account, "products", values, changed_at(body))
        return False

    async def _order(self, shop: UUID, account: UUID, body: Mapping[str, Any]) -> bool:
        """Take in an order, and before it the customer that it names: the two may come in any order."""
        customer = body.get("customer")
        if isinstance(customer, dict) and customer.get("id"):
            at = changed_at(customer) if customer.get("updated_at") else changed_at(body)
            await self._put(shop, account, "customers", customer_values(customer), at)
        return await self._put(shop, account, "orders", order_values(body), changed_at(body))

    async def _put(self, shop: UUID, account: UUID, kind: str, values: Mapping[str, Any], at: datetime) -> bool:
        parsed = parse_rows(kind, [values])
        if parsed.errors:
            raise BodyError(parsed.errors[0].message)
        return await self._records.put(shop, account, kind, parsed.rows[0], at)
