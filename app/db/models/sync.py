"""How far records that are kept in step with a vendor have come, and installations that were begun there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Name, Short


class SyncMark(Base):
    """The newest state of one record that was taken in, by the vendor's clock: older ones change nothing."""

    __tablename__ = "sync_marks"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_accounts.id"), primary_key=True)
    kind: Mapped[Short] = mapped_column(primary_key=True)  # orders, products, customers
    external_id: Mapped[Name] = mapped_column(primary_key=True)  # its hash: it outlives an erased person
    changed_at: Mapped[datetime]


class PendingInstall(Base):
    """An installation at a vendor that was begun and not finished; only the hash of its state is stored."""

    __tablename__ = "pending_installs"

    state_hash: Mapped[Short] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    session_hash: Mapped[Short]
    domain: Mapped[Name]
    expires_at: Mapped[datetime] = mapped_column(index=True)
