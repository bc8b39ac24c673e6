"""Customers joined and taken apart: which rows moved is kept, so that exactly those can go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.batch import BatchSession
from app.db.database import Database
from app.db.joined import holders
from app.db.repositories.summary import customer_shape
from app.db.twins import BY_PHONE, possible_twins, sure_twins
from app.services.ids import new_id
from app.services.merging import BY_AGENT, Merged, PastMerge, Sameness
from realtime.protocol import shapes

_MOVED: dict[str, Any] = {
    "identities": models.ChannelIdentity,
    "conversations": models.Conversation,
    "orders": models.Order,
    "interactions": models.Interaction,
}
_FILLED = ("name", "email", "phone", "locale")
ROWS_AT_ONCE = 500


class SqlMerges:
    """See app.services.merging.Merges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def merge(self, shop: UUID, source: UUID, into: UUID, user: UUID) -> Merged | None:
        """Move rows, fill in what the other record lacks, and note both."""
        async with self._database.write_session() as session:
            pair = await _locked(session, shop, source, into)
            if pair is None:
                return None
            merged = await _merge(session, pair[source], pair[into], BY_AGENT, user)
            await session.commit()
            return merged

    async def join(self, shop: UUID, customer: UUID, *, by_email: bool) -> Merged | None:
        """Look who it surely is, lock both, and look again: somebody else may have joined them meanwhile."""
        async with self._database.write_session() as session:
            for other, _ in await sure_twins(session, shop, customer, by_email=by_email):
                pair = await _locked(session, shop, customer, other)
                reasons = dict(await sure_twins(session, shop, customer, by_email=by_email))
                if pair is None or other not in reasons:
                    continue
                into, source = sorted(pair.values(), key=_seniority)
                merged = await _merge(session, source, into, reasons[other], None)
                await session.commit()
                return merged
        return None

    async def joined(self, shop: UUID, customer: UUID) -> Sequence[Merged]:
        """Read those that nobody of the staff made."""
        table = models.CustomerMerge
        query = select(table).where(table.shop_id == shop, table.into_id == customer, table.undone_at.is_(None))
        async with self._database.read_session() as session:
            rows = await session.scalars(query.where(table.reason != BY_AGENT))
            return [_merged(row) for row in rows]

    async def undo(self, shop: UUID, merge: UUID, user: UUID) -> Merged | None:
        """Move back what the other customer still has of it, and what began at its addresses since."""
        table = models.CustomerMerge
        async with self._database.write_session() as session:
            row = await session.scalar(
                select(table)
                .where(table.id == merge, table.shop_id == shop, table.undone_at.is_(None))
                .with_for_update()
            )
            if row is None:
                return None
            for name, moved in _MOVED.items():
                await _move(session, moved, _ids(row, name), row.from_id, held_by=row.into_id)
            begun = await _follow(session, row)
            await _set_verified(session, _ids(row, "verified"), verified=False)
            emptied = dict.fromkeys(row.moved.get("filled", ()))
            if emptied:
                await session.execute(
                    update(models.Customer).where(models.Customer.id == row.into_id).values(**emptied)
                )
            await session.execute(update(table).where(table.id == merge).values(undone_at=utc_now()))
            session.add(_audit(shop, user, "customer.unmerged", row.into_id, row.from_id))
            await session.commit()
            undone = _merged(row)
            return replace(undone, conversations=[*undone.conversations, *begun])

    async def sameness(self, shop: UUID, customer: UUID) -> Sameness | None:
        """Read both in one snapshot; who shares a number or an e-mail address may have only said so."""
        table = models.CustomerMerge
        async with self._database.read_session() as session:
            record = await session.get(models.Customer, customer)
            if record is None or record.shop_id != shop:
                return None
            involved = or_(table.from_id == customer, table.into_id == customer)
            merges = await session.scalars(
                select(table).where(table.shop_id == shop, involved, table.undone_at.is_(None)).order_by(table.at)
            )
            return Sameness(
                twins=await possible_twins(session, record),
                merges=[PastMerge(row.id, row.from_id, row.into_id, row.reason, row.at) for row in merges],
            )

    async def customer_of(self, conversation: UUID) -> shapes.Customer | None:
        """Return the customer of a conversation as staff see it."""
        async with self._database.read_session() as session:
            found = (
                await session.execute(
                    select(models.Customer, models.ChannelIdentity.verified)
                    .join(models.Conversation, models.Conversation.customer_id == models.Customer.id)
                    .join(models.ChannelIdentity, models.ChannelIdentity.id == models.Conversation.identity_id)
                    .where(models.Conversation.id == conversation)
                )
            ).one_or_none()
            return None if found is None else customer_shape(found[0], verified=found[1])


