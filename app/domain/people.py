"""Who acts: visitors and staff."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a member of staff may do, from most to least."""

    OWNER = "owner"
    ADMIN = "admin"
    AGENT = "agent"
    VIEWER = "viewer"

    @property
    def may_write(self) -> bool:
        """Whether this role may change conversations."""
        return self is not Role.VIEWER

    @property
    def may_overrule(self) -> bool:
        """Whether this role may release a conversation that another agent holds."""
        return self in (Role.OWNER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who acts."""

    id: UUID
    shop: UUID
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """A customer at one address of a channel; `id` is that of the channel identity."""

    id: UUID
    shop: UUID
    name: str | None = None
    verified: bool = False


Actor = Staff | Visitor
