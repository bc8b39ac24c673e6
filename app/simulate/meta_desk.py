"""What Meta tells of an app's subscriptions and tokens: subscribed_apps, debug_token, refresh_access_token.

Sources: https://developers.facebook.com/docs/graph-api/reference/debug_token, the pages on subscribed_apps of the
Messenger and Instagram platforms, and https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Platform = Literal["page", "instagram"]
LONG_LIVED_S = 60 * 86_400
OLD_ENOUGH_S = 86_400  # a token that is younger is not refreshed
FIELDS = {
    "page": {
        "messages",
        "messaging_postbacks",
        "message_deliveries",
        "message_reads",
        "message_echoes",
        "message_reactions",
        "messaging_referrals",
        "messaging_handovers",
        "standby",
        "messaging_policy_enforcement",
    },
    "instagram": {
        "messages",
        "message_reactions",
        "messaging_postbacks",
        "messaging_seen",
        "messaging_referral",
        "standby",
    },
}


def error(
    status: int, code: int, message: str, *, subcode: int | None = None, kind: str = "OAuthException"
) -> Response:
    """Return an error as the Graph API writes it."""
    found: dict[str, Any] = {"message": message, "type": kind, "code": code, "fbtrace_id": uuid.uuid4().hex[:11]}
    if subcode is not None:
        found["error_subcode"] = subcode
    return JSONResponse({"error": found}, status)


@dataclass
class MetaDesk:
    """The token of one page or account, and which fields of it the app is subscribed to. `expires_at` is Unix seconds,
    0 for never; `issued_at` likewise."""

    platform: Platform
    node: str
    token: str
    app_id: str
    app_secret: str
    clock: Callable[[], float]
    expires_at: int = 0
    issued_at: int = 0
    is_valid: bool = True
    subscribed: set[str] = field(default_factory=set)

    def routes(self) -> list[Route]:
        """Return its part of the API."""
        return [
            Route(f"/{{version}}/{self.node}/subscribed_apps", self._subscriptions, methods=["GET", "POST"]),
            Route("/{version}/debug_token", self._debug, methods=["GET"]),
            Route("/refresh_access_token", self._refresh, methods=["GET"]),
        ]

    def check(self, request: Request) -> Response | None:
        """Return the refusal of a call that does not carry the token; None when it does."""
        if not re.fullmatch(r"v\d+\.\d", request.path_params["version"]):
            return error(400, 2635, "The version is no version")
        if given_token(request) != self.token or not self.is_valid or self._is_expired():
            return error(401, 190, "Invalid OAuth access token.", subcode=463)
        return None

    def _is_expired(self) -> bool:
        return bool(self.expires_at) and self.clock() >= self.expires_at

    async def _subscriptions(self, request: Request) -> Response:
        refusal = self.check(request)
        if refusal is not None:
            return refusal
        if set(request.query_params) - {"subscribed_fields", "access_token"}:
            return error(400, 100, "Unknown parameters")
        if request.method == "POST":
            wanted = set(filter(None, request.query_params.get("subscribed_fields", "").split(",")))
            if not wanted or not wanted <= FIELDS[self.platform]:
                return error(400, 100, f"Unknown or no fields: {sorted(wanted - FIELDS[self.platform])}")
            self.subscribed = wanted
            return JSONResponse({"success": True})
        apps = [{"id": self.app_id, "subscribed_fields": sorted(self.subscribed)}] if self.subscribed else []
        return JSONResponse({"data": apps})

    async def _debug(self, request: Request) -> Response:
        """Tell of a token to whoever has the app's own."""
        if given_token(request) != f"{self.app_id}|{self.app_secret}":
            return error(400, 190, "Invalid OAuth access token signature.")
        asked = request.query_params.get("input_token")
        if asked is None or set(request.query_params) - {"input_token", "access_token"}:
            return error(400, 100, "The parameter input_token is required")
        is_good = asked == self.token and self.is_valid and not self._is_expired()
        told: dict[str, Any] = {"app_id": self.app_id, "is_valid": is_good, "expires_at": self.expires_at}
        if asked == self.token:
            told |= {"type": "PAGE", "issued_at": self.issued_at, "scopes": ["pages_messaging"]}
        return JSONResponse({"data": told})

    async def _refresh(self, request: Request) -> Response:
        """Make a token of Instagram Login live for another 60 days."""
        query = request.query_params
        if query.get("grant_type") != "ig_refresh_token" or query.get("access_token") != self.token:
            return error(400, 190, "Invalid OAuth access token.")
        if self._is_expired() or self.clock() - self.issued_at < OLD_ENOUGH_S:
            return error(400, 452, "The token is expired, or too young to be refreshed")
        self.token = "IG" + uuid.uuid4().hex
        self.issued_at = int(self.clock())
        self.expires_at = self.issued_at + LONG_LIVED_S
        return JSONResponse({"access_token": self.token, "token_type": "bearer", "expires_in": LONG_LIVED_S})


def given_token(request: Request) -> str:
    """Return the token of a request: its bearer, or the parameter."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return bearer or request.query_params.get("access_token", "")
