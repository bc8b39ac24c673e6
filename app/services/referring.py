"""What a customer's message refers to: another message, a story, the advertisement that led here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from app.domain.channel import MessageReceived, Postback
from app.services.ports import Transaction
from realtime.protocol import shapes

KEY_CHARS = 64  # of messages.client_id


def key_of(provider_id: str) -> str:
    """Return the key of a message by the vendor's id: the id itself, or the hash of a long one."""
    if len(provider_id) <= KEY_CHARS:
        return provider_id
    return hashlib.sha256(provider_id.encode()).hexdigest()


async def place_of(tx: Transaction, account: UUID, identity: UUID, provider_id: str) -> tuple[UUID, UUID] | None:
    """Return (conversation, message) of what the vendor calls by this id: the customer's own, one sent to them from
    here, or from another inbox."""
    own = await tx.messages.place_of(identity, key_of(provider_id), also_of_others=True)
    if own is not None:
        return own
    sent = await tx.deliveries.find_by_provider_id(account, provider_id)
    if sent is None or not await tx.deliveries.is_of_identity(sent.id, identity):
        return None
    return sent.conversation, sent.message


async def refers_to(
    tx: Transaction, account: UUID, identity: UUID, event: MessageReceived | Postback, story_url: str | None = None
) -> Mapping[str, Any] | None:
    """Return what an event refers to, as on the wire; None for nothing that is known here. `story_url`: where a story
    is kept."""
    reply_to, story = (event.reply_to, event.story) if isinstance(event, MessageReceived) else (None, None)
    place = await place_of(tx, account, identity, reply_to) if reply_to else None
    refers = shapes.Refers(
        message=None if place is None else place[1],
        story=None if story is None else shapes.Story(url=story_url),
        referral=None if event.referral is None else shapes.Referral(**msgspec.structs.asdict(event.referral)),
    )
    return None if refers == shapes.Refers() else msgspec.to_builtins(refers)
