"""Shopify's admin as we call it: authorisation, tokens that expire, and the Admin GraphQL API.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant,
.../access-tokens/offline-access-tokens, https://shopify.dev/docs/api/usage/limits and .../response-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from app.channels.port import AnswerTooLargeError, Http, HttpAnswer, HttpLostError, HttpUnreachableError

THROTTLED_S = 2.0  # when Shopify does not tell how long
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


class AdminError(Exception):
    """Shopify's admin cannot be used now: it is away, or answers what cannot be read. Trying again may help."""


class AdminRefusedError(Exception):
    """Shopify does not take our credentials (`is_credentials`), or not for this: only people can mend it."""

    def __init__(self, message: str, *, is_credentials: bool = False) -> None:
        super().__init__(message)
        self.is_credentials = is_credentials


class ThrottledError(Exception):
    """Too much was asked of the shop; `wait_s` seconds later there is room again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("throttled")
        self.wait_s = wait_s


class TooMuchError(Exception):
    """One request asks for too much: a smaller page is taken."""


@dataclass(frozen=True, slots=True)
class App:
    """An app of Shopify's and its secret."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an installation gives: a token, what it may do, and the token to renew it with, where it ends."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Data, and how long to wait before the same is asked again."""

    data: Mapping[str, Any]
    wait_s: float


class ShopifyAdmin:
    """Calls the admin of any shop. `stand_in` is the address that is called in place of every shop's own, empty in
    production."""

    def __init__(self, http: Http, *, api_version: str, stand_in: str = "") -> None:
        self._http = http
        self._version = api_version
        self._stand_in = stand_in.rstrip("/")

    def authorize_url(self, domain: str, app: App, scopes: str, redirect_uri: str, state: str) -> str:
        """Return the page on which the merchant approves the app."""
        query = {"client_id": app.client_id, "scope": scopes, "redirect_uri": redirect_uri, "state": state}
        return f"{self._base(domain)}/admin/oauth/authorize?{urlencode(query)}"

    async def exchange(self, domain: str, app: App, code: str, now: datetime) -> Grant:
        """Swap the code of a callback for a token that expires and can be renewed.

        Raises: AdminRefusedError, AdminError.
        """
        return await self._grant(domain, app, {"code": code, "expiring": "1"}, now)

    async def renew(self, domain: str, app: App, refresh: str, now: datetime) -> Grant:
        """Swap a refresh token for new tokens.

        Raises: AdminRefusedError, AdminError.
        """
        return await self._grant(domain, app, {"grant_type": "refresh_token", "refresh_token": refresh}, now)

    async def ask(self, domain: str, token: str, document: str, variables: Mapping[str, Any]) -> Reply:
        """Run a GraphQL document.

        Raises: AdminRefusedError, AdminError, ThrottledError, TooMuchError.
        """
        url = f"{self._base(domain)}/admin/api/{self._version}/graphql.json"
        headers = {"content-type": "application/json", "accept": "application/json", "x-shopify-access-token": token}
        body = msgspec.json.encode({"query": document, "variables": variables})
        answer = await self._post(url, headers, body)
        if answer.status == 429:
            raise ThrottledError(THROTTLED_S)
        told = _decoded(answer)
        wait_s = _wait_s(told)
        _check(told.get("errors"), wait_s)
        data = told.get("data")
        if not isinstance(data, dict):
            raise AdminError("an answer without data")
        return Reply(data, wait_s)

    async def _grant(self, domain: str, app: App, given: Mapping[str, str], now: datetime) -> Grant:
        form = {"client_id": app.client_id, "client_secret": app.client_secret, **given}
        told = _decoded(await self._post(f"{self._base(domain)}/admin/oauth/access_token", _FORM, _encoded(form)))
        token, scope, refresh = told.get("access_token"), told.get("scope"), told.get("refresh_token", "")
        if not isinstance(token, str) or not token or not isinstance(scope, str) or not isinstance(refresh, str):
            raise AdminError("an answer without a token")
        seconds = told.get("expires_in")
        expires_at = now + timedelta(seconds=seconds) if isinstance(seconds, int | float) else None
        return Grant(token, frozenset(scope.replace(" ", "").split(",")) - {""}, refresh, expires_at)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        try:
            answer = await self._http.request("POST", url, headers=headers, content=body)
        except AnswerTooLargeError as error:
            raise TooMuchError(str(error)) from error
        except (HttpLostError, HttpUnreachableError) as error:
            raise AdminError(f"Shopify cannot be reached: {type(error).__name__}") from error
        if answer.status in (400, 401, 402, 403, 404, 423):
            raise AdminRefusedError(f"Shopify answered {answer.status}", is_credentials=answer.status in (401, 403))
        if answer.status not in (200, 429):
            raise AdminError(f"Shopify answered {answer.status}")
        return answer

    def _base(self, domain: str) -> str:
        return self._stand_in or f"https://{domain}"


def _encoded(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode()


def _decoded(answer: HttpAnswer) -> Mapping[str, Any]:
    try:
        told = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AdminError("an answer that is not JSON") from error
    if not isinstance(told, dict):
        raise AdminError("an answer that is no object")
    return told


def _wait_s(told: Mapping[str, Any]) -> float:
    """Return how long it takes until there is room for the same query again."""
    try:
        cost = told["extensions"]["cost"]
        status = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return max(0.0, missing / max(1.0, float(status["restoreRate"])))
    except (KeyError, TypeError, ValueError):
        return 0.0


def _check(errors: object, wait_s: float) -> None:
    """Raise what the errors of an answer mean; data beside an error is not taken."""
    if not errors:
        return
    found = errors if isinstance(errors, list) else [errors]
    codes = [_code(one) for one in found]
    if "THROTTLED" in codes:
        raise ThrottledError(wait_s or THROTTLED_S)
    if "MAX_COST_EXCEEDED" in codes:
        raise TooMuchError("the query costs too much")
    if "ACCESS_DENIED" in codes:
        raise AdminRefusedError("Shopify does not allow this: a scope is missing")
    raise AdminError(f"Shopify answered with an error: {codes[0] or 'of no code'}")


def _code(error: object) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
