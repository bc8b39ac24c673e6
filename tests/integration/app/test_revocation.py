"""Sign-ins that end, and the live connections that rest on them: closed at once, on every node."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.auth.staff import SignIn, secret_hash
from app.bootstrap.core import open_core
from app.domain.people import Role
from realtime.recheck import Recheck
from tests.fixtures.jump import Jump, jump
from tests.fixtures.redis_server import RedisServer, own_redis_server, redis_server
from tests.integration.app.rig import PASSWORD, Product, password_hash, product, serving
from tests.integration.realtime.client import Client, client

__all__ = ["jump", "own_redis_server", "redis_server"]

Ending = Callable[[httpx2.AsyncClient, Product], Awaitable[None]]

SESSIONS = "/api/auth/sessions/"
SESSION, TOKEN = "/api/auth/session/", "/api/auth/token/"
REVOKED = 4502


async def cookie_of(http: httpx2.AsyncClient, rig: Product, role: Role = Role.AGENT) -> str:
    answer = await http.post(SESSION, json={"email": rig.mine.email(role), "password": PASSWORD})
    assert answer.status_code == 201
    return answer.cookies["assistify_session"]


async def connected(stack: AsyncExitStack, url: str, *, cookie: str | None = None, token: str | None = None) -> Client:
    headers = {} if cookie is None else {"Cookie": f"assistify_session={cookie}"}
    socket_url = f"{url.replace('http', 'ws', 1)}/ws/agent"
    one = await stack.enter_async_context(client(socket_url, additional_headers=headers))
    await one.ack("hello", token=token)
    return one


@pytest.fixture(autouse=True)
def notices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody ask again whether sign-ins are valid: what is closed was closed by a notice."""

    async def never(_: Recheck) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Recheck, "run", never)


async def until_revoked(*clients: Client) -> None:
    assert {await one.until_closed() for one in clients} == {REVOKED}


async def still_there(one: Client) -> None:
    await one.ack("inbox.watch", queue="all")


async def change_password(rig: Product) -> None:
    member = rig.mine.staff[Role.AGENT]
    await rig.core.staff_store.add_user(
        member.shop, email=rig.mine.email(), name="Agent", role="agent", password_hash=password_hash()
    )


