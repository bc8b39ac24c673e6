"""The position check of notifications: what the bus lost of them is found while a console's socket stays open."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from realtime.failure import log_failure
from realtime.notices import Notices
from realtime.ports import LOOKED_AT_MAX, Principal, Sessions

logger = logging.getLogger(__name__)

USERS_PER_QUERY = 1000


class Desk(Protocol):
    """An open connection of staff."""

    @property
    def id(self) -> UUID: ...

    @property
    def principal(self) -> Principal: ...

    @property
    def notices(self) -> Notices: ...

    def send(self, body: bytes) -> None:
        """Queue wire JSON for this connection."""


class NoticeCheck:
    """Compares what consoles were told with what is stored."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def check(self, desks: Sequence[Desk]) -> bool:
        """Send every desk what it lacks; false when that could not be read."""
        try:
            for first in range(0, len(desks), USERS_PER_QUERY):
                await self._check(desks[first : first + USERS_PER_QUERY])
        except Exception as error:
            log_failure(logger, "notifications not checked", "notice_check_failed", error)
            return False
        return True

    async def _check(self, desks: Sequence[Desk]) -> None:
        stored = await self._sessions.unread({desk.principal.id for desk in desks})
        for desk in desks:
            asked = desk.notices.in_doubt(stored.get(desk.principal.id, ()))[:LOOKED_AT_MAX]
            if not asked:
                continue
            for body in desk.notices.looked_at(asked, await self._sessions.notified(desk.principal, asked)):
                desk.send(body)
