"""What people read: the log, snapshots, pages of messages, lists of conversations."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.domain.people import Actor, Staff
from app.services.ports import Store
from app.services.rights import check_access, not_found
from app.services.wire import message_shape
from realtime.ports import CommandError, LogPage, Snapshot
from realtime.protocol import shapes

PAGE = 50
LONGEST_PAGE = 200
MOST_IDS = 1000


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, oldest first; `before` continues with older ones, None at the beginning."""

    messages: Sequence[shapes.Message]
    before: int | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations, the latest activity first; `cursor` continues, None at the end."""

    conversations: Sequence[shapes.Summary]
    cursor: str | None


class Reads:
    """Use cases that change nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def check_watch(self, actor: Actor, conversation: UUID) -> None:
        """Raises: CommandError `not_found` unless the actor may read the conversation."""
        async with self._store.read() as tx:
            owners = await tx.views.owners(conversation)
        if owners is None:
            raise not_found()
        check_access(actor, *owners)

    async def read_log(self, conversation: UUID, after: int, limit: int) -> LogPage:
        """Read events with seq > `after`; check access before."""
        async with self._store.read() as tx:
            return await tx.events.page(conversation, after, limit)

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        """Return (log, last seq) of those that exist; at most 1,000 a call."""
        if len(conversations) > MOST_IDS:
            raise ValueError(f"expected at most {MOST_IDS} conversations, got {len(conversations)}")
        async with self._store.read() as tx:
            return await tx.events.last_seqs(conversations)

    async def snapshot(self, actor: Actor, conversation: UUID) -> Snapshot:
        """Read a conversation for this actor's eyes.

        Raises: CommandError `not_found`.
        """
        async with self._store.read() as tx:
            found = await tx.views.snapshot(conversation, staff=isinstance(actor, Staff))
        if found is None:
            raise not_found()
        shown, record = found
        check_access(actor, record.shop, record.identity)
        return Snapshot(log=shown.log, seq=shown.seq, epoch=shown.epoch, body=msgspec.to_builtins(shown))

    async def inbox(self, staff: Staff, queue: str) -> Sequence[Mapping[str, Any]]:
        """Read the first page of a queue's open conversations."""
        page = await self.conversations(staff, queue=queue, status="open")
        summaries: list[Mapping[str, Any]] = msgspec.to_builtins(list(page.conversations))
        return summaries

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        """Read the lines of conversations in the lists; check access before."""
        lines: list[Mapping[str, Any]] = msgspec.to_builtins(list(await self._store.lines(conversations)))
        return lines

    async def conversations(
        self,
        staff: Staff,
        *,
        queue: str = "all",
        status: str | None = None,
        q: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> ConversationPage:
        """Read a page of a queue: mine, unassigned, bot, all.

        Raises: CommandError `bad_frame` for a cursor that is not ours.
        """
        limit = min(max(1, limit), LONGEST_PAGE)
        async with self._store.read() as tx:
            found = await tx.views.summaries(
                staff.shop,
                queue=queue,
                user=staff.id,
                status=status,
                q=q,
                before=None if cursor is None else _position(cursor),
                limit=limit + 1,
            )
        shown = found[:limit]
        return ConversationPage(shown, _cursor(shown[-1]) if len(found) > limit else None)

    async def messages(
        self, actor: Actor, conversation: UUID, *, before: int | None = None, limit: int = PAGE
    ) -> MessagePage:
        """Read a page of messages, those with seq < `before`.

        Raises: CommandError `not_found`.
        """
        limit = min(max(1, limit), LONGEST_PAGE)
        async with self._store.read() as tx:
            owners = await tx.views.owners(conversation)
            if owners is None:
                raise not_found()
            check_access(actor, *owners)
            found = await tx.views.messages(conversation, before=before, limit=limit + 1)
        shown = found[-limit:]
        older = shown[0].seq if len(found) > limit else None
        return MessagePage([message_shape(one, staff=isinstance(actor, Staff)) for one in shown], older)


def _cursor(last: shapes.Summary) -> str:
    return base64.urlsafe_b64encode(f"{last.updated_at.isoformat()}|{last.id}".encode()).decode()


def _position(cursor: str) -> tuple[datetime, UUID]:
    try:
        time, _, conversation = base64.urlsafe_b64decode(cursor).decode().partition("|")
        # In UTC now: a time at the end of the calendar cannot be converted later, and a naive one not be compared.
        return datetime.fromisoformat(time).astimezone(UTC), UUID(conversation)
    except (ValueError, OverflowError, binascii.Error):
        raise CommandError("bad_frame", "the cursor is not one of ours") from None
