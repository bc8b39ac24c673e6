"""Who is told of what, as steps within a change: stored with what caused it, published after its commit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from app.domain.message import SenderKind
from app.domain.people import Staff
from app.services.ids import new_id
from realtime.bus.frame import Audience
from realtime.bus.topic import user_topic
from realtime.protocol.events import Notification, notice_frame
from realtime.protocol.shapes import NotificationKind, UserRef

if TYPE_CHECKING:
    from app.services.change import Change


@dataclass(frozen=True, slots=True)
class Told:
    """A notification to be stored; the same `cause` tells a user once."""

    id: UUID
    user: UUID
    kind: NotificationKind
    cause: str
    conversation: UUID | None
    by: UUID | None
    at: datetime


class NotificationLog(Protocol):
    """Notifications as rows."""

    async def staff(self, shop: UUID) -> Sequence[Staff]:
        """Return the active staff of a shop, by id."""

    async def last_agent(self, conversation: UUID) -> UUID | None:
        """Return who of the staff wrote last."""

    async def add(self, shop: UUID, told: Sequence[Told]) -> Collection[UUID]:
        """Insert those that are new; return their ids."""

    async def mark_read(self, user: UUID, ids: Sequence[UUID], at: datetime) -> Sequence[Notification]:
        """Mark a user's own; return those that were unread, as they are now."""

    async def page(self, user: UUID, *, unread: bool, before: UUID | None, limit: int) -> Sequence[Notification]:
        """Return a user's own, the newest first, those with an id below `before`."""

    async def count_unread(self, user: UUID) -> int: ...


async def tell_team(change: Change, kind: NotificationKind, cause: str, *, by: Staff | None = None) -> None:
    """Tell all who may answer customers."""
    team = await change.tx.notifications.staff(change.conversation.shop)
    await _tell(change, kind, cause, [one.id for one in team if one.role.may_write], by=by)


async def tell_assigned(change: Change, user: UUID, by: Staff) -> None:
    """Tell a member that the conversation is theirs now. Call after the event was logged."""
    team = await change.tx.notifications.staff(change.conversation.shop)
    cause = f"{change.conversation.id}:{change.conversation.last_seq}"
    await _tell(change, "assigned", cause, [one.id for one in team if one.id == user], by=by)


async def tell_mentioned(change: Change, note: UUID, text: str, by: Staff) -> None:
    """Tell those whom a note names."""
    if "@" in text:
        team = await change.tx.notifications.staff(change.conversation.shop)
        await _tell(change, "mention", str(note), mentioned(text, team), by=by)


async def tell_low_rating(change: Change) -> None:
    """Tell who handled the conversation of a low rating, once for each time it was closed."""
    conversation = change.conversation
    handled = conversation.assignee or await change.tx.notifications.last_agent(conversation.id)
    cause = f"{conversation.id}:{conversation.status_seq}"
    await _tell(change, "csat_low", cause, await _that_or_leaders(change, handled))


async def tell_failed(change: Change, message: UUID) -> None:
    """Tell who wrote a message that it did not arrive."""
    found = await change.tx.messages.find(change.conversation.id, message)
    author = found.sender_id if found is not None and found.sender is SenderKind.AGENT else None
    await _tell(change, "delivery_failed", str(message), await _that_or_leaders(change, author))


async def tell_broken(change: Change, account: UUID) -> None:
    """Tell who can mend it that a channel account was stopped, once a day; it is about no conversation."""
    cause = f"{account}:{change.now:%Y-%m-%d}"
    await _tell(change, "channel_broken", cause, await _that_or_leaders(change, None), is_about_it=False)


def mentioned(text: str, team: Iterable[Staff]) -> list[UUID]:
    """Return those whom a text names as @Full Name or @First, in any case; what is a full name is no first name too."""
    called: dict[str, list[UUID]] = {}
    for one in team:
        for name in {one.name.strip().lower(), one.name.strip().partition(" ")[0].lower()} - {""}:
            called.setdefault(name, []).append(one.id)
    found: list[UUID] = []
    for name in sorted(called, key=len, reverse=True):
        text, count = re.subn(rf"(?<![\w@])@{re.escape(name)}(?!\w)", " ", text, flags=re.IGNORECASE)
        if count:
            found += called[name]
    return list(dict.fromkeys(found))


async def _that_or_leaders(change: Change, user: UUID | None) -> list[UUID]:
    """Return the member when they are still there, else owners and admins."""
    team = await change.tx.notifications.staff(change.conversation.shop)
    that = [one.id for one in team if one.id == user]
    return that or [one.id for one in team if one.role.may_overrule]


async def _tell(
    change: Change,
    kind: NotificationKind,
    cause: str,
    users: Iterable[UUID],
    *,
    by: Staff | None = None,
    is_about_it: bool = True,
) -> None:
    """Store for each user but the one who did it, in the order of ids so that two changes cannot block each other."""
    conversation = change.conversation.id if is_about_it else None
    author = None if by is None else by.id
    told = [
        Told(new_id(), user, kind, cause, conversation, author, change.now)
        for user in sorted(set(users))
        if user != author
    ]
    if not told:
        return
    new = await change.tx.notifications.add(change.conversation.shop, told)
    customer = await change.tx.people.identity(change.conversation.identity) if is_about_it and new else None
    for one in told:
        if one.id in new:
            shown = Notification(
                id=one.id,
                kind=kind,
                at=change.now,
                conversation=conversation,
                customer=None if customer is None else customer.name,
                by=None if by is None else UserRef(id=by.id, name=by.name),
            )
            change.publications.append((user_topic(one.user), notice_frame(shown, Audience.STAFF)))
