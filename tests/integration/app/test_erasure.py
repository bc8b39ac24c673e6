"""Erasing a person: afterwards nothing of them is found in any table, nor in the files of the database."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import JSON, Column, LargeBinary, String, Table, select, update

from app.db import models
from app.domain.people import Role, Visitor
from app.services.ids import new_id
from tests.fixtures.signed import PUBLIC_URL, shopify, twilio, whatsapp_message
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, product, working
from tests.integration.app.test_shopify_sync import ORDER, SHIPPED
from tests.integration.app.vendors import Vendors

NAME, EMAIL, PHONE, STREET = "Zebulon Quux", "zebulon.quux@nowhere.test", "+15557009001", "9 Needle Street"
SAID = {
    "question": "my haystack parcel is late",
    "whatsapp": "hello from the haystack telephone",
    "answer": "It is a haystack of an answer for you.",
    "agent": "haystack help is on its way",
    "note": "haystack note about this person",
    "draft": "haystack draft",
    "comment": "haystack comment",
    "page": "haystack-page-title",
}
PICTURE = b"\x89PNG\r\n\x1a\n a picture with haystack in it"
TRACKING = "1Z-HAYSTACK-55"
NEEDLES = [*NAME.split(), EMAIL, PHONE.lstrip("+"), STREET, TRACKING, "haystack"]
BUYER = {"id": 90210, "email": EMAIL, "first_name": "Zebulon", "last_name": "Quux", "phone": PHONE}
BOUGHT = {
    **SHIPPED,
    "customer": BUYER,
    "email": EMAIL,
    "shipping_address": {"address1": STREET, "name": NAME},
    "fulfillments": [{**SHIPPED["fulfillments"][0], "tracking_number": TRACKING}],
}
REQUEST = {"shop_id": 1, "customer": {"id": 90210, "email": EMAIL, "phone": PHONE}, "orders_to_redact": [5001]}
_deliveries = itertools.count()


@pytest.fixture
async def vendors(folder: Path) -> AsyncIterator[Vendors]:
    async with product(folder, public_url=PUBLIC_URL) as rig:
        connected = Vendors(rig)
        await connected.connect("shopify")
        await connected.connect("whatsapp", api_base="http://127.0.0.1:1")  # nobody listens there
        yield connected


async def told(vendors: Vendors, topic: str, body: dict[str, Any]) -> None:
    signed = shopify(topic, body, f"delivery-{next(_deliveries)}")
    assert (await vendors.post(signed)).status_code == 200
    await vendors.work()


async def live(vendors: Vendors) -> tuple[UUID, UUID]:
    """Let the person buy, ask, be answered by bot and agent, and rate; return customer and widget conversation."""
    rig, cases, agent = vendors.rig, vendors.rig.parts.cases, vendors.rig.mine.staff[Role.AGENT]
    await told(vendors, "orders/create", BOUGHT)
    identity = await cases.ingest.verify_visitor(rig.mine.shop.id, "90210")
    visitor = Visitor(identity.id, identity.shop, NAME, verified=True)
    page = {"url": "https://shop.test/", "title": SAID["page"]}
    conversation = await cases.ingest.open_conversation(visitor, page)
    async with working(rig.worker(ScriptedResponder(script=lambda _: SAID["answer"]))):
        await rig.ask(visitor, conversation, SAID["question"])
        await rig.answered(conversation)
        await cases.sending.send(agent, conversation, str(new_id()), SAID["agent"])
        file = await rig.web.context.attachments.upload(agent, conversation, "haystack.png", "image/png", PICTURE)
        await cases.sending.send(agent, conversation, str(new_id()), "", files=[file.id])
        photo = await rig.web.context.attachments.upload_of_customer(
            visitor, conversation, "haystack-too.png", "image/png", PICTURE
        )
        await cases.ingest.receive_message(visitor, conversation, str(new_id()), "", files=[photo.id])
        await cases.desk.add_note(agent, conversation, new_id(), SAID["note"])
        await cases.desk.update(agent, conversation, draft=SAID["draft"])
        await cases.desk.rate(visitor, conversation, 2, SAID["comment"])
        await cases.desk.mark_read(visitor, conversation, 99)
    advertised = {"ReferralHeadline": "haystack offer", "ReferralSourceUrl": "https://haystack.example/ad"}
    medium = {"NumMedia": "1", "MediaUrl0": "https://haystack.example/1", "MediaContentType0": "image/png"}
    more = {**advertised, **medium, "ProfileName": NAME}
    await vendors.post(twilio(whatsapp_message("SM1", SAID["whatsapp"], sender=PHONE, **more)))
    await vendors.work()
    return identity.customer, conversation


async def everything(rig: Product) -> Iterator[tuple[str, str]]:
    """Return every value of every row of every table, with the table's name."""
    found = []
    async with rig.core.database.read_session() as session:
        for table in models.Base.metadata.sorted_tables:
            for row in await session.execute(select(table)):
                found += [(table.name, _text(value)) for value in row]
    return iter(found)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


