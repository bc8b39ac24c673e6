"""Replies of the bot, the jobs that make them, and what goes out to channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Body, Created, Id, Name, Short
from app.db.models.conversations import Message

ACTIVE = "status in ('queued', 'running')"
IN_THE_OUTBOX = "status in ('queued', 'sending')"
ANSWERING = "status not in ('failed', 'taken_over')"


class Job(Base):
    """Something that must happen. `attempt` is the fence and grows in every claim; `tries` counts towards the limit."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("cause", "kind"),
        Index(
            "ix_jobs_claim",
            "lane",
            "run_at",
            postgresql_where=text(ACTIVE),
            sqlite_where=text(ACTIVE),
        ),
        Index(
            "ix_jobs_worker",
            "worker_id",
            postgresql_where=text("status = 'running'"),
            sqlite_where=text("status = 'running'"),
        ),
        Index("ix_jobs_shop_id_status", "shop_id", "status", "created_at", "id"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    lane: Mapped[Short]  # answer, analyze, assist, deliver, sync, batch, train
    kind: Mapped[Short]
    cause: Mapped[Name]
    epoch: Mapped[int | None]  # a delayed job does nothing once the conversation has another
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[Short]  # queued, running, done, dead
    attempt: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    max_tries: Mapped[int]
    run_at: Mapped[datetime]  # while running: the end of the lease
    worker_id: Mapped[UUID | None]
    error: Mapped[Body | None]
    created_at: Mapped[Created]
    ended_at: Mapped[datetime | None]


class Schedule(Base):
    """One due time of a periodic job: inserted by whichever node is first, so that it is enqueued exactly once."""

    __tablename__ = "schedules"
    __table_args__ = (UniqueConstraint("name", "due_at"),)

    id: Mapped[Id]
    name: Mapped[Short]
    due_at: Mapped[datetime]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))


class Response(Base):
    """A reply of the bot; `id` is the id of its message, fixed for life.

    `status` moves once from queued or running to done, stopped, taken_over or failed.
    """

    __tablename__ = "responses"
    __table_args__ = (
        Index(
            "uq_responses_active",
            "conversation_id",
            unique=True,
            postgresql_where=text(ACTIVE),
            sqlite_where=text(ACTIVE),
        ),
        # A message has one response; one that failed or was taken over may be followed by another.
        Index(
            "uq_responses_question",
            "question_id",
            unique=True,
            postgresql_where=text(ANSWERING),
            sqlite_where=text(ANSWERING),
        ),
        Index("ix_responses_conversation_id_created_at", "conversation_id", "created_at"),
        Index("ix_responses_shop_id_created_at", "shop_id", "created_at", "id"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    question_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    covers_seq: Mapped[int]
    epoch: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=0)
    status: Mapped[Short]
    frozen_at: Mapped[datetime | None]
    prompt: Mapped[Body | None]
    facts: Mapped[dict[str, Any] | None]
    literals: Mapped[dict[str, Any] | None]  # sentinel number -> the text it stands for
    products: Mapped[list[Any] | None]  # recommended, as the message will carry them
    sources: Mapped[list[Any] | None]
    intent: Mapped[dict[str, Any] | None]
    model: Mapped[Name | None]
    model_hash: Mapped[Name | None]
    tokenizer_hash: Mapped[Name | None]
    decoding: Mapped[dict[str, Any] | None]
    seed: Mapped[int] = mapped_column(BigInteger(), default=0)
    checkpoint_text: Mapped[Body] = mapped_column(default="")
    checkpoint_ids: Mapped[list[int]] = mapped_column(default=list)
    finish_reason: Mapped[Short | None]
    failure: Mapped[Name | None]
    prompt_tokens: Mapped[int | None]
    tokens: Mapped[int | None]
    ttft_ms: Mapped[float | None]
    latency_ms: Mapped[float | None]
    created_at: Mapped[Created]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    question: Mapped[Message] = relationship(back_populates="response", lazy="raise")


class Delivery(Base):
    """One part of a message on its way to a channel, in order per conversation."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "part"),
        UniqueConstraint("account_id", "provider_id"),
        Index("ix_deliveries_conversation_id_status", "conversation_id", "status"),
        # What a sweep looks for; nearly all rows are at their end.
        Index(
            "ix_deliveries_open",
            "changed_at",
            postgresql_where=text(IN_THE_OUTBOX),
            sqlite_where=text(IN_THE_OUTBOX),
        ),
        Index("ix_deliveries_account_id_status_changed_at", "account_id", "status", "changed_at"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_accounts.id"))
    part: Mapped[int]
    epoch: Mapped[int]
    sender_kind: Mapped[Short]  # of the message
    status: Mapped[Short]  # queued, sending, sent, delivered, read, failed, canceled, unknown
    text: Mapped[Body]
    end_byte: Mapped[int]  # where the part ends in the message's text
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what is no text: media, cards, template
    attempt: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]  # set while a delayed job is to send it again
    sending_at: Mapped[datetime | None]  # the last call of the provider
    provider_id: Mapped[Name | None]
    error: Mapped[Name | None]
    created_at: Mapped[Created]
    changed_at: Mapped[Created]
