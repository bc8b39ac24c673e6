"""Members of staff."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A member of staff, as signed in."""

    id: UUID
    shop: UUID
    name: str
    email: str
    role: str
    generation: int


@dataclass(frozen=True, slots=True)
class StaffRecord:
    """A member of staff as stored."""

    member: StaffMember
    password_hash: str | None
    active: bool
