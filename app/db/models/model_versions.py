"""Versions of models that were added by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Body, Created, Id, Name, Short

_ACTIVE = text("status = 'active'")


class ModelVersion(Base):
    """A model directory; `location` is a path that every worker can read. One version of a task is active at most."""

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("task", "version"),
        Index("ix_model_versions_active", "task", unique=True, postgresql_where=_ACTIVE, sqlite_where=_ACTIVE),
    )

    id: Mapped[Id]
    task: Mapped[Short]  # intent, sentiment, responder
    version: Mapped[Name]
    location: Mapped[Body]
    pointers: Mapped[bool] = mapped_column(default=False)
    status: Mapped[Short]  # candidate, active, retired
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    added_at: Mapped[Created]
    activated_at: Mapped[datetime | None]
