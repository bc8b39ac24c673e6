"""The shop, its staff and how programs sign in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Body, Created, Currency, Id, Name, Short
from app.db.models.people import Customer


class Meta(Base):
    """Facts about this database itself: `log` is the identity of the event log, rotated by a restore."""

    __tablename__ = "meta"

    key: Mapped[Short] = mapped_column(primary_key=True)
    value: Mapped[Body]


class Shop(Base):
    """A tenant: every row below belongs to one."""

    __tablename__ = "shops"

    id: Mapped[Id]
    name: Mapped[Name]
    widget_key: Mapped[Short] = mapped_column(unique=True)
    widget_secret: Mapped[Name]
    origins: Mapped[list[str]] = mapped_column(default=list)
    brand_colour: Mapped[Short | None]
    currency: Mapped[Currency] = mapped_column(default="EUR")
    locale: Mapped[Short] = mapped_column(default="en")
    timezone: Mapped[Short] = mapped_column(default="UTC")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[Created]


class BusinessHour(Base):
    """One opening span of a weekday (0 is Monday), in minutes of the shop's local day; or of one date, which wins."""

    __tablename__ = "business_hours"

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    weekday: Mapped[int | None]
    day: Mapped[date | None]
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]


class User(Base):
    """A member of staff; `role` is owner, admin, agent or viewer."""

    __tablename__ = "users"

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    email: Mapped[Name] = mapped_column(unique=True)  # lower case
    password_hash: Mapped[Name | None]
    name: Mapped[Name]
    role: Mapped[Short]
    active: Mapped[bool] = mapped_column(default=True)
    token_version: Mapped[int] = mapped_column(default=1)  # grows when all sessions are to end
    created_at: Mapped[Created]
    last_seen_at: Mapped[datetime | None]

    customers: Mapped[list[Customer]] = relationship(back_populates="user", lazy="raise")


class Session(Base):
    """A signed-in browser or refresh token of a member of staff; only the hash of its secret is stored."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[Short] = mapped_column(unique=True)
    kind: Mapped[Short]
    address: Mapped[Short | None]
    agent: Mapped[Name | None]
    created_at: Mapped[Created]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key of a program; `prefix` is shown, only the hash of the rest is stored."""

    __tablename__ = "api_keys"

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[Name]
    prefix: Mapped[Short] = mapped_column(unique=True)
    key_hash: Mapped[Short] = mapped_column(unique=True)
    role: Mapped[Short]
    created_at: Mapped[Created]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Label(Base):
    """A label that conversations may carry; a conversation stores the names."""

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("shop_id", "name"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    name: Mapped[Short]
    colour: Mapped[Short | None]
    created_at: Mapped[Created]


class AuditEntry(Base):
    """Who did what to which record; never the content."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_shop_id_at", "shop_id", "at", "id"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    actor_kind: Mapped[Short]
    actor_id: Mapped[UUID | None]
    action: Mapped[Short]
    target_kind: Mapped[Short | None]
    target_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[Created]
