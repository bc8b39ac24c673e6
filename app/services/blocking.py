"""Customers from whom the shop takes nothing any more: their connections close, their messages are refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog

from app.domain.staff import StaffMember
from app.services.clock import Clock
from app.services.ports import Store
from realtime.bus.port import Bus, BusUnavailableError
from realtime.bus.topic import visitor_topic
from realtime.control import Revoke, revoke_frame
from realtime.ports import CommandError

LATELY = timedelta(hours=1)  # far longer than it takes until every connection was asked about

log = structlog.get_logger(__name__)


class Blocking:
    """Use cases of staff. What a blocked customer wrote before stays; what comes later is not stored."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    async def block(self, member: StaffMember, customer: UUID) -> None:
        """Take nothing more from a customer, and close their connections on all nodes; nothing when it is so.

        Raises: CommandError `not_found`.
        """
        for visitor in await self._set(member, customer, is_blocked=True):
            try:
                await self._bus.publish(visitor_topic(visitor), revoke_frame(Revoke(reason="blocked")))
            except BusUnavailableError:
                log.warning("revocation not published", action="revoke_failed", visitor=str(visitor))

    async def unblock(self, member: StaffMember, customer: UUID) -> None:
        """Take messages of a customer again.

        Raises: CommandError `not_found`.
        """
        await self._set(member, customer, is_blocked=False)

    async def lately(self) -> set[UUID]:
        """Return the visitors who were blocked within the last hour: a connection may have missed the notice."""
        async with self._store.read() as tx:
            return set(await tx.people.blocked_since(self._clock.now() - LATELY))

    async def _set(self, member: StaffMember, customer: UUID, *, is_blocked: bool) -> list[UUID]:
        async with self._store.write() as tx:
            visitors = await tx.people.set_blocked(member.shop, customer, self._clock.now() if is_blocked else None)
            if visitors is None:
                raise CommandError("not_found", "there is no such customer")
            await tx.commit()
        return list(visitors)
