"""Sign-ins that end close their live connections on all nodes at once; who misses the notice finds out by asking."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog

from app.auth.staff import SESSION_KIND
from app.db.database import Database
from app.db.staff import SqlStaff
from realtime.bus.port import Bus, BusUnavailableError
from realtime.bus.topic import user_topic
from realtime.control import Revoke, revoke_frame

log = structlog.get_logger(__name__)


class RevokingStaff(SqlStaff):
    """The staff's records, telling the live connections whenever a sign-in they rest on has ended."""

    def __init__(self, database: Database, bus: Bus) -> None:
        super().__init__(database)
        self._bus = bus

    async def end_session(self, token_hash: str, kind: str) -> UUID | None:
        """See SqlStaff; of a console session, its own connections are closed and no others."""
        user = await super().end_session(token_hash, kind)
        if user is not None and kind == SESSION_KIND:
            await self._revoke(user, Revoke(reason="signed out", session=token_hash))
        return user

    async def end_sessions_of(self, user: UUID, sessions: Sequence[UUID]) -> int:
        """See SqlStaff; of console sessions, their own connections are closed and no others."""
        ended = await self._end_of(user, sessions)
        for token_hash, kind in ended:
            if kind == SESSION_KIND:
                await self._revoke(user, Revoke(reason="signed out", session=token_hash))
        return len(ended)

    async def end_all_sessions(self, user: UUID) -> None:
        """See SqlStaff."""
        await super().end_all_sessions(user)
        await self._revoke(user, Revoke(reason="all sessions were ended"))

    async def add_user(self, shop: UUID, *, email: str, name: str, role: str, password_hash: str) -> UUID:
        """See SqlStaff; a known user begins anew with the new password and role."""
        user = await super().add_user(shop, email=email, name=name, role=role, password_hash=password_hash)
        await self._revoke(user, Revoke(reason="password or role changed"))
        return user

    async def _revoke(self, user: UUID, revoke: Revoke) -> None:
        try:
            await self._bus.publish(user_topic(user), revoke_frame(revoke))
        except BusUnavailableError:
            log.warning("revocation not published", action="revoke_failed", user=str(user))
