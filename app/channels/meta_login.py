"""Signing in at Facebook to connect pages: the dialog, its code for a token, the pages, and the app's webhooks.

Sources: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow,
.../facebook-login/guides/access-tokens/get-long-lived, https://developers.facebook.com/docs/graph-api/reference/user/accounts
and .../graph-api/reference/app/subscriptions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.channels.meta_send import FACEBOOK, GRAPH_VERSION
from app.channels.port import Http, HttpLostError, HttpUnreachableError

DIALOG = "https://www.facebook.com"
PAGE_FIELDS = "id,name,access_token,instagram_business_account{id,username}"
LISTED, MOST_LISTS = 100, 10
_TEMPORARY = {1, 2, 4, 17, 32, 613}


class LoginAwayError(Exception):
    """Meta cannot be used now; trying again may help."""


class LoginRefusedError(Exception):
    """Meta does not take what was given; its message is fit to be shown."""


@dataclass(frozen=True, slots=True)
class MetaApp:
    """An app of Meta's and its secret."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that whoever signed in has chosen, with the Instagram account behind it. Its token does not end."""

    id: str
    name: str
    token: str = field(repr=False)
    instagram: str | None = None
    instagram_name: str | None = None


class MetaLogin:
    """Calls Meta. `stand_in` is called in its place, for tests."""

    def __init__(self, http: Http, app: MetaApp, *, stand_in: str = "") -> None:
        self._http = http
        self._app = app
        self._dialog = stand_in or DIALOG
        self._graph = f"{stand_in or FACEBOOK}/{GRAPH_VERSION}"

    def dialog_url(self, scopes: str, redirect_uri: str, state: str) -> str:
        """Return the page on which Facebook asks for approval, and for the pages that are meant."""
        query = {"client_id": self._app.id, "redirect_uri": redirect_uri, "state": state, "scope": scopes}
        return f"{self._dialog}/{GRAPH_VERSION}/dialog/oauth?{urlencode({**query, 'response_type': 'code'})}"

    async def exchange(self, code: str, redirect_uri: str) -> str:
        """Swap a code for a token of the person who signed in; the tokens of pages that it gives do not end.

        Raises: LoginAwayError, LoginRefusedError.
        """
        app = {"client_id": self._app.id, "client_secret": self._app.secret}
        short = await self._token({**app, "redirect_uri": redirect_uri, "code": code})
        return await self._token({**app, "grant_type": "fb_exchange_token", "fb_exchange_token": short})

    async def pages(self, token: str) -> Sequence[Page]:
        """Return the pages that the person has chosen.

        Raises: LoginAwayError, LoginRefusedError.
        """
        found: list[Page] = []
        query = {"fields": PAGE_FIELDS, "limit": str(LISTED)}
        for _ in range(MOST_LISTS):
            answer = await self._ask("GET", f"me/accounts?{urlencode(query)}", token)
            found += [_page(one) for one in answer.get("data") or ()]
            after = ((answer.get("paging") or {}).get("cursors") or {}).get("after")
            if not after or "next" not in answer["paging"]:
                break
            query["after"] = after
        return found

    async def subscribe(self, kind: str, fields: Sequence[str], callback_url: str, verify_token: str) -> None:
        """Have the app's webhooks of a kind of object (page, instagram) sent to us; Meta asks us for the token first.

        Raises: LoginAwayError, LoginRefusedError.
        """
        form = {"object": kind, "fields": ",".join(fields), "callback_url": callback_url, "verify_token": verify_token}
        await self._ask("POST", f"{self._app.id}/subscriptions", f"{self._app.id}|{self._app.secret}", form)

    async def _token(self, query: Mapping[str, str]) -> str:
        answer = await self._ask("GET", f"oauth/access_token?{urlencode(query)}")
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise LoginAwayError("there is no token in the answer")
        return token

    async def _ask(
        self, method: str, path: str, token: str | None = None, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        content = None
        if form is not None:
            headers["Content-Type"], content = "application/x-www-form-urlencoded", urlencode(form).encode()
        try:
            answer = await self._http.request(method, f"{self._graph}/{path}", headers=headers, content=content)
            found = json.loads(answer.body)
        except (HttpLostError, HttpUnreachableError, ValueError) as error:
            raise LoginAwayError(type(error).__name__) from error
        if answer.status == 200 and isinstance(found, dict):
            return found
        told = found.get("error") if isinstance(found, dict) else None
        if answer.status >= 500 or not isinstance(told, dict) or told.get("code") in _TEMPORARY:
            raise LoginAwayError(f"status {answer.status}")
        raise LoginRefusedError(str(told.get("message", ""))[:200])


def _page(listed: Mapping[str, Any]) -> Page:
    instagram = listed.get("instagram_business_account") or {}
    return Page(
        id=str(listed.get("id", "")),
        name=str(listed.get("name", "")),
        token=str(listed.get("access_token", "")),
        instagram=str(instagram["id"]) if instagram.get("id") else None,
        instagram_name=instagram.get("username"),
    )
