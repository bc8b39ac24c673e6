"""What each role of the staff may do over REST; rights in conversations are in app.services.rights."""

from __future__ import annotations

from enum import StrEnum

from app.domain.people import Role


class Permission(StrEnum):
    """One thing a member of staff may be allowed to do."""

    READ_CONVERSATIONS = "conversations.read"
    WRITE_CONVERSATIONS = "conversations.write"
    READ_ANALYTICS = "analytics.read"
    READ_CUSTOMERS = "customers.read"
    MANAGE_CATALOGUE = "catalogue.manage"
    MANAGE_USERS = "users.manage"
    MANAGE_SETTINGS = "settings.manage"


_VIEWER = frozenset({Permission.READ_CONVERSATIONS, Permission.READ_ANALYTICS, Permission.READ_CUSTOMERS})
_AGENT = _VIEWER | {Permission.WRITE_CONVERSATIONS}
_ADMIN = _AGENT | {Permission.MANAGE_CATALOGUE, Permission.MANAGE_SETTINGS}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: _ADMIN,
    Role.AGENT: _AGENT,
    Role.VIEWER: _VIEWER,
}


def is_allowed(role: str | None, permission: Permission) -> bool:
    """Return whether the role has the permission; an unknown role has none."""
    try:
        return permission in PERMISSIONS[Role(role or "")]
    except ValueError:
        return False
