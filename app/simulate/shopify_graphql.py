"""How the stand-in of Shopify's admin answers a GraphQL document: costs, throttling, search, subscriptions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.simulate.graphql import Field, GraphqlError, parse
from app.simulate.shopify_schema import Reader, check, sort_key

if TYPE_CHECKING:
    from app.simulate.shopify_admin import ShopifyAdmin

MOST_OF_A_QUERY = 1000
BUCKET_POINTS = 2000.0
RESTORE_PER_S = 100.0
RECENT_ORDERS = timedelta(days=60)
_SINCE = re.compile(r"updated_at:>='?([0-9T:.Z+-]+)'?")
_TOPICS = {
    "ORDERS": {"CREATE", "UPDATED", "PAID", "FULFILLED", "CANCELLED", "DELETE"},
    "PRODUCTS": {"CREATE", "UPDATE", "DELETE"},
    "CUSTOMERS": {"CREATE", "UPDATE", "DELETE"},
    "APP": {"UNINSTALLED"},
    "SHOP": {"UPDATE"},
}


@dataclass(slots=True)
class Bucket:
    """Cost points: so many at most, so many restored per second. `clock` is monotonic."""

    most: float = BUCKET_POINTS
    restore_per_s: float = RESTORE_PER_S
    clock: Callable[[], float] = time.monotonic
    available: float = BUCKET_POINTS
    _at: float = field(default=0.0)

    def restore(self) -> None:
        """Add what the time has brought."""
        now = self.clock()
        if self._at:
            self.available = min(self.most, self.available + (now - self._at) * self.restore_per_s)
        self._at = now

    def told(self, requested: int, actual: int | None) -> dict[str, Any]:
        """Return `extensions.cost`."""
        status = {
            "maximumAvailable": self.most,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore_per_s,
        }
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}


@dataclass(slots=True)
class Answering:
    """One request."""

    shop: ShopifyAdmin
    scopes: frozenset[str]

    def answer(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole answer.

        Raises: GraphqlError.
        """
        operation, bucket = parse(document, variables), self.shop.bucket
        cost = check(operation.fields, operation.kind, self.scopes)
        bucket.restore()
        if cost > MOST_OF_A_QUERY:
            error = {"message": f"Query cost is {cost}, the limit is {MOST_OF_A_QUERY}"}
            extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MOST_OF_A_QUERY}
            return {"errors": [{**error, "extensions": extensions}], "extensions": bucket.told(cost, None)}
        if cost > bucket.available:
            self.shop.throttled += 1
            error = {"message": "Throttled"}
            return {
                "errors": [{**error, "extensions": {"code": "THROTTLED"}}],
                "extensions": bucket.told(cost, None),
            }
        self.shop.queries.append(operation.fields)
        reader = Reader(self._search)
        if operation.kind == "mutation":
            root = {one.name: self._mutation(one) for one in operation.fields}
            actual = cost
        else:
            root = {**self._single(operation.fields), "shop": self._shop()}
            actual = 0
        data = reader.read(operation.fields, operation.kind, root)
        actual += reader.cost
        bucket.available -= min(actual, cost)
        return {"data": data, "extensions": bucket.told(cost, min(actual, cost))}

    def _single(self, fields: Sequence[Field]) -> dict[str, Any]:
        wanted = next((one.args.get("id") for one in fields if one.name == "order"), None)
        found = next((one for one in self.shop.orders.values() if one["id"] == wanted), None)
        return {"order": found}

    def _shop(self) -> dict[str, Any]:
        domain = self.shop.domain
        url = self.shop.primary_url or f"https://{domain}"
        return {
            "id": "gid://shopify/Shop/1",
            "name": domain.partition(".")[0],
            "myshopifyDomain": domain,
            "currencyCode": "EUR",
            "primaryDomain": {"id": "gid://shopify/Domain/1", "host": urlsplit(url).netloc, "url": url},
        }

    def _search(self, one: Field) -> Sequence[Mapping[str, Any]]:
        if one.name == "webhookSubscriptions":
            return self._subscriptions(one)
        items: list[Mapping[str, Any]] = list(getattr(self.shop, one.name).values())
        if one.name == "orders" and "read_all_orders" not in self.scopes:
            oldest = datetime.fromtimestamp(self.shop.clock(), UTC) - RECENT_ORDERS
            items = [item for item in items if datetime.fromisoformat(item["createdAt"]) >= oldest]
        if one.args.get("query"):
            found = _SINCE.fullmatch(one.args["query"])
            if found is None:
                raise GraphqlError(f"Invalid search query: {one.args['query']}", "BAD_REQUEST")
            since = datetime.fromisoformat(found[1])
            items = [item for item in items if datetime.fromisoformat(item["updatedAt"]) >= since]
        return sorted(items, key=sort_key(one))

    def _subscriptions(self, one: Field) -> Sequence[Mapping[str, Any]]:
        topics, uri = one.args.get("topics"), one.args.get("uri")
        return [
            item
            for _, item in sorted(self.shop.subscriptions.items())
            if (topics is None or item["topic"] in topics) and (uri is None or item["uri"] == uri)
        ]

    def _mutation(self, one: Field) -> dict[str, Any]:
        if one.name == "webhookSubscriptionDelete":
            found = self.shop.subscriptions.pop(_number(one.args.get("id")), None)
            deleted = one.args["id"] if found is not None else None
            errors = [] if found is not None else [_error("id", "Webhook subscription does not exist")]
            return {"deletedWebhookSubscriptionId": deleted, "userErrors": errors}
        given = one.args.get("webhookSubscription")
        if not isinstance(given, Mapping) or given.keys() - {"uri", "format", "filter", "includeFields"}:
            raise GraphqlError(
                "Variable $webhookSubscription of type WebhookSubscriptionInput! was provided invalid value"
            )
        if one.name == "webhookSubscriptionUpdate":
            return self._write(_number(one.args.get("id")), given, None)
        topic = one.args.get("topic")
        about, _, verb = str(topic).partition("_")
        if verb not in _TOPICS.get(about, ()):
            raise GraphqlError("Variable $topic of type WebhookSubscriptionTopic! was provided invalid value")
        if any((item["topic"], item["uri"]) == (topic, given.get("uri")) for item in self.shop.subscriptions.values()):
            return {"userErrors": [_error("webhookSubscription", "Address for this topic has already been taken")]}
        return self._write(max(self.shop.subscriptions, default=0) + 1, given, str(topic))

    def _write(self, number: int, given: Mapping[str, Any], topic: str | None) -> dict[str, Any]:
        if urlsplit(str(given.get("uri", ""))).scheme != "https":
            return {"userErrors": [_error("uri", "Address protocol http:// is not supported")]}
        if topic is None and number not in self.shop.subscriptions:
            return {"userErrors": [_error("id", "Webhook subscription does not exist")]}
        item = self.shop.subscriptions.setdefault(number, {"id": f"gid://shopify/WebhookSubscription/{number}"})
        item.update({"topic": topic or item["topic"], "uri": given["uri"], "format": given.get("format", "JSON")})
        item["updatedAt"] = ""
        return {"webhookSubscription": item, "userErrors": []}


def _error(field_name: str, message: str) -> dict[str, Any]:
    return {"field": [field_name], "message": message}


def _number(gid: object) -> int:
    tail = str(gid).rpartition("/")[2]
    return int(tail) if tail.isdigit() else 0
