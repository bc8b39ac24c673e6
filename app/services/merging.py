"""Two customers that are one person: joined by an agent, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.domain.staff import StaffMember
from app.services.change import Change, Changes
from realtime.ports import CommandError
from realtime.protocol import events, shapes


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge, and the conversations whose customer is now another."""

    id: UUID
    conversations: Sequence[UUID]


class Merges(Protocol):
    """Moves the rows of customers; each call is one transaction."""

    async def merge(self, shop: UUID, source: UUID, into: UUID, user: UUID, reason: str) -> Merged | None:
        """Give all that `source` has to `into`, and remember what it was; None when the shop lacks either."""

    async def undo(self, shop: UUID, merge: UUID) -> Merged | None:
        """Give back what a merge moved and is still there; None when there is no such merge, or it was undone."""

    async def customer_of(self, conversation: UUID) -> shapes.Customer | None: ...


class Merging:
    """Use cases of staff."""

    def __init__(self, merges: Merges, changes: Changes) -> None:
        self._merges = merges
        self._changes = changes

    async def merge(self, member: StaffMember, source: UUID, into: UUID) -> UUID:
        """Join two customers; return the merge, by which it can be undone.

        Raises: CommandError `not_found`, `bad_frame`.
        """
        if source == into:
            raise CommandError("bad_frame", "these are the same customer")
        merged = await self._merges.merge(member.shop, source, into, member.id, "agent")
        return await self._tell(merged)

    async def undo(self, member: StaffMember, merge: UUID) -> UUID:
        """Take two customers apart again.

        Raises: CommandError `not_found`.
        """
        return await self._tell(await self._merges.undo(member.shop, merge))

    async def _tell(self, merged: Merged | None) -> UUID:
        if merged is None:
            raise CommandError("not_found", "there is nothing to join or to take apart")
        for conversation in merged.conversations:
            customer = await self._merges.customer_of(conversation)

            async def step(change: Change, shown: shapes.Customer | None = customer) -> None:
                if shown is not None:
                    await change.append(events.CustomerUpdated, customer=shown)

            await self._changes.run(conversation, step, waits=False)
        return merged.id
