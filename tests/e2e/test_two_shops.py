"""Two shops on one installation: whatever one holds, the other can neither read nor command."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import HTTPStatusError

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import ANA, LONG_QUESTION, ORDER_QUESTION, DemoShop, signed
from tests.fixtures.wire_client import RefusedError, StaffClient, VisitorClient

OWNER, PASSWORD = "boss@other.test", "the-password-of-another-shop"
UNAUTHORIZED = 4501
EVERYTHING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("conversation.watch", {}),
    ("message.send", {"client_id": str(uuid4()), "text": "Hello from next door"}),
    ("control.take", {}),
    ("control.release", {"to": "queue"}),
    ("conversation.assign", {"user": None}),
    ("note.add", {"client_id": str(uuid4()), "text": "secret"}),
    ("conversation.update", {"labels": ["stolen"]}),
    ("conversation.close", {}),
    ("conversation.reopen", {}),
    ("read", {"seq": 1}),
    ("typing", {"on": True}),
)


@pytest.fixture(scope="module")
def other_key(shared_cluster: Cluster) -> str:
    """The widget key of a second shop, made with the command for it; doing that twice changes nothing."""
    arguments = ("init", "--name", "Other Shop", "--owner", OWNER)
    printed = [shared_cluster.command(*arguments, owner_password=PASSWORD) for _ in range(2)]
    keys = [re.findall(r"wk_\w+", text) for text in printed]
    assert keys[0] == keys[1]
    (key,) = keys[0]
    return str(key)


async def _status(shop: DemoShop, path: str, token: str) -> int:
    try:
        await shop.get(path, token)
    except HTTPStatusError as error:
        return int(error.response.status_code)
    return 200


async def test_staff_of_another_shop_can_neither_read_nor_command(cluster: Cluster, other_key: str) -> None:
    shop = cluster.shop
    token = await shop.token(OWNER, PASSWORD)
    async with await shop.guest() as visitor, await shop.agent() as ada, StaffClient(shop.urls[1], token) as boss:
        assert boss.welcome["user"]["role"] == "owner"
        assert (await boss.command("inbox.watch", queue="all"))["conversations"] == []
        conversation = await visitor.open()
        await ada.watch(conversation)
        await visitor.say(conversation, LONG_QUESTION)
        await visitor.wait_for(lambda: visitor.view(conversation).live is not None)
        live = visitor.view(conversation).live
        assert live is not None
        for kind, fields in (*EVERYTHING, ("reply.stop", {"message": live.message})):
            with pytest.raises(RefusedError, match="not_found"):
                await boss.command(kind, conversation=conversation, **fields)
        await visitor.wait_for(lambda: visitor.view(conversation).texts("bot"))
        assert visitor.view(conversation).last("bot")["reply"]["finish_reason"] in ("stop", "length")
        assert visitor.view(conversation).controller == "bot"
        assert boss.of("inbox.changed") == []
        user = ada.welcome["user"]["id"]
        path = f"/api/messages/get_conversation_messages/?conversation_id={conversation}"
        assert await _status(shop, path, token) == 404
        assert (await shop.get("/api/conversations/list/", token))["conversations"] == []

        guest = VisitorClient(shop.url, other_key)
        async with guest:
            theirs = await guest.open()
            with pytest.raises(RefusedError, match="not_found"):
                await boss.command("conversation.assign", conversation=theirs, user=user)
            with pytest.raises(RefusedError, match="not_found"):
                await ada.watch(theirs)


async def test_credentials_of_one_shop_are_worth_nothing_in_another(cluster: Cluster, other_key: str) -> None:
    shop = cluster.shop
    async with await shop.ana() as ana:
        conversation = await ana.open()
        await ana.say(conversation, "Hello")
    for fields in ({"token": ana.token}, {"identity": signed(ANA)}):
        crossing = VisitorClient(shop.url, other_key)
        await crossing.connect_bare()
        with pytest.raises(RefusedError, match="unauthorized"):
            await crossing.greet(**fields)
        assert await crossing.wait_for_close() == UNAUTHORIZED
    async with VisitorClient(shop.url, other_key) as guest:
        with pytest.raises(RefusedError, match="not_found"):
            await guest.watch(conversation)


async def test_a_shop_without_records_answers_without_those_of_its_neighbour(cluster: Cluster, other_key: str) -> None:
    shop = cluster.shop
    order = await shop.order("#1042")
    async with VisitorClient(shop.url, other_key) as guest:
        conversation = await guest.open()
        await guest.say(conversation, ORDER_QUESTION)
        view = guest.view(conversation)
        await guest.wait_for(lambda: view.texts("bot") or view.controller == "queue")
        assert order["tracking"] not in str(guest.frames)
