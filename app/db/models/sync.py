"""How far records that are kept in step with a vendor have come."""

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
