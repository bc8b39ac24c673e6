"""The part of Shopify's Admin GraphQL schema that the stand-in knows, what its fields cost, and how they are read.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10 (objects Order, Product, Customer, Fulfillment, Refund,
WebhookSubscription; queries and mutations of the same names), https://shopify.dev/docs/api/usage/limits (costs: an
object 1, a connection 2 and its objects, a mutation 10) and .../usage/pagination-graphql.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.simulate.graphql import Field, GraphqlError

MOST_OF_A_PAGE = 250
MUTATION_COST = 10
_PAGED = {"first": "Int", "after": "String", "last": "Int", "before": "String", "reverse": "Boolean"}
_SEARCHED = {**_PAGED, "query": "String", "sortKey": "Enum"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A field: `type` is "" for a scalar; `connection` and `many` say in what the objects come."""

    type: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    connection: bool = False
    many: bool = False
    scope: str = ""


def _scalars(names: str) -> dict[str, Entry]:
    return {name: Entry() for name in names.split()}


_MONEY = Entry("MoneyBag")
_SUBSCRIPTIONS = {**_PAGED, "topics": "List", "uri": "String", "format": "Enum", "sortKey": "Enum", "query": "String"}
TYPES: Mapping[str, Mapping[str, Entry]] = {
    "query": {
        "orders": Entry("Order", _SEARCHED, connection=True, scope="read_orders"),
        "order": Entry("Order", {"id": "ID"}, scope="read_orders"),
        "products": Entry("Product", _SEARCHED, connection=True, scope="read_products"),
        "customers": Entry("Customer", _SEARCHED, connection=True, scope="read_customers"),
        "webhookSubscriptions": Entry("WebhookSubscription", _SUBSCRIPTIONS, connection=True),
        "shop": Entry("Shop"),
    },
    "mutation": {
        "webhookSubscriptionCreate": Entry("SubscriptionPayload", {"topic": "Enum", "webhookSubscription": "Object"}),
        "webhookSubscriptionUpdate": Entry("SubscriptionPayload", {"id": "ID", "webhookSubscription": "Object"}),
        "webhookSubscriptionDelete": Entry("SubscriptionDeletePayload", {"id": "ID"}),
    },
    "Shop": {**_scalars("id name myshopifyDomain currencyCode"), "primaryDomain": Entry("Domain")},
    "Domain": _scalars("id host url sslEnabled"),
    "SubscriptionPayload": {
        "webhookSubscription": Entry("WebhookSubscription"),
        "userErrors": Entry("UserError", many=True),
    },
    "SubscriptionDeletePayload": {
        **_scalars("deletedWebhookSubscriptionId"),
        "userErrors": Entry("UserError", many=True),
    },
    "UserError": _scalars("field message"),
    "WebhookSubscription": _scalars("id topic uri format filter includeFields createdAt updatedAt"),
    "MoneyBag": {"shopMoney": Entry("Money"), "presentmentMoney": Entry("Money")},
    "Money": _scalars("amount currencyCode"),
    "Email": _scalars("emailAddress marketingState"),
    "Phone": _scalars("phoneNumber marketingState"),
    "Customer": {
        **_scalars("id firstName lastName displayName createdAt updatedAt locale numberOfOrders state tags"),
        "defaultEmailAddress": Entry("Email"),
        "defaultPhoneNumber": Entry("Phone"),
    },
    "Order": {
        **_scalars("id name email phone createdAt updatedAt processedAt cancelledAt closedAt"),
        **_scalars("displayFinancialStatus displayFulfillmentStatus currencyCode test"),
        "currentTotalPriceSet": _MONEY,
        "totalPriceSet": _MONEY,
        "totalRefundedSet": _MONEY,
        "customer": Entry("Customer", scope="read_customers"),
        "lineItems": Entry("LineItem", _PAGED, connection=True),
        "fulfillments": Entry("Fulfillment", {"first": "Int"}, many=True),
    },
    "LineItem": {
        **_scalars("id title name quantity currentQuantity sku"),
        "originalUnitPriceSet": _MONEY,
        "discountedUnitPriceSet": _MONEY,
        "product": Entry("Product", scope="read_products"),
    },
    "Fulfillment": {
        **_scalars("id name status displayStatus createdAt updatedAt deliveredAt estimatedDeliveryAt inTransitAt"),
        "trackingInfo": Entry("Tracking", {"first": "Int"}, many=True),
    },
    "Tracking": _scalars("company number url"),
    "Product": {
        **_scalars("id title descriptionHtml handle productType vendor status tags createdAt updatedAt"),
        **_scalars("onlineStoreUrl totalInventory tracksInventory"),
        "description": Entry(args={"truncateAt": "Int"}),
        "options": Entry("Option", {"first": "Int"}, many=True),
        "variants": Entry("Variant", {**_PAGED, "sortKey": "Enum"}, connection=True),
        "priceRangeV2": Entry("PriceRange"),
        "featuredMedia": Entry("Media"),
    },
    "Option": _scalars("id name values position"),
    "Variant": _scalars("id title price compareAtPrice inventoryQuantity sku availableForSale"),
    "PriceRange": {"minVariantPrice": Entry("Money"), "maxVariantPrice": Entry("Money")},
    "Media": {**_scalars("id alt"), "preview": Entry("Preview")},
    "Preview": {"image": Entry("Image")},
    "Image": _scalars("url altText width height"),
    "PageInfo": _scalars("hasNextPage hasPreviousPage startCursor endCursor"),
}


