"""The line of a conversation in the console's lists: one query, for one conversation or for a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from app.db import models
from app.domain.message import SenderKind
from realtime.protocol import shapes

PREVIEW_CHARS = 200

_Assignee = aliased(models.User)
_Holder = aliased(models.User)
Last = aliased(models.Message)


def select_summaries() -> Select[*tuple[Any, ...]]:
    """Return the query; add the conditions and the order."""
    unread = (
        select(func.count())
        .where(
            models.Message.conversation_id == models.Conversation.id,
            models.Message.seq > models.Conversation.staff_read_seq,
            models.Message.sender_kind == "customer",
        )
        .correlate(models.Conversation)
        .scalar_subquery()
    )
    return (
        select(
            models.Conversation,
            models.Customer,
            models.ChannelIdentity.verified,
            _Assignee.name.label("assignee_name"),
            _Holder.name.label("holder_name"),
            Last,
            unread.label("unread"),
        )
        .join(models.Customer, models.Customer.id == models.Conversation.customer_id)
        .join(models.ChannelIdentity, models.ChannelIdentity.id == models.Conversation.identity_id)
        .outerjoin(_Assignee, _Assignee.id == models.Conversation.assignee_id)
        .outerjoin(_Holder, _Holder.id == models.Conversation.holder_id)
        .outerjoin(Last, Last.id == models.Conversation.last_message_id)
        .execution_options(populate_existing=True)
    )


def summary_of(row: Sequence[Any]) -> shapes.Summary:
    """Return the line of a row."""
    conversation, customer, verified, assignee, holder, last, unread = row
    return shapes.Summary(
        id=conversation.id,
        seq=conversation.last_seq,
        status=conversation.status,
        controller=conversation.controller,
        epoch=conversation.epoch,
        customer=customer_shape(customer, verified=verified),
        channel=conversation.channel,
        updated_at=conversation.last_activity_at,
        assignee=user_shape(conversation.assignee_id, assignee),
        holder=user_shape(conversation.holder_id, holder),
        last_message=_preview(last),
        waiting_since=conversation.waiting_since,
        unread=unread,
        intent=_scored(conversation.intent),
        sentiment=_scored(conversation.sentiment),
        labels=conversation.labels,
        priority=conversation.priority,
        snooze_until=conversation.snooze_until,
    )


def customer_shape(customer: models.Customer, *, verified: bool, staff: bool = True) -> shapes.Customer:
    """Return a customer as staff see it, or as the visitor sees itself."""
    if not staff:
        return shapes.Customer(id=customer.id, verified=verified, name=customer.name)
    return shapes.Customer(
        id=customer.id,
        verified=verified,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        external_id=customer.external_id,
        locale=customer.locale,
    )


def user_shape(user: Any, name: str | None) -> shapes.UserRef | None:
    """Return a member of staff as others see them."""
    return None if user is None else shapes.UserRef(id=user, name=name or "")


def _preview(message: models.Message | None) -> shapes.Preview | None:
    if message is None:
        return None
    kind = SenderKind(message.sender_kind)
    return shapes.Preview(
        at=message.created_at,
        sender=shapes.Sender(kind=kind.value, id=message.sender_id, name=message.sender_name),
        text=message.text[:PREVIEW_CHARS],
    )


def _scored(stored: dict[str, Any] | None) -> shapes.Scored | None:
    return None if stored is None else shapes.Scored(label=stored["label"], score=stored["score"])
