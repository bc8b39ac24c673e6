"""Shopify's orders, products and customers in our words, as their webhooks carry them.

Each function returns the values of an import row (amounts as decimal strings, times in ISO 8601), or raises BodyError.
Fields: https://shopify.dev/docs/api/admin-rest/latest/resources/order, /product, /customer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.channels.port import BodyError

_TAG = re.compile(r"<[^>]*>")
_BLOCK_END = re.compile(r"</(?:p|li|div|h\d|tr)>|<br\s*/?>", re.IGNORECASE)
_SIZE, _COLOUR, _MATERIAL = ("size",), ("color", "colour"), ("material",)
_ON_ITS_WAY = {"out_for_delivery": "out for delivery", "delivered": "delivered", "failure": "delayed"}
_TEXT_CHARS = 255

Values = dict[str, Any]


def identifier(value: object) -> str:
    """Return a record's number as text; of a global id (`gid://shopify/Order/1`) its last part.

    Raises: BodyError when it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and (found := value.rpartition("/")[2].partition("?")[0]):
        return found
    raise BodyError("a record without an id")


def changed_at(body: Mapping[str, Any]) -> datetime:
    """Return when the record changed last, by Shopify's clock; deleted ones carry no time.

    Raises: BodyError.
    """
    return _time(body.get("updated_at"))


def customer_values(body: Mapping[str, Any]) -> Values:
    """Return the values of a customer."""
    name = " ".join(part for part in (_text(body.get("first_name")), _text(body.get("last_name"))) if part)
    return {
        "external_id": identifier(body.get("id")),
        "name": name[:_TEXT_CHARS] or None,
        "email": _text(body.get("email")) or None,
        "phone": _text(body.get("phone"))[:64] or None,
        "created_at": _iso(body.get("created_at")),
    }


def product_values(body: Mapping[str, Any], domain: str, currency: str) -> Values:
    """Return the values of a product: the price of its cheapest variant, the stock of all of them."""
    variants = [one for one in _list(body.get("variants")) if isinstance(one, dict)]
    if not variants:
        raise BodyError("a product without variants")
    cheapest = min(variants, key=lambda one: float(_text(one.get("price")) or "inf"))
    options = {
        _text(option.get("name")).lower(): [_text(value) for value in _list(option.get("values"))]
        for option in _list(body.get("options"))
        if isinstance(option, dict)
    }
    handle = _text(body.get("handle"))
    values: Values = {
        "external_id": identifier(body.get("id")),
        "title": _text(body.get("title"))[:_TEXT_CHARS],
        "description": _plain(_text(body.get("body_html"))),
        "category": _text(body.get("product_type"))[:_TEXT_CHARS] or None,
        "tags": [tag.strip() for tag in _text(body.get("tags")).split(",") if tag.strip()],
        "price": _text(cheapest.get("price")),
        "currency": currency,
        "old_price": _old_price(cheapest),
        "stock": _stock(variants),
        "sizes": _of_options(options, _SIZE),
        "colours": _of_options(options, _COLOUR),
        "material": ", ".join(_of_options(options, _MATERIAL))[:_TEXT_CHARS] or None,
        "url": f"https://{domain}/products/{handle}" if handle else None,
        "image_url": _image(body),
    }
    return values


def is_on_sale(body: Mapping[str, Any]) -> bool:
    """Return whether a product can be bought: drafts and archived ones cannot."""
    return _text(body.get("status") or "active").lower() == "active"