def check(fields: Sequence[Field], type_name: str, scopes: frozenset[str]) -> int:
    """Return the requested cost.

    Raises: GraphqlError for what the schema does not list, or what the scopes do not allow.
    """
    cost, known = 0, TYPES[type_name]
    for one in fields:
        entry = known.get(one.name)
        if entry is None:
            raise GraphqlError(f"Field '{one.name}' doesn't exist on type '{type_name}'", "undefinedField")
        unknown = set(one.args) - set(entry.args)
        if unknown:
            message = f"Field '{one.name}' doesn't accept argument '{min(unknown)}'"
            raise GraphqlError(message, "argumentNotAccepted")
        if entry.scope and entry.scope not in scopes:
            message = f"Access denied for {one.name} field. Required access: `{entry.scope}` access scope."
            raise GraphqlError(message, "ACCESS_DENIED")
        cost += _cost(one, entry, scopes) + (MUTATION_COST if type_name == "mutation" else 0)
    return cost


def _cost(one: Field, entry: Entry, scopes: frozenset[str]) -> int:
    if not entry.type:
        if one.selections:
            raise GraphqlError(f"Selections can't be made on scalars (field '{one.name}')", "selectionMismatch")
        return 0
    if not one.selections:
        raise GraphqlError(f"Field '{one.name}' must have selections", "selectionMismatch")
    if entry.connection:
        return 2 + _connection_cost(one, entry, scopes)
    return (_first(one) if entry.many and "first" in one.args else 1) * (1 + check(one.selections, entry.type, scopes))


def _connection_cost(one: Field, entry: Entry, scopes: frozenset[str]) -> int:
    inner = 0
    for part in one.selections:
        if part.name in ("nodes", "pageInfo") and not part.selections:
            raise GraphqlError(f"Field '{part.name}' must have selections", "selectionMismatch")
        if part.name == "nodes":
            inner = 1 + check(part.selections, entry.type, scopes)
        elif part.name == "pageInfo":
            check(part.selections, "PageInfo", scopes)
        else:
            message = f"Field '{part.name}' doesn't exist on type '{entry.type}Connection'"
            raise GraphqlError(message, "undefinedField")
    return _first(one) * inner


def _first(one: Field) -> int:
    first = one.args.get("first")
    if not isinstance(first, int) or isinstance(first, bool) or not 1 <= first <= MOST_OF_A_PAGE:
        raise GraphqlError(f"you must provide `first` from 1 to {MOST_OF_A_PAGE} on '{one.name}'", "BAD_REQUEST")
    return first


@dataclass(slots=True)
class Reader:
    """Reads what was asked from records in the schema's own shape. `cost` grows by the objects that were returned;
    `search` gives the records of a root connection, sorted and filtered as its arguments want."""

    search: Callable[[Field], Sequence[Mapping[str, Any]]]
    cost: int = 0

    def read(self, fields: Sequence[Field], type_name: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of one object."""
        return {one.name: self._field(one, TYPES[type_name][one.name], record, type_name) for one in fields}

    def _field(self, one: Field, entry: Entry, record: Mapping[str, Any], type_name: str) -> Any:
        if entry.connection:
            items = self.search(one) if type_name == "query" else record.get(one.name) or []
            return self._page(one, entry, items)
        value = record.get(one.name)
        if not entry.type or value is None:
            limit = one.args.get("truncateAt")
            return value[:limit] if limit and isinstance(value, str) else value
        if entry.many:
            return [self._object(one, entry, item) for item in value[: one.args.get("first")]]
        return self._object(one, entry, value)

    def _object(self, one: Field, entry: Entry, value: Mapping[str, Any]) -> dict[str, Any]:
        self.cost += 1
        return self.read(one.selections, entry.type, value)

    def _page(self, one: Field, entry: Entry, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.cost += 2
        key = sort_key(one)
        after = one.args.get("after")
        begin = None if after is None else _position(after)
        rest = [item for item in items if begin is None or key(item) > begin]
        page = rest[: one.args["first"]]
        cursors = [_cursor(key(item)) for item in page]
        info = {
            "hasNextPage": len(rest) > len(page),
            "hasPreviousPage": after is not None,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        }
        answer: dict[str, Any] = {}
        for part in one.selections:
            if part.name == "nodes":
                answer["nodes"] = [self._object(part, entry, item) for item in page]
            else:
                answer["pageInfo"] = {inner.name: info[inner.name] for inner in part.selections}
        return answer


def sort_key(one: Field) -> Callable[[Mapping[str, Any]], tuple[str, int]]:
    """Return what a connection is sorted by: (value, number of the record)."""
    by_update = one.args.get("sortKey") == "UPDATED_AT"
    return lambda item: (str(item["updatedAt"]) if by_update else "", number(item["id"]))


def number(gid: str) -> int:
    """Return the number in a global id."""
    return int(gid.rpartition("/")[2])


def _cursor(position: tuple[str, int]) -> str:
    return base64.b64encode(json.dumps({"last_value": position[0], "last_id": position[1]}).encode()).decode()


def _position(cursor: str) -> tuple[str, int]:
    try:
        found = json.loads(base64.b64decode(cursor, validate=True))
        return str(found["last_value"]), int(found["last_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise GraphqlError("Invalid cursor for current pagination sort.", "INVALID_CURSOR") from error
