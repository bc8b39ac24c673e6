"""What a record of Shopify's says to us: rows to be written by their age, products that are not for sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.channels.port import BodyError
from app.channels.shopify_records import (
    changed_at,
    customer_values,
    identifier,
    is_on_sale,
    order_values,
    product_values,
)
from app.services.imports import Row, parse_rows

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One record as it was at `changed_at`, by Shopify's clock; a product without a row is not for sale (any more)."""

    kind: str  # customers, products, orders
    external_id: str
    changed_at: datetime
    row: Row | None


def read_record(kind: str, body: Body, domain: str, currency: str) -> Sequence[Reading]:
    """Return what a record says: an order its customer before itself, since the two may come in any order.

    Raises: BodyError, ValueError when it cannot be read.
    """
    if kind == "orders":
        return [*_buyer(body), _reading(kind, order_values(body), changed_at(body))]
    if kind == "customers":
        return [_reading(kind, customer_values(body), changed_at(body))]
    if is_on_sale(body):
        return [_reading(kind, product_values(body, domain, currency), changed_at(body))]
    return [withdrawn(body, changed_at(body))]


def withdrawn(body: Body, at: datetime) -> Reading:
    """Return that a product is not for sale since a time.

    Raises: BodyError.
    """
    return Reading("products", identifier(body.get("id")), at, None)


def _buyer(order: Body) -> Sequence[Reading]:
    customer = order.get("customer")
    if not isinstance(customer, dict) or not customer.get("id"):
        return []
    at = changed_at(customer) if customer.get("updated_at") else changed_at(order)
    return [_reading("customers", customer_values(customer), at)]


def _reading(kind: str, values: Mapping[str, Any], at: datetime) -> Reading:
    parsed = parse_rows(kind, [values])
    if parsed.errors:
        raise BodyError(parsed.errors[0].message)
    (row,) = parsed.rows
    return Reading(kind, str(row.external_id), at, row)
