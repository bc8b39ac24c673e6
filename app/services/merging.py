"""Two customers that are one person: joined by an agent, or by what is proven of both; and taken apart again.

By themselves only those are joined whose being one was vouched for: two addresses with the same number by a vendor's
word; such an address and the one record of the shop's with that number; and, when the shop says that its logins prove
e-mail addresses, two of its records with the same one, each signed in at least once. What a customer merely says is at
most shown to agents, who decide. A pair that was taken apart is never joined again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import structlog
from msgspec import Struct

from app.domain.job import ClaimedJob
from app.domain.staff import StaffMember
from app.services.change import Change, Changes
from app.services.ports import Store
from realtime.ports import CommandError
from realtime.protocol import events, shapes

log = structlog.get_logger(__name__)

JOIN_KIND: Final = "customers.join"
BY_AGENT: Final = "agent"
MOST_JOINS = 20  # of one customer at a time


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge, and the conversations whose customer is now another; without a `reason` it is taken back."""

    id: UUID
    into: UUID
    reason: str | None
    conversations: Sequence[UUID]


class Twin(Struct, frozen=True):
    """Another customer who may be the same person: `reason` is phone or email."""

    id: UUID
    name: str | None
    reason: str


class PastMerge(Struct, frozen=True):
    """A merge that stands: `reason` is agent, phone or email; `id` undoes it."""

    id: UUID
    source: UUID
    into: UUID
    reason: str
    at: datetime


class Sameness(Struct, frozen=True):
    """Who a customer may be, too, and whom it was joined with."""

    twins: list[Twin]
    merges: list[PastMerge]


class Merges(Protocol):
    """Moves the rows of customers; each call is one transaction."""

    async def merge(self, shop: UUID, source: UUID, into: UUID, user: UUID) -> Merged | None:
        """Give all that `source` has to `into`, and remember what it was; None when the shop lacks either, or one of
        them was joined to another already."""

    async def join(self, shop: UUID, customer: UUID, *, by_email: bool) -> Merged | None:
        """Join a customer with one who is surely the same person; None when there is none (any more)."""

    async def joined(self, shop: UUID, customer: UUID) -> Sequence[Merged]:
        """Return the merges of a customer that were made by themselves and stand."""

    async def undo(self, shop: UUID, merge: UUID, user: UUID) -> Merged | None:
        """Give back what a merge moved and is still there, and the conversations that began at those addresses since;
        None when there is no such merge, or it was undone."""

    async def sameness(self, shop: UUID, customer: UUID) -> Sameness | None:
        """Return who a customer may be, too; None when the shop has no such customer."""

    async def customer_of(self, conversation: UUID) -> shapes.Customer | None: ...


class Merging:
    """Use cases of staff, and the handler of the job that joins by what is proven."""

    def __init__(self, merges: Merges, changes: Changes, store: Store) -> None:
        self._merges = merges
        self._changes = changes
        self._store = store

    async def merge(self, member: StaffMember, source: UUID, into: UUID) -> UUID:
        """Join two customers; return the merge, by which it can be undone.

        Raises: CommandError `not_found`, `bad_frame`.
        """
        if source == into:
            raise CommandError("bad_frame", "these are the same customer")
        return await self._told(await self._merges.merge(member.shop, source, into, member.id))

    async def undo(self, member: StaffMember, merge: UUID) -> UUID:
        """Take two customers apart again.

        Raises: CommandError `not_found`.
        """
        undone = await self._merges.undo(member.shop, merge, member.id)
        return await self._told(None if undone is None else replace(undone, reason=None))

    async def sameness(self, member: StaffMember, customer: UUID) -> Sameness:
        """Return who a customer may be, too, and whom it was joined with.

        Raises: CommandError `not_found`.
        """
        found = await self._merges.sameness(member.shop, customer)
        if found is None:
            raise CommandError("not_found", "there is no such customer")
        return found

    async def join(self, job: ClaimedJob) -> None:
        """Handler of the job: join a customer with all who are surely the same person, and tell those who look.

        A try that died after a merge is made again, and tells it: being told twice changes nothing.
        """
        if job.shop is None:
            raise ValueError(f"the job {job.id} names no shop")
        customer = UUID(job.payload["customer"])
        async with self._store.read() as tx:
            by_email = (await tx.people.rules(job.shop)).merge_by_email
        fresh: list[Merged] = []
        while len(fresh) < MOST_JOINS:
            merged = await self._merges.join(job.shop, customer, by_email=by_email)
            if merged is None:
                break
            customer = merged.into
            fresh.append(merged)
            log.info("customers joined", action="customers_joined", merge=str(merged.id), reason=merged.reason)
        for merged in await self._merges.joined(job.shop, customer) if job.tries > 1 else fresh:
            await self._tell(merged)

    async def _told(self, merged: Merged | None) -> UUID:
        if merged is None:
            raise CommandError("not_found", "there is nothing to join or to take apart")
        await self._tell(merged)
        return merged.id

    async def _tell(self, merged: Merged) -> None:
        """Log in each conversation whose customer it is now, for the console to show and to take back."""
        for conversation in merged.conversations:
            customer = await self._merges.customer_of(conversation)

            async def step(change: Change, shown: shapes.Customer | None = customer) -> None:
                if shown is not None:
                    made = None if merged.reason is None else merged.id
                    await change.append(events.CustomerUpdated, customer=shown, merge=made, reason=merged.reason)

            await self._changes.run(conversation, step, waits=False)
