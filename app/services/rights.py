"""Who may touch which conversation."""

from __future__ import annotations

from uuid import UUID

from app.domain.conversation import Conversation
from app.domain.people import Actor, Staff
from realtime.ports import CommandError


def check_access(actor: Actor, shop: UUID, identity: UUID) -> None:
    """Check that the actor may know of a conversation of this shop and identity.

    Raises: CommandError `not_found`, the same as for one that does not exist.
    """
    if actor.shop != shop or (not isinstance(actor, Staff) and actor.id != identity):
        raise not_found()


def check_conversation(actor: Actor, conversation: Conversation) -> None:
    """Check access, and that staff may change things.

    Raises: CommandError `not_found` or `forbidden`.
    """
    check_access(actor, conversation.shop, conversation.identity)
    if isinstance(actor, Staff) and not actor.role.may_write:
        raise CommandError("forbidden", "your role may not change conversations")


def not_found() -> CommandError:
    """Return the error for what is not there for this actor."""
    return CommandError("not_found", "there is no such conversation")
