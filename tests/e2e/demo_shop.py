"""The demo shop of a running server, as its customers, its agents and its programs reach it."""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass, field
from typing import Any

from httpx2 import AsyncClient

from tests.fixtures.server_process import DEMO_PASSWORD
from tests.fixtures.wire_client import StaffClient, VisitorClient
from tests.fixtures.wire_view import Wire

WIDGET_SECRET = "demo-widget-secret"
ANA = "cust_42"
ADA = "ada@demo.test"
BEN = "ben@demo.test"
OWNER = "owner@demo.test"
LONG_QUESTION = "What is your return policy?"  # its answer has some 25 tokens
ORDER_QUESTION = "Where is my order #1042?"


@dataclass(slots=True)
class DemoShop:
    """See the module. Visitors come to the first of `urls` and agents to the last, unless told otherwise."""

    urls: tuple[str, ...]
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.urls[0]

    async def get(self, path: str, token: str | None = None) -> Any:
        """Return the JSON of a GET."""
        async with self._http(token) as http:
            answer = await http.get(path)
            answer.raise_for_status()
            return answer.json()

    async def post(self, path: str, body: Wire, token: str | None = None) -> Any:
        """Return the JSON of a POST."""
        async with self._http(token) as http:
            answer = await http.post(path, json=body)
            answer.raise_for_status()
            return answer.json()

    async def patch(self, path: str, body: Wire, token: str) -> Any:
        """Return the JSON of a PATCH."""
        async with self._http(token) as http:
            answer = await http.patch(path, json=body)
            answer.raise_for_status()
            return answer.json()

    async def guest(self, url: str | None = None) -> VisitorClient:
        """Return a visitor who says nothing about themselves, not yet connected."""
        session = await self.get("/demo/session?as=guest")
        return VisitorClient(url or self.url, session["widget_key"], session["identity"])

    async def ana(self, url: str | None = None) -> VisitorClient:
        """Return the known customer, signed by the shop, not yet connected."""
        session = await self.get("/demo/session?as=ana")
        return VisitorClient(url or self.url, session["widget_key"], session["identity"])

    async def order(self, number: str) -> Wire:
        """Return an order of the known customer, as the shop's own pages show it."""
        orders = await self.get("/demo/orders?as=ana")
        return next(order for order in orders if order["number"] == number)

    async def token(self, email: str, password: str = DEMO_PASSWORD) -> str:
        """Return an access token of a member of staff."""
        if email not in self._tokens:
            answer = await self.post("/api/auth/token/", {"email": email, "password": password})
            self._tokens[email] = answer["access"]
        return self._tokens[email]

    async def agent(self, email: str = ADA, url: str | None = None) -> StaffClient:
        """Return a member of staff, not yet connected."""
        return StaffClient(url or self.urls[-1], await self.token(email))

    async def stored(self, conversation: str) -> dict[str, Wire]:
        """Return the messages of a conversation as the REST API reads them, by id."""
        path = f"/api/messages/get_conversation_messages/?conversation_id={conversation}"
        page = await self.get(path, await self.token(ADA))
        return {message["id"]: message for message in page["messages"]}

    def _http(self, token: str | None) -> AsyncClient:
        headers = {"X-Forwarded-For": f"10.0.{random.randint(0, 255)}.{random.randint(1, 254)}"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return AsyncClient(base_url=self.url, headers=headers, timeout=30)


def signed(identity: str) -> Wire:
    """Return an identity as the shop's own server signs it: hex HMAC-SHA256(widget secret, id)."""
    return {"id": identity, "hash": hmac.new(WIDGET_SECRET.encode(), identity.encode(), hashlib.sha256).hexdigest()}