def order_values(body: Mapping[str, Any]) -> Values:
    """Return the values of an order."""
    shipped = [one for one in _list(body.get("fulfillments")) if isinstance(one, dict) and _is_shipped(one)]
    parcel = shipped[-1] if shipped else {}
    customer = body.get("customer")
    # What the customer is told, and quotes: a shop may give its numbers a beginning and an end of its own.
    number = _text(body.get("name")).lstrip("#") or _text(body.get("order_number"))
    values: Values = {
        "external_id": identifier(body.get("id")),
        "number": number,
        "status": _status(body, parcel),
        "placed_at": _time(body.get("created_at")).isoformat(),
        "total": _text(body.get("current_total_price") or body.get("total_price")),
        "currency": _text(body.get("currency")),
        "customer": identifier(customer.get("id")) if isinstance(customer, dict) and customer.get("id") else None,
        "email": _text(body.get("email") or body.get("contact_email")) or None,
        "carrier": _text(parcel.get("tracking_company"))[:_TEXT_CHARS] or None,
        "tracking_code": _text(parcel.get("tracking_number"))[:_TEXT_CHARS] or None,
        "tracking_url": _text(parcel.get("tracking_url")) or None,
        "shipped_on": _date(parcel.get("created_at")),
        "arrives_on": _date(parcel.get("estimated_delivery_at")),
        "delivered_on": _date(parcel.get("updated_at")) if _state_of(parcel) == "delivered" else None,
        "items": [_item(line) for line in _list(body.get("line_items")) if isinstance(line, dict)],
    }
    return values | _refund(body)


def _status(body: Mapping[str, Any], parcel: Mapping[str, Any]) -> str:
    """Return the state of an order as answers know it; what ended it counts before what was under way."""
    paid = _text(body.get("financial_status")).lower()
    if paid == "refunded":
        return "refunded"
    if body.get("cancelled_at"):
        return "cancelled"
    if parcel:
        return _ON_ITS_WAY.get(_state_of(parcel), "shipped")
    return "awaiting payment" if paid in ("pending", "authorized") else "processing"


def _is_shipped(parcel: Mapping[str, Any]) -> bool:
    return _text(parcel.get("status")).lower() not in ("cancelled", "error", "failure")


def _state_of(parcel: Mapping[str, Any]) -> str:
    return _text(parcel.get("shipment_status")).lower()


def _refund(body: Mapping[str, Any]) -> Values:
    """Return what was paid back so far."""
    amounts = [
        float(_text(transaction.get("amount")) or 0)
        for refund in _list(body.get("refunds"))
        if isinstance(refund, dict)
        for transaction in _list(refund.get("transactions"))
        if isinstance(transaction, dict) and _text(transaction.get("kind")).lower() == "refund"
        and _text(transaction.get("status")).lower() == "success"
    ]  # fmt: skip
    return {"refund_state": "sent", "refund_amount": f"{sum(amounts):.2f}"} if amounts else {}


def _item(line: Mapping[str, Any]) -> Values:
    product = line.get("product_id")
    return {
        "title": (_text(line.get("title")) or _text(line.get("name")))[:_TEXT_CHARS],
        "quantity": max(1, int(line.get("quantity") or 1)),
        "external_id": identifier(product) if product else None,
        "price": _text(line.get("price")) or None,
    }


def _old_price(variant: Mapping[str, Any]) -> str | None:
    before, now = _text(variant.get("compare_at_price")), _text(variant.get("price"))
    return before if before and now and float(before) > float(now) else None


def _stock(variants: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the pieces of all variants; None when Shopify does not count them."""
    counted = [one for one in variants if one.get("inventory_management")]
    return sum(max(0, int(one.get("inventory_quantity") or 0)) for one in counted) if counted else None


def _image(body: Mapping[str, Any]) -> str | None:
    first = body.get("image") or next(iter(_list(body.get("images"))), None)
    return (_text(first.get("src")) or None) if isinstance(first, dict) else None


def _of_options(options: Mapping[str, list[str]], names: Sequence[str]) -> list[str]:
    return next((options[name] for name in names if name in options), [])


def _plain(markup: str) -> str:
    """Return a product's text without its markup."""
    text = html.unescape(_TAG.sub("", _BLOCK_END.sub(" ", markup)))
    return " ".join(text.split())


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _time(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        raise BodyError("a record without a time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _iso(value: object) -> str | None:
    return _time(value).isoformat() if value else None


def _date(value: object) -> str | None:
    return _time(value).date().isoformat() if value else None
