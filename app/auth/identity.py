"""Widget identity: the shop signs its own customer id, so that a visitor cannot claim to be somebody else."""

from __future__ import annotations

import hashlib
import hmac


def identity_hash(secret: str, identity: str) -> str:
    """Return hex HMAC-SHA256(widget secret, id), as the shop's server computes it (RFC 2104)."""
    return hmac.new(secret.encode(), identity.encode(), hashlib.sha256).hexdigest()


def is_identity_genuine(secret: str, identity: str, given_hash: str) -> bool:
    """Compare in constant time. An empty secret verifies nobody."""
    if not secret:
        return False
    return hmac.compare_digest(identity_hash(secret, identity).encode(), given_hash.encode())
