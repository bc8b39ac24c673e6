"""Who may be the same person as a customer, and who surely is. The rules: app/services/merging.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.joined import holders, record_with_phone
from app.services.merging import Twin

BY_PHONE: Final = "phone"
BY_EMAIL: Final = "email"
MOST_TWINS = 10


async def sure_twins(
    session: AsyncSession, shop: UUID, customer: UUID, *, by_email: bool
) -> Sequence[tuple[UUID, str]]:
    """Return (customer, reason) of those who surely are the same person, and may be joined without being asked."""
    record = await session.get(models.Customer, customer, populate_existing=True)
    if record is None or record.shop_id != shop or (await holders(session, [customer]))[customer] != customer:
        return []
    found = {one: BY_PHONE for one in await _by_phone(session, record)}
    if by_email:
        found |= {one: BY_EMAIL for one in await _by_email(session, record) if one not in found}
    return [(one, reason) for one, reason in found.items() if await _may_join(session, record, one, reason)]


async def possible_twins(session: AsyncSession, record: models.Customer) -> list[Twin]:
    """Return who shares a number or an e-mail address with a customer, whoever says so."""
    table, identity = models.Customer, models.ChannelIdentity
    phones = {record.phone, *await _vouched(session, record.id)} - {None}
    vouched = exists().where(identity.customer_id == table.id, identity.phone.in_(phones))
    by_phone, by_email = or_(table.phone.in_(phones), vouched), table.email == record.email
    same = by_phone if record.email is None else or_(by_phone, by_email)
    rows = await session.execute(
        select(table, by_phone).where(table.shop_id == record.shop_id, table.id != record.id, same).limit(MOST_TWINS)
    )
    found = [(row, BY_PHONE if is_by_phone else BY_EMAIL) for row, is_by_phone in rows.all()]
    held = await holders(session, [row.id for row, _ in found])
    return [Twin(row.id, row.name, reason) for row, reason in found if held[row.id] == row.id]


async def _by_phone(session: AsyncSession, record: models.Customer) -> Collection[UUID]:
    """Return whose address has the same number by a vendor's word, and the shop's record with that number."""
    table = models.ChannelIdentity
    phones = set(await _vouched(session, record.id))
    found = {owner for one in phones if (owner := await record_with_phone(session, record.shop_id, one)) is not None}
    if record.external_id is not None and record.phone is not None:
        owner = await record_with_phone(session, record.shop_id, record.phone)
        phones |= {record.phone} if owner == record.id else set()
    at = await session.scalars(
        select(table.customer_id).where(table.shop_id == record.shop_id, table.phone.in_(phones)).distinct()
    )
    return (found | set(at.all())) - {record.id}


async def _by_email(session: AsyncSession, record: models.Customer) -> Collection[UUID]:
    """Return the shop's other records with this e-mail address; both have signed in at the shop."""
    table, identity = models.Customer, models.ChannelIdentity
    if record.email is None:
        return []
    has_signed_in = exists().where(
        identity.customer_id == table.id, identity.address == "customer:" + table.external_id, identity.verified
    )
    found = await session.scalars(
        select(table.id).where(
            table.shop_id == record.shop_id, table.email == record.email, table.email_proven.is_(True), has_signed_in
        )
    )
    both = set(found.all())
    return both - {record.id} if record.id in both else []


async def _vouched(session: AsyncSession, customer: UUID) -> Sequence[str]:
    table = models.ChannelIdentity
    found = await session.scalars(
        select(table.phone).where(table.customer_id == customer, table.phone.is_not(None)).distinct()
    )
    return [one for one in found if one is not None]


async def _may_join(session: AsyncSession, record: models.Customer, other: UUID, reason: str) -> bool:
    """Whether nothing speaks against it: both are taken from or neither is, at most one of two with the same number is
    a record of the shop's (numbers change hands), and nobody has taken the two apart."""
    twin = await session.get(models.Customer, other, populate_existing=True)
    if twin is None or (twin.blocked_at is None) != (record.blocked_at is None):
        return False
    if reason == BY_PHONE and None not in (twin.external_id, record.external_id):
        return False
    table = models.CustomerMerge
    parted = exists().where(
        or_(
            and_(table.from_id == record.id, table.into_id == other),
            and_(table.from_id == other, table.into_id == record.id),
        ),
        table.undone_at.is_not(None),
    )
    return not await session.scalar(select(parted))
