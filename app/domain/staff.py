"""Members of staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class StaffSession:
    """Where a member is signed in: a browser (kind `session`), or a program with a refresh token."""

    id: UUID
    token_hash: str
    kind: str
    address: str | None
    agent: str | None
    created_at: datetime
    last_used_at: datetime | None
