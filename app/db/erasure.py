"""Wipes a person out of every table: conversations one by one under their lock, then the record itself.

Rows and their order stay, so that logs keep their count and statistics their sums; what said who it was, or what was
said, goes. Of each table the number of rows touched is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import CursorResult, Delete, Update, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.files import delete_files

PAGE = 200
SHORTEST_NEEDLE = 5  # a shorter one would wipe what concerns others
_SAID = frozenset(
    {"text", "comment", "draft", "name", "email", "phone", "url", "title", "headline", "emoji", "address", "metadata"}
)
_LISTS = frozenset({"attachments", "products", "sources"})
_STAFF = frozenset({"user", "author", "holder", "assignee"})  # people of the shop stay named

Counts = Counter[str]


class SqlErasure:
    """See app.services.privacy.Erasure; part of the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def wipe_conversation(self, conversation: UUID) -> Mapping[str, int]:
        """Wipe all that was said and shown in a conversation. Call under its lock, after its reply has ended."""
        counts = Counts()
        of_it = {model: model.conversation_id == conversation for model in (models.Message, models.Response)}
        messages = select(models.Message.id).where(of_it[models.Message])
        recommendations = models.Recommendation.message_id.in_(messages)
        await self._do(counts, delete(models.Recommendation).where(recommendations))
        wiped: dict[str, Any] = {"text": "", "sender_name": None, "attachments": [], "products": [], "sources": []}
        wiped |= {"delivery": None, "refers": None, "reaction": None}
        message = update(models.Message).where(of_it[models.Message])
        await self._do(counts, message.values(**wiped, redacted_at=utc_now()))
        emptied = {"prompt": None, "facts": None, "literals": None, "products": None, "sources": None, "intent": None}
        response = update(models.Response).where(of_it[models.Response])
        await self._do(counts, response.values(**emptied, checkpoint_text="", checkpoint_ids=[]))
        for statement in (
            update(models.Note).where(models.Note.conversation_id == conversation).values(text=""),
            update(models.Csat).where(models.Csat.conversation_id == conversation).values(comment=None),
            update(models.Delivery).where(models.Delivery.conversation_id == conversation).values(text="", content={}),
        ):
            await self._do(counts, statement)
        notified = delete(models.Notification).where(models.Notification.conversation_id == conversation)
        await self._do(counts, notified)
        counts["attachments"] += await delete_files(self._session, models.Attachment.conversation_id == conversation)
        counts["events"] += await self._wipe_events(conversation)
        row = update(models.Conversation).where(models.Conversation.id == conversation)
        await self._do(counts, row.values(page=None, draft=None, cut=None, csat=None, receipts=[]))
        return counts

    async def wipe_customer(self, customer: UUID) -> Mapping[str, int]:
        """Wipe the record, the addresses, what was bought and looked at, and what vendors sent about the person."""
        counts = Counts()
        record = await self._session.get_one(models.Customer, customer, with_for_update=True)
        identities = (
            await self._session.scalars(
                select(models.ChannelIdentity).where(models.ChannelIdentity.customer_id == customer)
            )
        ).all()
        needles = _needles([record.name, record.email, record.phone, *(_bare(one.address) for one in identities)])
        counts["webhook_logs"] += await self.wipe_webhooks(record.shop_id, needles, [one.address for one in identities])
        for identity in identities:
            identity.address, identity.phone, identity.verified = f"erased:{identity.id}", None, False
        counts["channel_identities"] += len(identities)
        record.name = record.email = record.phone = record.locale = record.external_id = None
        record.attributes = {}
        counts["customers"] += 1
        await self._session.flush()
        orders = update(models.Order).where(models.Order.customer_id == customer)
        await self._do(counts, orders.values(**_NO_BUYER))
        await self._do(counts, delete(models.Interaction).where(models.Interaction.customer_id == customer))
        merged = or_(models.CustomerMerge.from_id == customer, models.CustomerMerge.into_id == customer)
        await self._do(counts, update(models.CustomerMerge).where(merged).values(moved={}))
        return counts

    async def wipe_orders(self, shop: UUID, external_ids: Sequence[str]) -> Mapping[str, int]:
        """Take the buyer out of orders that are named."""
        counts = Counts()
        if external_ids:
            named = (models.Order.shop_id == shop, models.Order.external_id.in_(external_ids))
            await self._do(counts, update(models.Order).where(*named).values(**_NO_BUYER))
        return counts

    async def wipe_webhooks(self, shop: UUID, needles: Sequence[bytes], addresses: Sequence[str] = ()) -> int:
        """Wipe what vendors sent that names a needle or comes from an address; return how many rows."""
        table, last, count = models.WebhookLog, UUID(int=0), 0
        while True:
            rows = (
                await self._session.scalars(
                    select(table).where(table.shop_id == shop, table.id > last).order_by(table.id).limit(PAGE)
                )
            ).all()
            for row in rows:
                found = row.address in addresses if row.address else False
                said = (row.body + (row.event or "").encode()).lower()
                if found or any(needle in said for needle in needles):
                    row.body, row.event, row.headers, row.address, row.error = b"", None, {}, None, None
                    count += 1
            if len(rows) < PAGE:
                break
            last = rows[-1].id
        await self._session.flush()
        return count

    async def _wipe_events(self, conversation: UUID) -> int:
        table = models.Event
        rows = await self._session.execute(select(table.seq, table.body).where(table.conversation_id == conversation))
        bodies = [(seq, blank(msgspec.json.decode(body))) for seq, body in rows.all()]
        for seq, body in bodies:
            place = (table.conversation_id == conversation, table.seq == seq)
            await self._session.execute(
                update(table)
                .where(*place)
                .values(body=msgspec.json.encode(body).decode())
                .execution_options(synchronize_session=False)
            )
        return len(bodies)

    async def _do(self, counts: Counts, statement: Update | Delete) -> None:
        result = await self._session.execute(statement.execution_options(synchronize_session=False))
        counts[str(statement.table.description)] += cast(CursorResult[Any], result).rowcount


_NO_BUYER: Mapping[str, Any] = {
    "customer_id": None,
    "email": None,
    "shipping_address": None,
    "tracking_code": None,
    "tracking_url": None,
}


def blank(value: Any, key: str = "") -> Any:
    """Return the JSON of an event with nothing of what was said, of whom it is with, or of what was shown."""
    if isinstance(value, dict):
        return {name: one if name in _STAFF else blank(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [] if key in _LISTS else [blank(one, key) for one in value]
    return "" if isinstance(value, str) and key in _SAID else value


def _needles(values: Iterable[str | None]) -> list[bytes]:
    """Return what tells a person, as it may stand in a vendor's JSON or form."""
    found = {value.strip().lower() for value in values if value and len(value.strip()) >= SHORTEST_NEEDLE}
    escaped = {msgspec.json.encode(value).decode()[1:-1] for value in found}
    ascii_only = {value.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00") for value in found}
    return [value.encode() for value in found | escaped | ascii_only]


def _bare(address: str) -> str | None:
    """Return what identifies a person in an address; the widget's own addresses identify nobody elsewhere."""
    kind, colon, rest = address.partition(":")
    return None if kind in ("visitor", "erased") else (rest if colon else address)
