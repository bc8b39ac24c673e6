"""Vendors' text, made fit to be stored."""

from __future__ import annotations

import hashlib
import re

HASH_CHARS = 32
KEY_CHARS = 255
LINE_CHARS = 255  # of a title or a name
URL_CHARS = 2000
_HALVES = re.compile(r"[\ud800-\udfff]")
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def clean(text: str) -> str:
    """Return the text without NUL and with half surrogate pairs replaced: databases store neither."""
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", text.replace("\0", ""))


def whole_escapes(body: bytes) -> bytes:
    """Return JSON in which escapes that are half a surrogate pair stand for the replacement character."""
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def line(value: object) -> str | None:
    """Return a short text in one line; None for what is none."""
    return (" ".join(clean(value).split())[:LINE_CHARS] or None) if isinstance(value, str) else None


def web_address(value: object) -> str | None:
    """Return an address that may stand in a link; None for what is none or too long."""
    is_web = isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= URL_CHARS
    return clean(str(value)) if is_web else None


def hashed_key(kind: str, named: str | bytes) -> str:
    """Return an idempotency key of what has no id of the vendor's own, or one that tells who the person is.

    Keys outlive the person's erasure, so that what comes twice is still known.
    """
    raw = named.encode() if isinstance(named, str) else named
    return f"{kind}:{hashlib.sha256(raw).hexdigest()[:HASH_CHARS]}"


def bounded_key(key: str) -> str:
    """Return a vendor's id as an idempotency key of at most KEY_CHARS: a longer one by its hash."""
    key = clean(key)
    if len(key) <= KEY_CHARS:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
