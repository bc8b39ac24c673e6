"""The audit log as rows."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.domain.staff import StaffMember


class SqlAudit:
    """See app.services.audit.Audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(
        self, member: StaffMember, action: str, target_kind: str, target: UUID, detail: Mapping[str, object]
    ) -> None:
        """Insert."""
        async with self._database.write_session() as session:
            session.add(
                models.AuditEntry(
                    shop_id=member.shop,
                    actor_kind="user",
                    actor_id=member.id,
                    action=action,
                    target_kind=target_kind,
                    target_id=target,
                    detail=dict(detail),
                    at=utc_now(),
                )
            )
            await session.commit()
