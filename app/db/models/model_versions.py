"""Versions of models that were added by hand, and how they fared beside others."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
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
    digest: Mapped[Short | None]  # sha256 over the files, in hexadecimal digits
    pointers: Mapped[bool] = mapped_column(default=False)
    status: Mapped[Short]  # candidate, active, retired, withdrawn
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    added_at: Mapped[Created]
    activated_at: Mapped[datetime | None]
    activated_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class ModelEvaluation(Base):
    """Two versions scored on the same held-out cases by a worker; names, for the model that ships has no row."""

    __tablename__ = "model_evaluations"
    __table_args__ = (Index("ix_model_evaluations_task_created_at", "task", "created_at", "id"),)

    id: Mapped[Id]
    task: Mapped[Short]
    candidate: Mapped[Name]
    against: Mapped[Name]
    cases: Mapped[int]
    candidate_scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    against_scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[Body | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Created]
    done_at: Mapped[datetime | None]
