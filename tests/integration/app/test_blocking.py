"""Customers whom the shop has blocked: out at once, refused from then on, and in again when let."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import httpx2
import pytest

from app.domain.people import Role, Visitor
from app.services.ids import new_id
from realtime.ports import CommandError, Principal
from tests.integration.app.rig import Product, serving
from tests.integration.realtime.client import Client, client

REVOKED = 4502


async def connected(stack: AsyncExitStack, url: str, rig: Product, token: str | None = None) -> Client:
    """Connect a visitor of the shop; the hello may be refused."""
    one = await stack.enter_async_context(client(f"{url.replace('http', 'ws', 1)}/ws/chat"))
    one.welcome = await one.command("hello", widget_key=rig.mine.shop.widget_key, token=token, resume=[])
    return one


async def customer_of(rig: Product, conversation: str) -> UUID:
    return (await rig.record(UUID(conversation))).customer


async def block(rig: Product, customer: UUID, action: str = "block") -> httpx2.Response:
    async with await rig.signed_in() as http:
        return await http.post(f"/api/customers/{customer}/{action}/")


async def test_a_blocked_customer_is_out_at_once_and_in_again_when_let(rig: Product) -> None:
    async with serving(rig) as url, AsyncExitStack() as stack:
        one, other = await connected(stack, url, rig), await connected(stack, url, rig)
        conversation = await one.open()
        await other.open()
        customer = await customer_of(rig, conversation)
        answer = await block(rig, customer)
        assert (answer.status_code, answer.json()) == (200, {"customer": str(customer), "blocked": True})
        async with asyncio.timeout(10):
            assert await one.until_closed() == REVOKED
        await other.ack("conversation.open")
        again = await connected(stack, url, rig, one.welcome["token"])
        assert again.welcome["code"] == "forbidden"
        assert await again.until_closed() == REVOKED
        async with await rig.signed_in() as http:
            assert (await http.get(f"/api/customers/{customer}/")).json()["blocked_at"] is not None
        assert (await block(rig, customer, "unblock")).json()["blocked"] is False
        back = await connected(stack, url, rig, one.welcome["token"])
        assert await back.open() == conversation


async def test_messages_of_a_blocked_customer_are_refused_but_not_those_sent_before(rig: Product) -> None:
    visitor, conversation = await rig.open()
    ingest, key = rig.parts.cases.ingest, str(new_id())
    sent = await ingest.receive_message(visitor, conversation, key, "Hello")
    await block(rig, (await rig.record(conversation)).customer)
    assert await ingest.receive_message(visitor, conversation, key, "Hello") == sent
    with pytest.raises(CommandError) as refused:
        await ingest.receive_message(visitor, conversation, str(new_id()), "Hello again")
    assert (refused.value.code, refused.value.fields) == ("forbidden", {"reason": "blocked"})
    with pytest.raises(CommandError, match="no messages"):
        await ingest.open_conversation(visitor)
    assert len(await rig.messages(conversation)) == 1


async def test_a_connection_that_missed_the_notice_is_found_by_asking(rig: Product) -> None:
    visitor, conversation = await rig.open()
    sessions = rig.web.context.hub.sessions
    staff = rig.mine.staff[Role.AGENT]
    record = await rig.core.staff_store.by_email(rig.mine.email())
    assert record is not None
    people = [
        Principal(kind="visitor", id=visitor.id, shop=visitor.shop),
        Principal(kind="user", id=staff.id, shop=staff.shop, generation=record.member.generation),
        Principal(kind="visitor", id=new_id(), shop=visitor.shop),
    ]
    assert await sessions.are_valid(people) == [True, True, True]
    await block(rig, (await rig.record(conversation)).customer)
    assert await sessions.are_valid(people) == [False, True, True]


async def test_only_staff_who_may_write_block_and_only_their_own_customers(rig: Product) -> None:
    visitor = Visitor(new_id(), rig.other.shop.id, "Theirs")
    theirs = await rig.parts.cases.ingest.open_conversation(visitor)
    assert (await block(rig, (await rig.record(theirs)).customer)).status_code == 404
    _, mine = await rig.open()
    async with await rig.signed_in(Role.VIEWER) as http:
        answer = await http.post(f"/api/customers/{(await rig.record(mine)).customer}/block/")
    assert answer.status_code == 403
