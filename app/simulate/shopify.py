"""Events as Shopify posts them: https://shopify.dev/docs/apps/build/webhooks/delivery-structure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import uuid
from datetime import UTC, datetime
from typing import Any

from app.simulate.loopback import post_with_httpx

SHOP_DOMAIN = "simulated.myshopify.com"
API_VERSION = "2026-10"


def sign(client_secret: str, body: bytes) -> str:
    """Return X-Shopify-Hmac-Sha256."""
    return base64.b64encode(hmac.new(client_secret.encode(), body, hashlib.sha256).digest()).decode()


def order(number: str, email: str) -> dict[str, Any]:
    """Return an order as the topics about orders carry it."""
    now = datetime.now(UTC).isoformat()
    return {
        "id": random.randrange(10**12, 10**13),
        "name": f"#{number.lstrip('#')}",
        "order_number": int("".join(filter(str.isdigit, number)) or "1"),
        "email": email,
        "created_at": now,
        "updated_at": now,
        "currency": "EUR",
        "total_price": "189.00",
        "financial_status": "paid",
        "fulfillment_status": None,
        "customer": {"id": 7001, "email": email, "first_name": "Ana", "last_name": "Demo"},
        "line_items": [{"id": 1, "title": "Summit Shell Jacket", "quantity": 1, "price": "189.00", "product_id": 1}],
        "fulfillments": [],
    }


async def post_event(webhook: str, client_secret: str, topic: str, body: dict[str, Any]) -> int:
    """Post one event, signed; return the status of the server's answer."""
    raw = json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": sign(client_secret, raw),
        "X-Shopify-Shop-Domain": SHOP_DOMAIN,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(),
    }
    return await post_with_httpx(webhook, headers, raw)
