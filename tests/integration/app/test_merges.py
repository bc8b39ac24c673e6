"""Two customers that are one person: found by a number, joined by an agent, taken apart again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.db import models
from app.db.base import utc_now
from app.domain.people import Role
from app.services.ids import new_id
from tests.fixtures.signed import PUBLIC_URL, twilio, whatsapp_message
from tests.integration.app.rig import Product, product
from tests.integration.app.vendors import Vendors

PHONE = "+14155550101"


@pytest.fixture
async def rig(folder: Path) -> AsyncIterator[Product]:
    async with product(folder, public_url=PUBLIC_URL) as opened:
        yield opened


@pytest.fixture
async def vendors(rig: Product) -> Vendors:
    vendors = Vendors(rig)
    await vendors.connect("whatsapp")
    return vendors


async def known(rig: Product, external_id: str, phone: str | None = PHONE) -> UUID:
    """Return a customer of the shop's records."""
    identity = await rig.parts.cases.ingest.verify_visitor(rig.mine.shop.id, external_id, name="Ana Demo")
    async with rig.core.database.write_session() as session:
        await session.execute(
            update(models.Customer).where(models.Customer.id == identity.customer).values(phone=phone)
        )
        await session.commit()
    return identity.customer


async def write(vendors: Vendors, sender: str = PHONE) -> Any:
    await vendors.post(twilio(whatsapp_message(f"SM{new_id().hex}", "Hello", sender)))
    await vendors.work()
    address = f"whatsapp:{sender}"
    (identity,) = await vendors.rig.rows(models.ChannelIdentity, address=address)
    return identity


async def test_a_number_of_the_shops_records_is_that_customer(vendors: Vendors) -> None:
    customer = await known(vendors.rig, "cust_42")
    identity = await write(vendors)
    assert (identity.customer_id, identity.verified) == (customer, True)


@pytest.mark.parametrize("sender", ["+14155550102", "US.1234567890abcdef"])
async def test_another_number_is_another_customer(vendors: Vendors, sender: str) -> None:
    customer = await known(vendors.rig, "cust_42")
    identity = await write(vendors, sender)
    assert identity.customer_id != customer
    assert not identity.verified


async def test_a_number_that_two_share_is_nobodys(vendors: Vendors) -> None:
    shared = {await known(vendors.rig, "cust_42"), await known(vendors.rig, "cust_43")}
    identity = await write(vendors)
    assert identity.customer_id not in shared


async def test_an_agent_joins_and_takes_apart(vendors: Vendors) -> None:
    rig = vendors.rig
    kept = await known(rig, "cust_42", phone=None)
    identity = await write(vendors)
    (conversation,) = await rig.rows(models.Conversation)
    async with await rig.signed_in(Role.AGENT) as client:
        answer = await client.post(f"/api/customers/{identity.customer_id}/merge/", json={"into": str(kept)})
        assert answer.status_code == 200, answer.text
        merge = answer.json()["id"]
        (moved,) = await rig.rows(models.Conversation)
        card = (await client.get(f"/api/customers/{kept}/")).json()
        events = [row.type for row in await rig.rows(models.Event, conversation_id=conversation.id)]
        assert (moved.customer_id, events[-1]) == (kept, "customer.updated")
        assert (card["phone"], card["channel_addresses"]) == (PHONE, ["customer:cust_42", f"whatsapp:{PHONE}"])
        assert (await client.post(f"/api/merges/{merge}/undo/")).status_code == 200
        assert (await client.post(f"/api/merges/{merge}/undo/")).status_code == 404
        after = (await client.get(f"/api/customers/{kept}/")).json()
    (back,) = await rig.rows(models.Conversation)
    assert back.customer_id == identity.customer_id
    assert (after["phone"], after["channel_addresses"]) == (None, ["customer:cust_42"])
    actions = [row.action for row in await rig.rows(models.AuditEntry)]
    assert sorted(actions) == ["customer.merged", "customer.unmerged"]


async def test_a_conversation_begun_after_a_join_goes_back_with_its_address(vendors: Vendors) -> None:
    rig = vendors.rig
    kept = await known(rig, "cust_42", phone=None)
    identity = await write(vendors)
    (first,) = await rig.rows(models.Conversation)
    async with await rig.signed_in(Role.AGENT) as client:
        answer = await client.post(f"/api/customers/{identity.customer_id}/merge/", json={"into": str(kept)})
        async with rig.core.database.write_session() as session:  # so long ago that it is not opened again
            old = {"status": "closed", "closed_at": utc_now() - timedelta(days=9)}
            await session.execute(update(models.Conversation).where(models.Conversation.id == first.id).values(**old))
            await session.commit()
        await write(vendors)
        (second,) = [one for one in await rig.rows(models.Conversation) if one.id != first.id]
        assert second.customer_id == kept
        assert (await client.post(f"/api/merges/{answer.json()['id']}/undo/")).status_code == 200
    assert {one.customer_id for one in await rig.rows(models.Conversation)} == {identity.customer_id}
    told = [row.type for row in await rig.rows(models.Event, conversation_id=second.id)]
    assert told[-1] == "customer.updated"


async def test_customers_of_two_shops_are_not_joined(vendors: Vendors) -> None:
    rig = vendors.rig
    mine = await known(rig, "cust_42")
    theirs = (await rig.parts.cases.ingest.verify_visitor(rig.other.shop.id, "cust_1")).customer
    async with await rig.signed_in(Role.OWNER) as client:
        for source, into in ((mine, theirs), (theirs, mine)):
            answer = await client.post(f"/api/customers/{source}/merge/", json={"into": str(into)})
            assert answer.status_code == 404
        same = await client.post(f"/api/customers/{mine}/merge/", json={"into": str(mine)})
    assert same.status_code == 422