async def _follow(session: BatchSession, merge: models.CustomerMerge) -> Sequence[UUID]:
    """Give conversations that began after the merge to whom their address went back; return them."""
    table, identity = models.Conversation, models.ChannelIdentity
    back = _ids(merge, "identities")
    found: list[UUID] = []
    for start in range(0, len(back), ROWS_AT_ONCE):
        held = select(identity.id).where(
            identity.id.in_(back[start : start + ROWS_AT_ONCE]), identity.customer_id == merge.from_id
        )
        moved = await session.scalars(
            update(table)
            .where(table.identity_id.in_(held), table.customer_id == merge.into_id)
            .values(customer_id=merge.from_id)
            .returning(table.id)
            .execution_options(synchronize_session=False)
        )
        found += moved.all()
    return found


async def _locked(session: BatchSession, shop: UUID, one: UUID, other: UUID) -> dict[UUID, models.Customer] | None:
    """Lock both rows, in the order of their ids; None when one is not there, or was joined to somebody already."""
    rows = await session.scalars(
        select(models.Customer)
        .where(models.Customer.shop_id == shop, models.Customer.id.in_((one, other)))
        .order_by(models.Customer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    held = await holders(session, found)
    return found if len(found) == 2 and all(one == now for one, now in held.items()) else None


async def _merge(
    session: BatchSession, old: models.Customer, kept: models.Customer, reason: str, user: UUID | None
) -> Merged:
    """Move all of a customer's rows to another's, both locked."""
    moved: dict[str, Any] = {}
    for name, table in _MOVED.items():
        rows = (await session.scalars(select(table.id).where(table.customer_id == old.id))).all()
        await _move(session, table, rows, kept.id)
        moved[name] = [str(row) for row in rows]
    filled = {name: getattr(old, name) for name in _FILLED if getattr(old, name) and not getattr(kept, name)}
    if filled:
        await session.execute(update(models.Customer).where(models.Customer.id == kept.id).values(**filled))
    proven = await _proven(session, moved["identities"], kept) if reason == BY_PHONE else []
    await _set_verified(session, proven, verified=True)
    moved |= {"filled": sorted(filled), "verified": [str(one) for one in proven]}
    merge = models.CustomerMerge(
        id=new_id(),
        shop_id=kept.shop_id,
        from_id=old.id,
        into_id=kept.id,
        user_id=user,
        reason=reason,
        moved=moved,
        at=utc_now(),
        undone_at=None,
    )
    session.add(merge)
    session.add(_audit(kept.shop_id, user, "customer.merged", kept.id, old.id))
    await session.flush()
    return _merged(merge)


async def _proven(session: BatchSession, identities: Sequence[str], kept: models.Customer) -> Sequence[UUID]:
    """Return the addresses that were moved whose number, by the vendor's word, is that of the shop's record."""
    table = models.ChannelIdentity
    if kept.external_id is None or kept.phone is None:
        return []
    found = await session.scalars(
        select(table.id).where(
            table.customer_id == kept.id,
            table.id.in_([UUID(one) for one in identities]),
            table.phone == kept.phone,
            table.verified.is_(False),
        )
    )
    return found.all()


async def _set_verified(session: BatchSession, identities: Sequence[UUID], *, verified: bool) -> None:
    if identities:
        table = models.ChannelIdentity
        await session.execute(update(table).where(table.id.in_(identities)).values(verified=verified))


def _seniority(customer: models.Customer) -> tuple[bool, datetime, UUID]:
    """Who keeps everything comes first: a record of the shop's, then the older one."""
    return customer.external_id is None, customer.created_at, customer.id


def _merged(row: models.CustomerMerge) -> Merged:
    return Merged(row.id, row.into_id, row.reason, _ids(row, "conversations"))


def _ids(row: models.CustomerMerge, name: str) -> list[UUID]:
    return [UUID(one) for one in row.moved.get(name, ())]


async def _move(session: AsyncSession, table: Any, rows: Any, to: UUID, *, held_by: UUID | None = None) -> None:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        condition = [table.id.in_(rows[start : start + ROWS_AT_ONCE])]
        if held_by is not None:
            condition.append(table.customer_id == held_by)
        await session.execute(
            update(table).where(*condition).values(customer_id=to).execution_options(synchronize_session=False)
        )


def _audit(shop: UUID, user: UUID | None, action: str, target: UUID, other: UUID) -> models.AuditEntry:
    return models.AuditEntry(
        shop_id=shop,
        actor_kind="user",
        actor_id=user,
        action=action,
        target_kind="customer",
        target_id=target,
        detail={"other": str(other)},
        at=utc_now(),
    )
