"""What vendors sent, and customers that turned out to be one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Body, Created, Id, Name, Short

WAITS = "processed_at is null"


class WebhookLog(Base):
    """What a vendor sent, as it came, and what became of it.

    One row per event that was accepted; one per request that was not. Ids grow in the order of events.
    """

    __tablename__ = "webhook_logs"
    __table_args__ = (
        UniqueConstraint("channel", "account_ref", "provider_id"),
        Index("ix_webhook_logs_shop_id_received_at", "shop_id", "received_at", "id"),
        Index("ix_webhook_logs_received_at", "received_at"),
        Index("ix_webhook_logs_post_id", "post_id"),
        Index("ix_webhook_logs_account_id_status_received_at", "account_id", "status", "received_at"),
        Index(
            "ix_webhook_logs_waiting",
            "account_id",
            "address",
            "id",
            postgresql_where=text(WAITS),
            sqlite_where=text(WAITS),
        ),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shops.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("channel_accounts.id"))
    post_id: Mapped[UUID]  # the request that brought it
    channel: Mapped[Short]
    account_ref: Mapped[Name | None]  # the vendor's name of the account
    provider_id: Mapped[Name | None]  # the vendor's id of the event; none on rows about a request
    kind: Mapped[Short | None]  # of the event
    address: Mapped[str | None] = mapped_column(String(320))
    message_id: Mapped[UUID | None] = mapped_column(index=True)  # that it became
    status: Mapped[Short]  # accepted, duplicate, bad_signature, unknown_account, ignored_type, unreadable, failed
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes]
    event: Mapped[Body | None]  # in our words, as JSON
    error: Mapped[Body | None]
    received_at: Mapped[Created]
    processed_at: Mapped[datetime | None]


class CustomerMerge(Base):
    """Two customers were found to be one; `moved` says which rows, so that it can be undone."""

    __tablename__ = "customer_merges"
    __table_args__ = (Index("ix_customer_merges_shop_id_at", "shop_id", "at", "id"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    from_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    into_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[Short]  # agent, email, phone, shopify
    moved: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[Created]
    undone_at: Mapped[datetime | None]
