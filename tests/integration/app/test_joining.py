"""Customers who are surely one person are joined by themselves, on proof alone; the others are shown to agents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.db import models
from app.db.import_store import SqlImportStore
from app.db.merges import SqlMerges
from app.domain.job import Lane
from app.domain.people import Role, Visitor
from app.services.ids import new_id
from app.services.imports import CustomerRow
from app.services.merging import JOIN_KIND, Merging
from tests.fixtures.signed import PUBLIC_URL, twilio, whatsapp_message
from tests.integration.app.rig import Product, product
from tests.integration.app.vendors import Vendors

PHONE, EMAIL = "+14155550101", "ana@shop.test"


@pytest.fixture
async def vendors(folder: Path) -> AsyncIterator[Vendors]:
    async with product(folder, public_url=PUBLIC_URL) as rig:
        vendors = Vendors(rig)
        await vendors.connect("whatsapp")
        yield vendors


async def join(rig: Product) -> int:
    """Do the jobs that look for one person in two; return how many."""
    merging = Merging(SqlMerges(rig.core.database), rig.parts.changes, rig.parts.store)
    jobs = [job for job in await rig.parts.queue.claim(Lane.SYNC, new_id(), 100) if job.kind == JOIN_KIND]
    for job in jobs:
        await merging.join(job)
        assert await rig.parts.queue.done(job)
    return len(jobs)


async def write(vendors: Vendors) -> UUID:
    """Let somebody write on WhatsApp; return their customer."""
    await vendors.post(twilio(whatsapp_message(f"SM{new_id().hex}", "Hello", PHONE)))
    await vendors.work()
    (row,) = await vendors.rig.rows(models.ChannelIdentity, address=f"whatsapp:{PHONE}")
    return UUID(str(row.customer_id))


async def record(rig: Product, external_id: str, **values: Any) -> UUID:
    """Put a customer into the shop's records, as an import does."""
    await SqlImportStore(rig.core.database).upsert(rig.mine.shop.id, [CustomerRow(external_id=external_id, **values)])
    (row,) = await rig.rows(models.Customer, external_id=external_id)
    return UUID(str(row.id))


async def sign_in(rig: Product, external_id: str, **hints: str) -> UUID:
    """Let a customer of the shop ask in the widget, signed in; return the customer."""
    identity = await rig.parts.cases.ingest.verify_visitor(rig.mine.shop.id, external_id, **hints)
    visitor = Visitor(identity.id, identity.shop, None, verified=True)
    conversation = await rig.parts.cases.ingest.open_conversation(visitor)
    await rig.ask(visitor, conversation, "Hello from the widget")
    return identity.customer


async def customers_of(rig: Product) -> set[UUID]:
    return {row.customer_id for row in await rig.rows(models.Conversation)}


async def test_two_with_history_are_joined_once_the_records_know_the_number(vendors: Vendors) -> None:
    rig = vendors.rig
    stranger, known = await write(vendors), await sign_in(rig, "7001")
    await join(rig)
    assert await customers_of(rig) == {stranger, known}
    assert await record(rig, "7001", phone=PHONE) == known
    assert await join(rig) == 1
    assert await customers_of(rig) == {known}
    (identity,) = await rig.rows(models.ChannelIdentity, address=f"whatsapp:{PHONE}")
    assert (identity.customer_id, identity.verified) == (known, True)
    (merge,) = await rig.rows(models.CustomerMerge)
    assert (merge.reason, merge.user_id) == ("phone", None)
    (told,) = await rig.rows(models.Event, type="customer.updated")
    assert str(merge.id) in told.body
    assert str(known) in told.body


async def test_what_an_agent_took_apart_stays_apart(vendors: Vendors) -> None:
    rig = vendors.rig
    stranger, known = await write(vendors), await sign_in(rig, "7001")
    await record(rig, "7001", phone=PHONE)
    await join(rig)
    async with await rig.signed_in(Role.AGENT) as client:
        same = (await client.get(f"/api/customers/{known}/same/")).json()
        (merge,) = same["merges"]
        assert (same["twins"], merge["reason"], merge["source"]) == ([], "phone", str(stranger))
        assert (await client.post(f"/api/merges/{merge['id']}/undo/")).status_code == 200
        await record(rig, "7001", phone=PHONE, name="Ana")
        assert await join(rig) == 1
        after = (await client.get(f"/api/customers/{known}/same/")).json()
    assert await customers_of(rig) == {stranger, known}
    (identity,) = await rig.rows(models.ChannelIdentity, address=f"whatsapp:{PHONE}")
    assert not identity.verified
    (twin,) = after["twins"]
    assert (twin["id"], twin["reason"], after["merges"]) == (str(stranger), "phone", [])
    (entry,) = await rig.rows(models.AuditEntry, action="customer.unmerged")
    assert entry.actor_id == rig.mine.staff[Role.AGENT].id


