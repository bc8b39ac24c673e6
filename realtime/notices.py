"""What a connection is told besides its conversations: what it missed first, then what comes, and each of it once."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from msgspec.json import Decoder

from realtime.ports import Missed
from realtime.protocol.commands import NotificationCursor
from realtime.protocol.events import encode


class _Told(Struct):
    """As much of a notice as tells notifications apart."""

    type: str
    id: UUID | None = None
    read: bool = False


_decoder = Decoder(_Told)


class Notices:
    """The notices of one connection: those that come before its welcome wait for it."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[bytes] | None = []

    def keep(self, body: bytes) -> bool:
        """Keep wire JSON of the bus until `opened`; false when it may go out at once."""
        if self._kept is None:
            return False
        self._kept.append(body)
        return True

    def opened(self, missed: Missed | None, cursor: NotificationCursor | None) -> list[bytes]:
        """The welcome was sent: return what follows it. What came while `missed` was read is not told twice."""
        kept, self._kept = self._kept or [], None
        if missed is None:
            return kept
        still = frozenset(missed.unread or ())
        is_read = {one: one not in still for one in (cursor.unread if cursor is not None else ())}
        is_read.update((one.id, one.read) for one in missed.notifications)
        return [encode(one) for one in missed.notifications] + [body for body in kept if _is_news(body, is_read)]


def _is_news(body: bytes, is_read: dict[UUID, bool]) -> bool:
    told = _decoder.decode(body)
    if told.type != "notification" or told.id not in is_read:
        return True
    return told.read and not is_read[told.id]
