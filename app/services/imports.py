"""Import of a shop's records: every row checked, every error named, then upserted by external id.

A row replaces the record of its id as a whole. Amounts are decimal numbers of the currency (`129.00`); dates are
ISO 8601. How files are read: see import_file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from app.domain.catalogue import minor_digits
from app.errors import AssistifyError
from nlp.grounding import ORDER_STATES, WORDS, Fact

MAX_MINOR = 10**15  # minor units: more than anything costs, less than the database's integers hold
MAX_COUNT = 10**9  # pieces

# As long as their columns.
Text = Annotated[str, Meta(min_length=1, max_length=255)]
Line = Annotated[str, Meta(max_length=255)]
Number = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=64)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class ImportFileError(AssistifyError):
    """The file cannot be read as what it is said to be; the text says why."""


class ImportConflictError(AssistifyError):
    """A row would give a record an id that another one has; nothing was imported."""


class ProductRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One product; `price` and `old_price` in the currency's unit, `stock` in pieces."""

    external_id: Text
    title: Text
    price: Decimal
    currency: Currency
    description: str = ""
    category: Line | None = None
    old_price: Decimal | None = None
    stock: Annotated[int, Meta(ge=0, le=MAX_COUNT)] | None = None
    sizes: list[str] = []
    colours: list[str] = []
    tags: list[str] = []
    material: Line | None = None
    consumable: bool = False
    restock: date | None = None
    url: str | None = None
    image_url: str | None = None


class ItemRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One line of an order."""

    title: Text
    quantity: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1
    external_id: Line | None = None
    price: Decimal | None = None


class OrderRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One order; `customer` is the external id of its customer, `status` one of the states answers know."""

    number: Number
    status: str
    placed_at: datetime
    total: Decimal
    currency: Currency
    external_id: Text | None = None
    customer: Line | None = None
    email: Line | None = None
    carrier: Line | None = None
    tracking_code: Line | None = None
    tracking_url: str | None = None
    shipped_on: date | None = None
    arrives_on: date | None = None
    delivered_on: date | None = None
    refund_state: str | None = None
    refund_amount: Decimal | None = None
    refund_expected: date | None = None
    items: list[ItemRow] = []


class CustomerRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One customer, known to the shop by `external_id`."""

    external_id: Text
    name: Line | None = None
    email: Line | None = None
    phone: Word | None = None
    locale: Word | None = None
    created_at: datetime | None = None


class ArticleRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One policy or help article. `facts` are what it states, by the keys of nlp.grounding (`policy.return_window`)."""

    external_id: Text
    title: Text
    body: Annotated[str, Meta(min_length=1)]
    topic: Word | None = None
    url: str | None = None
    locale: Word = "en"
    facts: dict[str, str] = {}


Row = ProductRow | OrderRow | CustomerRow | ArticleRow
ROW_TYPES: Mapping[str, type[Row]] = {
    "products": ProductRow,
    "orders": OrderRow,
    "customers": CustomerRow,
    "articles": ArticleRow,
}
_AMOUNTS = ("price", "old_price", "total", "refund_amount")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row; `row` counts from 1, the header not counted."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as read: good rows, and the errors of the others."""

    kind: str
    rows: Sequence[Row]
    errors: Sequence[RowError]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed. `unlinked` orders name a customer that the shop does not have (yet)."""

    created: int
    updated: int
    unlinked: int = 0


class ImportStore(Protocol):
    """Upserts rows by external id (orders by number), all or none. Raises: ImportConflictError."""

    async def upsert(
        self, shop: UUID, rows: Sequence[Row], progress: Callable[[int], None] | None = None
    ) -> ImportResult: ...


def parse_rows(kind: str, raw: Sequence[Any], prepare: Callable[[Any], Mapping[str, Any]] | None = None) -> Parsed:
    """Check rows of plain values; `prepare` makes them of what was read, or raises ValueError."""
    rows: list[Row] = []
    errors: list[RowError] = []
    seen: dict[tuple[str, str], int] = {}
    for number, values in enumerate(raw, start=1):
        try:
            row = msgspec.convert(prepare(values) if prepare else values, ROW_TYPES[kind], strict=False)
            _check_row(row)
            _check_first(row, number, seen)
        except ValueError as error:  # msgspec's are ValueErrors too
            errors.append(RowError(number, str(error)))
        else:
            rows.append(row)
    return Parsed(kind, rows, errors)


def _check_row(row: Row) -> None:
    for name, text in _texts(row):
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError(f"{name} holds a NUL character or half a surrogate pair")
    if isinstance(row, CustomerRow):
        _check_zone("created_at", row.created_at)
    if isinstance(row, (ProductRow, OrderRow)):
        for name in _AMOUNTS:
            _check_amount(name, getattr(row, name, None), row.currency)
    if isinstance(row, OrderRow):
        _check_order(row)
    if isinstance(row, ArticleRow):
        for key, value in row.facts.items():
            Fact(key, value)  # refuses keys and words that answers do not know


def _check_order(row: OrderRow) -> None:
    _check_zone("placed_at", row.placed_at)
    for item in row.items:
        _check_amount("the price of an item", item.price, row.currency)
    if row.status not in ORDER_STATES:
        raise ValueError(f"status is one of {', '.join(ORDER_STATES)}, not {row.status!r}")
    if row.refund_state is not None and row.refund_state not in WORDS["refund.state"]:
        raise ValueError(f"refund_state is one of {', '.join(WORDS['refund.state'])}, not {row.refund_state!r}")


def _check_zone(name: str, time: datetime | None) -> None:
    if time is not None and time.tzinfo is None:
        raise ValueError(f"{name} needs a time zone, such as 2026-11-20T10:00:00Z")


def _check_amount(name: str, amount: Decimal | None, currency: str) -> None:
    if amount is None:
        return
    if not amount.is_finite() or not 0 <= amount * 10 ** minor_digits(currency) <= MAX_MINOR:
        raise ValueError(f"{name} is not a price: {amount}")
    if amount.scaleb(minor_digits(currency)) % 1:
        raise ValueError(f"{name} has more decimals than {currency}: {amount}")


def _check_first(row: Row, number: int, seen: dict[tuple[str, str], int]) -> None:
    """Two rows of one id would be one record with the values of either."""
    ids = {"number": row.number} if isinstance(row, OrderRow) else {}
    if row.external_id is not None:
        ids["external_id"] = row.external_id
    for name, value in ids.items():
        first = seen.setdefault((name, value), number)
        if first != number:
            raise ValueError(f"{name} {value!r} is that of row {first} already")


def _texts(value: Any, name: str = "the row") -> Iterator[tuple[str, str]]:
    """Yield all texts of a row with the name of their field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, (list, dict)):
        for one in value if isinstance(value, list) else value.values():
            yield from _texts(one, name)
    elif isinstance(value, Struct):
        for field in value.__struct_fields__:
            yield from _texts(getattr(value, field), field)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units (ISO 4217); rows are checked to have no more decimals than that."""
    return int(amount.scaleb(minor_digits(currency)))
