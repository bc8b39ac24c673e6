"""Who is told of what, as steps within a change: stored with what caused it, published after its commit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from app.domain.job import ClaimedJob
from app.domain.message import SenderKind
from app.domain.people import Staff
from app.services.ids import new_id
from app.services.publish import Publication
from realtime.bus.frame import Audience
from realtime.bus.topic import user_topic
from realtime.protocol.events import Notification, notice_frame
from realtime.protocol.shapes import NotificationKind

if TYPE_CHECKING:
    from app.services.change import Change
    from app.services.ports import Transaction

CALLS: Collection[NotificationKind] = ("handoff", "waiting")
"""What calls all of a team until one of them comes."""


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


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification as its user is shown it."""

    user: UUID
    shown: Notification

    @property
    def publication(self) -> Publication:
        return user_topic(self.user), notice_frame(self.shown, Audience.STAFF)


class NotificationLog(Protocol):
    """Notifications as rows."""

    async def staff(self, shop: UUID) -> Sequence[Staff]:
        """Return the active staff of a shop, by id."""

    async def last_agent(self, conversation: UUID) -> UUID | None:
        """Return who of the staff wrote last."""

    async def add(self, shop: UUID, told: Sequence[Told]) -> Sequence[Notice]:
        """Insert those that are new; return them."""

    async def settle(self, conversation: UUID, kinds: Collection[NotificationKind], at: datetime) -> Sequence[Notice]:
        """Mark everybody's of these kinds about a conversation; return those that were unread, as they are now."""

    async def mark_read(self, user: UUID, ids: Sequence[UUID], at: datetime) -> Sequence[Notification]:
        """Mark a user's own; return those that were unread, as they are now."""

    async def page(
        self, user: UUID, *, unread: bool, limit: int, before: UUID | None = None, after: UUID | None = None
    ) -> Sequence[Notification]:
        """Return a user's own, the newest first, those with an id below `before` and above `after`."""

    async def unread_among(self, user: UUID, ids: Sequence[UUID]) -> Sequence[UUID]:
        """Return which of these are the user's own and unread."""

    async def newest_unread(self, users: Collection[UUID], limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Return (user, id) of the newest unread ones of each user, at most `limit` of each."""

    async def own(self, user: UUID, ids: Sequence[UUID]) -> Sequence[Notification]:
        """Return those of these that are the user's, the oldest first."""

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


async def tell_account_broken(tx: Transaction, shop: UUID, account: UUID, now: datetime) -> Sequence[Publication]:
    """Tell owners and admins that a channel account was stopped outside of any conversation, once a day; return what
    to publish then."""
    leaders = _leaders_of(await tx.notifications.staff(shop))
    told = _told("channel_broken", f"{account}:{now:%Y-%m-%d}", leaders, conversation=None, at=now)
    return [notice.publication for notice in await _add(tx, shop, told)]


async def tell_model_unused(tx: Transaction, shop: UUID, version: UUID, now: datetime) -> Sequence[Publication]:
    """Tell owners and admins that a version of a model is not used though it was promoted, once a day; return what to
    publish then."""
    leaders = _leaders_of(await tx.notifications.staff(shop))
    told = _told("model_broken", f"{version}:{now:%Y-%m-%d}", leaders, conversation=None, at=now)
    return [notice.publication for notice in await _add(tx, shop, told)]


async def tell_policy(tx: Transaction, shop: UUID, event: UUID, now: datetime) -> Sequence[Publication]:
    """Tell owners and admins that a vendor enforces its policy on an account; return what to publish then."""
    leaders = _leaders_of(await tx.notifications.staff(shop))
    told = _told("channel_policy", str(event), leaders, conversation=None, at=now)
    return [notice.publication for notice in await _add(tx, shop, told)]


async def tell_dead(tx: Transaction, job: ClaimedJob, now: datetime) -> Sequence[Publication]:
    """Tell owners and admins that a job was given up, once an hour for each kind; return what to publish then.

    A job of no shop is the operator's, who has the log and the metrics.
    """
    if job.shop is None:
        return []
    leaders = _leaders_of(await tx.notifications.staff(job.shop))
    told = _told("job_dead", f"{job.kind}:{now:%Y-%m-%dT%H}", leaders, conversation=job.conversation, at=now)
    return [notice.publication for notice in await _add(tx, job.shop, told)]


async def settle_handoff(change: Change) -> None:
    """Somebody has taken the conversation: nobody is called to it any more."""
    settled = await change.tx.notifications.settle(change.conversation.id, CALLS, change.now)
    change.publications += [notice.publication for notice in settled]


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
    return [one.id for one in team if one.id == user] or _leaders_of(team)


def _leaders_of(team: Iterable[Staff]) -> list[UUID]:
    return [one.id for one in team if one.role.may_overrule]


async def _tell(
    change: Change,
    kind: NotificationKind,
    cause: str,
    users: Iterable[UUID],
    *,
    by: Staff | None = None,
    is_about_it: bool = True,
) -> None:
    """Store for each user but the one who did it."""
    conversation = change.conversation
    about = conversation.id if is_about_it else None
    told = _told(kind, cause, users, conversation=about, by=None if by is None else by.id, at=change.now)
    change.publications += [notice.publication for notice in await _add(change.tx, conversation.shop, told)]


def _told(
    kind: NotificationKind,
    cause: str,
    users: Iterable[UUID],
    *,
    conversation: UUID | None,
    at: datetime,
    by: UUID | None = None,
) -> list[Told]:
    """Return what to store, in the order of users, so that two changes cannot block each other."""
    others = sorted({user for user in users if user != by})
    return [Told(new_id(), user, kind, cause, conversation, by, at) for user in others]


async def _add(tx: Transaction, shop: UUID, told: Sequence[Told]) -> Sequence[Notice]:
    return await tx.notifications.add(shop, told) if told else ()
