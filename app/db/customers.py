"""The customer card of the console."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.db.joined import holders
from app.services.customers import ConversationLine, CustomerCard, FoundCustomer, OrderCard, OrderLine, ProductLine

SHOWN = 10  # orders, conversations and recommendations
MOST_FOUND = 20


class SqlCustomers:
    """Reads customers with what belongs to them, in one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, shop: UUID, words: str) -> Sequence[FoundCustomer]:
        """Read the shop's records; what was joined to another is found by it, too, and shown as the other."""
        table = models.Customer
        named = (table.name, table.email, table.phone, table.external_id)
        holds = or_(*(column.icontains(words, autoescape=True) for column in named))
        query = select(table.id).where(table.shop_id == shop, holds)
        async with self._database.read_session() as session:
            found = await session.scalars(query.order_by(table.created_at.desc(), table.id.desc()).limit(MOST_FOUND))
            people = await holders(session, ids := found.all())
            verified = exists().where(models.ChannelIdentity.customer_id == table.id, models.ChannelIdentity.verified)
            rows = await session.execute(select(table, verified).where(table.id.in_(set(people.values()))))
            by_id = {row.id: FoundCustomer(row.id, row.name, row.email, row.phone, is_v) for row, is_v in rows.all()}
        return [by_id[one] for one in dict.fromkeys(people[one] for one in ids)]

    async def card(self, shop: UUID, customer: UUID) -> CustomerCard | None:
        """Return the card of a customer of this shop."""
        async with self._database.read_session() as session:
            row = await session.scalar(
                select(models.Customer).where(models.Customer.id == customer, models.Customer.shop_id == shop)
            )
            if row is None:
                return None
            identities = (
                await session.scalars(
                    select(models.ChannelIdentity).where(models.ChannelIdentity.customer_id == customer)
                )
            ).all()
            return CustomerCard(
                id=row.id,
                name=row.name,
                email=row.email,
                phone=row.phone,
                verified=any(identity.verified for identity in identities),
                since=row.created_at,
                blocked_at=row.blocked_at,
                orders=await _orders(session, customer),
                conversations=await _conversations(session, customer),
                recommendations=await _recommendations(session, customer),
                channel_addresses=sorted(
                    identity.address for identity in identities if not identity.address.startswith("visitor:")
                ),
            )


async def _orders(session: AsyncSession, customer: UUID) -> list[OrderCard]:
    rows = await session.scalars(
        select(models.Order)
        .where(models.Order.customer_id == customer)
        .order_by(models.Order.placed_at.desc(), models.Order.id.desc())
        .limit(SHOWN)
    )
    return [
        OrderCard(
            number=row.number,
            state=row.status,
            placed=row.placed_at,
            total=row.total_minor,
            currency=row.currency,
            items=[OrderLine(item["title"], item.get("quantity", 1), item.get("price_minor")) for item in row.items],
            carrier=row.carrier,
            tracking=row.tracking_code,
            arrives=row.arrives_on,
            delivered=row.delivered_on,
        )
        for row in rows
    ]


async def _conversations(session: AsyncSession, customer: UUID) -> list[ConversationLine]:
    rows = await session.scalars(
        select(models.Conversation)
        .where(models.Conversation.customer_id == customer)
        .order_by(models.Conversation.created_at.desc(), models.Conversation.id.desc())
        .limit(SHOWN)
    )
    return [
        ConversationLine(
            id=row.id,
            channel=row.channel,
            status=row.status,
            last_at=row.last_activity_at,
            summary=(row.intent or {}).get("label"),
        )
        for row in rows
    ]


async def _recommendations(session: AsyncSession, customer: UUID) -> list[ProductLine]:
    rows = await session.execute(
        select(models.Recommendation, models.Product)
        .join(models.Product, models.Product.id == models.Recommendation.product_id)
        .join(models.Message, models.Message.id == models.Recommendation.message_id)
        .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
        .where(models.Conversation.customer_id == customer)
        .order_by(models.Recommendation.created_at.desc(), models.Recommendation.rank)
        .limit(SHOWN * 3)
    )
    lines: dict[UUID, ProductLine] = {}
    for shown, product in rows:
        lines.setdefault(
            product.id,
            ProductLine(
                id=product.id,
                title=product.title,
                price=product.price_minor,
                currency=product.currency,
                reason=shown.reason or "",
                image_url=product.image_url,
            ),
        )
    return list(lines.values())[:SHOWN]
