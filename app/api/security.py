"""What every HTTP request and answer goes through: security headers, rate limits, the same-origin check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problem import Problem
from app.services.product_links import LINK_PATH
from app.services.rate_limit import RateLimiter

log = structlog.get_logger(__name__)

CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Styles set by React as attributes need 'unsafe-inline'; scripts never do.
_CSP = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; connect-src 'self' {sockets}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)
WIDGET_PATH = "/widget"
LIMITED_PATHS = ("/api/", LINK_PATH)
VENDOR_PATHS = ("/api/webhooks/", "/api/storefront/")  # signed by the vendor

Ancestors = Callable[[str], Awaitable[str]]
"""Maps a widget key to the origins that may embed the widget, as a CSP source list."""


class SecurityHeaders:
    """Adds the security headers; the widget may be framed by its shop's origins, everything else by nobody."""

    def __init__(self, app: ASGIApp, *, public_url: str, ancestors: Ancestors) -> None:
        self._app = app
        self._https = public_url.startswith("https://")
        host = urlsplit(public_url).netloc
        self._sockets = f"ws://{host} wss://{host}"
        self._ancestors = ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        framed = scope["path"].rstrip("/") == WIDGET_PATH
        key = Request(scope).query_params.get("key", "") if framed else ""
        ancestors = await self._ancestors_of(key) if framed else "'self'"
        policy = _CSP.format(sockets=self._sockets, ancestors=ancestors)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
                headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
                if not framed:
                    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
                if self._https:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, send_with_headers)

    async def _ancestors_of(self, key: str) -> str:
        try:
            return await self._ancestors(key)
        except Exception:
            log.exception("the shop's origins could not be read", action="ancestors_failed")
            return "'self'"


class RateLimits:
    """Limits REST requests per address; not those of vendors, who send for many people from few addresses."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter, per_minute: int) -> None:
        self._app = app
        self._limiter = limiter
        self._per_minute = per_minute

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_limited = scope["type"] == "http" and scope["path"].startswith(LIMITED_PATHS)
        if is_limited and not scope["path"].startswith(VENDOR_PATHS):
            address = scope["client"][0] if scope.get("client") else "unknown"
            wait = await self._limiter.retry_after_ms("request", address, per_minute=self._per_minute)
            if wait is not None:
                problem = Problem(429, "rate_limited", "too many requests from this address", retry_after_ms=wait)
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_same_origin(headers: Headers, public_url: str) -> bool:
    """Return whether a browser says that a request comes from the server's own pages.

    Checks Sec-Fetch-Site (Fetch Metadata) where the browser sends it, else Origin against Host and the public URL.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True  # no browser: a cookie alone is not enough either, the CSRF token is checked as well
    return urlsplit(origin).netloc in (headers.get("host"), urlsplit(public_url).netloc)