async def places(rig: Product) -> set[str]:
    """Return the tables and files in which a needle is found."""
    rows = {table for table, value in await everything(rig) if any(n.lower() in value.lower() for n in NEEDLES)}
    files = {
        path.name
        for path in rig.settings.var_dir.rglob("*")
        if path.is_file() and any(needle.lower().encode() in path.read_bytes().lower() for needle in NEEDLES)
    }
    return rows | files


async def test_after_a_redaction_no_needle_is_found_anywhere(vendors: Vendors) -> None:
    rig = vendors.rig
    _, conversation = await live(vendors)
    before = await places(rig)
    assert {"messages", "events", "responses", "notes", "csat", "orders", "customers", "webhook_logs"} <= before
    assert {"attachments", "attachment_contents"} <= before
    await told(vendors, "customers/redact", REQUEST)
    # WhatsApp knew the person by telephone number alone: the request names it, and the record is found by it.
    assert await places(rig) == set()
    (request,) = await rig.rows(models.PrivacyRequest)
    assert (request.kind, request.source, request.done_at is not None) == ("erase", "shopify", True)
    assert request.report["messages"] >= 3
    assert request.report["attachments"] == 3
    assert request.report["webhook_logs"] >= 2
    record = await rig.record(conversation)
    assert record.last_seq > 0
    page = await rig.parts.cases.reads.read_log(conversation, 0, 500)
    assert [frame.seq for frame in page.frames] == list(range(1, record.last_seq + 1))


async def test_those_who_watch_see_the_messages_go_and_others_stay(vendors: Vendors) -> None:
    rig = vendors.rig
    customer, conversation = await live(vendors)
    visitor, other = await rig.open()
    await rig.ask(visitor, other, "an ordinary question")
    async with await rig.signed_in(Role.ADMIN) as client:
        report = await client.post(f"/api/customers/{customer}/erase/")
        assert report.status_code == 200
        assert report.json()["rows"]["customers"] == 1
        (listed,) = (await client.get("/api/privacy/requests/")).json()["requests"]
        assert (listed["id"], listed["source"]) == (report.json()["request"], "staff")
    redacted = await rig.rows(models.Event, conversation_id=conversation, type="message.redacted")
    assert {row.message_id for row in redacted} == {row.id for row in await rig.messages(conversation)}
    assert [row.text for row in await rig.messages(other)] == ["an ordinary question"]
    snapshot = await rig.parts.cases.reads.snapshot(rig.mine.staff[Role.AGENT], conversation)
    assert {message["text"] for message in snapshot.body["messages"]} == {""}


async def test_a_state_told_late_does_not_bring_the_person_back(vendors: Vendors) -> None:
    await live(vendors)
    await told(vendors, "customers/redact", REQUEST)
    await told(vendors, "orders/create", {**ORDER, "customer": BUYER, "email": EMAIL})
    # The order's state is older than what was known; its customer's likewise. Only the log row of this call is new.
    assert await places(vendors.rig) <= {"webhook_logs", "assistify.db", "assistify.db-wal"}
    assert await vendors.rig.rows(models.Customer, external_id="90210") == []


async def test_an_export_holds_all_of_it_and_is_due_within_a_month(vendors: Vendors) -> None:
    rig = vendors.rig
    customer, _ = await live(vendors)
    await told(vendors, "customers/data_request", {**REQUEST, "data_request": {"id": 7}})
    async with await rig.signed_in(Role.ADMIN) as client:
        (waiting,) = (await client.get("/api/privacy/requests/")).json()["requests"]
        assert (waiting["kind"], waiting["customer"], waiting["done_at"]) == ("export", str(customer), None)
        assert waiting["due_at"] > waiting["created_at"]
        export = await client.get(f"/api/customers/{customer}/export/")
        (fetched,) = (await client.get("/api/privacy/requests/")).json()["requests"]
    assert fetched["done_at"] is not None
    for needle in (NAME, EMAIL, TRACKING, SAID["question"], SAID["answer"], SAID["agent"], SAID["comment"]):
        assert needle in export.text


async def test_nobody_erases_or_exports_in_another_shop_or_without_the_right(vendors: Vendors) -> None:
    rig = vendors.rig
    customer, conversation = await live(vendors)
    paths = (("POST", f"/api/customers/{customer}/erase/"), ("GET", f"/api/customers/{customer}/export/"))
    for role, tenant, status in ((Role.AGENT, rig.mine, 403), (Role.OWNER, rig.other, 404)):
        async with await rig.signed_in(role, tenant) as client:
            assert {(await client.request(*path)).status_code for path in paths} == {status}
    assert SAID["question"] in [row.text for row in await rig.messages(conversation)]


