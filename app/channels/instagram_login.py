"""Signing in at Instagram, without a Facebook page: the window of approval, its code for a token, and whose it is.

Sources: https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/business-login,
.../instagram-platform/reference/access_token and .../instagram-api-with-instagram-login/get-started.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from app.channels.meta_login import LoginAwayError, LoginRefusedError, MetaApp
from app.channels.meta_send import GRAPH_VERSION, INSTAGRAM
from app.channels.port import Http, HttpLostError, HttpUnreachableError

WINDOW = "https://www.instagram.com"
CODES = "https://api.instagram.com"
MESSAGES = "instagram_business_manage_messages"  # without it there is nothing to connect
_TEMPORARY = {1, 2, 4, 17, 32, 613}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class InstagramAccount:
    """A professional account, by the id that its webhooks name, and a token of it that lasts 60 days."""

    id: str
    name: str
    token: str = field(repr=False)
    expires_at: datetime


class InstagramLogin:
    """Calls Instagram as an app of Instagram's, whose id and secret are not those of the Meta app around it. `stand_in`
    is called in its place, for tests."""

    def __init__(self, http: Http, app: MetaApp, *, stand_in: str = "") -> None:
        self._http = http
        self._app = app
        self._window = stand_in or WINDOW
        self._codes = stand_in or CODES
        self._graph = stand_in or INSTAGRAM

    def window_url(self, scopes: str, redirect_uri: str, state: str) -> str:
        """Return the page on which Instagram asks for approval."""
        query = {"client_id": self._app.id, "redirect_uri": redirect_uri, "response_type": "code", "scope": scopes}
        return f"{self._window}/oauth/authorize?{urlencode({**query, 'state': state})}"

    async def account(self, code: str, redirect_uri: str, now: datetime) -> InstagramAccount:
        """Swap a code for a token that lasts, and ask whose it is.

        Raises: LoginAwayError, LoginRefusedError.
        """
        short = await self._short(code, redirect_uri)
        query = {"grant_type": "ig_exchange_token", "client_secret": self._app.secret, "access_token": short}
        told = await self._ask("GET", f"{self._graph}/access_token?{urlencode(query)}")
        token, lasts = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lasts, int):
            raise LoginAwayError("there is no token in the answer")
        fields = urlencode({"fields": "user_id,username"})
        who = _only(await self._ask("GET", f"{self._graph}/{GRAPH_VERSION}/me?{fields}", token=token))
        if not who.get("user_id"):
            raise LoginAwayError("there is no account in the answer")
        expires_at = now + timedelta(seconds=lasts)
        return InstagramAccount(str(who["user_id"]), str(who.get("username") or ""), token, expires_at)

    async def _short(self, code: str, redirect_uri: str) -> str:
        """Return a token for an hour.

        Raises: LoginRefusedError also when the person did not allow messages.
        """
        app = {"client_id": self._app.id, "client_secret": self._app.secret, "grant_type": "authorization_code"}
        # "#_" is what Instagram puts behind its address; it is no part of the code.
        form = {**app, "redirect_uri": redirect_uri, "code": code.removesuffix("#_")}
        told = _only(await self._ask("POST", f"{self._codes}/oauth/access_token", form))
        granted = told.get("permissions")
        names = granted.split(",") if isinstance(granted, str) else granted
        if isinstance(names, list) and MESSAGES not in names:
            raise LoginRefusedError("messages were not allowed: approve them, too")
        token = told.get("access_token")
        if not isinstance(token, str) or not token:
            raise LoginAwayError("there is no token in the answer")
        return token

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, *, token: str | None = None
    ) -> Mapping[str, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        content = None if form is None else urlencode(form).encode()
        try:
            answer = await self._http.request(
                method, url, headers=headers if form is None else {**headers, **_FORM}, content=content
            )
            found = json.loads(answer.body)
        except (HttpLostError, HttpUnreachableError, ValueError) as error:
            raise LoginAwayError(type(error).__name__) from error
        if answer.status == 200 and isinstance(found, dict):
            return found
        code, message = _error(found)
        if answer.status >= 500 or message is None or code in _TEMPORARY:
            raise LoginAwayError(f"status {answer.status}")
        raise LoginRefusedError(message[:200])


def _only(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one object of an answer: the pages show it in a list, `data`, and the service also without."""
    listed = told.get("data")
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else told


def _error(found: object) -> tuple[object, str | None]:
    """Return code and message of a refusal, as either host writes it."""
    if not isinstance(found, dict):
        return None, None
    told = found.get("error")
    if isinstance(told, dict):
        return told.get("code"), str(told.get("message", ""))
    return found.get("code"), str(found["error_message"]) if "error_message" in found else None
