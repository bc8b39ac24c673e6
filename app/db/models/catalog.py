"""The shop's own records, from which answers take their facts, and what is learnt from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Body, Created, Currency, Id, Money, Name, Short
from app.db.models.conversations import Message
from app.db.models.people import Customer


class Product(Base):
    """An article of the shop's catalogue."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_products_shop_id_title", "shop_id", "title", "id"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    external_id: Mapped[Name]
    title: Mapped[Name]
    description: Mapped[Body] = mapped_column(default="")
    category: Mapped[Name | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    price_minor: Mapped[Money]
    currency: Mapped[Currency]
    stock: Mapped[int | None]
    image_url: Mapped[Body | None]
    url: Mapped[Body | None]
    active: Mapped[bool] = mapped_column(default=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[Created]


class Order(Base):
    """An order; `items` are {product?, external_id?, title, quantity, price_minor}."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_orders_customer_id_placed_at", "customer_id", "placed_at"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id"))
    external_id: Mapped[Name | None]
    number: Mapped[Short]
    email: Mapped[Name | None]
    status: Mapped[Short]
    carrier: Mapped[Name | None]
    tracking_code: Mapped[Name | None]
    tracking_url: Mapped[Body | None]
    shipped_on: Mapped[date | None]
    arrives_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    total_minor: Mapped[Money]
    currency: Mapped[Currency]
    items: Mapped[list[Any]] = mapped_column(default=list)
    shipping_address: Mapped[dict[str, Any] | None]
    refund: Mapped[dict[str, Any] | None]
    placed_at: Mapped[datetime]
    changed_at: Mapped[Created]


class Article(Base):
    """A text of the shop that answers may draw on: policy, help, announcement."""

    __tablename__ = "articles"
    __table_args__ = (UniqueConstraint("shop_id", "external_id"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    external_id: Mapped[Name]
    topic: Mapped[Short | None]
    title: Mapped[Name]
    body: Mapped[Body]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # e.g. policy.return_window -> "30 days"
    url: Mapped[Body | None]
    locale: Mapped[Short] = mapped_column(default="en")
    published: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[Created]


class Interaction(Base):
    """A customer met a product: view, cart, purchase, click on a recommendation."""

    __tablename__ = "interactions"
    __table_args__ = (
        Index("ix_interactions_shop_id_at", "shop_id", "at", "id"),
        Index("ix_interactions_customer_id_at", "customer_id", "at"),
    )

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), index=True)
    kind: Mapped[Short]
    weight: Mapped[float] = mapped_column(default=1.0)
    at: Mapped[Created]

    customer: Mapped[Customer] = relationship(back_populates="interactions", lazy="raise", viewonly=True)


class Recommendation(Base):
    """A product shown with a bot message."""

    __tablename__ = "recommendations"
    __table_args__ = (UniqueConstraint("message_id", "product_id"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), index=True)
    rank: Mapped[int]
    score: Mapped[float | None]
    reason: Mapped[Name | None]
    model: Mapped[Name | None]
    clicked_at: Mapped[datetime | None]
    created_at: Mapped[Created]

    message: Mapped[Message] = relationship(back_populates="recommendations", lazy="raise")


class ModelMetric(Base):
    """One measured value of a model, of a shop or of all."""

    __tablename__ = "model_metrics"
    __table_args__ = (Index("ix_model_metrics_task_metric_at", "task", "metric", "at"),)

    id: Mapped[Id]
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shops.id"), index=True)
    task: Mapped[Short]
    model: Mapped[Name]
    metric: Mapped[Short]
    value: Mapped[float]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[Created]
