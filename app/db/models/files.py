"""Files of messages. They are in the database: every process reads them, and what erases a row erases the file."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Body, Created, Id, Name, Short


class Attachment(Base):
    """A file that somebody sent, or is about to: `state` is waiting (to be fetched), stored, refused or failed."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_message_id", "message_id"),
        Index("ix_attachments_conversation_id", "conversation_id"),
        Index("ix_attachments_created_at", "created_at"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[UUID | None]  # None: uploaded and not sent yet
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("channel_accounts.id"))  # whose vendor has it
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))  # who uploaded it
    name: Mapped[Name]
    media_type: Mapped[Short]
    size: Mapped[int] = mapped_column(default=0)
    state: Mapped[Short]
    reason: Mapped[Name | None]  # why it was refused, or failed
    source_url: Mapped[Body | None]  # where the vendor has it, until it is fetched or refused
    created_at: Mapped[Created]
    changed_at: Mapped[datetime]


class AttachmentContent(Base):
    """The bytes of a file, apart from its row so that lists never read them."""

    __tablename__ = "attachment_contents"

    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    content: Mapped[bytes]
