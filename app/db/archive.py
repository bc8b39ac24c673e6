"""People and what they asked about their data; and all that is held about one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, update

from app.db import models
from app.db.base import Base, utc_now
from app.db.database import Database
from app.db.joined import one_person
from app.services.privacy import PrivacyRequest

SHOWN = 200
# What is of use to nobody outside, or says nothing of the person.
_LEFT_OUT = frozenset({"shop_id", "job_id", "model_hash", "tokenizer_hash", "decoding", "seed", "checkpoint_ids"})


class SqlArchive:
    """See app.services.privacy.Archive; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, shop: UUID, external_id: str | None, email: str | None, phone: str | None) -> list[UUID]:
        """Look by the shop's id, by e-mail address and telephone number, and by addresses made of those."""
        table, identity = models.Customer, models.ChannelIdentity
        marks: list[ColumnElement[bool]] = []
        if external_id:
            marks.append(table.external_id == external_id)
        if email:
            marks.append(table.email == email.lower())
        if phone:
            marks.append(table.phone == phone)
        if email or phone:
            named = [name for one in (email, phone) if one for name in (one, f"whatsapp:{one}")]
            at = select(identity.customer_id).where(identity.shop_id == shop, identity.address.in_(named))
            marks.append(table.id.in_(at))
        if not marks:
            return []
        async with self._database.read_session() as session:
            found = await session.scalars(select(table.id).where(table.shop_id == shop, or_(*marks)))
            return await one_person(session, found.all())

    async def person(self, shop: UUID, customer: UUID) -> Sequence[UUID]:
        """Read who was joined with whom."""
        async with self._database.read_session() as session:
            record = await session.get(models.Customer, customer)
            return [] if record is None or record.shop_id != shop else await one_person(session, [customer])

    async def customers(self, shop: UUID) -> Sequence[UUID]:
        """Return all customers of a shop."""
        table = models.Customer
        async with self._database.read_session() as session:
            return list(await session.scalars(select(table.id).where(table.shop_id == shop).order_by(table.id)))

    async def conversations(self, customer: UUID) -> Sequence[UUID]:
        """Return a customer's conversations, in the order in which they are locked."""
        table = models.Conversation
        async with self._database.read_session() as session:
            of_them = select(table.id).where(table.customer_id == customer)
            return list(await session.scalars(of_them.order_by(table.id)))

    async def export(self, shop: UUID, customer: UUID) -> Mapping[str, Any] | None:
        """Read everything in one snapshot."""
        async with self._database.read_session() as session:
            record = await session.get(models.Customer, customer)
            if record is None or record.shop_id != shop:
                return None
            people = await one_person(session, [customer])
            held: dict[str, Any] = {"customer": _plain(record)}
            for name, query in _held_about(people).items():
                held[name] = [_plain(row) for row in await session.scalars(query)]
        held["joined_with"] = [one for one in held.pop("people") if one["id"] != customer]
        return held

    async def add(
        self,
        shop: UUID,
        kind: str,
        source: str,
        *,
        customer: UUID | None,
        user: UUID | None,
        report: Mapping[str, int] | None,
        due_at: datetime | None = None,
    ) -> UUID:
        """Insert; one with a report is done."""
        async with self._database.write_session() as session:
            row = models.PrivacyRequest(
                shop_id=shop,
                kind=kind,
                source=source,
                customer_id=customer,
                user_id=user,
                report=dict(report or {}),
                due_at=due_at,
                done_at=None if report is None else utc_now(),
            )
            session.add(row)
            await session.flush()
            request = row.id
            await session.commit()
        return request

    async def requests(self, shop: UUID) -> Sequence[PrivacyRequest]:
        """Return the newest first."""
        table = models.PrivacyRequest
        query = select(table).where(table.shop_id == shop).order_by(table.created_at.desc(), table.id.desc())
        async with self._database.read_session() as session:
            return [
                PrivacyRequest(
                    row.id, row.kind, row.source, row.customer_id, row.report, row.created_at, row.due_at, row.done_at
                )
                for row in await session.scalars(query.limit(SHOWN))
            ]

    async def mark_exported(self, shop: UUID, customer: UUID) -> None:
        """Set the time on those that are open."""
        table = models.PrivacyRequest
        mine = (table.shop_id == shop, table.customer_id == customer, table.kind == "export", table.done_at.is_(None))
        async with self._database.write_session() as session:
            await session.execute(update(table).where(*mine).values(done_at=utc_now()))
            await session.commit()

    async def close_accounts(self, shop: UUID, account: UUID) -> int:
        """Forget the account's secrets; its row stays for what it received."""
        table = models.ChannelAccount
        async with self._database.write_session() as session:
            row = await session.get_one(table, account)
            row.active, row.secrets = False, None
            await session.commit()
        return 1

    async def forget(self) -> None:
        """See Database.forget."""
        await self._database.forget()


def _held_about(people: Sequence[UUID]) -> Mapping[str, Select[Any]]:
    """Return the queries for all that is held about a person, who may have several records."""
    conversations = select(models.Conversation.id).where(models.Conversation.customer_id.in_(people))
    return {
        "people": select(models.Customer).where(models.Customer.id.in_(people)),
        "addresses": select(models.ChannelIdentity).where(models.ChannelIdentity.customer_id.in_(people)),
        "orders": select(models.Order).where(models.Order.customer_id.in_(people)),
        "interactions": select(models.Interaction).where(models.Interaction.customer_id.in_(people)),
        "conversations": select(models.Conversation).where(models.Conversation.customer_id.in_(people)),
        "messages": select(models.Message).where(models.Message.conversation_id.in_(conversations)),
        "notes": select(models.Note).where(models.Note.conversation_id.in_(conversations)),
        "ratings": select(models.Csat).where(models.Csat.conversation_id.in_(conversations)),
        "answers": select(models.Response).where(models.Response.conversation_id.in_(conversations)),
    }


def _plain(row: Base) -> dict[str, Any]:
    """Return a row by its columns."""
    names = [column.key for column in row.__table__.columns if column.key not in _LEFT_OUT]
    return {name: value for name in names if (value := getattr(row, name)) is not None}
