"""Pages of Shopify's orders, products and customers over Admin GraphQL, told in the words of its webhooks.

So that a record is read by one function (shopify_records) however it came. Fields:
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order, /Product, /Customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.channels.port import BodyError

Node = Mapping[str, Any]

_CUSTOMER = """id firstName lastName createdAt updatedAt
    defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber }"""
_LINE = "title quantity originalUnitPriceSet { shopMoney { amount } } product { id }"
_FIELDS: Final = {
    "customers": _CUSTOMER,
    "products": """id title descriptionHtml handle productType status tags updatedAt totalInventory tracksInventory
    options(first: 3) { name values } priceRangeV2 { minVariantPrice { amount } }
    variants(first: 10) { nodes { price compareAtPrice } } featuredMedia { preview { image { url } } }""",
    "orders": f"""id name email createdAt updatedAt cancelledAt displayFinancialStatus currencyCode
    currentTotalPriceSet {{ shopMoney {{ amount }} }} totalRefundedSet {{ shopMoney {{ amount }} }}
    customer {{ {_CUSTOMER} }}
    lineItems(first: 20) {{ nodes {{ {_LINE} }} pageInfo {{ hasNextPage endCursor }} }}
    fulfillments(first: 5) {{ status displayStatus createdAt updatedAt deliveredAt estimatedDeliveryAt
      trackingInfo(first: 1) {{ company number url }} }}""",
}
PAGE_SIZES: Final = {"customers": 100, "products": 20, "orders": 10}
IDS_AT_ONCE: Final = 250
SCOPES: Final = {"customers": "read_customers", "products": "read_products", "orders": "read_orders"}
ALL_ORDERS: Final = "read_all_orders"
MORE_LINES: Final = f"""query Lines($id: ID!, $after: String) {{
  order(id: $id) {{
    lineItems(first: 100, after: $after) {{ nodes {{ {_LINE} }} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}"""
_DELAYED = frozenset({"delayed", "not_delivered", "attempted_delivery"})


@dataclass(frozen=True, slots=True)
class Page:
    """Records and where the next page begins; None at the end."""

    nodes: Sequence[Node]
    next: str | None

    @classmethod
    def of(cls, connection: object) -> Page:
        """Read a connection.

        Raises: BodyError when it is none.
        """
        try:
            nodes, info = connection["nodes"], connection["pageInfo"]  # type: ignore[index]  # or it is refused here
            following = str(info["endCursor"]) if info["hasNextPage"] else None
        except (KeyError, TypeError) as error:
            raise BodyError("a page that cannot be read") from error
        if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
            raise BodyError("a page that cannot be read")
        return cls(nodes, following)


def page_query(kind: str) -> str:
    """Return the query of one page of what changed since a time, the longest unchanged first: what changes meanwhile
    comes again at the end, and nothing is left out."""
    return f"""query Changed($first: Int!, $after: String, $query: String) {{
  {kind}(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{ {_FIELDS[kind]} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""


def ids_query(kind: str) -> str:
    """Return the query of one page of all ids."""
    return f"""query Ids($first: Int!, $after: String) {{
  {kind}(first: $first, after: $after, sortKey: ID) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }}
}}"""


def body_of(kind: str, node: Node) -> dict[str, Any]:
    """Return a record as the webhooks about it carry it."""
    return {"customers": _customer, "products": _product, "orders": _order}[kind](node)


def _customer(node: Node) -> dict[str, Any]:
    return {
        "id": node.get("id"),
        "first_name": node.get("firstName"),
        "last_name": node.get("lastName"),
        "email": _within(node, "defaultEmailAddress", "emailAddress"),
        "phone": _within(node, "defaultPhoneNumber", "phoneNumber"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
    }


def _product(node: Node) -> dict[str, Any]:
    price = _within(node, "priceRangeV2", "minVariantPrice", "amount")
    listed = [one for one in _within(node, "variants", "nodes") or () if _same_amount(one.get("price"), price)]
    variant = {
        "price": price,
        "compare_at_price": next((one["compareAtPrice"] for one in listed if one.get("compareAtPrice")), None),
        "inventory_management": "shopify" if node.get("tracksInventory") else None,
        "inventory_quantity": node.get("totalInventory"),
    }
    return {
        "id": node.get("id"),
        "title": node.get("title"),
        "body_html": node.get("descriptionHtml"),
        "product_type": node.get("productType"),
        "tags": ", ".join(map(str, node.get("tags") or ())),
        "handle": node.get("handle"),
        "status": node.get("status"),
        "updated_at": node.get("updatedAt"),
        "options": [dict(option) for option in node.get("options") or ()],
        "variants": [variant],
        "image": {"src": _within(node, "featuredMedia", "preview", "image", "url")},
    }


def _order(node: Node) -> dict[str, Any]:
    customer = node.get("customer")
    refunded = _within(node, "totalRefundedSet", "shopMoney", "amount")
    transaction = {"kind": "refund", "status": "success", "amount": refunded}
    return {
        "id": node.get("id"),
        "name": node.get("name"),
        "email": node.get("email"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "cancelled_at": node.get("cancelledAt"),
        "financial_status": node.get("displayFinancialStatus"),
        "currency": node.get("currencyCode"),
        "current_total_price": _within(node, "currentTotalPriceSet", "shopMoney", "amount"),
        "customer": _customer(customer) if customer else None,
        "line_items": [_line(line) for line in _within(node, "lineItems", "nodes") or ()],
        "fulfillments": [_parcel(one) for one in node.get("fulfillments") or ()],
        "refunds": [{"transactions": [transaction]}] if refunded and float(refunded) > 0 else [],
    }


def _line(line: Node) -> dict[str, Any]:
    return {
        "title": line.get("title"),
        "quantity": line.get("quantity"),
        "price": _within(line, "originalUnitPriceSet", "shopMoney", "amount"),
        "product_id": _within(line, "product", "id"),
    }


def _parcel(one: Node) -> dict[str, Any]:
    tracking: Node = next(iter(one.get("trackingInfo") or ()), {})
    state = str(one.get("displayStatus") or "").lower()
    return {
        "status": one.get("status"),
        "shipment_status": "failure" if state in _DELAYED else state,
        "created_at": one.get("createdAt"),
        "updated_at": one.get("deliveredAt") or one.get("updatedAt"),
        "estimated_delivery_at": one.get("estimatedDeliveryAt"),
        "tracking_company": tracking.get("company"),
        "tracking_number": tracking.get("number"),
        "tracking_url": tracking.get("url"),
    }


def _within(node: Node, *names: str) -> Any:
    """Return what stands at the end of a chain of fields; None when one of them is missing."""
    found: Any = node
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _same_amount(one: object, other: object) -> bool:
    try:
        return float(str(one)) == float(str(other))
    except ValueError:
        return False
