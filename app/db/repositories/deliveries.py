"""Deliveries as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, select, update

from app.db import models
from app.db.base import table_of
from app.db.batch import BatchSession, inserting, updating
from app.domain.delivery import Delivery, DeliveryStatus
from app.domain.message import SenderKind
from app.services.outbox import Route

PROBLEM_CHARS = 255
_OPEN = (DeliveryStatus.QUEUED.value, DeliveryStatus.SENDING.value)
_HANDED_OVER = (DeliveryStatus.SENT.value, DeliveryStatus.DELIVERED.value)

# Made once: these are the statements of every message.
_TABLE = table_of(models.Delivery)
_MESSAGES = table_of(models.Message)
_CONVERSATIONS = table_of(models.Conversation)
_IDENTITIES = table_of(models.ChannelIdentity)
_ACCOUNTS = table_of(models.ChannelAccount)
_CHANGING = ("status", "attempt", "provider_id", "error", "retry_at", "sending_at", "changed_at")
_ADDED = inserting(
    _TABLE,
    *("id", "shop_id", "conversation_id", "message_id", "account_id", "part", "epoch", "sender_kind", "text"),
    *("end_byte", "content", "created_at", *_CHANGING),
)
_SAVED = updating(_TABLE, ("epoch", *_CHANGING))
_TOLD = updating(_MESSAGES, ("delivery",))
_SHOWN = select(_MESSAGES.c.delivery).where(_MESSAGES.c.id == bindparam("message"))
_FOUND = select(_TABLE).where(_TABLE.c.id == bindparam("delivery"))
_IN_ORDER = (
    select(_TABLE)
    .join(_MESSAGES, _MESSAGES.c.id == _TABLE.c.message_id)
    .order_by(_TABLE.c.conversation_id, _MESSAGES.c.seq, _TABLE.c.part)
)
_OF_MESSAGE = _IN_ORDER.where(_TABLE.c.message_id == bindparam("message"))
_OPEN_OF = _IN_ORDER.where(_TABLE.c.conversation_id == bindparam("conversation"), _TABLE.c.status.in_(_OPEN))
_ROUTE = (
    select(_IDENTITIES.c.id, _IDENTITIES.c.account_id, _IDENTITIES.c.address, _ACCOUNTS.c.kind, _ACCOUNTS.c.problem)
    .join(_CONVERSATIONS, _CONVERSATIONS.c.identity_id == _IDENTITIES.c.id)
    .join(_ACCOUNTS, _ACCOUNTS.c.id == _IDENTITIES.c.account_id)
    .where(_CONVERSATIONS.c.id == bindparam("conversation"))
)
_LAST_INBOUND = (
    select(_MESSAGES.c.created_at, _MESSAGES.c.client_id)
    .join(_CONVERSATIONS, _CONVERSATIONS.c.id == _MESSAGES.c.conversation_id)
    .where(_CONVERSATIONS.c.identity_id == bindparam("identity"), _MESSAGES.c.sender_kind == "customer")
    .order_by(_MESSAGES.c.created_at.desc())
    .limit(1)
)


class SqlDeliveries:
    """See app.services.outbox.Deliveries."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session

    async def add(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Insert."""
        for one in deliveries:
            self._session.later(
                _ADDED,
                {
                    "id": one.id,
                    "shop_id": one.shop,
                    "conversation_id": one.conversation,
                    "message_id": one.message,
                    "account_id": one.account,
                    "part": one.part,
                    "epoch": one.epoch,
                    "sender_kind": one.sender.value,
                    "text": one.text,
                    "end_byte": one.end,
                    "content": one.content,
                    "created_at": now,
                    **_changing(one, now),
                },
            )

    async def find(self, delivery: UUID) -> Delivery | None:
        """Return a delivery by its id."""
        row = (await self._session.execute(_FOUND, {"delivery": delivery})).one_or_none()
        return None if row is None else _delivery_of(row)

    async def find_by_provider_id(self, account: UUID, provider_id: str) -> Delivery | None:
        """Return the delivery that the vendor gave this id."""
        named = select(_TABLE).where(_TABLE.c.account_id == account, _TABLE.c.provider_id == provider_id)
        row = (await self._session.execute(named)).one_or_none()
        return None if row is None else _delivery_of(row)

    async def open_of(self, conversation: UUID) -> Sequence[Delivery]:
        """Order by message, then part."""
        rows = await self._session.execute(_OPEN_OF, {"conversation": conversation})
        return [_delivery_of(row) for row in rows]

    async def bot_parts_in_flight(self, conversation: UUID) -> Sequence[Delivery]:
        """Select by status."""
        return await self._all(
            models.Delivery.conversation_id == conversation,
            models.Delivery.status == DeliveryStatus.SENDING.value,
            models.Delivery.sender_kind == SenderKind.BOT.value,
        )

    async def of_message(self, message: UUID) -> Sequence[Delivery]:
        """Return all parts of a message."""
        rows = await self._session.execute(_OF_MESSAGE, {"message": message})
        return [_delivery_of(row) for row in rows]

    async def sent_before(self, account: UUID, address: str, until: datetime) -> Sequence[Delivery]:
        """Return what is sent or delivered, by the time at which it was handed over."""
        return await self._all(
            models.Delivery.account_id == account,
            models.Delivery.status.in_(_HANDED_OVER),
            models.Delivery.sending_at <= until,
            models.Delivery.conversation_id.in_(_conversations_with(account, address)),
        )

    async def is_sending_to(self, account: UUID, address: str) -> bool:
        """Whether a part for this person is on its way to the vendor."""
        found = await self._session.scalar(
            select(models.Delivery.id)
            .where(
                models.Delivery.status == DeliveryStatus.SENDING.value,
                models.Delivery.conversation_id.in_(_conversations_with(account, address)),
            )
            .limit(1)
        )
        return found is not None

    async def is_of_identity(self, delivery: UUID, identity: UUID) -> bool:
        """Look at the conversation."""
        found = await self._session.scalar(
            select(models.Delivery.id)
            .join(models.Conversation, models.Conversation.id == models.Delivery.conversation_id)
            .where(models.Delivery.id == delivery, models.Conversation.identity_id == identity)
        )
        return found is not None

    async def _all(self, *conditions: ColumnElement[bool]) -> Sequence[Delivery]:
        rows = await self._session.execute(_IN_ORDER.where(*conditions))
        return [_delivery_of(row) for row in rows]

    async def provider_ids(self, conversation: UUID) -> set[str]:
        """Return the vendor's ids of all parts of a conversation."""
        found = await self._session.scalars(
            select(models.Delivery.provider_id).where(
                models.Delivery.conversation_id == conversation, models.Delivery.provider_id.is_not(None)
            )
        )
        return {one for one in found if one is not None}

    async def save(self, delivery: Delivery, now: datetime) -> None:
        """Update the row."""
        self._session.later(_SAVED, {"id": delivery.id, "epoch": delivery.epoch, **_changing(delivery, now)})

    async def restamp(self, conversation: UUID, epoch: int) -> None:
        """Write the epoch into the bot's queued parts."""
        await self._session.execute(
            update(_TABLE)
            .where(
                _TABLE.c.conversation_id == conversation,
                _TABLE.c.status == DeliveryStatus.QUEUED.value,
                _TABLE.c.sender_kind == SenderKind.BOT.value,
            )
            .values(epoch=epoch)
        )

    async def tell(self, message: UUID, shown: Mapping[str, Any]) -> bool:
        """Compare, then write."""
        stored = await self._session.scalar(_SHOWN, {"message": message})
        if stored == dict(shown):
            return False
        self._session.later(_TOLD, {"id": message, "delivery": dict(shown)})
        return True

    async def route(self, conversation: UUID) -> Route | None:
        """Read the address, and the last message that came from it in any conversation."""
        found = (await self._session.execute(_ROUTE, {"conversation": conversation})).one_or_none()
        if found is None:
            return None
        last = (await self._session.execute(_LAST_INBOUND, {"identity": found.id})).one_or_none()
        at, key = (None, None) if last is None else (last.created_at, last.client_id)
        return Route(found.account_id, found.kind, found.address, at, key, found.problem)

    async def stop_account(self, account: UUID, problem: str) -> None:
        """Note what is wrong."""
        await self._session.execute(
            update(models.ChannelAccount)
            .where(models.ChannelAccount.id == account)
            .values(problem=problem[:PROBLEM_CHARS])
            .execution_options(synchronize_session=False)
        )

    async def forgotten(self, before: datetime, limit: int) -> Sequence[Delivery]:
        """Read the index of what is open."""
        rows = await self._session.scalars(
            select(models.Delivery)
            .where(models.Delivery.status.in_(_OPEN), models.Delivery.changed_at < before)
            .order_by(models.Delivery.changed_at)
            .limit(limit)
        )
        return [_delivery_of(row) for row in rows]


def _conversations_with(account: UUID, address: str) -> Any:
    return (
        select(models.Conversation.id)
        .join(models.ChannelIdentity, models.ChannelIdentity.id == models.Conversation.identity_id)
        .where(models.ChannelIdentity.account_id == account, models.ChannelIdentity.address == address)
    )


def _changing(delivery: Delivery, now: datetime) -> dict[str, Any]:
    return {
        "status": delivery.status.value,
        "attempt": delivery.attempt,
        "provider_id": delivery.provider_id,
        "error": delivery.error,
        "retry_at": delivery.retry_at,
        "sending_at": delivery.sending_at,
        "changed_at": now,
    }


def _delivery_of(row: models.Delivery | Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        shop=row.shop_id,
        conversation=row.conversation_id,
        message=row.message_id,
        account=row.account_id,
        part=row.part,
        sender=SenderKind(row.sender_kind),
        epoch=row.epoch,
        text=row.text,
        end=row.end_byte,
        content=row.content,
        status=DeliveryStatus(row.status),
        attempt=row.attempt,
        provider_id=row.provider_id,
        error=row.error,
        retry_at=row.retry_at,
        sending_at=row.sending_at,
    )
