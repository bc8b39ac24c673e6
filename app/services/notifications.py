"""What a member of staff was told: read again, and marked as read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.services.clock import Clock
from app.services.ports import Store
from app.services.publish import Publisher
from realtime.bus.frame import Audience
from realtime.bus.topic import user_topic
from realtime.ports import UNREAD_MAX, Missed
from realtime.protocol.commands import NotificationCursor
from realtime.protocol.events import Notification, notice_frame

PRUNE_NOTIFICATIONS_KIND = "notifications.prune"
NOTIFICATIONS_KEEP_DAYS = 30


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page, the newest first; `cursor` continues, None at the end. `unread` counts all of the user's."""

    notifications: Sequence[Notification]
    cursor: UUID | None
    unread: int


class Notifications:
    """Use cases of one member of staff on what they were told; nobody sees or marks what is another's."""

    def __init__(self, store: Store, publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock

    async def missed(self, user: UUID, cursor: NotificationCursor | None = None) -> Missed:
        """Return what a console lacks of the newest: all that came after its cursor, and what is unread that it does
        not hold. That may be older than the cursor: what is stored later may have been begun earlier.
        """
        async with self._store.read() as tx:
            found = list(await tx.notifications.page(user, unread=True, limit=UNREAD_MAX))
            if cursor is None:
                return Missed(found[::-1])
            if cursor.after is not None:
                found += await tx.notifications.page(user, unread=False, after=cursor.after, limit=UNREAD_MAX)
            still = await tx.notifications.unread_among(user, cursor.unread)
        held = set(cursor.unread)
        lacking = {one.id: one for one in found if one.id not in held}
        return Missed([lacking[key] for key in sorted(lacking)], still)

    async def unread(self, users: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return the newest unread ones of each user who has any, at most UNREAD_MAX."""
        async with self._store.read() as tx:
            found = await tx.notifications.newest_unread(users, UNREAD_MAX)
        unread: dict[UUID, list[UUID]] = {}
        for user, notification in found:
            unread.setdefault(user, []).append(notification)
        return unread

    async def own(self, user: UUID, ids: Sequence[UUID]) -> Sequence[Notification]:
        """Return those of these that are the user's, the oldest first."""
        async with self._store.read() as tx:
            return await tx.notifications.own(user, ids)

    async def page(self, user: UUID, *, unread: bool, before: UUID | None, limit: int) -> NotificationPage:
        """Return a page of all, or of the unread ones."""
        async with self._store.read() as tx:
            found = await tx.notifications.page(user, unread=unread, before=before, limit=limit + 1)
            count = await tx.notifications.count_unread(user)
        page = found[:limit]
        return NotificationPage(page, page[-1].id if len(found) > limit else None, count)

    async def mark_read(self, user: UUID, ids: Sequence[UUID]) -> None:
        """Mark the user's own, and tell all of the user's connections; others' and unknown ones are passed over."""
        async with self._store.write() as tx:
            marked = await tx.notifications.mark_read(user, ids, self._clock.now())
            await tx.commit()
        await self._publisher.publish([(user_topic(user), notice_frame(one, Audience.STAFF)) for one in marked])
