"""Facebook's sign-in and the desk behind it, for one app and one person: dialog, tokens, pages, the app's webhooks.

Sources: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow,
.../facebook-login/guides/access-tokens/get-long-lived, https://developers.facebook.com/docs/graph-api/reference/user/accounts
and .../graph-api/reference/app/subscriptions.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulate.meta_desk import FIELDS, error, given_token

PERMISSIONS = {
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_utility_messaging",
    "instagram_basic",
    "instagram_manage_messages",
}
LISTED_FIELDS = "id,name,access_token,instagram_business_account{id,username}"
GET_S = 10.0
Get = Callable[[str], Awaitable[tuple[int, str]]]
"""Fetches an address; returns status and body."""


@dataclass
class ChosenPage:
    """A page that the person manages, and the Instagram account behind it."""

    id: str
    name: str
    token: str = field(default_factory=lambda: "EAAG" + secrets.token_hex(16))
    instagram: str | None = None
    subscribed: set[str] = field(default_factory=set)


@dataclass
class MetaLoginDesk:
    """See the module. `approves`: what the person does in the dialog; `get` is how Meta checks a webhook's address."""

    app_id: str
    app_secret: str
    redirect_uris: frozenset[str]
    pages: list[ChosenPage] = field(default_factory=list)
    approves: bool = True
    page_size: int = 25
    get: Get = field(default=lambda url: _get(url))
    webhooks: dict[str, tuple[str, set[str]]] = field(default_factory=dict)  # object -> address, fields
    _codes: dict[str, str] = field(default_factory=dict)  # code -> redirect_uri
    _short: set[str] = field(default_factory=set)
    _long: set[str] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/{version}/dialog/oauth", self._dialog, methods=["GET"]),
                Route("/{version}/oauth/access_token", self._token, methods=["GET"]),
                Route("/{version}/me/accounts", self._accounts, methods=["GET"]),
                Route(f"/{{version}}/{self.app_id}/subscriptions", self._subscriptions, methods=["POST"]),
                Route("/{version}/{page}/subscribed_apps", self._subscribed, methods=["GET", "POST"]),
            ]
        )

    async def _dialog(self, request: Request) -> Response:
        query = request.query_params
        known = {"client_id", "redirect_uri", "state", "scope", "response_type"}
        back = query.get("redirect_uri", "")
        if set(query) - known or query.get("client_id") != self.app_id or back not in self.redirect_uris:
            return Response("Can't load URL: the domain of this URL isn't included in the app's domains", 400)
        if set(query.get("scope", "").split(",")) - PERMISSIONS or query.get("response_type") != "code":
            return Response("Invalid Scopes", 400)
        if not self.approves:
            told = {"error": "access_denied", "error_reason": "user_denied", "state": query.get("state", "")}
            return RedirectResponse(f"{back}?{urlencode(told)}", 302)
        code = secrets.token_urlsafe(32)
        self._codes[code] = back
        answer = {"code": code, "state": query.get("state", "")}
        return RedirectResponse(f"{back}?{urlencode(answer)}", 302)

    async def _token(self, request: Request) -> Response:
        query = dict(request.query_params)
        if (query.pop("client_id", ""), query.pop("client_secret", "")) != (self.app_id, self.app_secret):
            return error(400, 1, "Error validating client secret.")
        if query.get("grant_type") == "fb_exchange_token":
            if set(query) != {"grant_type", "fb_exchange_token"} or query["fb_exchange_token"] not in self._short:
                return error(400, 190, "Invalid OAuth access token.")
            return self._issue(self._long, 5_184_000)
        back = self._codes.pop(query.get("code", ""), None)  # a code is good once
        if set(query) != {"redirect_uri", "code"} or back is None or back != query["redirect_uri"]:
            return error(400, 100, "This authorization code has been used.", subcode=36009)
        return self._issue(self._short, 5_000)

    def _issue(self, kept: set[str], lasts_s: int) -> Response:
        token = "EAAB" + secrets.token_hex(16)
        kept.add(token)
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": lasts_s})

    async def _accounts(self, request: Request) -> Response:
        query = request.query_params
        if given_token(request) not in self._long:  # the tokens of pages that a short-lived one gives end with it
            return error(401, 190, "Invalid OAuth access token.")
        if set(query) - {"fields", "limit", "after", "access_token"} or query.get("fields") != LISTED_FIELDS:
            return error(400, 100, "Tried accessing nonexisting field")
        start = int(query.get("after", "0"))
        size = min(int(query.get("limit", "25")), self.page_size)
        end = start + size
        answer: dict[str, Any] = {"data": [_listed(page) for page in self.pages[start:end]]}
        answer["paging"] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(self.pages):
            answer["paging"]["next"] = f"{request.url}&after={end}"
        return JSONResponse(answer)

    async def _subscriptions(self, request: Request) -> Response:
        """Take an address for the app's webhooks, once it gives the challenge back."""
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if given_token(request) != f"{self.app_id}|{self.app_secret}":
            return error(400, 190, "Invalid OAuth access token signature.")
        kind, fields = form.get("object", ""), set(form.get("fields", "").split(","))
        if set(form) != {"object", "fields", "callback_url", "verify_token"} or not fields <= FIELDS.get(kind, set()):
            return error(400, 100, "Unknown object, parameters or fields")
        challenge = secrets.token_hex(8)
        asked = {"hub.mode": "subscribe", "hub.verify_token": form["verify_token"], "hub.challenge": challenge}
        if await self.get(f"{form['callback_url']}?{urlencode(asked)}") != (200, challenge):
            return error(400, 2200, "(#2200) Callback verification failed")
        self.webhooks[kind] = (form["callback_url"], fields)
        return JSONResponse({"success": True})

    async def _subscribed(self, request: Request) -> Response:
        page = next((one for one in self.pages if one.id == request.path_params["page"]), None)
        if page is None or given_token(request) != page.token:
            return error(401, 190, "Invalid OAuth access token.")
        if request.method == "POST":
            page.subscribed = set(request.query_params.get("subscribed_fields", "").split(","))
            return JSONResponse({"success": True})
        apps = [{"id": self.app_id, "subscribed_fields": sorted(page.subscribed)}] if page.subscribed else []
        return JSONResponse({"data": apps})


def _listed(page: ChosenPage) -> dict[str, Any]:
    listed: dict[str, Any] = {"id": page.id, "name": page.name, "access_token": page.token}
    if page.instagram is not None:
        listed["instagram_business_account"] = {"id": page.instagram, "username": page.name.lower().replace(" ", ".")}
    return listed


async def _get(url: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(timeout=GET_S, trust_env=False) as http:
        answer = await http.get(url)
    return answer.status_code, answer.text
