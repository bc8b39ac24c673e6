"""A customer as staff see them beside a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class OrderLine(Struct, frozen=True):
    """One line of an order; `price` in minor units."""

    title: str
    quantity: int
    price: int | None = None


class OrderCard(Struct, frozen=True):
    """An order in the side panel; `total` in minor units of `currency`."""

    number: str
    state: str
    placed: datetime
    total: int
    currency: str
    items: list[OrderLine]
    carrier: str | None = None
    tracking: str | None = None
    arrives: date | None = None
    delivered: date | None = None


class ConversationLine(Struct, frozen=True):
    """An earlier conversation of a customer."""

    id: UUID
    channel: str
    status: str
    last_at: datetime
    summary: str | None = None


class ProductLine(Struct, frozen=True):
    """A product recommended to a customer; `price` in minor units."""

    id: UUID
    title: str
    price: int
    currency: str
    reason: str
    image_url: str | None = None


class CustomerCard(Struct, frozen=True):
    """The side panel of a conversation."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    verified: bool
    since: datetime
    orders: list[OrderCard]
    conversations: list[ConversationLine]
    recommendations: list[ProductLine]
    channel_addresses: list[str]
    blocked_at: datetime | None = None


class FoundCustomer(Struct, frozen=True):
    """A customer who was looked for; `verified`: known to the shop by at least one address."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    verified: bool


class Customers(Protocol):
    """Reads customers of one shop."""

    async def find(self, shop: UUID, words: str) -> Sequence[FoundCustomer]:
        """Return some customers whose name, e-mail address, number or id holds the words, the newest first; also those
        who never wrote."""

    async def card(self, shop: UUID, customer: UUID) -> CustomerCard | None:
        """Return a customer with orders and conversations; None when the shop has no such customer."""
