"""The event stream through the whole application: its middleware, real tokens, real identities."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx2

from tests.integration.app.rig import Product, Tenant, serving
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
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url, timeout=5) as http:
        token = (await http.post("/sse/chat", json=hello(rig.mine))).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
        async with http.stream("GET", "/sse/chat", headers=headers) as response:
            assert "content-encoding" not in response.headers
            assert response.headers["cache-control"] == "no-store, no-transform"
            async for line in response.aiter_lines():
                assert json.loads(line.removeprefix("data: "))["type"] == "welcome"
                break
