"""Conversations, their messages and their event log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Body, Created, Id, Name, Short
from app.db.models.people import Customer

if TYPE_CHECKING:
    from app.db.models.catalog import Recommendation
    from app.db.models.replies import Response


class Conversation(Base):
    """The stored record. `last_seq` is the end of its log; the `*_seq` columns are positions in it (0: none)."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index(
            "uq_conversations_open_identity",
            "identity_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
            sqlite_where=text("status = 'open'"),
        ),
        Index("ix_conversations_activity", "shop_id", "status", "last_activity_at", "id"),
        Index("ix_conversations_queue", "shop_id", "status", "controller", "last_activity_at", "id"),
        Index("ix_conversations_assignee", "shop_id", "assignee_id", "status", "last_activity_at", "id"),
        Index("ix_conversations_identity_id_created_at", "identity_id", "created_at"),
        Index(
            "ix_conversations_prunable",
            "closed_at",
            postgresql_where=text("status = 'closed' AND pruned_seq < last_seq"),
            sqlite_where=text("status = 'closed' AND pruned_seq < last_seq"),
        ),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    identity_id: Mapped[UUID] = mapped_column(ForeignKey("channel_identities.id"))
    channel: Mapped[Short]
    status: Mapped[Short]  # open, closed
    controller: Mapped[Short]  # bot, agent, queue
    holder_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    epoch: Mapped[int]
    control_seq: Mapped[int] = mapped_column(default=0)  # of the last control.changed
    cut: Mapped[dict[str, Any] | None]  # what that change cut: {message, text}
    status_seq: Mapped[int] = mapped_column(default=0)  # of the last conversation.closed or .reopened
    last_seq: Mapped[int] = mapped_column(default=0)
    pruned_seq: Mapped[int] = mapped_column(default=0, server_default="0")  # up to here the log is removed
    customer_seq: Mapped[int] = mapped_column(default=0)  # the customer's last message
    question_id: Mapped[UUID | None]  # and its id
    agent_seq: Mapped[int] = mapped_column(default=0)  # the last message of an agent
    covered_seq: Mapped[int] = mapped_column(default=0)  # up to here ended replies cover
    last_message_id: Mapped[UUID | None]
    receipts: Mapped[list[Any]] = mapped_column(default=list)  # one per participant, as on the wire
    staff_read_seq: Mapped[int] = mapped_column(default=0)
    priority: Mapped[Short] = mapped_column(default="normal")
    labels: Mapped[list[str]] = mapped_column(default=list)
    snooze_until: Mapped[datetime | None]
    draft: Mapped[Body | None]
    intent: Mapped[dict[str, Any] | None]  # of the last analysed message: {label, score}
    sentiment: Mapped[dict[str, Any] | None]
    page: Mapped[dict[str, Any] | None]
    handoff_reason: Mapped[Short | None]
    bot_notice: Mapped[dict[str, Any] | None]  # when the customer was told of the bot: {seq}; and it last spoke: {at}
    csat: Mapped[dict[str, Any] | None]  # {score, comment}; the score is null while only asked for
    waiting_since: Mapped[datetime | None]
    created_at: Mapped[Created]
    closed_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime]

    customer: Mapped[Customer] = relationship(back_populates="conversations", lazy="raise")
    messages: Mapped[list[Message]] = relationship(back_populates="conversation", lazy="raise")


class Message(Base):
    """One thing said. `seq` is that of the event that brought it (message.created, or control.changed for a cut)."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "sender_id", "client_id"),
        Index("ix_messages_shop_id_created_at", "shop_id", "created_at", "id"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    sender_kind: Mapped[Short]  # customer, bot, agent, system
    sender_id: Mapped[UUID | None]
    sender_name: Mapped[Name | None]
    client_id: Mapped[Short | None]
    text: Mapped[Body]
    finish_reason: Mapped[Short | None]  # of the bot's: stop, length, stopped, taken_over, error
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    products: Mapped[list[Any]] = mapped_column(default=list)
    sources: Mapped[list[Any]] = mapped_column(default=list)
    intent_label: Mapped[Short | None]
    intent_score: Mapped[float | None]
    sentiment_label: Mapped[Short | None]
    sentiment_score: Mapped[float | None]
    delivery: Mapped[dict[str, Any] | None]  # on an external channel, as the message shows it: {status, error?, to?}
    refers: Mapped[dict[str, Any] | None]  # what it answers or came from, as on the wire
    reaction: Mapped[Short | None]  # the customer's, on an external channel
    created_at: Mapped[Created]
    redacted_at: Mapped[datetime | None]

    conversation: Mapped[Conversation] = relationship(back_populates="messages", lazy="raise")
    response: Mapped[Response | None] = relationship(back_populates="question", lazy="raise")
    recommendations: Mapped[list[Recommendation]] = relationship(back_populates="message", lazy="raise")


class Event(Base):
    """One durable change. `body` is the wire JSON as it was published; `staff` events reach visitors as a bare seq."""

    __tablename__ = "events"

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    type: Mapped[Short]
    staff: Mapped[bool]
    epoch: Mapped[int]  # that begins with a control.changed; else 0
    message_id: Mapped[UUID | None]  # that the event is about, for redaction
    body: Mapped[Body]
    at: Mapped[Created]


class Note(Base):
    """What staff tell each other beside a conversation; `seq` is that of its note.created."""

    __tablename__ = "notes"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "user_id", "client_id"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    user_name: Mapped[Name]
    client_id: Mapped[Short]
    text: Mapped[Body]
    created_at: Mapped[Created]


class Csat(Base):
    """How a customer rated a conversation, 1 to 5; the last rating counts."""

    __tablename__ = "csat"

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    score: Mapped[int]
    comment: Mapped[Body | None]
    created_at: Mapped[Created]


class Feedback(Base):
    """What a person thinks of a model's work on one message; the last word counts."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("message_id", "author_id"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), index=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    author_id: Mapped[UUID]
    value: Mapped[Short]  # of the bot's message: up, down; of a customer's: the intent it should have got
    created_at: Mapped[Created]
