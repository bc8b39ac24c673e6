"""What the member of staff who asks was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.api.operation import Call, Operation
from app.auth.roles import Permission
from realtime.protocol.events import Notification


class NotificationQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the caller's own; `cursor` is that of the page before."""

    unread: bool = False
    cursor: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class NotificationList(Struct, frozen=True):
    """Notifications, the newest first; `cursor` continues, null at the end. `unread` counts all that are."""

    notifications: Sequence[Notification]
    cursor: UUID | None
    unread: int


async def list_notifications(call: Call) -> NotificationList:
    """Return what the caller was told, the newest first; kept for 30 days."""
    query: NotificationQuery = call.query
    page = await call.context.cases.notifications.page(
        call.staff.id, unread=query.unread, before=query.cursor, limit=query.limit
    )
    return NotificationList(page.notifications, page.cursor, page.unread)


OPERATIONS = (
    Operation("GET", "/api/notifications/", list_notifications, "What you were told", "notifications",
              Permission.READ_CONVERSATIONS, query=NotificationQuery, response=NotificationList),
)  # fmt: skip
