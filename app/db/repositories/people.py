"""Shops, staff and customers, as far as conversations need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from app.db import models
from app.db.base import utc_now
from app.db.batch import BatchSession
from app.db.joined import holders, join_job, look_for_twins, record_with_phone
from app.db.repositories.jobs import SqlJobs
from app.db.upsert import insert_if_absent
from app.domain.shop import ShopRules
from app.services.ids import new_id
from app.services.ports import Identity
from realtime.protocol import shapes


class SqlPeople:
    """See app.services.ports.People."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session

    async def rules(self, shop: UUID) -> ShopRules:
        """Read how the shop wants its conversations handled."""
        settings = await self._session.scalar(select(models.Shop.settings).where(models.Shop.id == shop))
        return ShopRules.of(settings or {})

    async def user(self, user: UUID, shop: UUID) -> shapes.UserRef | None:
        """Return a member of staff of this shop, active or not."""
        name = await self._session.scalar(
            select(models.User.name).where(models.User.id == user, models.User.shop_id == shop)
        )
        return None if name is None else shapes.UserRef(id=user, name=name)

    async def identity(self, identity: UUID) -> Identity | None:
        """Return a visitor's record."""
        row = (
            await self._session.execute(
                select(
                    models.ChannelIdentity, models.Customer.name, models.ChannelAccount.kind, models.Customer.blocked_at
                )
                .join(models.Customer, models.Customer.id == models.ChannelIdentity.customer_id)
                .join(models.ChannelAccount, models.ChannelAccount.id == models.ChannelIdentity.account_id)
                .where(models.ChannelIdentity.id == identity)
            )
        ).one_or_none()
        if row is None:
            return None
        found, name, kind, blocked_at = row
        return Identity(
            found.id,
            found.shop_id,
            found.customer_id,
            found.account_id,
            found.verified,
            name,
            channel=kind,
            is_blocked=blocked_at is not None,
        )

    async def set_blocked(self, shop: UUID, customer: UUID, at: datetime | None) -> Sequence[UUID] | None:
        """Update the customer; one that is blocked already keeps its time."""
        row = await self._session.scalar(
            select(models.Customer).where(models.Customer.id == customer, models.Customer.shop_id == shop)
        )
        if row is None:
            return None
        row.blocked_at = None if at is None else row.blocked_at or at
        await self._session.flush()
        visitors = select(models.ChannelIdentity.id).where(models.ChannelIdentity.customer_id == customer)
        return (await self._session.scalars(visitors)).all()

    async def blocked_since(self, since: datetime) -> Sequence[UUID]:
        """Read by the index of those that are blocked."""
        found = await self._session.scalars(
            select(models.ChannelIdentity.id)
            .join(models.Customer, models.Customer.id == models.ChannelIdentity.customer_id)
            .where(models.Customer.blocked_at.is_not(None), models.Customer.blocked_at > since)
        )
        return found.all()

    async def ensure_identity(
        self,
        shop: UUID,
        address: str,
        *,
        identity: UUID | None,
        external_id: str | None,
        name: str | None,
        email: str | None,
        locale: str | None,
    ) -> Identity:
        """Find or insert. The customer of an anonymous visitor is new; a verified one is the shop's own record."""
        account = await self._widget_account(shop)
        found = await self._at(shop, account, address)
        if found is None:
            customer, is_new = await self._customer(shop, external_id, name, email, locale)
            is_verified = external_id is not None
            found = await self._add_at(shop, account, address, customer, is_new, identity or new_id(), is_verified)
            if is_verified:
                await look_for_twins(self._session, shop, [customer])
        record = None if found is None else await self.identity(found)
        if record is None:
            raise LookupError(f"the identity at {address!r} is another shop's")
        return record

    async def identity_at(self, account: UUID, address: str) -> Identity | None:
        """Look an address up."""
        found = await self._session.scalar(
            select(models.ChannelIdentity.id).where(
                models.ChannelIdentity.account_id == account, models.ChannelIdentity.address == address
            )
        )
        return None if found is None else await self.identity(found)

    async def ensure_address(
        self, shop: UUID, account: UUID, address: str, name: str | None, phone: str | None = None
    ) -> Identity:
        """Find or insert; verified means known to the shop: by a number that is one of its customers' alone."""
        found = await self._at(shop, account, address)
        if found is None:
            customer = await record_with_phone(self._session, shop, phone) if phone else None
            is_new = customer is None
            if customer is None:
                customer, _ = await self._customer(shop, None, name, None, None, phone)
            found = await self._add_at(shop, account, address, customer, is_new, new_id(), not is_new, phone)
            if phone is not None:  # whoever comes from elsewhere with this number just now cannot be seen from here
                await SqlJobs(self._session).add(join_job(shop, customer))
        record = None if found is None else await self.identity(found)
        if record is None:
            raise LookupError("the address is not there although it was inserted")
        return record

    async def _add_at(
        self,
        shop: UUID,
        account: UUID,
        address: str,
        customer: UUID,
        is_new: bool,
        identity: UUID,
        is_verified: bool,
        phone: str | None = None,
    ) -> UUID | None:
        """Insert an identity; when another transaction was first, its own one counts and our new customer goes."""
        is_first = await insert_if_absent(
            self._session,
            models.ChannelIdentity,
            id=identity,
            shop_id=shop,
            account_id=account,
            customer_id=customer,
            address=address,
            phone=phone,
            verified=is_verified,
            created_at=utc_now(),
        )
        if not is_first and is_new:
            await self._session.execute(delete(models.Customer).where(models.Customer.id == customer))
        if is_first and not is_new:
            await self._follow(identity, customer)
        return await self._at(shop, account, address)

    async def _follow(self, identity: UUID, customer: UUID) -> None:
        """Give an address to whom its customer was joined to meanwhile: see SqlConversations.add."""
        held, table = customer, models.ChannelIdentity
        while (now := (await holders(self._session, [held]))[held]) != held:
            await self._session.execute(update(table).where(table.id == identity).values(customer_id=now))
            held = now

    async def _at(self, shop: UUID, account: UUID, address: str) -> UUID | None:
        return await self._session.scalar(
            select(models.ChannelIdentity.id).where(
                models.ChannelIdentity.shop_id == shop,
                models.ChannelIdentity.account_id == account,
                models.ChannelIdentity.address == address,
            )
        )

    async def _widget_account(self, shop: UUID) -> UUID:
        condition = (
            models.ChannelAccount.shop_id == shop,
            models.ChannelAccount.kind == "web",
            models.ChannelAccount.external_id == "widget",
        )
        account = await self._session.scalar(select(models.ChannelAccount.id).where(*condition))
        if account is None:
            values = {"kind": "web", "external_id": "widget", "name": "Website", "fields": {}, "active": True}
            await insert_if_absent(
                self._session, models.ChannelAccount, id=new_id(), shop_id=shop, created_at=utc_now(), **values
            )
            account = (await self._session.scalars(select(models.ChannelAccount.id).where(*condition))).one()
        return account

    async def _customer(
        self,
        shop: UUID,
        external_id: str | None,
        name: str | None,
        email: str | None,
        locale: str | None,
        phone: str | None = None,
    ) -> tuple[UUID, bool]:
        """Return the customer's id and whether it was inserted here; names and e-mails of visitors are hints."""
        condition = (models.Customer.shop_id == shop, models.Customer.external_id == external_id)
        if external_id is not None:
            known = await self._session.scalar(select(models.Customer.id).where(*condition))
            if known is not None:
                return (await holders(self._session, [known]))[known], False
        customer = new_id()
        is_new = await insert_if_absent(
            self._session,
            models.Customer,
            id=customer,
            shop_id=shop,
            external_id=external_id,
            name=name,
            email=email,
            phone=phone,
            locale=locale,
            attributes={},
            created_at=utc_now(),
        )
        if is_new:
            return customer, True
        return (await self._session.scalars(select(models.Customer.id).where(*condition))).one(), False
