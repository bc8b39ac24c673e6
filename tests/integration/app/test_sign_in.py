"""Tokens for programs, the console's session, and what protects them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from app.domain.people import Role
from tests.integration.app.rig import ORIGIN, PASSWORD, Product, product

TOKEN, REFRESH, SESSION = "/api/auth/token/", "/api/auth/token/refresh/", "/api/auth/session/"
CLOSE = "/api/conversations/{id}/close_conversation/"


async def tokens(rig: Product, client: httpx2.AsyncClient, role: Role = Role.AGENT) -> dict[str, str]:
    answer = await client.post(TOKEN, json={"email": rig.mine.email(role), "password": PASSWORD})
    assert answer.status_code == 200
    return {name: str(value) for name, value in answer.json().items()}


async def listed(client: httpx2.AsyncClient, access: str) -> int:
    answer = await client.get("/api/conversations/list/", headers={"Authorization": f"Bearer {access}"})
    return answer.status_code


async def test_password_gives_tokens_that_open_the_api(rig: Product) -> None:
    async with rig.client() as client:
        pair = await tokens(rig, client)
        assert pair["expires_in"] == str(rig.settings.access_token_s)
        assert await listed(client, pair["access"]) == 200
        assert await listed(client, pair["refresh"]) == 401  # one kind is never taken as another
        assert await listed(client, "nonsense") == 401


@pytest.mark.parametrize(
    "credentials",
    [
        {"email": "agent@mine.test", "password": "wrong password"},
        {"email": "nobody@mine.test", "password": PASSWORD},
        {"email": "agent@mine.test\u0000", "password": PASSWORD},
        {"email": "", "password": ""},
        {"email": "agent@mine.test", "password": "x" * 300},
    ],
)
async def test_wrong_credentials_get_one_answer_for_all(rig: Product, credentials: dict[str, str]) -> None:
    async with rig.client() as client:
        answer = await client.post(TOKEN, json=credentials)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["detail"] == "wrong e-mail address or password"


async def test_a_refresh_token_is_good_once_and_its_reuse_ends_all_sessions(rig: Product) -> None:
    async with rig.client() as client:
        first = await tokens(rig, client)
        elsewhere = await tokens(rig, client)
        second = (await client.post(REFRESH, json={"refresh": first["refresh"]})).json()
        assert await listed(client, second["access"]) == 200
        reused = await client.post(REFRESH, json={"refresh": first["refresh"]})
        assert reused.status_code == 401
        for pair in (first, elsewhere, second):
            assert await listed(client, pair["access"]) == 401
            assert (await client.post(REFRESH, json={"refresh": pair["refresh"]})).status_code == 401
        assert await listed(client, (await tokens(rig, client))["access"]) == 200


async def test_of_two_refreshes_at_once_one_wins(rig: Product) -> None:
    async with rig.client() as client:
        pair = await tokens(rig, client)
        answers = await asyncio.gather(*(client.post(REFRESH, json={"refresh": pair["refresh"]}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_a_console_session_needs_cookie_csrf_token_and_origin(rig: Product) -> None:
    _, conversation = await rig.open()
    path = CLOSE.format(id=conversation)
    async with rig.client() as client:
        answer = await client.post(
            SESSION, json={"email": rig.mine.email(), "password": PASSWORD}, headers={"Origin": ORIGIN}
        )
        assert answer.status_code == 201
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        csrf = answer.json()["csrf"]
        assert answer.json()["demo"] is False
        assert (await client.get(SESSION)).json() == answer.json()
        assert (await client.get("/api/conversations/list/")).status_code == 200

        refused = [
            {},
            {"X-CSRF-Token": "0" * 64},
            {"X-CSRF-Token": csrf, "Origin": "https://evil.example"},
            {"X-CSRF-Token": csrf, "Origin": "null"},
            {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
            {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        ]
        for headers in refused:
            assert (await client.post(path, headers=headers)).status_code == 403, headers
        taken = await client.post(path, headers={"X-CSRF-Token": csrf, "Origin": ORIGIN})
        assert taken.status_code == 200

        assert (await client.delete(SESSION, headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await client.delete(SESSION, headers={"Origin": ORIGIN})).status_code == 204
        assert "assistify_session" not in client.cookies
        client.cookies.set("assistify_session", cookie.partition("=")[2].partition(";")[0])
        assert (await client.get(SESSION)).status_code == 401


async def test_signing_in_from_another_site_is_refused(rig: Product) -> None:
    async with rig.client() as client:
        answer = await client.post(
            SESSION,
            json={"email": rig.mine.email(), "password": PASSWORD},
            headers={"Origin": "https://evil.example"},
        )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_the_cookie_is_secure_behind_https(folder: Path) -> None:
    async with product(folder, public_url="https://support.shop.example") as rig, rig.client() as client:
        answer = await client.post(SESSION, json={"email": rig.mine.email(), "password": PASSWORD})
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_a_removed_password_or_user_ends_tokens(rig: Product) -> None:
    async with rig.client() as client:
        pair = await tokens(rig, client)
        member = rig.mine.staff[Role.AGENT]
        await rig.core.staff_store.add_user(
            member.shop, email=rig.mine.email(), name="Agent", role="viewer", password_hash="x"
        )
        assert await listed(client, pair["access"]) == 401
        assert (await client.post(REFRESH, json={"refresh": pair["refresh"]})).status_code == 401


async def test_sign_in_attempts_are_limited_per_address(folder: Path) -> None:
    async with product(folder, login_attempts_per_minute=3) as rig, rig.client() as client:
        wrong = {"email": rig.mine.email(), "password": "not the password"}
        statuses = [(await client.post(TOKEN, json=wrong)).status_code for _ in range(3)]
        assert statuses == [401, 401, 401]
        limited = await client.post(SESSION, json={"email": rig.mine.email(), "password": PASSWORD})
        assert limited.status_code == 429
        assert 1 <= int(limited.headers["Retry-After"]) <= 60
        async with rig.client(address="192.0.2.7") as other:
            assert (await other.post(TOKEN, json={**wrong, "password": PASSWORD})).status_code == 200
