"""What a connection is told besides its conversations: what it missed first, then what comes, and each of it once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.json import Decoder

from realtime.ports import UNREAD_MAX, Missed
from realtime.protocol.commands import NotificationCursor
from realtime.protocol.events import Notification, encode

TOLD_KEPT = 1000  # notifications that are remembered of a connection


class _Notice(Struct):
    type: Any = None  # whatever a program put on the bus


class _Told(Struct):
    """As much of a notification as tells two apart."""

    id: UUID
    read: bool = False


_notices = Decoder(_Notice)
_notifications = Decoder(_Told)


class Notices:
    """The notices of one connection: those that come before its welcome wait for it."""

    __slots__ = ("_is_read", "_kept")

    def __init__(self) -> None:
        self._kept: list[bytes] | None = []
        self._is_read: dict[UUID, bool] = {}  # of the notifications that this connection knows

    def pass_on(self, body: bytes) -> bool:
        """Return whether wire JSON of the bus goes out now: what comes before `opened` waits, what is known does not.

        A notification is known when its state is.
        """
        if self._kept is not None:
            self._kept.append(body)
            return False
        return self._is_news(body)

    def opened(self, missed: Missed | None, cursor: NotificationCursor | None) -> list[bytes]:
        """The welcome was sent: return what follows it. What came while `missed` was read is not told twice."""
        kept, self._kept = self._kept or [], None
        if missed is None:
            return kept
        still = frozenset(missed.unread or ())
        self._is_read = {one: one not in still for one in (cursor.unread if cursor is not None else ())}
        lacking = self._news(missed.notifications)
        return lacking + [body for body in kept if self._is_news(body)]

    def in_doubt(self, stored: Sequence[UUID]) -> list[UUID]:
        """Return which notifications to look at, given the newest UNREAD_MAX that are stored as unread: those that
        this connection does not know, and those it takes for unread that are not among them.
        """
        if self._kept is not None:
            return []
        unread = frozenset(stored)
        oldest = min(unread) if len(unread) >= UNREAD_MAX else UUID(int=0)
        held = [one for one, is_read in self._is_read.items() if not is_read and one > oldest]
        return [one for one in unread if one not in self._is_read] + [one for one in held if one not in unread]

    def looked_at(self, asked: Collection[UUID], found: Sequence[Notification]) -> list[bytes]:
        """Return what to send now that those `in_doubt` were read; those that were not found are forgotten."""
        for one in frozenset(asked).difference(row.id for row in found):
            self._is_read.pop(one, None)
        return self._news(found)

    def _news(self, notifications: Sequence[Notification]) -> list[bytes]:
        return [encode(one) for one in notifications if self._note(one.id, is_read=one.read)]

    def _is_news(self, body: bytes) -> bool:
        if _notices.decode(body).type != "notification":
            return True
        told = _notifications.decode(body)
        return self._note(told.id, is_read=told.read)

    def _note(self, notification: UUID, *, is_read: bool) -> bool:
        """Remember the state of a notification; return whether it is news. What was read stays so."""
        known = self._is_read.get(notification)
        if known is not None and (known or not is_read):
            return False
        self._is_read[notification] = is_read
        if len(self._is_read) > TOLD_KEPT:
            del self._is_read[next(iter(self._is_read))]
        return True
