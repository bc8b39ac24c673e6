"""What people asked about their data, and what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Created, Id, Short


class PrivacyRequest(Base):
    """A request to erase or to export; the report counts rows by table and holds nothing of the person."""

    __tablename__ = "privacy_requests"
    __table_args__ = (Index("ix_privacy_requests_shop_id_created_at", "shop_id", "created_at", "id"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    kind: Mapped[Short]  # erase, export, erase_shop
    source: Mapped[Short]  # shopify, staff
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id"))  # None: nobody here is meant
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    due_at: Mapped[datetime | None]  # of an export: by when the person must have it
    created_at: Mapped[Created]
    done_at: Mapped[datetime | None]
