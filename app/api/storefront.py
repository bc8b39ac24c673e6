"""Who looks at a Shopify storefront: asked by the widget through Shopify's app proxy, which signs the customer's id."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.responses import Response

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.identity import dated_hash
from app.channels import shopify, signatures
from app.services.shops import WidgetShop

TAG = "channels"
MOST_PARAMETERS = 100
IDENTITY_S = 900  # how long an identity is good: a page that is still open asks for another
REFUSALS_PER_MINUTE = 60  # per address; who is refused more often is not even told why
NEVER_STORED = {"Cache-Control": "no-store"}


class SignedIdentity(Struct, frozen=True):
    """What the widget says of its visitor; see `identity` in the widget's hello. It is good for `expires_in` seconds of
    the answer: then the storefront asks again."""

    id: str
    hash: str


class Storefront(Struct, frozen=True):
    """The server and the key of the widget, and who is signed in at the shop; nobody when `identity` is null."""

    server: str
    widget_key: str
    identity: SignedIdentity | None
    expires_in: int = IDENTITY_S


async def storefront_identity(call: Call) -> Response:
    """Tell the storefront's widget who its visitor is, on Shopify's word alone."""
    now = datetime.now(UTC)
    asked = await _asked(call, now)
    if asked is None:
        raise await _refused(call)
    shop, customer = asked
    is_known = customer.isascii() and customer.isdigit()
    until = int(now.timestamp()) + IDENTITY_S
    identity = SignedIdentity(customer, dated_hash(shop.widget_secret, customer, until)) if is_known else None
    answer = msgspec.json.encode(Storefront(call.context.settings.resolved_public_url, shop.widget_key, identity))
    return Response(answer, media_type="application/json", headers=NEVER_STORED)


async def _asked(call: Call, now: datetime) -> tuple[WidgetShop, str] | None:
    """Return the shop and the customer that a signed request names; None for any other request."""
    text = call.request.scope.get("query_string", b"").decode("latin-1")
    try:
        query = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return None
    values = dict(query)
    domain = shopify.shop_domain(values.get("shop", ""))
    account = (await call.context.accounts.named(shopify.KIND, [domain])).get(domain) if domain else None
    if account is None or not signatures.shopify_proxy(shopify.client_secrets(account), query, now):
        return None
    shop = await call.context.shops.by_id(account.shop)
    return None if shop is None else (shop, values.get("logged_in_customer_id", ""))


async def _refused(call: Call) -> Problem:
    limiter = call.context.limiter
    wait = await limiter.retry_after_ms("storefront_refusal", call.address, per_minute=REFUSALS_PER_MINUTE)
    if wait is not None:
        return Problem(429, "rate_limited", "too many requests that Shopify has not signed", retry_after_ms=wait)
    return Problem(403, "forbidden", "this address is for requests that Shopify's app proxy has signed")


OPERATIONS = (
    Operation(
        "GET",
        "/api/storefront/shopify/",
        storefront_identity,
        "Who looks at a Shopify storefront",
        TAG,
        None,
        response=Storefront,
        errors=(403,),
    ),
)
