"""Links to recommended products in messages on channels: of this server, so that it hears of their opening.

A link names a recommendation and is signed. Where it leads stands in the shop's records, never in the link.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final
from urllib.parse import urljoin, urlsplit
from uuid import UUID

LINK_PATH: Final = "/go/"
_SIGNATURE_BYTES = 14
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{40}")  # id and signature, 30 bytes
_PURPOSE: Final = b"assistify product link\0"
_WEB = frozenset({"http", "https"})
# Programs of the vendors and of search engines, which look at a link before, or without, a person doing so. A Cubot
# is a telephone.
_PROGRAMS: Final = re.compile(
    r"(?<!cu)bot\b|^whatsapp/|facebookexternalhit|meta-external|facebookcatalog|preview|spider|crawl", re.I
)


class ProductLinks:
    """Makes links and reads them; `secret` is the server's own."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._key = secret.encode()
        self._public_url = public_url

    def link(self, recommendation: UUID) -> str:
        """Return the link of a product that was shown."""
        token = base64.urlsafe_b64encode(recommendation.bytes + self._signature(recommendation))
        return f"{self._public_url.rstrip('/')}{LINK_PATH}{token.decode()}"

    def read(self, token: str) -> UUID | None:
        """Return the recommendation that a link names; None for what is not of this server."""
        if not _TOKEN.fullmatch(token):
            return None
        content = base64.urlsafe_b64decode(token)
        recommendation = UUID(bytes=content[:16])
        is_genuine = hmac.compare_digest(content[16:], self._signature(recommendation))
        return recommendation if is_genuine else None

    def target(self, url: str) -> str | None:
        """Return a product's page as a browser opens it; None for what is no page on the web."""
        whole = urljoin(self._public_url + "/", url)
        return whole if urlsplit(whole).scheme in _WEB else None

    def _signature(self, recommendation: UUID) -> bytes:
        return hmac.digest(self._key, _PURPOSE + recommendation.bytes, hashlib.sha256)[:_SIGNATURE_BYTES]


def is_program(user_agent: str) -> bool:
    """Tell whether a program asks for a link to show a preview of it, and nobody opened it."""
    return _PROGRAMS.search(user_agent) is not None
