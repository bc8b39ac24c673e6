"""Customers who are joined in the very moment in which one of them begins to write, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from app.db import models
from app.db.merges import SqlMerges
from app.domain.people import Visitor
from app.services.ids import new_id
from app.services.ingest import new_conversation
from app.services.ports import Identity
from tests.fixtures.effort import EFFORT
from tests.integration.db.world import World


async def customer(world: World) -> UUID:
    """Add a customer of the shop's records, without any address."""
    row = models.Customer(
        id=new_id(), shop_id=world.shop, external_id=str(new_id()), attributes={}, created_at=datetime.now(UTC)
    )
    async with world.database.write_session() as session:
        session.add(row)
        await session.commit()
    return row.id


async def visitor(world: World) -> tuple[Visitor, Identity]:
    """Return somebody who was here before and closed the conversation."""
    who = Visitor(new_id(), world.shop, "Ana")
    async with world.store.write() as tx:
        identity = await tx.people.ensure_identity(
            world.shop, f"visitor:{who.id}", identity=who.id, external_id=None, name=None, email=None, locale=None
        )
        await tx.commit()
    return who, identity


async def owner(world: World, conversation: UUID) -> tuple[UUID, UUID]:
    """Return whose a conversation is, and whose its address is."""
    async with world.database.read_session() as session:
        row = await session.get_one(models.Conversation, conversation)
        address = await session.get_one(models.ChannelIdentity, row.identity_id)
        return row.customer_id, address.customer_id


async def test_a_conversation_begun_while_its_customer_is_joined_is_the_other_customers(world: World) -> None:
    _, identity = await visitor(world)  # read by who begins the conversation
    other = await customer(world)
    assert await SqlMerges(world.database).merge(world.shop, identity.customer, other, world.ada.id)
    begun = new_conversation(identity, datetime.now(UTC))
    async with world.store.write() as tx:
        assert await tx.conversations.add(begun)
        await tx.commit()
    assert await owner(world, begun.id) == (other, other)


async def test_whoever_is_first_no_conversation_stays_behind(world: World) -> None:
    merges = SqlMerges(world.database)
    for _ in range(8 * EFFORT):
        who, identity = await visitor(world)
        first, last = await customer(world), await customer(world)

        async def join(identity: Identity = identity, first: UUID = first, last: UUID = last) -> None:
            assert await merges.merge(world.shop, identity.customer, first, world.ada.id)
            assert await merges.merge(world.shop, first, last, world.ada.id)

        begun, _ = await asyncio.gather(world.ingest.open_conversation(who), join())
        assert await owner(world, begun) == (last, last)


async def test_an_address_that_turns_up_while_its_customer_is_joined_is_the_other_customers(world: World) -> None:
    merges = SqlMerges(world.database)
    for _ in range(8 * EFFORT):
        known, other = await customer(world), await customer(world)
        async with world.database.read_session() as session:
            external_id = (await session.get_one(models.Customer, known)).external_id
        assert external_id is not None
        identity, _ = await asyncio.gather(
            world.ingest.verify_visitor(world.shop, external_id),
            merges.merge(world.shop, known, other, world.ada.id),
        )
        async with world.database.read_session() as session:
            assert (await session.get_one(models.ChannelIdentity, identity.id)).customer_id == other
