"""Customers who were joined to others: who has their things, and whether somebody has to look for one person in two."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db import models
from app.db.batch import BatchSession
from app.db.repositories.jobs import SqlJobs
from app.domain.job import Lane, NewJob
from app.services.ids import new_id
from app.services.merging import JOIN_KIND

MOST_STEPS = 20  # from one customer to the next: more is a circle


async def holders(session: AsyncSession, customers: Collection[UUID]) -> dict[UUID, UUID]:
    """Return who has the things of each: whom it was joined to, and whom that one was; most have their own."""
    table, found = models.CustomerMerge, {one: one for one in customers}
    for _ in range(MOST_STEPS):
        moves = select(table.from_id, table.into_id).where(
            table.from_id.in_(set(found.values())), table.undone_at.is_(None)
        )
        moved: dict[UUID, UUID] = {source: into for source, into in await session.execute(moves)}
        if not moved:
            break
        found = {one: moved.get(held, held) for one, held in found.items()}
    return found


async def one_person(session: AsyncSession, customers: Collection[UUID]) -> list[UUID]:
    """Return these customers and all that they were joined with, whichever way round."""
    table, found = models.CustomerMerge, set(customers)
    while True:
        pairs = await session.execute(
            select(table.from_id, table.into_id).where(
                or_(table.from_id.in_(found), table.into_id.in_(found)), table.undone_at.is_(None)
            )
        )
        known, found = len(found), found | {one for pair in pairs for one in pair}
        if len(found) == known:
            return sorted(found)


async def record_with_phone(session: AsyncSession, shop: UUID, phone: str) -> UUID | None:
    """Return the one customer whose number this is by the shop's records; of two with the same it is nobody's."""
    table = models.Customer
    found = await session.scalars(
        select(table.id)
        .where(table.shop_id == shop, table.phone == phone, table.external_id.is_not(None))
        .limit(MOST_STEPS)
    )
    people = set((await holders(session, found.all())).values())
    return people.pop() if len(people) == 1 else None


async def look_for_twins(session: BatchSession, shop: UUID, customers: Collection[UUID]) -> None:
    """Write a job for each customer who may be somebody else, too: by a number that a vendor vouches for, or by an
    e-mail address of the shop's records."""
    record, identity, other = models.Customer, models.ChannelIdentity, aliased(models.Customer)
    by_phone = exists().where(
        identity.shop_id == shop, identity.phone == record.phone, identity.customer_id != record.id
    )
    by_email = exists().where(
        other.shop_id == shop, other.email == record.email, other.email_proven.is_(True), other.id != record.id
    )
    found = await session.scalars(
        select(record.id).where(
            record.id.in_(customers),
            record.external_id.is_not(None),
            or_(by_phone, record.email_proven.is_(True) & by_email),
        )
    )
    for customer in found.all():
        await SqlJobs(session).add(join_job(shop, customer))


def join_job(shop: UUID, customer: UUID) -> NewJob:
    """Return the job that looks whether a customer is somebody else, too."""
    return NewJob(Lane.SYNC, JOIN_KIND, f"{customer}:{new_id()}", shop, payload={"customer": str(customer)})