async def test_a_shop_that_left_is_erased_whole(vendors: Vendors) -> None:
    rig = vendors.rig
    await live(vendors)
    await told(vendors, "shop/redact", {"shop_id": 1, "shop_domain": "demo.myshopify.com"})
    assert await places(rig) == set()
    (account,) = await rig.rows(models.ChannelAccount, kind="shopify")
    assert (account.active, account.secrets) == (False, None)


# What may stay of a person who is gone, by table: words of our own, ids that only a vendor or we can read, and what the
# shop has to keep of a sale. Every other column of every table that leads to a person has to be empty afterwards; a new
# one has to be wiped, or to stand here with its reason.
KEPT: Mapping[str, frozenset[str]] = {
    "conversations": frozenset(
        {"channel", "status", "controller", "priority", "handoff_reason", "labels", "intent", "sentiment", "bot_notice"}
    ),
    "channel_identities": frozenset({"address"}),  # "erased:" and our own id: test_after_a_redaction looks into it
    "customer_merges": frozenset({"reason"}),
    "deliveries": frozenset({"sender_kind", "status", "provider_id", "error"}),
    "events": frozenset({"type", "body"}),  # tombstones: test_after_a_redaction looks into them
    "feedback": frozenset({"value"}),
    "jobs": frozenset({"lane", "kind", "cause", "payload", "status", "error"}),  # test_jobs_hold_ids_alone
    "messages": frozenset({"sender_kind", "client_id", "finish_reason", "intent_label", "sentiment_label"}),
    "notes": frozenset({"user_name", "client_id"}),
    "orders": frozenset({"external_id", "number", "status", "carrier", "currency", "items", "refund"}),
    "privacy_requests": frozenset({"kind", "source", "report"}),
    "responses": frozenset({"status", "model", "model_hash", "tokenizer_hash", "decoding", "finish_reason", "failure"}),
}
# Tables that lead to nobody: the shop's own, and the log of webhooks, which is searched for needles instead.
OF_NOBODY = {
    *("meta", "model_versions", "shops", "articles", "audit_log", "business_hours", "channel_accounts", "labels"),
    *("model_metrics", "products", "users", "api_keys", "pending_installs", "sessions", "sync_marks", "sync_runs"),
    *("webhook_logs", "schedules", "model_evaluations"),
}


def tables_of_people() -> set[str]:
    """Return the tables whose rows lead to a customer, however far."""
    found = {"customers"}
    while True:
        leading = {
            table.name
            for table in models.Base.metadata.tables.values()
            if table.name not in OF_NOBODY and any(key.column.table.name in found for key in table.foreign_keys)
        }
        if leading <= found:
            return found
        found |= leading


def texts_of(table: Table) -> list[Column[Any]]:
    """Return the columns that can hold what tells a person, and may not."""
    told = [one for one in table.columns if isinstance(one.type, String | JSON | LargeBinary) and not one.foreign_keys]
    return [one for one in told if one.name not in KEPT.get(table.name, ())]


def filling(column: Column[Any]) -> Any:
    """Return a value that does not belong there afterwards."""
    if isinstance(column.type, LargeBinary):
        return b"haystack"
    if isinstance(column.type, JSON):
        return {"haystack": "haystack"}
    return f"haystack {new_id()}"[: column.type.length or 200]  # type: ignore[attr-defined]


def test_every_table_is_known_to_lead_to_people_or_to_nobody() -> None:
    assert tables_of_people() | OF_NOBODY == set(models.Base.metadata.tables)


async def test_every_column_that_leads_to_a_person_is_wiped(vendors: Vendors) -> None:
    rig = vendors.rig
    await live(vendors)
    tables = [models.Base.metadata.tables[name] for name in tables_of_people()]
    async with rig.core.database.write_session() as session:
        for table in tables:
            for column in texts_of(table):
                if column.nullable:
                    await session.execute(update(table).where(column.is_(None)).values({column.name: filling(column)}))
        await session.commit()
    async with await rig.signed_in(Role.ADMIN) as client:
        for row in await rig.rows(models.Customer):
            assert (await client.post(f"/api/customers/{row.id}/erase/")).status_code == 200
    left = set()
    async with rig.core.database.read_session() as session:
        for table in tables:
            for column in texts_of(table):
                values = await session.scalars(select(column).where(column.is_not(None)))
                left |= {f"{table.name}.{column.name}" for value in values if value not in ("", {}, [], b"")}
    assert left == set()


async def test_jobs_hold_ids_alone(vendors: Vendors) -> None:
    rig = vendors.rig
    await live(vendors)
    held = {str(value) for row in await rig.rows(models.Job) for value in row.payload.values()}
    assert [value for value in held if any(needle.lower() in value.lower() for needle in NEEDLES)] == []
