"""Conversations, customers and statistics over REST, on real rows."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import update

from app.db import models
from app.domain.message import Score
from app.domain.people import Role
from app.services.imports import CustomerRow, ItemRow, OrderRow
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, working

CREATE, LIST = "/api/conversations/create_conversation/", "/api/conversations/list/"


def close_path(conversation: UUID | str) -> str:
    return f"/api/conversations/{conversation}/close_conversation/"


async def asked(rig: Product) -> UUID:
    """Return a new conversation in which something was said."""
    visitor, conversation = await rig.open()
    await rig.ask(visitor, conversation)
    return conversation


async def ask_in(rig: Product, conversation: str) -> None:
    staff = rig.mine.staff[Role.AGENT]
    visitor = await rig.web.context.programs.visitor(staff, UUID(conversation))
    await rig.ask(visitor, UUID(conversation))


async def test_a_customer_has_one_open_conversation(rig: Product) -> None:
    async with await rig.signed_in() as client:
        first = await client.post(CREATE, json={"customer": "cust_9", "name": "Cleo", "email": "cleo@shop.test"})
        again = await client.post(CREATE, json={"customer": "cust_9", "name": "Somebody Else"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert (await client.get(LIST)).json()["conversations"] == []  # nothing was said in it yet
        await ask_in(rig, first.json()["id"])
        (row,) = (await client.get(LIST)).json()["conversations"]
        assert row["id"] == first.json()["id"]
        assert row["customer"]["name"] == "Cleo"
        closed = await client.post(close_path(first.json()["id"]))
        closed_again = await client.post(close_path(first.json()["id"]))
        assert closed.status_code == 200
        assert closed.json() == closed_again.json()
        assert (await client.post(CREATE, json={"customer": "cust_9"})).json() != first.json()


async def test_lists_go_on_by_cursor_without_repeats(rig: Product) -> None:
    conversations = [await asked(rig) for _ in range(7)]
    async with await rig.signed_in(Role.VIEWER) as client:
        found: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(LIST, params=query)).json()
            found += [row["id"] for row in page["conversations"]]
            cursor = page["cursor"]
            if cursor is None:
                break
    assert found == [str(conversation) for conversation in reversed(conversations)]


async def test_queues_status_and_search_choose(rig: Product) -> None:
    agent = rig.mine.staff[Role.AGENT]
    bots, mine, closed = [await asked(rig) for _ in range(3)]
    await rig.parts.cases.control.take(agent, mine)
    await rig.parts.cases.control.close(agent, closed)
    async with await rig.signed_in() as client:

        async def ids(**query: str) -> set[str]:
            answer = await client.get(LIST, params=query)
            assert answer.status_code == 200
            return {row["id"] for row in answer.json()["conversations"]}

        assert await ids() == {str(bots), str(mine), str(closed)}
        assert await ids(status="closed") == {str(closed)}
        assert await ids(queue="mine", status="open") == {str(mine)}
        assert await ids(queue="bot", status="open") == {str(bots)}
        assert await ids(q="nobody has this name") == set()


@pytest.mark.parametrize(
    "query",
    [
        {"queue": "everything"},
        {"status": "asleep"},
        {"limit": "many"},
        {"q": "a\0b"},
        {"cursor": "nonsense"},
        {"cursor": "ünïcode"},
        {"cursor": base64.urlsafe_b64encode(f"0001-01-01T00:00:00+14:00|{uuid4()}".encode()).decode()},
        {"cursor": base64.urlsafe_b64encode(b"2026-01-01T00:00:00+00:00|x").decode()},
    ],
)
async def test_bad_lists_are_refused(rig: Product, query: dict[str, str]) -> None:
    async with await rig.signed_in() as client:
        answer = await client.get(LIST, params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("bad_request", "bad_frame")


async def test_a_cursor_without_a_zone_does_no_harm(rig: Product) -> None:
    forged = base64.urlsafe_b64encode(f"2026-01-01T00:00:00|{uuid4()}".encode()).decode()
    async with await rig.signed_in() as client:
        assert (await client.get(LIST, params={"cursor": forged})).status_code == 200


async def test_unknown_conversations_are_not_found(rig: Product) -> None:
    async with await rig.signed_in() as client:
        assert (await client.post(close_path(uuid4()))).status_code == 404
        assert (await client.post(close_path("not-an-id"))).status_code == 404


async def test_the_card_of_a_customer(rig: Product) -> None:
    await rig.core.imports.upsert(
        rig.mine.shop.id,
        [CustomerRow(external_id="cust_9", name="Cleo", email="cleo@shop.test", phone="+49 30 1")],
    )
    order = OrderRow(
        number="1042",
        status="shipped",
        placed_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
        total=Decimal("2400"),
        currency="JPY",
        customer="cust_9",
        carrier="UPS",
        items=[ItemRow(title="Tent", quantity=2, price=Decimal(1200))],
    )
    await rig.core.imports.upsert(rig.mine.shop.id, [order])
    async with await rig.signed_in(Role.VIEWER) as client, await rig.signed_in() as writer:
        conversation = (await writer.post(CREATE, json={"customer": "cust_9"})).json()["id"]
        record = await rig.record(UUID(conversation))
        card = (await client.get(f"/api/customers/{record.customer}/")).json()
        assert (await client.get(f"/api/customers/{uuid4()}/")).status_code == 404
    assert (card["name"], card["email"], card["phone"], card["verified"]) == (
        "Cleo",
        "cleo@shop.test",
        "+49 30 1",
        True,
    )
    (shown,) = card["orders"]
    assert (shown["number"], shown["total"], shown["carrier"]) == ("1042", 2400, "UPS")
    assert shown["items"] == [{"title": "Tent", "quantity": 2, "price": 1200}]
    assert [line["id"] for line in card["conversations"]] == [conversation]


async def said_at(rig: Product, *times: tuple[datetime, str, str]) -> None:
    """Store messages of a customer at these times, with intent and sentiment."""
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    for at, intent, sentiment in times:
        seq = await rig.ask(visitor, conversation)
        async with rig.core.database.write_session() as session:
            await session.execute(
                update(models.Message)
                .where(models.Message.conversation_id == conversation, models.Message.seq == seq)
                .values(created_at=at, intent_label=intent, sentiment_label=sentiment)
            )
            await session.commit()


async def stats(client: httpx2.AsyncClient, what: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"/api/analytics/{what}_stats/", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_messages_are_counted_by_label_and_time(rig: Product) -> None:
    day = datetime(2026, 11, 18, tzinfo=UTC)
    await said_at(
        rig,
        (day + timedelta(hours=9, minutes=5), "order_status", "neutral"),
        (day + timedelta(hours=9, minutes=50), "order_status", "negative"),
        (day + timedelta(hours=10), "refund_request", "negative"),
        (day + timedelta(days=1), "order_status", "neutral"),  # midnight: the next day's
    )
    async with await rig.signed_in(Role.VIEWER) as client, await rig.signed_in(tenant=rig.other) as stranger:
        daily = await stats(client, "intent", **{"from": "2026-11-18", "to": "2026-11-20"})
        hourly = await stats(
            client, "sentiment", **{"from": "2026-11-18T09:00:00Z", "to": "2026-11-19", "interval": "hour"}
        )
        channels = await stats(client, "channel", **{"from": "2026-11-18", "to": "2026-11-19"})
        theirs = await stats(stranger, "intent", **{"from": "2026-11-18", "to": "2026-11-20"})
        zoned = await stats(client, "intent", **{"from": "2026-11-18T12:00:00+02:00", "to": "2026-11-19"})
    assert daily == {
        "total": 4,
        "counts": {"order_status": 3, "refund_request": 1},
        "series": [
            {"at": "2026-11-18T00:00:00Z", "counts": {"order_status": 2, "refund_request": 1}},
            {"at": "2026-11-19T00:00:00Z", "counts": {"order_status": 1}},
        ],
    }
    assert list(daily["counts"]) == ["order_status", "refund_request"]
    assert hourly["series"] == [
        {"at": "2026-11-18T09:00:00Z", "counts": {"negative": 1, "neutral": 1}},
        {"at": "2026-11-18T10:00:00Z", "counts": {"negative": 1}},
    ]
    assert channels["counts"] == {"web": 3}
    assert theirs == {"total": 0, "counts": {}, "series": []}
    assert zoned["total"] == 1


async def test_the_last_week_is_counted_when_nothing_is_said(rig: Product) -> None:
    now = datetime.now(UTC)
    await said_at(rig, (now - timedelta(days=6), "thanks", "positive"), (now - timedelta(days=8), "thanks", "positive"))
    async with await rig.signed_in() as client:
        assert (await stats(client, "intent"))["counts"] == {"thanks": 1}


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-11-20", "to": "2026-11-20"},
        {"from": "2026-11-21", "to": "2026-11-20"},
        {"from": "2024-01-01", "to": "2026-11-20"},
        {"from": "2026-09-01", "to": "2026-11-20", "interval": "hour"},
        {"to": "0001-01-01"},
        {"from": "0001-01-01T00:00:00+14:00", "to": "2026-11-20"},
        {"interval": "week"},
        {"from": "2026-11-20" * 9},
    ],
)
async def test_bad_periods_are_refused(rig: Product, query: dict[str, str]) -> None:
    async with await rig.signed_in() as client:
        answer = await client.get("/api/analytics/intent_stats/", params=query)
    assert answer.status_code == 422, answer.text


async def analysed(rig: Product, text: str) -> tuple[UUID, UUID]:
    """Return a conversation and its one message, analysed."""
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    async with working(rig.worker(ScriptedResponder())):
        await rig.ask(visitor, conversation, text)

        async def scored() -> bool:
            return (await rig.messages(conversation))[0].intent_label is not None

        await rig.until(conversation, scored)
    return conversation, (await rig.messages(conversation))[0].id


async def test_a_corrected_intent_is_shown_to_all_and_kept_to_learn_from(rig: Product) -> None:
    conversation, message = await analysed(rig, "Where is my parcel now?")
    path = f"/api/conversations/{conversation}/correct_intent/"
    async with await rig.signed_in() as client:
        labels = {one["label"] for one in (await client.get("/api/intents/")).json()["intents"]}
        assert {"order_status", "delivery_options", "out_of_scope"} <= labels
        for label in ("delivery_options", "delivery_options", "invoice"):
            body = {"message": str(message), "intent": label}
            assert (await client.post(path, json=body)).status_code == 204
    row = (await rig.messages(conversation))[0]
    assert (row.intent_label, row.intent_score) == ("invoice", 1.0)
    assert row.sentiment_label is not None
    (kept,) = await rig.rows(models.Feedback, conversation_id=conversation)
    assert (kept.message_id, kept.value) == (message, "invoice")
    analyses = await rig.rows(models.Event, conversation_id=conversation, type="message.analyzed")
    assert len(analyses) == 3
    assert (await rig.record(conversation)).intent == Score("invoice", 1.0)


async def test_what_cannot_be_corrected_is_refused(rig: Product) -> None:
    visitor, conversation = await rig.open()
    await rig.ask(visitor, conversation)
    message = (await rig.messages(conversation))[0].id
    path = f"/api/conversations/{conversation}/correct_intent/"
    async with await rig.signed_in() as client:
        for given, intent, status in ((message, "thanks", 409), (message, "nonsense", 422), (uuid4(), "thanks", 404)):
            answer = await client.post(path, json={"message": str(given), "intent": intent})
            assert answer.status_code == status, answer.text
    assert await rig.rows(models.Feedback) == []
