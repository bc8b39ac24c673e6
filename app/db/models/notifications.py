"""What members of staff should know."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id, Name, Short

UNREAD = "read_at is null"


class Notification(Base):
    """One thing one member should know; one `cause` tells them once. Ids grow with time."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "cause"),
        Index("ix_notifications_user_id_id", "user_id", "id"),
        Index("ix_notifications_unread", "user_id", "id", postgresql_where=text(UNREAD), sqlite_where=text(UNREAD)),
        Index("ix_notifications_conversation_id", "conversation_id"),
        Index("ix_notifications_at", "at"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[Short]
    cause: Mapped[Name]
    conversation_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))  # the colleague behind it
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