async def test_signing_out_closes_the_sockets_of_that_session_alone(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http, AsyncExitStack() as stack:
        here, elsewhere = await cookie_of(http, rig), await cookie_of(http, rig)
        tabs = [await connected(stack, url, cookie=here) for _ in range(2)]
        others = [await connected(stack, url, cookie=elsewhere)]
        http.cookies.clear()
        pair = (await http.post(TOKEN, json={"email": rig.mine.email(), "password": PASSWORD})).json()
        others.append(await connected(stack, url, token=pair["access"]))
        signed_out = await http.delete(SESSION, headers={"Cookie": f"assistify_session={here}"})
        assert signed_out.status_code == 204
        await until_revoked(*tabs)
        for one in others:
            await still_there(one)


async def listed(http: httpx2.AsyncClient, cookie: str) -> list[dict[str, Any]]:
    answer = await http.get(SESSIONS, headers={"Cookie": f"assistify_session={cookie}"})
    return list(answer.json()["sessions"])


async def test_a_member_sees_where_they_are_signed_in_and_ends_one_place(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http, AsyncExitStack() as stack:
        http.headers["User-Agent"] = "Lost Laptop"
        lost, theirs = await cookie_of(http, rig), await cookie_of(http, rig, Role.OWNER)
        http.headers["User-Agent"] = "Own Browser"
        here = await cookie_of(http, rig)
        http.cookies.clear()
        places = await listed(http, here)
        assert [(one["agent"], one["kind"], one["current"]) for one in places] == [
            ("Own Browser", "browser", True),
            ("Lost Laptop", "browser", False),
        ]
        assert all(one["address"] == "127.0.0.1" and one["last_used_at"] for one in places[:1])
        gone, kept = await connected(stack, url, cookie=lost), await connected(stack, url, cookie=here)
        owner = await connected(stack, url, cookie=theirs)
        bearer = await rig.bearer()
        foreign = (await listed(http, theirs))[0]["id"]
        assert (await http.delete(f"{SESSIONS}{foreign}/", headers=bearer)).status_code == 404
        assert (await http.delete(f"{SESSIONS}{places[1]['id']}/", headers=bearer)).status_code == 204
        await until_revoked(gone)
        for one in (kept, owner):
            await still_there(one)
        assert (await http.get(SESSION, headers={"Cookie": f"assistify_session={lost}"})).status_code == 401
        assert (await http.delete(f"{SESSIONS}{places[1]['id']}/", headers=bearer)).status_code == 404


async def test_signing_out_everywhere_else_keeps_the_browser_that_asks(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http, AsyncExitStack() as stack:
        elsewhere, here = await cookie_of(http, rig), await cookie_of(http, rig)
        http.cookies.clear()
        pair = (await http.post(TOKEN, json={"email": rig.mine.email(), "password": PASSWORD})).json()
        gone, kept = await connected(stack, url, cookie=elsewhere), await connected(stack, url, cookie=here)
        cookie = {"Cookie": f"assistify_session={here}"}
        assert (await http.post(f"{SESSIONS}end_others/", headers=cookie)).status_code == 403
        csrf = (await http.get(SESSION, headers=cookie)).json()["csrf"]
        ended = await http.post(f"{SESSIONS}end_others/", headers={**cookie, "X-CSRF-Token": csrf})
        assert ended.json() == {"ended": 2}
        await until_revoked(gone)
        await still_there(kept)
        assert [one["current"] for one in await listed(http, here)] == [True]
        refreshed = await http.post("/api/auth/token/refresh/", json={"refresh": pair["refresh"]})
        assert refreshed.status_code == 401


async def test_another_password_or_role_closes_all_sockets_and_ends_the_cookies(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http, AsyncExitStack() as stack:
        cookie = await cookie_of(http, rig)
        theirs = await cookie_of(http, rig, Role.OWNER)
        http.cookies.clear()
        pair = (await http.post(TOKEN, json={"email": rig.mine.email(), "password": PASSWORD})).json()
        mine = [await connected(stack, url, cookie=cookie), await connected(stack, url, token=pair["access"])]
        owner = await connected(stack, url, cookie=theirs)
        await change_password(rig)
        await until_revoked(*mine)
        await still_there(owner)
        again = await http.get(SESSION, headers={"Cookie": f"assistify_session={cookie}"})
        assert again.status_code == 401


async def change_own_password(http: httpx2.AsyncClient, rig: Product) -> None:
    body = {"current": PASSWORD, "new": "another-password-of-tests"}
    assert (await http.post("/api/auth/password/", json=body, headers=await rig.bearer())).status_code == 204


async def sign_out_everywhere(http: httpx2.AsyncClient, rig: Product) -> None:
    assert (await http.delete("/api/auth/sessions/", headers=await rig.bearer())).status_code == 204


async def put_out(http: httpx2.AsyncClient, rig: Product) -> None:
    user = rig.mine.staff[Role.AGENT].id
    answer = await http.post(f"/api/users/{user}/deactivate/", json={}, headers=await rig.bearer(Role.OWNER))
    assert answer.json()["active"] is False


@pytest.mark.parametrize("ending", [change_own_password, sign_out_everywhere, put_out])
async def test_what_ends_a_sign_in_closes_all_its_sockets(rig: Product, ending: Ending) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http, AsyncExitStack() as stack:
        cookie, theirs = await cookie_of(http, rig), await cookie_of(http, rig, Role.OWNER)
        http.cookies.clear()
        bearer = (await rig.bearer())["Authorization"].removeprefix("Bearer ")
        mine = [await connected(stack, url, cookie=cookie), await connected(stack, url, token=bearer)]
        owner = await connected(stack, url, cookie=theirs)
        await ending(http, rig)
        await until_revoked(*mine)
        await still_there(owner)
        for headers in ({"Cookie": f"assistify_session={cookie}"}, {"Authorization": f"Bearer {bearer}"}):
            assert (await http.get("/api/conversations/list/", headers=headers)).status_code == 401


async def test_who_was_put_out_comes_back_only_when_let_in_again(rig: Product) -> None:
    user, owner = rig.mine.staff[Role.AGENT].id, await rig.bearer(Role.OWNER)
    credentials = {"email": rig.mine.email(), "password": PASSWORD}
    async with rig.client() as http:
        for action, status in (("deactivate", 401), ("activate", 200)):
            assert (await http.post(f"/api/users/{user}/{action}/", headers=owner)).status_code == 200
            assert (await http.post(TOKEN, json=credentials)).status_code == status
        listed = (await http.get("/api/users/", headers=owner)).json()["users"]
        assert {one["email"] for one in listed} == {rig.mine.email(role) for role in Role}
        own = rig.mine.staff[Role.OWNER].id
        assert (await http.post(f"/api/users/{own}/deactivate/", headers=owner)).status_code == 409
        theirs = rig.other.staff[Role.AGENT].id
        assert (await http.post(f"/api/users/{theirs}/deactivate/", headers=owner)).status_code == 404


async def test_a_wrong_password_changes_nothing(rig: Product) -> None:
    async with await rig.signed_in() as http:
        body = {"current": "not the password", "new": "another-password-of-tests"}
        assert (await http.post("/api/auth/password/", json=body)).status_code == 422
        assert (await http.post("/api/auth/password/", json={**body, "new": "short"})).status_code == 422
        assert (await http.post(TOKEN, json={"email": rig.mine.email(), "password": PASSWORD})).status_code == 200


async def test_a_refresh_token_used_twice_closes_all_sockets(rig: Product) -> None:
    async with serving(rig) as url, httpx2.AsyncClient(base_url=url) as http, AsyncExitStack() as stack:
        pair = (await http.post(TOKEN, json={"email": rig.mine.email(), "password": PASSWORD})).json()
        one = await connected(stack, url, token=pair["access"])
        newer = await http.post(f"{TOKEN}refresh/", json={"refresh": pair["refresh"]})
        await one.ack("token.refresh", token=newer.json()["access"])
        await still_there(one)
        assert (await http.post(f"{TOKEN}refresh/", json={"refresh": pair["refresh"]})).status_code == 401
        await until_revoked(one)


async def test_a_socket_lives_on_with_its_own_newer_token_only(rig: Product) -> None:
    async with serving(rig) as url, AsyncExitStack() as stack:
        bearer = await rig.bearer()
        one = await connected(stack, url, token=bearer["Authorization"].removeprefix("Bearer "))
        other = await rig.bearer(Role.OWNER)
        refused = await one.command("token.refresh", token=other["Authorization"].removeprefix("Bearer "))
        assert refused["code"] == "unauthorized"
        await one.ack("token.refresh", token=(await rig.bearer())["Authorization"].removeprefix("Bearer "))


async def test_a_command_in_another_process_reaches_the_sockets_through_redis(
    folder: Path, redis_server: RedisServer
) -> None:
    async with product(folder, redis_url=redis_server.url) as rig, serving(rig) as url, AsyncExitStack() as stack:
        async with httpx2.AsyncClient(base_url=url) as http:
            one = await connected(stack, url, cookie=await cookie_of(http, rig))
        async with open_core(rig.settings) as other_process:
            member = rig.mine.staff[Role.AGENT]
            await other_process.staff_store.add_user(
                member.shop, email=rig.mine.email(), name="Agent", role="viewer", password_hash=password_hash()
            )
        await until_revoked(one)


@pytest.mark.parametrize("ending", ["password", "session"])
async def test_who_asks_again_learns_what_ended(rig: Product, ending: str) -> None:
    record = await rig.core.staff_store.by_email(rig.mine.email())
    assert record is not None
    started = await rig.core.staff.start_session(record.member, None)
    kept = await rig.core.staff.start_session(record.member, None)
    member = record.member
    sign_ins = [
        SignIn(member.id, member.generation, secret_hash(started.cookie)),
        SignIn(member.id, member.generation, secret_hash(kept.cookie)),
        SignIn(member.id, member.generation, None),
    ]
    assert await rig.core.staff.are_valid(sign_ins) == [True, True, True]
    if ending == "password":
        await change_password(rig)
        assert await rig.core.staff.are_valid(sign_ins) == [False, False, False]
    else:
        await rig.core.staff.end_session(started.cookie)
        assert await rig.core.staff.are_valid(sign_ins) == [False, True, True]
    assert await rig.core.staff.are_valid([]) == []


async def test_a_notice_that_redis_never_carried_is_made_up_for_within_ten_seconds(
    folder: Path, own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, jump: Jump
) -> None:
    monkeypatch.undo()
    async with product(folder, redis_url=own_redis_server.url) as rig, serving(rig) as url, AsyncExitStack() as stack:
        bearer = await rig.bearer()
        one = await connected(stack, url, token=bearer["Authorization"].removeprefix("Bearer "))
        other = await connected(
            stack, url, token=(await rig.bearer(Role.OWNER))["Authorization"].removeprefix("Bearer ")
        )
        await asyncio.to_thread(own_redis_server.kill)
        await rig.core.staff_store.set_active(rig.mine.staff[Role.AGENT].id, False)
        jump(10)
        assert await one.until_closed() == REVOKED
        await still_there(other)
