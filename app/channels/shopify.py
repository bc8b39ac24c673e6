"""Shopify: records and privacy requests, signed with the app's client secret over the bytes as they came.

The chat itself is the widget; who its visitor is, the app proxy tells. Contract:
https://shopify.dev/docs/apps/build/webhooks/delivery-structure and .../build/online-store/app-proxies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.channels import signatures
from app.channels.port import AccountField, Answer, BodyError, Channel, Parsed, RawRequest
from app.channels.text import bounded_key, clean, whole_escapes
from app.domain.channel import Account, Ignored, InboundEvent, Record

KIND = "shopify"
MAX_BODY_BYTES = 8 * 2**20
_SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com")
_FRACTION = re.compile(r"\.(\d{6})\d+")  # Shopify writes nanoseconds


class ShopifyReceiver:
    """See app.channels.port.Receiver."""

    accepted = Answer(200)
    refused = Answer(401, b"signature refused")
    max_body_bytes = MAX_BODY_BYTES

    def handshake(self, query: Mapping[str, str], tokens: Sequence[str]) -> Answer | None:
        """Shopify has none."""
        return None

    def references(self, request: RawRequest) -> Sequence[Sequence[str]]:
        """Return the shop's domain, from the headers."""
        domain = shop_domain(_header(request, "shop-domain"))
        return [[domain]] if domain else []

    def verify(self, request: RawRequest, account: Account, now: datetime) -> bool:
        """Check the signature over the body; after a change of secret, the old one for as long as it is stored."""
        return signatures.shopify_webhook(client_secrets(account), request.body, _header(request, "hmac-sha256"))

    def parse(self, request: RawRequest) -> Sequence[Parsed]:
        """Return the one record of a request.

        Raises: BodyError.
        """
        delivery, topic = clean(_header(request, "webhook-id")), clean(_header(request, "topic")).lower()
        if not delivery or not topic:
            raise BodyError("the headers name no topic and delivery")
        try:
            body = _decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BodyError(f"the body cannot be read: {type(error).__name__}") from error
        about: dict[str, Any] = {
            "key": bounded_key(delivery),
            "account": shop_domain(_header(request, "shop-domain")),
            "at": _time(_header(request, "triggered-at")),
        }
        event: InboundEvent
        if isinstance(body, dict):
            event = Record(**about, topic=topic[:64], body=body)
        else:
            event = Ignored(**about, kind=topic[:64])
        return [Parsed(event, request.body)]

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """Nothing of Shopify's is fetched by link."""
        return {}


def client_secrets(account: Account) -> Sequence[str]:
    """Return the secrets that may have signed: the current one and the previous one."""
    return [account.secrets.get("client_secret", ""), account.secrets.get("previous_secret", "")]


def shop_domain(value: str) -> str:
    """Return a shop's permanent domain in lower case; empty for anything else."""
    domain = value.strip().lower()
    return domain if _SHOP_DOMAIN.fullmatch(domain) else ""


def _header(request: RawRequest, name: str) -> str:
    """Return a header by either of its names: the newer deliveries drop the X-."""
    return request.headers.get(f"x-shopify-{name}") or request.headers.get(f"shopify-{name}", "")


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return msgspec.json.decode(whole_escapes(body))


def _time(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r".\1", value.strip()))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


SHOPIFY = Channel(
    kind=KIND,
    name="Shopify",
    path="shopify",
    fields=(
        AccountField("shop_domain", "Shop domain (name.myshopify.com)"),
        AccountField("client_secret", "Client secret", secret=True),
        AccountField("client_id", "Client id", required=False),
        AccountField("previous_secret", "Previous client secret", required=False, secret=True),
        AccountField("access_token", "Admin API access token", required=False, secret=True),
        # What an installation gives and renews by itself.
        AccountField("refresh_token", "Refresh token", required=False, secret=True),
        AccountField("token_expires_at", "Access token is good until", required=False),
        AccountField("scopes", "Scopes of the access token", required=False),
        AccountField("installed_at", "Installed at", required=False),
    ),
    references=lambda fields: [domain] if (domain := shop_domain(fields.get("shop_domain", ""))) else [],
    receiver=ShopifyReceiver(),
)
