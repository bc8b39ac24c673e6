"""How vendors sign what they send. Every comparison takes the same time whatever differs, and every doubt is a refusal.

Each function takes all secrets that may have signed: the current one, and the previous one while it is still in use.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

Pairs = Sequence[tuple[str, str]]

MAX_SKEW_S = 90  # of a signed timestamp: Shopify's own libraries refuse more
_DEFAULT_PORTS = {"https": 443, "http": 80}
_TWILIO_HASHES: dict[str, Callable[..., Any]] = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_META_PREFIX = "sha256="


def same(expected: str, given: str) -> bool:
    """Compare in constant time; text that is not ASCII is compared too, and differs."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def _any_same(expected: Iterable[str], given: str) -> bool:
    """Compare with all of them, so that the time does not tell which one it was."""
    found = False
    for one in expected:
        found |= same(one, given)
    return found


def _digest(secret: str, message: bytes, kind: Callable[..., Any] = hashlib.sha256) -> bytes:
    return hmac.new(secret.encode(), message, kind).digest()


def _usable(secrets: Iterable[str]) -> list[str]:
    """An empty secret signs for everybody: it is none."""
    return [secret for secret in secrets if secret]


def twilio(
    secrets: Iterable[str], url: str, form: Pairs, signature: str, *, body: bytes | None = None, settings: str = ""
) -> bool:
    """Check Twilio's X-Twilio-Signature: base64 HMAC of the URL and, for a form, its sorted parameters.

    `url` is the public one with its query; `form` the decoded parameters of a POST, none for GET. `body` is given for
    anything that is no form: its SHA-256 must be the URL's bodySHA256. `settings` is the header
    X-Twilio-Webhooks-Signature-Settings, which names another hash than SHA-1.

    Source: twilio-python, RequestValidator.
    """
    hash_kind = _TWILIO_HASHES.get(_twilio_algorithm(settings))
    if hash_kind is None or (body is not None and not _is_body_hash(url, body)):
        return False
    tail = "" if body is not None else _twilio_parameters(form)
    expected = [
        base64.b64encode(_digest(secret, (variant + tail).encode("utf-8", "surrogatepass"), hash_kind)).decode()
        for secret in _usable(secrets)
        for variant in _with_and_without_port(url)
    ]
    return _any_same(expected, signature)


def _twilio_algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _is_body_hash(url: str, body: bytes) -> bool:
    told = parse_qs(urlsplit(url).query).get("bodySHA256", [""])
    return same(hashlib.sha256(body).hexdigest(), told[0])


def _twilio_parameters(form: Pairs) -> str:
    values: defaultdict[str, set[str]] = defaultdict(set)
    for name, value in form:
        values[name].add(value)
    return "".join(name + value for name in sorted(values) for value in sorted(values[name]))


def _with_and_without_port(url: str) -> list[str]:
    """Twilio signs the address now with its port, now without."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host if parts.port is None else host.rpartition(":")[0]
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return [urlunsplit(parts._replace(netloc=bare)), urlunsplit(parts._replace(netloc=f"{bare}:{port}"))]


def meta(secrets: Iterable[str], body: bytes, signature: str) -> bool:
    """Check Meta's X-Hub-Signature-256: "sha256=" and the lower-case hex HMAC of the body as it came."""
    return _any_same([_META_PREFIX + _digest(secret, body).hex() for secret in _usable(secrets)], signature)


def shopify_webhook(secrets: Iterable[str], body: bytes, signature: str) -> bool:
    """Check Shopify's X-Shopify-Hmac-Sha256: base64 HMAC of the body as it came."""
    expected = [base64.b64encode(_digest(secret, body)).decode() for secret in _usable(secrets)]
    return _any_same(expected, signature)


def shopify_proxy(secrets: Iterable[str], query: Pairs, now: datetime) -> bool:
    """Check a request that Shopify's app proxy passed on: hex HMAC of the sorted parameters, and its timestamp.

    Parameters are decoded; a repeated one's values are joined by commas; nothing stands between the parameters.
    """
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in query:
        values[name].append(value)
    given = values.pop("signature", [])
    if len(given) != 1 or not is_recent(values.get("timestamp", []), now):
        return False
    joined = [(name, f"{name}={','.join(value)}") for name, value in values.items()]
    # The documentation sorts the pairs, Shopify's libraries the names: they differ when one name begins another.
    messages = {"".join(sorted(pair for _, pair in joined)), "".join(pair for _, pair in sorted(joined))}
    expected = [_digest(secret, message.encode()).hex() for secret in _usable(secrets) for message in messages]
    return _any_same(expected, given[0])


def shopify_oauth(secrets: Iterable[str], query: Pairs, now: datetime) -> bool:
    """Check the query that Shopify's authorisation comes back with: hex HMAC of its sorted `k=v&k=v`, and its time."""
    given = [value for name, value in query if name == "hmac"]
    rest = sorted((name, value) for name, value in query if name not in ("hmac", "signature"))
    if len(given) != 1 or not is_recent([value for name, value in rest if name == "timestamp"], now):
        return False
    plain = "&".join(f"{name}={value}" for name, value in rest)
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in rest)
    expected = [_digest(secret, one.encode()).hex() for secret in _usable(secrets) for one in (plain, encoded)]
    return _any_same(expected, given[0])


def is_recent(timestamps: Sequence[str], now: datetime) -> bool:
    """Whether there is exactly one timestamp (Unix seconds), at most MAX_SKEW_S from now."""
    if len(timestamps) != 1 or not timestamps[0].isascii() or not timestamps[0].isdigit() or len(timestamps[0]) > 12:
        return False
    return abs(now.timestamp() - int(timestamps[0])) <= MAX_SKEW_S
