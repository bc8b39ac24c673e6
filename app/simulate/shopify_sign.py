"""How Shopify signs the queries it sends browsers with.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant (hmac),
https://shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies (signature).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping


def sign_query(client_secret: str, query: Mapping[str, str]) -> str:
    """Return `hmac` of a callback: hex HMAC-SHA256 of the sorted `name=value` joined by &."""
    message = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
    return hmac.new(client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def sign_proxy(client_secret: str, query: Mapping[str, str]) -> str:
    """Return `signature` of a request through the app proxy: the sorted `name=value` with nothing between them."""
    message = "".join(sorted(f"{name}={value}" for name, value in query.items()))
    return hmac.new(client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
