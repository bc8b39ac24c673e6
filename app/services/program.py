"""What a program needs of a conversation: whose it is, and whether a message has its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.domain.conversation import Controller, Conversation, Status
from app.domain.people import Staff, Visitor
from app.services.ports import Store
from app.services.rights import check_access, not_found
from realtime.protocol import shapes


@dataclass(frozen=True, slots=True)
class State:
    """A conversation as it is now, with its last messages."""

    record: Conversation
    snapshot: shapes.Snapshot

    def is_settled(self, seq: int) -> bool:
        """Whether the customer's message at `seq` has an outcome: an answer, an agent, a person's queue, or its end."""
        record = self.record
        is_with_bot = record.control.controller is Controller.BOT and record.control.status is Status.OPEN
        return record.covered_seq >= seq or record.agent_seq > seq or not is_with_bot

    def message(self, message: UUID) -> shapes.Message | None:
        """Return one of the last messages."""
        return next((one for one in self.snapshot.messages if one.id == message), None)

    def answer_after(self, seq: int) -> shapes.Message | None:
        """Return the bot's first message after `seq`."""
        return next((one for one in self.snapshot.messages if one.seq > seq and one.sender.kind == "bot"), None)


class Programs:
    """Reads for programs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def state(self, staff: Staff, conversation: UUID) -> State:
        """Read a conversation.

        Raises: CommandError `not_found`.
        """
        async with self._store.read() as tx:
            found = await tx.views.snapshot(conversation, staff=True)
        if found is None:
            raise not_found()
        snapshot, record = found
        check_access(staff, record.shop, record.identity)
        return State(record, snapshot)

    async def visitor(self, staff: Staff, conversation: UUID) -> Visitor:
        """Return the customer of a conversation, to write in their name.

        Raises: CommandError `not_found`.
        """
        record = (await self.state(staff, conversation)).record
        async with self._store.read() as tx:
            identity = await tx.people.identity(record.identity)
        if identity is None:
            raise not_found()
        return Visitor(identity.id, identity.shop, identity.name, identity.verified)
