"""Who did what to which record; never the content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from app.domain.staff import StaffMember


class Audit(Protocol):
    """Writes the audit log."""

    async def note(
        self, member: StaffMember, action: str, target_kind: str, target: UUID, detail: Mapping[str, object]
    ) -> None:
        """Note an action of a member of staff, in a transaction of its own."""
