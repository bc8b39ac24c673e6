"""A stand-in of Shopify's admin for one shop: authorisation, tokens that expire, the Admin GraphQL API, webhooks.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant,
.../access-tokens/offline-access-tokens, https://shopify.dev/docs/api/usage/limits, .../response-codes.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulate.faults import Faults
from app.simulate.graphql import Field, GraphqlError
from app.simulate.shopify_graphql import Answering, Bucket
from app.simulate.shopify_sign import sign_query

TOKEN_S = 3600
REFRESH_S = 90 * 24 * 3600
CODE_S = 60.0
_EXCHANGE = ({"client_id", "client_secret", "code"}, {"expiring"})
_REFRESH = ({"client_id", "client_secret", "grant_type", "refresh_token"}, set[str]())
_AUTHORIZE = {"client_id", "scope", "redirect_uri", "state", "grant_options[]"}


@dataclass(slots=True)
class Grant:
    """A token and what it may do; `refresh` replaces it when it has run out."""

    token: str
    scopes: frozenset[str]
    expires_at: float
    refresh: str


@dataclass
class ShopifyAdmin:
    """One shop that may install one app. `clock` returns Unix seconds. `granted` are the scopes the merchant gives:
    None for all that are asked."""

    domain: str
    client_id: str
    client_secret: str
    redirect_uris: frozenset[str] = frozenset()
    granted: frozenset[str] | None = None
    primary_url: str = ""
    clock: Callable[[], float] = time.time
    faults: Faults = field(default_factory=Faults)  # of the GraphQL API
    token_faults: Faults = field(default_factory=Faults)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    customers: dict[int, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[int, dict[str, Any]] = field(default_factory=dict)
    queries: list[Sequence[Field]] = field(default_factory=list)  # that were answered
    throttled: int = 0
    codes: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    bucket: Bucket = field(default_factory=Bucket)

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/admin/oauth/authorize", self._authorize, methods=["GET"]),
                Route("/admin/oauth/access_token", self._token, methods=["POST"]),
                Route("/admin/api/{version}/graphql.json", self._graphql, methods=["POST"]),
            ]
        )

    def put(self, kind: str, record: dict[str, Any]) -> None:
        """Write an order, a product or a customer; `kind` in the plural."""
        getattr(self, kind)[int(record["id"].rpartition("/")[2])] = record

    def issue(self, scopes: str = "read_orders,read_products,read_customers") -> Grant:
        """Give a token as an installation does; earlier ones are good no more."""
        grant = Grant(
            f"shpat_{secrets.token_hex(16)}",
            frozenset(scopes.split(",")),
            self.clock() + TOKEN_S,
            f"shprt_{secrets.token_hex(16)}",
        )
        self.grants = [grant]
        return grant

    def uninstall(self) -> None:
        """Take the app out: its tokens and subscriptions are gone."""
        self.grants.clear()
        self.subscriptions.clear()

    def callback_url(self, redirect_uri: str, code: str, state: str) -> str:
        """Return where the merchant's browser goes after the approval, signed."""
        query = {
            "code": code,
            "host": base64.b64encode(f"admin.shopify.com/store/{self.domain.partition('.')[0]}".encode()).decode(),
            "shop": self.domain,
            "state": state,
            "timestamp": str(int(self.clock())),
        }
        return f"{redirect_uri}?{urlencode({**query, 'hmac': sign_query(self.client_secret, query)})}"

    async def _authorize(self, request: Request) -> Response:
        """Be the page on which the merchant approves: it is approved at once."""
        query = dict(request.query_params)
        wanted = frozenset(query.get("scope", "").split(",")) - {""}
        is_known = query.get("client_id") == self.client_id and query.get("redirect_uri") in self.redirect_uris
        if set(query) - _AUTHORIZE or not is_known or not wanted or not query.get("state"):
            return JSONResponse({"error": "invalid_request"}, 400)
        code = secrets.token_hex(16)
        self.codes[code] = (wanted if self.granted is None else self.granted, self.clock() + CODE_S)
        return RedirectResponse(self.callback_url(query["redirect_uri"], code, query["state"]), 302)

    async def _token(self, request: Request) -> Response:
        return await self.token_faults.answer(lambda: self._grant(request))

    async def _grant(self, request: Request) -> Response:
        given = await _fields(request)
        is_refresh = "grant_type" in given
        needed, allowed = _REFRESH if is_refresh else _EXCHANGE
        if given.keys() - needed - allowed or needed - given.keys():
            return JSONResponse({"error": "invalid_request"}, 400)
        if (given["client_id"], given["client_secret"]) != (self.client_id, self.client_secret):
            return JSONResponse({"error": "invalid_client"}, 401)
        if is_refresh:
            return self._refreshed(given)
        scopes, until = self.codes.pop(given["code"], (frozenset[str](), 0.0))
        if until < self.clock():
            return JSONResponse({"error": "invalid_request", "error_description": "the code is not valid"}, 400)
        return _told(self.issue(",".join(sorted(scopes))), expires=given.get("expiring") == "1", grants=self.grants)

    def _refreshed(self, given: Mapping[str, str]) -> Response:
        found = next((one for one in self.grants if one.refresh == given["refresh_token"]), None)
        if given["grant_type"] != "refresh_token" or found is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        fresh = self.issue(",".join(sorted(found.scopes)))
        # The refresh token that was used stays good until its successor is used: an answer may be lost.
        self.grants.append(Grant("", found.scopes, 0.0, found.refresh))
        return _told(fresh, expires=True, grants=self.grants)

    async def _graphql(self, request: Request) -> Response:
        return await self.faults.answer(lambda: self._answer(request))

    async def _answer(self, request: Request) -> Response:
        token = request.headers.get("x-shopify-access-token", "")
        grant = next((one for one in self.grants if token and one.token == token), None)
        if grant is None or grant.expires_at <= self.clock():
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": message}, 401)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        body = json.loads(await request.body())
        if not isinstance(body, dict) or set(body) - {"query", "variables", "operationName"} or "query" not in body:
            return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        try:
            answer = Answering(self, grant.scopes).answer(body["query"], body.get("variables") or {})
        except GraphqlError as error:
            answer = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
        return JSONResponse(answer)


async def _fields(request: Request) -> dict[str, str]:
    """Read a form or a flat JSON object."""
    body = (await request.body()).decode()
    if request.headers.get("content-type", "").startswith("application/json"):
        found = json.loads(body)
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return dict(parse_qsl(body, keep_blank_values=True))


def _told(grant: Grant, *, expires: bool, grants: list[Grant]) -> Response:
    answer: dict[str, Any] = {"access_token": grant.token, "scope": ",".join(sorted(grant.scopes))}
    if expires:
        answer |= {
            "expires_in": TOKEN_S,
            "refresh_token": grant.refresh,
            "refresh_token_expires_in": REFRESH_S,
        }
    else:
        grants[0].expires_at = float("inf")
    return JSONResponse(answer)
