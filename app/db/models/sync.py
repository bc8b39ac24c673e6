"""How far records that are kept in step with a vendor have come, and installations that were begun there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Body, Name, Short


class SyncMark(Base):
    """The newest state of one record that was taken in, by the vendor's clock: older ones change nothing."""

    __tablename__ = "sync_marks"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_accounts.id"), primary_key=True)
    kind: Mapped[Short] = mapped_column(primary_key=True)  # orders, products, customers
    external_id: Mapped[Name] = mapped_column(primary_key=True)  # its hash: it outlives an erased person
    changed_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]  # when the vendor told of it last, by the database's clock


class SyncRun(Base):
    """The last walk through all records of one account; `pages` counts its steps, each of which is a transaction
    conditional on it."""

    __tablename__ = "sync_runs"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_accounts.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    run_id: Mapped[UUID]
    status: Mapped[Short]  # running, done, failed
    kind: Mapped[Short]  # customers, products, orders
    phase: Mapped[Short]  # pull, sweep, forget
    cursor: Mapped[Body | None]
    size: Mapped[int]  # records in a page
    pages: Mapped[int] = mapped_column(default=0)
    since: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by kind: what changed before is known
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by kind: read, taken, removed, refused
    error: Mapped[Name | None]
    started_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(index=True)


class PendingInstall(Base):
    """An installation at a vendor that was begun and not finished; only the hash of its state is stored."""

    __tablename__ = "pending_installs"

    state_hash: Mapped[Short] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    session_hash: Mapped[Short]
    domain: Mapped[Name]
    expires_at: Mapped[datetime] = mapped_column(index=True)
