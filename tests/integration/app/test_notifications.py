"""Notifications on the wire: at once, after a reconnect, on two tabs, and each member's own alone."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

from app.db import models
from app.domain.people import Role
from tests.integration.app.rig import Product, Tenant, serving
from tests.integration.realtime.client import Client, client


async def console(
    stack: AsyncExitStack, url: str, rig: Product, role: Role = Role.AGENT, tenant: Tenant | None = None
) -> Client:
    """Connect a member of staff."""
    one = await stack.enter_async_context(client(f"{url.replace('http', 'ws', 1)}/ws/agent"))
    token = (await rig.bearer(role, tenant))["Authorization"].removeprefix("Bearer ")
    one.welcome = await one.command("hello", token=token, resume=[])
    assert one.welcome["type"] == "welcome"
    return one


async def told(one: Client, number: int) -> dict[str, Any]:
    """Return what came as a connection's notification of this number, from 1."""
    return (await one.until_frame("notification", number))[number - 1]


async def test_an_assigned_conversation_is_told_at_once_and_read_on_both_tabs(rig: Product) -> None:
    _, conversation = await rig.open()
    agent = rig.mine.staff[Role.AGENT]
    async with serving(rig) as url, AsyncExitStack() as stack:
        one, two = await console(stack, url, rig), await console(stack, url, rig)
        owner = await console(stack, url, rig, Role.OWNER)
        await owner.ack("conversation.assign", conversation=str(conversation), user=str(agent.id))
        first = await told(one, 1)
        assert await told(two, 1) == first
        assert (first["kind"], first["conversation"]) == ("assigned", str(conversation))
        assert (first["by"]["name"], first["customer"]) == ("Owner", "Ana")
        await owner.ack("notification.read", ids=[first["id"]])
        await one.ack("notification.read", ids=[first["id"], str(uuid4())])
        assert await told(two, 2) == await told(one, 2) == {**first, "read": True}
        assert owner.of("notification") == []


async def test_what_was_missed_comes_after_the_welcome_until_it_is_read(rig: Product) -> None:
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.request_handoff(visitor, conversation)
    agent = rig.mine.staff[Role.AGENT]
    await rig.parts.cases.control.assign(rig.mine.staff[Role.OWNER], conversation, agent.id)
    async with serving(rig) as url, AsyncExitStack() as stack:
        one = await console(stack, url, rig)
        first, second = await told(one, 1), await told(one, 2)
        assert [first["kind"], second["kind"]] == ["handoff", "assigned"]
        assert [frame["type"] for frame in one.frames[:3]] == ["welcome", "notification", "notification"]
        await one.ack("notification.read", ids=[first["id"]])
        again = await console(stack, url, rig)
        assert (await told(again, 1))["id"] == second["id"]
        for role, tenant in ((Role.VIEWER, rig.mine), (Role.OWNER, rig.other)):
            stranger = await console(stack, url, rig, role, tenant)
            await stranger.ack("notification.read", ids=[second["id"]])
            assert stranger.of("notification") == []
    assert [str(row.id) for row in await rig.rows(models.Notification, user_id=agent.id, read_at=None)] == [
        second["id"]
    ]


async def test_the_list_is_the_callers_own_and_paged(rig: Product) -> None:
    _, conversation = await rig.open()
    agent, owner = rig.mine.staff[Role.AGENT], rig.mine.staff[Role.OWNER]
    for number in range(3):
        await rig.parts.cases.desk.add_note(owner, conversation, uuid4(), f"@agent {number}")
    async with await rig.signed_in() as http:
        first = (await http.get("/api/notifications/", params={"limit": 2})).json()
        assert [one["kind"] for one in first["notifications"]] == ["mention", "mention"]
        assert first["unread"] == 3
        rest = (await http.get("/api/notifications/", params={"limit": 2, "cursor": first["cursor"]})).json()
        assert (len(rest["notifications"]), rest["cursor"]) == (1, None)
        await rig.parts.cases.notifications.mark_read(agent.id, [UUID(rest["notifications"][0]["id"])])
        unread = (await http.get("/api/notifications/", params={"unread": "true"})).json()
        assert unread["notifications"] == first["notifications"]
        assert (await http.get("/api/notifications/", params={"cursor": "x"})).status_code == 422
    async with await rig.signed_in(Role.ADMIN) as http:
        assert (await http.get("/api/notifications/")).json()["notifications"] == []
