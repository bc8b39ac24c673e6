"""Instagram's sign-in for one app and one professional account: window, code, tokens, whose it is, subscriptions.

Sources: https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/business-login,
.../instagram-platform/reference/access_token and .../reference/refresh_access_token.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulate.meta_desk import LONG_LIVED_S, MetaDesk, error

PERMISSIONS = {
    "instagram_business_basic",
    "instagram_business_manage_messages",
    "instagram_business_manage_comments",
    "instagram_business_content_publish",
}
CODE_S = SHORT_S = 3600.0
_AUTHORIZE = {"client_id", "redirect_uri", "response_type", "scope", "state", "enable_fb_login", "force_reauth"}
_CODE = {"client_id", "client_secret", "grant_type", "redirect_uri", "code"}


@dataclass
class InstagramLoginDesk:
    """See the module. `allowed`: what the person lets the app do, None for all it asks, empty for nothing; `is_listed`:
    whether answers come in a list, as the pages show them."""

    app_id: str
    app_secret: str
    redirect_uris: frozenset[str]
    account: str = "17840002"
    username: str = "demo.coats"
    allowed: frozenset[str] | None = None
    is_listed: bool = True
    clock: Callable[[], float] = time.time
    tokens: MetaDesk = field(init=False)
    _codes: dict[str, tuple[str, frozenset[str], float]] = field(default_factory=dict)
    _short: dict[str, float] = field(default_factory=dict)  # token -> end

    def __post_init__(self) -> None:
        self.tokens = MetaDesk("instagram", "me", "", self.app_id, self.app_secret, clock=lambda: self.clock())

    @property
    def app(self) -> Starlette:
        """The ASGI application: all three hosts in one."""
        return Starlette(
            routes=[
                Route("/oauth/authorize", self._window, methods=["GET"]),
                Route("/oauth/access_token", self._code, methods=["POST"]),
                Route("/access_token", self._long, methods=["GET"]),
                Route("/{version}/me", self._me, methods=["GET"]),
                *self.tokens.routes(),
            ]
        )

    async def _window(self, request: Request) -> Response:
        query = request.query_params
        back, scopes = query.get("redirect_uri", ""), frozenset(query.get("scope", "").split(","))
        if set(query) - _AUTHORIZE or query.get("client_id") != self.app_id or back not in self.redirect_uris:
            return Response("Invalid platform app", 400)
        if scopes - PERMISSIONS or "instagram_business_basic" not in scopes or query.get("response_type") != "code":
            return Response("Invalid scopes", 400)
        state, granted = query.get("state", ""), scopes if self.allowed is None else self.allowed & scopes
        if not granted:
            told = {"error": "access_denied", "error_reason": "user_denied", "error_description": "The user denied"}
            return RedirectResponse(f"{back}?{urlencode({**told, 'state': state})}", 302)
        code = secrets.token_urlsafe(48)
        self._codes[code] = (back, granted, self.clock() + CODE_S)
        return RedirectResponse(f"{back}?{urlencode({'code': code, 'state': state})}#_", 302)

    async def _code(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if set(form) != _CODE or form["grant_type"] != "authorization_code":
            return _refused("Missing or unknown parameters")
        if (form["client_id"], form["client_secret"]) != (self.app_id, self.app_secret):
            return _refused("Invalid platform app")
        back, granted, until = self._codes.pop(form["code"], ("", frozenset[str](), 0.0))
        if back != form["redirect_uri"] or until < self.clock():
            return _refused("Matching code was not found or was already used")
        token = "IGAA" + secrets.token_hex(16)
        self._short[token] = self.clock() + SHORT_S
        scoped = {"access_token": token, "user_id": "2" + self.account, "permissions": ",".join(sorted(granted))}
        return self._told(scoped)

    async def _long(self, request: Request) -> Response:
        query = request.query_params
        if set(query) != {"grant_type", "client_secret", "access_token"} or query["grant_type"] != "ig_exchange_token":
            return error(400, 100, "Unsupported request")
        if query["client_secret"] != self.app_secret:
            return error(400, 101, "Error validating client secret")
        if self._short.pop(query["access_token"], 0.0) < self.clock():
            return error(400, 190, "Invalid OAuth access token.")
        desk = self.tokens
        desk.token, desk.issued_at = "IGAA" + secrets.token_hex(24), int(self.clock())
        desk.expires_at = desk.issued_at + LONG_LIVED_S
        return JSONResponse({"access_token": desk.token, "token_type": "bearer", "expires_in": LONG_LIVED_S})

    async def _me(self, request: Request) -> Response:
        refusal = self.tokens.check(request)
        if refusal is not None:
            return refusal
        known = {"user_id": self.account, "username": self.username, "id": "2" + self.account}
        wanted = request.query_params.get("fields", "id").split(",")
        if set(request.query_params) - {"fields", "access_token"} or set(wanted) - set(known):
            return error(400, 100, "Tried accessing nonexisting field")
        return self._told({name: known[name] for name in wanted})

    def _told(self, found: Mapping[str, Any]) -> Response:
        return JSONResponse({"data": [found]} if self.is_listed else dict(found))


def _refused(message: str) -> Response:
    return JSONResponse({"error_type": "OAuthException", "code": 400, "error_message": message}, 400)
