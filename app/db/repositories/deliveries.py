"""Deliveries as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.domain.delivery import Delivery, DeliveryStatus
from app.domain.message import SenderKind
from app.services.outbox import Route

PROBLEM_CHARS = 255
_OPEN = (DeliveryStatus.QUEUED.value, DeliveryStatus.SENDING.value)
_HANDED_OVER = (DeliveryStatus.SENT.value, DeliveryStatus.DELIVERED.value)


class SqlDeliveries:
    """See app.services.outbox.Deliveries."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Insert."""
        rows = [
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
            }
            for one in deliveries
        ]
        if rows:
            await self._session.execute(insert(models.Delivery), rows)

    async def find(self, delivery: UUID) -> Delivery | None:
        """Return a delivery by its id."""
        return await self._one(models.Delivery.id == delivery)

    async def find_by_provider_id(self, account: UUID, provider_id: str) -> Delivery | None:
        """Return the delivery that the vendor gave this id."""
        return await self._one((models.Delivery.account_id == account) & (models.Delivery.provider_id == provider_id))

    async def _one(self, condition: ColumnElement[bool]) -> Delivery | None:
        row = await self._session.scalar(
            select(models.Delivery).where(condition).execution_options(populate_existing=True)
        )
        return None if row is None else _delivery_of(row)

    async def open_of(self, conversation: UUID) -> Sequence[Delivery]:
        """Order by message, then part."""
        return await self._all(
            models.Delivery.conversation_id == conversation,
            models.Delivery.status.in_(_OPEN),
        )

    async def bot_parts_in_flight(self, conversation: UUID) -> Sequence[Delivery]:
        """Select by status."""
        return await self._all(
            models.Delivery.conversation_id == conversation,
            models.Delivery.status == DeliveryStatus.SENDING.value,
            models.Delivery.sender_kind == SenderKind.BOT.value,
        )

    async def of_message(self, message: UUID) -> Sequence[Delivery]:
        """Return all parts of a message."""
        return await self._all(models.Delivery.message_id == message)

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
        rows = await self._session.scalars(
            select(models.Delivery)
            .join(models.Message, models.Message.id == models.Delivery.message_id)
            .where(*conditions)
            .order_by(models.Delivery.conversation_id, models.Message.seq, models.Delivery.part)
            .execution_options(populate_existing=True)
        )
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
        await self._update(models.Delivery.id == delivery.id, epoch=delivery.epoch, **_changing(delivery, now))

    async def restamp(self, conversation: UUID, epoch: int) -> None:
        """Write the epoch into the bot's queued parts."""
        condition = (
            (models.Delivery.conversation_id == conversation)
            & (models.Delivery.status == DeliveryStatus.QUEUED.value)
            & (models.Delivery.sender_kind == SenderKind.BOT.value)
        )
        await self._update(condition, epoch=epoch)

    async def _update(self, condition: ColumnElement[bool], **changes: Any) -> None:
        await self._session.execute(
            update(models.Delivery).where(condition).values(**changes).execution_options(synchronize_session=False)
        )

    async def tell(self, message: UUID, shown: Mapping[str, Any]) -> bool:
        """Compare, then write."""
        stored = await self._session.scalar(select(models.Message.delivery).where(models.Message.id == message))
        if stored == dict(shown):
            return False
        await self._session.execute(
            update(models.Message)
            .where(models.Message.id == message)
            .values(delivery=dict(shown))
            .execution_options(synchronize_session=False)
        )
        return True

    async def route(self, conversation: UUID) -> Route | None:
        """Read the address, and the last message that came from it in any conversation."""
        found = (
            await self._session.execute(
                select(
                    models.ChannelIdentity.id,
                    models.ChannelIdentity.account_id,
                    models.ChannelIdentity.address,
                    models.ChannelAccount.kind,
                    models.ChannelAccount.problem,
                )
                .join(models.Conversation, models.Conversation.identity_id == models.ChannelIdentity.id)
                .join(models.ChannelAccount, models.ChannelAccount.id == models.ChannelIdentity.account_id)
                .where(models.Conversation.id == conversation)
            )
        ).one_or_none()
        if found is None:
            return None
        last = (
            await self._session.execute(
                select(models.Message.created_at, models.Message.client_id)
                .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
                .where(models.Conversation.identity_id == found.id, models.Message.sender_kind == "customer")
                .order_by(models.Message.created_at.desc())
                .limit(1)
            )
        ).one_or_none()
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


def _delivery_of(row: models.Delivery) -> Delivery:
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
