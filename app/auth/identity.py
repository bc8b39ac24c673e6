"""Widget identity: the shop signs its own customer id, so that a visitor cannot claim to be somebody else.

Two forms: the shop's server signs the id alone, for as long as its page says so; what goes through a storefront's proxy
is dated (`<Unix seconds>.<hex>`) and is worth nothing afterwards.
"""

from __future__ import annotations

import hashlib
import hmac

_DATED = b"assistify: dated identity"


def identity_hash(secret: str, identity: str) -> str:
    """Return hex HMAC-SHA256(widget secret, id), as the shop's server computes it (RFC 2104)."""
    return _hex(secret.encode(), identity)


def dated_hash(secret: str, identity: str, expires_at: int) -> str:
    """Return a hash that is good until a time, in Unix seconds."""
    # A key of its own: no id that a shop signs can be mistaken for a date and an id.
    key = hmac.new(secret.encode(), _DATED, hashlib.sha256).digest()
    return f"{expires_at}.{_hex(key, f'{expires_at}.{identity}')}"


def is_identity_genuine(secret: str, identity: str, given_hash: str, now: float) -> bool:
    """Compare in constant time; `now` is Unix seconds. An empty secret verifies nobody."""
    if not secret:
        return False
    date, dot, _ = given_hash.partition(".")
    if not dot:
        return hmac.compare_digest(identity_hash(secret, identity).encode(), given_hash.encode())
    if not (date.isascii() and date.isdigit() and len(date) <= 12):
        return False
    is_signed = hmac.compare_digest(dated_hash(secret, identity, int(date)).encode(), given_hash.encode())
    return is_signed and now < int(date)


def _hex(key: bytes, message: str) -> str:
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