async def test_one_number_at_two_accounts_is_one_person_also_at_once(vendors: Vendors) -> None:
    rig = vendors.rig
    await vendors.connect("whatsapp", account_sid="AC2", number="+14155550188", messaging_service_sid="MG2")
    other = {"AccountSid": "AC2", "To": "whatsapp:+14155550188", "MessagingServiceSid": "MG2"}
    for form in ({}, other):
        await vendors.post(twilio(whatsapp_message(f"SM{new_id().hex}", "Hello", PHONE, **form)))
    await asyncio.gather(vendors.work(), vendors.work())
    await asyncio.gather(join(rig), join(rig))
    assert len(await rig.rows(models.Conversation)) == 2
    assert len(await customers_of(rig)) == 1
    assert len(await rig.rows(models.CustomerMerge)) == 1


@pytest.mark.parametrize("case", ["shared", "claimed", "blocked", "another shop"])
async def test_without_proof_nobody_is_joined(vendors: Vendors, case: str) -> None:
    rig = vendors.rig
    stranger, known = await write(vendors), await sign_in(rig, "7001", email=EMAIL)
    match case:
        case "shared":  # a number of two records is nobody's
            await record(rig, "7002", phone=PHONE)
            await record(rig, "7001", phone=PHONE)
        case "claimed":  # e-mail addresses that visitors say
            await sign_in(rig, "7002", email=EMAIL)
        case "blocked":
            async with await rig.signed_in(Role.AGENT) as client:
                assert (await client.post(f"/api/customers/{stranger}/block/")).status_code < 300
            await record(rig, "7001", phone=PHONE)
        case _:
            rows = [CustomerRow(external_id="1", phone=PHONE)]
            await SqlImportStore(rig.core.database).upsert(rig.other.shop.id, rows)
    await join(rig)
    assert {stranger, known} <= await customers_of(rig)
    assert await rig.rows(models.CustomerMerge) == []


@pytest.mark.parametrize("proves", [True, False])
async def test_one_address_in_two_records_counts_when_logins_prove_it(vendors: Vendors, proves: bool) -> None:
    rig = vendors.rig
    await rig.core.shops.change_settings(rig.mine.shop.id, {"merge_by_email": proves})
    first = await record(rig, "7001", email=EMAIL, created_at=datetime(2024, 1, 1, tzinfo=UTC))
    await sign_in(rig, "7001")
    second = await record(rig, "cust_42", email="Ana@Shop.test")
    await join(rig)
    assert await rig.rows(models.CustomerMerge) == []  # the other one has not signed in
    assert await sign_in(rig, "cust_42") == second
    assert await join(rig) == 1
    assert await customers_of(rig) == ({first} if proves else {first, second})
    async with await rig.signed_in(Role.AGENT) as client:
        same = (await client.get(f"/api/customers/{first}/same/")).json()
        settings = (await client.get("/api/settings/")).json()
    assert settings["merge_by_email"] is proves
    assert [one["id"] for one in same["twins"]] == ([] if proves else [str(second)])
    if proves:  # whoever signs in with either number from now on is that customer
        assert (await rig.parts.cases.ingest.verify_visitor(rig.mine.shop.id, "cust_42")).customer == first


async def test_erasing_one_erases_whom_it_was_joined_with(vendors: Vendors) -> None:
    rig = vendors.rig
    stranger, known = await write(vendors), await sign_in(rig, "7001")
    await record(rig, "7001", phone=PHONE, name="Ana Needleworth")
    await join(rig)
    async with await rig.signed_in(Role.ADMIN) as client:
        assert (await client.post(f"/api/customers/{stranger}/erase/")).status_code == 200
    rows = await rig.rows(models.Customer)
    assert {row.id for row in rows} >= {stranger, known}
    assert {(row.name, row.phone) for row in rows if row.id in (stranger, known)} == {(None, None)}
    assert {row.phone for row in await rig.rows(models.ChannelIdentity)} == {None}
