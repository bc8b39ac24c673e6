"""The event stream through the whole application: its middleware, real tokens, real identities."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID, uuid4

import httpx2

from app.auth.tokens import TokenKind, Tokens
from app.db import models
from tests.integration.app.rig import Product, Tenant, serving
from tests.integration.realtime.client import client
from tests.integration.realtime.stream_client import StreamClient, stream_client


def hello(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    return {"type": "hello", "id": "h", "widget_key": tenant.shop.widget_key, **fields}


def signed(tenant: Tenant, customer: str) -> dict[str, str]:
    digest = hmac.new(tenant.shop.widget_secret.encode(), customer.encode(), hashlib.sha256)
    return {"id": customer, "hash": digest.hexdigest()}


async def open_as(visitor: StreamClient, greeting: dict[str, Any]) -> dict[str, Any]:
    visitor.token = (await visitor.post(greeting)).json()["token"]
    return await visitor.open_stream()


async def test_a_guest_writes_and_comes_back_with_the_token(rig: Product) -> None:
    async with serving(rig) as url, stream_client(f"{url}/sse/chat") as visitor:
        welcome = await open_as(visitor, hello(rig.mine))
        conversation = await visitor.open()
        sent = await visitor.ack(
            "message.send", conversation=conversation, client_id="7b0c1f5e-2f7a-4a54-9a63-0a3f0b4fb6a1", text="Hello 👋"
        )
        await visitor.until(lambda: visitor.views[conversation].messages.get(sent["message"]) == "Hello 👋")
        async with stream_client(f"{url}/sse/chat", visitor.views) as again:
            again.token = visitor.token
            cursor = visitor.views[conversation].cursor(conversation)
            second = await again.open_stream([cursor])
            assert second["visitor"]["id"] == welcome["visitor"]["id"]
            assert second["conversations"][0]["resumed"]


async def test_a_signed_customer_is_verified_on_the_stream_and_a_forged_one_refused(rig: Product) -> None:
    async with serving(rig) as url, stream_client(f"{url}/sse/chat") as visitor:
        welcome = await open_as(visitor, hello(rig.mine, identity=signed(rig.mine, "cust_7")))
        assert welcome["visitor"]["verified"]
        forged = {"id": "cust_7", "hash": "0" * 64}
        refused = await visitor.post(hello(rig.mine, identity=forged))
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        anonymous = await visitor.post(hello(rig.mine, token=visitor.token))
        async with stream_client(f"{url}/sse/chat") as guest:
            guest.token = anonymous.json()["token"]
            assert not (await guest.open_stream())["visitor"]["verified"]


async def test_tokens_of_staff_open_no_stream_and_origins_are_checked(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http:
        staff = await http.get("/sse/chat", headers=await rig.bearer())
        assert staff.status_code == 401
        token = (await http.post("/sse/chat", json=hello(rig.mine))).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
        assert (await http.get("/sse/chat", headers=headers)).status_code == 401
        assert (await http.post("/sse/chat", json=hello(rig.mine), headers=headers)).status_code == 401


async def test_frames_are_not_held_back_by_compression(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        token = (await http.post("/sse/chat", json=hello(rig.mine))).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
        async with http.stream("GET", "/sse/chat", headers=headers) as response:
            assert "content-encoding" not in response.headers
            assert response.headers["cache-control"] == "no-store, no-transform"
            async for line in response.aiter_lines():
                assert json.loads(line.removeprefix("data: "))["type"] == "welcome"
                break


async def test_page_and_locale_of_the_hello_are_known_on_the_stream(rig: Product) -> None:
    page = {"url": "https://shop.example/p/7?color=red", "title": "Jacke „Sturm“ 🧥", "product_id": "7"}
    async with serving(rig) as url, stream_client(f"{url}/sse/chat") as visitor:
        first = await visitor.post(hello(rig.mine, page={"url": "/before"}, locale="en"))
        token = first.json()["token"]
        await open_as(visitor, hello(rig.mine, token=token, page=page, locale="de-AT"))
        conversation = await rig.record(UUID(await visitor.open()))
        assert conversation.page == page
        (customer,) = await rig.rows(models.Customer)
        assert customer.locale == "de-AT"
        async with client(f"{url.replace('http', 'ws', 1)}/ws/chat") as socket:
            welcome = await socket.ack("hello", widget_key=rig.mine.shop.widget_key, token=visitor.token)
            assert welcome["visitor"]["id"] == visitor.welcome["visitor"]["id"]


async def test_a_page_that_is_too_long_for_a_header_is_shortened(rig: Product) -> None:
    long = {"url": "https://shop.example/p/7?" + "q" * 30_000, "title": "ä" * 3000, "product_id": "7"}
    async with serving(rig) as url, stream_client(f"{url}/sse/chat") as visitor:
        await open_as(visitor, hello(rig.mine, page=long))
        assert visitor.token is not None
        assert len(visitor.token) < 4096
        conversation = await rig.record(UUID(await visitor.open()))
        assert conversation.page == {"url": "https://shop.example/p/7", "title": "", "product_id": "7"}


async def test_a_guests_token_lives_no_longer_for_being_told_the_page(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http:
        secret = rig.web.context.settings.resolved_secret_key()
        aged = Tokens(secret, now=lambda: time.time() - 3600).issue(
            TokenKind.VISITOR, uuid4(), rig.mine.shop.id, ttl_s=7200
        )
        answer = await http.post("/sse/chat", json=hello(rig.mine, token=aged, page={"url": "/"}))
        claims = Tokens(secret).check(answer.json()["token"], TokenKind.VISITOR)
        before = Tokens(secret).check(aged, TokenKind.VISITOR)
        assert claims.subject == before.subject
        assert claims.expires_at <= before.expires_at
