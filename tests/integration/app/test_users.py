"""Owners add colleagues, change their roles and reset their passwords."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from app.domain.people import Role
from tests.integration.app.rig import Product

USERS, TOKEN = "/api/users/", "/api/auth/token/"
NEW = {"email": " New.Colleague@Mine.Test ", "name": "New Colleague", "role": "viewer"}


async def signs_in(rig: Product, email: str, password: str) -> int:
    async with rig.client() as client:
        return (await client.post(TOKEN, json={"email": email, "password": password})).status_code


async def access_of(rig: Product, email: str, password: str) -> str:
    async with rig.client() as client:
        return str((await client.post(TOKEN, json={"email": email, "password": password})).json()["access"])


async def listed(rig: Product, access: str) -> int:
    async with rig.client() as client:
        headers = {"Authorization": f"Bearer {access}"}
        return (await client.get("/api/conversations/list/", headers=headers)).status_code


async def add(owner: httpx2.AsyncClient, **fields: str) -> dict[str, Any]:
    answer = await owner.post(USERS, json={**NEW, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_colleague_is_added_and_signs_in_with_the_password_that_is_told_once(rig: Product) -> None:
    async with await rig.signed_in(Role.OWNER) as owner:
        added = await add(owner)
        assert (added["user"]["email"], added["user"]["role"]) == ("new.colleague@mine.test", "viewer")
        assert await signs_in(rig, "new.colleague@mine.test", added["password"]) == 200
        assert added["password"] not in (await owner.get(USERS)).text
        again = await owner.post(USERS, json=NEW)
        assert again.status_code == 409


async def test_an_address_of_another_shop_is_taken_and_stays_as_it_is(rig: Product) -> None:
    theirs = rig.other.email(Role.AGENT)
    async with await rig.signed_in(Role.OWNER) as owner:
        answer = await owner.post(USERS, json={**NEW, "email": theirs, "role": "owner"})
    assert answer.status_code == 409
    (before,) = (one for one in await rig.core.staff_store.of_shop(rig.other.shop.id) if one.member.email == theirs)
    assert before.member.role == "agent"


async def test_a_new_role_counts_at_once_and_ends_what_was_signed_in(rig: Product) -> None:
    async with await rig.signed_in(Role.OWNER) as owner:
        added = await add(owner)
        access = await access_of(rig, added["user"]["email"], added["password"])
        assert await listed(rig, access) == 200
        path = f"{USERS}{added['user']['id']}/"
        answer = await owner.patch(path, json={"role": "admin"})
        assert (answer.status_code, answer.json()["role"]) == (200, "admin")
        assert await listed(rig, access) == 401
        assert (await owner.patch(path, json={"role": "emperor"})).status_code == 422


async def test_a_reset_password_is_the_only_one(rig: Product) -> None:
    async with await rig.signed_in(Role.OWNER) as owner:
        added = await add(owner)
        answer = await owner.post(f"{USERS}{added['user']['id']}/reset_password/")
        fresh = answer.json()["password"]
    assert await signs_in(rig, added["user"]["email"], added["password"]) == 401
    assert await signs_in(rig, added["user"]["email"], fresh) == 200


async def test_owners_do_not_lock_themselves_out(rig: Product) -> None:
    mine = rig.mine.staff[Role.OWNER].id
    async with await rig.signed_in(Role.OWNER) as owner:
        assert (await owner.patch(f"{USERS}{mine}/", json={"role": "agent"})).status_code == 409
        assert (await owner.post(f"{USERS}{mine}/reset_password/")).status_code == 409


@pytest.mark.parametrize(
    "fields", [{"email": "no address"}, {"email": "a\u200b@b"}, {"name": "  "}, {"name": "x" * 300}, {"role": "root"}]
)
async def test_what_is_no_colleague_is_refused(rig: Product, fields: dict[str, str]) -> None:
    async with await rig.signed_in(Role.OWNER) as owner:
        answer = await owner.post(USERS, json={**NEW, **fields})
    assert answer.status_code in (413, 422)


async def test_only_owners_may(rig: Product) -> None:
    async with await rig.signed_in(Role.ADMIN) as admin:
        assert (await admin.post(USERS, json=NEW)).status_code == 403
