"""What a shop knows: its profile, orders, products and articles, as the answer pipeline reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

OPEN_ORDER_STATES = frozenset({"awaiting payment", "processing", "shipped", "out for delivery", "delayed"})
UNPACKED_ORDER_STATES = frozenset({"awaiting payment", "processing"})
RETURNABLE_ORDER_STATES = frozenset({"delivered"})

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_NO_MINOR_UNIT = frozenset(
    {
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
        "XPF",
    }
)  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def minor_digits(currency: str) -> int:
    """Return how many decimals a currency has (ISO 4217)."""
    return 0 if currency in _NO_MINOR_UNIT else 3 if currency in _THOUSANDTHS else 2


def format_money(minor: int, currency: str) -> str:
    """Write an amount of minor units as people read it: `€129.00`, `129.00 CHF`, `1200 JPY`."""
    digits = minor_digits(currency)
    amount = f"{Decimal(minor).scaleb(-digits):.{digits}f}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{amount}" if symbol else f"{amount} {currency}"


def format_date(day: date) -> str:
    """Write a date as people say it: `Friday, November 27`."""
    return f"{day:%A, %B} {day.day}"


@dataclass(frozen=True, slots=True)
class ShopProfile:
    """A shop as its customers know it. `facts` holds general facts by their key (`policy.return_window`)."""

    id: UUID
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    people_available: bool = True
    """Whether somebody can take over now, by the shop's business hours."""


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The customer of a conversation, as far as the answer may know them."""

    id: UUID | None
    name: str | None
    verified: bool


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line of an order."""

    title: str
    quantity: int
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `state` is one of nlp.grounding.ORDER_STATES, amounts are minor units."""

    id: UUID
    number: str
    state: str
    placed: datetime
    total_minor: int
    currency: str
    items: Sequence[OrderItem]
    carrier: str | None = None
    tracking: str | None = None
    tracking_url: str | None = None
    shipped: date | None = None
    arrives: date | None = None
    delivered: date | None = None
    refund_state: str | None = None
    refund_minor: int | None = None
    refund_expected: date | None = None

    @property
    def is_open(self) -> bool:
        """On its way, or still to be."""
        return self.state in OPEN_ORDER_STATES

    @property
    def is_unpacked(self) -> bool:
        """Can still be cancelled or changed."""
        return self.state in UNPACKED_ORDER_STATES


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the catalogue; `stock` is a count."""

    id: UUID
    external_id: str
    title: str
    description: str
    category: str
    price_minor: int
    currency: str
    stock: int
    url: str | None = None
    image_url: str | None = None
    old_price_minor: int | None = None
    material: str | None = None
    sizes: Sequence[str] = ()
    colours: Sequence[str] = ()
    tags: Sequence[str] = ()
    restock: date | None = None
    consumable: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """One policy or help article."""

    id: UUID
    title: str
    body: str
    url: str | None = None
    topic: str | None = None
    states_facts: bool = False
    """Whether what it says is known as general facts too; those make better answers than one of its sentences."""
