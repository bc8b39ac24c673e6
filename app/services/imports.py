"""Import of a shop's records from CSV or JSON: every row checked, every error named, then upserted by external id.

Lists in CSV cells are separated by `|`. Amounts are decimal numbers of the currency (`129.00`); dates are ISO 8601.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from app.domain.catalogue import NO_MINOR_UNIT
from app.errors import AssistifyError
from nlp.grounding import ORDER_STATES, Fact

MAX_BYTES = 64 * 2**20
Text = Annotated[str, Meta(min_length=1, max_length=255)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class ImportFileError(AssistifyError):
    """The file cannot be read as what it is said to be; the text says why."""


class ProductRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One product; `price` and `old_price` in the currency's unit, `stock` in pieces."""

    external_id: Text
    title: Text
    price: Decimal
    currency: Currency
    description: str = ""
    category: str | None = None
    old_price: Decimal | None = None
    stock: Annotated[int, Meta(ge=0)] | None = None
    sizes: list[str] = []
    colours: list[str] = []
    tags: list[str] = []
    material: str | None = None
    consumable: bool = False
    restock: date | None = None
    url: str | None = None
    image_url: str | None = None


class ItemRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One line of an order."""

    title: Text
    quantity: Annotated[int, Meta(ge=1)] = 1
    external_id: str | None = None
    price: Decimal | None = None


class OrderRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One order; `customer` is the external id of its customer, `status` one of the states answers know."""

    number: Text
    status: str
    placed_at: datetime
    total: Decimal
    currency: Currency
    external_id: str | None = None
    customer: str | None = None
    email: str | None = None
    carrier: str | None = None
    tracking_code: str | None = None
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
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    created_at: datetime | None = None


class ArticleRow(Struct, kw_only=True, forbid_unknown_fields=True):
    """One policy or help article. `facts` are what it states, by the keys of nlp.grounding (`policy.return_window`)."""

    external_id: Text
    title: Text
    body: Annotated[str, Meta(min_length=1)]
    topic: str | None = None
    url: str | None = None
    locale: str = "en"
    facts: dict[str, str] = {}


Row = ProductRow | OrderRow | CustomerRow | ArticleRow
ROW_TYPES: Mapping[str, type[Row]] = {
    "products": ProductRow,
    "orders": OrderRow,
    "customers": CustomerRow,
    "articles": ArticleRow,
}
_LISTS = frozenset({"sizes", "colours", "tags"})


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
    """What an import changed."""

    created: int
    updated: int


class ImportStore(Protocol):
    """Upserts rows by external id (orders by number), all or none."""

    async def upsert(
        self, shop: UUID, rows: Sequence[Row], progress: Callable[[int], None] | None = None
    ) -> ImportResult: ...


def parse_file(kind: str, path: Path) -> Parsed:
    """Read a CSV or JSON file (a list of objects) of one kind of records.

    Raises: ImportFileError when the file as a whole cannot be read.
    """
    if kind not in ROW_TYPES:
        raise ImportFileError(f"there is no import of {kind}: choose one of {', '.join(ROW_TYPES)}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImportFileError(f"{path} is larger than {MAX_BYTES // 2**20} MiB: split it")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImportFileError(f"{path} cannot be read as UTF-8 text: {error}") from error
    raw = _read_json(path, text) if path.suffix.lower() == ".json" else _read_csv(path, text)
    return parse_rows(kind, raw)


def parse_rows(kind: str, raw: Sequence[Mapping[str, Any]]) -> Parsed:
    """Check rows of plain values."""
    rows: list[Row] = []
    errors: list[RowError] = []
    for number, values in enumerate(raw, start=1):
        try:
            row = msgspec.convert(values, ROW_TYPES[kind], strict=False)
            _check_row(row)
        except (msgspec.ValidationError, ValueError, InvalidOperation) as error:
            errors.append(RowError(number, str(error)))
        else:
            rows.append(row)
    return Parsed(kind, rows, errors)


def _check_row(row: Row) -> None:
    if isinstance(row, OrderRow):
        if row.status not in ORDER_STATES:
            raise ValueError(f"status is one of {', '.join(ORDER_STATES)}, not {row.status!r}")
        if row.placed_at.tzinfo is None:
            raise ValueError("placed_at needs a time zone, such as 2026-11-20T10:00:00Z")
    if isinstance(row, ProductRow) and row.price < 0:
        raise ValueError("price is not negative")
    if isinstance(row, ArticleRow):
        for key, value in row.facts.items():
            Fact(key, value)


def _read_json(path: Path, text: str) -> list[Mapping[str, Any]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ImportFileError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise ImportFileError(f"{path} must hold a list of objects")
    return data


def _read_csv(path: Path, text: str) -> list[Mapping[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    if not reader.fieldnames:
        raise ImportFileError(f"{path} is empty: the first line names the columns")
    return [_from_cells(cells) for cells in reader]


def _from_cells(cells: Mapping[str | None, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if name is None:
            raise ImportFileError("a row has more cells than there are columns: quote cells that hold commas")
        if cell is None or cell == "":
            continue
        if name in _LISTS:
            values[name] = [part.strip() for part in cell.split("|") if part.strip()]
        elif name in ("items", "facts"):
            values[name] = json.loads(cell)
        elif name == "consumable":
            values[name] = cell.strip().lower() in ("yes", "true", "1")
        else:
            values[name] = cell
    return values


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units (ISO 4217)."""
    return int((amount * (1 if currency in NO_MINOR_UNIT else 100)).to_integral_value())
