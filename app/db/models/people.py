"""Customers and the addresses at which channels know them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Created, Id, Name, Short

if TYPE_CHECKING:
    from app.db.models.catalog import Interaction, Product
    from app.db.models.conversations import Conversation
    from app.db.models.shops import User

BLOCKED = "blocked_at is not null"
OF_A_VENDOR = "kind <> 'web' and active"


class Customer(Base):
    """A person who writes. `external_id` is the shop's own number; `user_id` the member of staff who looks after it."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_customers_shop_id_email", "shop_id", "email"),
        Index("ix_customers_shop_id_phone", "shop_id", "phone"),
        Index("ix_customers_shop_id_created_at", "shop_id", "created_at", "id"),
        Index("ix_customers_blocked_at", "blocked_at", postgresql_where=text(BLOCKED), sqlite_where=text(BLOCKED)),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    external_id: Mapped[Name | None]
    name: Mapped[Name | None]
    email: Mapped[Name | None]
    email_proven: Mapped[bool | None]  # the shop's own records say it; else a visitor does
    phone: Mapped[Short | None]
    locale: Mapped[Short | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    blocked_at: Mapped[datetime | None]  # since then nothing is taken from them
    created_at: Mapped[Created]

    user: Mapped[User | None] = relationship(back_populates="customers", lazy="raise")
    conversations: Mapped[list[Conversation]] = relationship(back_populates="customer", lazy="raise")
    interactions: Mapped[list[Interaction]] = relationship(back_populates="customer", lazy="raise", viewonly=True)
    products: Mapped[list[Product]] = relationship(secondary="interactions", lazy="raise", viewonly=True)


class ChannelAccount(Base):
    """A contact route of a shop: its widget, a WhatsApp number, a page. One account of a vendor is one shop's."""

    __tablename__ = "channel_accounts"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "external_id"),
        Index(
            "uq_channel_accounts_active",
            "kind",
            "external_id",
            unique=True,
            postgresql_where=text(OF_A_VENDOR),
            sqlite_where=text(OF_A_VENDOR),
        ),
        Index("ix_channel_accounts_kind_alias", "kind", "alias"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    kind: Mapped[Short]
    external_id: Mapped[Name]  # number, page id, shop domain; "widget" for kind web
    name: Mapped[Name]
    alias: Mapped[Name | None]  # another name the vendor calls it by: the messaging service of a pooled number
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets: Mapped[dict[str, Any] | None]  # encrypted, by name
    active: Mapped[bool] = mapped_column(default=True)
    problem: Mapped[Name | None]  # the vendor refuses our credentials with this: nothing is sent until they change
    vendor_state: Mapped[dict[str, Any] | None]  # what the vendor last told of it, and when: see services/upkeep.py
    created_at: Mapped[Created]


class ChannelIdentity(Base):
    """One person at one account. Its id is the visitor id of the widget; a changed identity is another row. `phone` is
    the number that the vendor vouches for, in E.164."""

    __tablename__ = "channel_identities"
    __table_args__ = (
        UniqueConstraint("shop_id", "account_id", "address"),
        Index("ix_channel_identities_shop_id_phone", "shop_id", "phone"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_accounts.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    address: Mapped[str] = mapped_column(String(320))
    phone: Mapped[Short | None]
    verified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]
