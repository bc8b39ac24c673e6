"""From records to what the protocol shows of them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from app.domain.message import Message, Score, SenderKind
from realtime.protocol import shapes


def message_shape(message: Message, *, staff: bool = False) -> shapes.Message:
    """Return a message as everybody sees it; with `staff`, also what the models make of it."""
    reply = None
    if message.sender is SenderKind.BOT and message.finish_reason is not None:
        reply = shapes.ReplyEnd(finish_reason=message.finish_reason.value, to=len(message.text.encode()))
    return shapes.Message(
        id=message.id,
        seq=message.seq,
        at=message.created_at,
        sender=shapes.Sender(kind=message.sender.value, id=message.sender_id, name=message.sender_name),
        text=message.text,
        client_id=_uuid(message.client_id),
        reply=reply,
        attachments=msgspec.convert(list(message.attachments), list[shapes.Attachment]),
        products=msgspec.convert(list(message.products), list[shapes.RecommendedProduct]),
        sources=msgspec.convert(list(message.sources), list[shapes.Source]),
        redacted=message.redacted,
        delivery=None if message.delivery is None else msgspec.convert(message.delivery, shapes.Delivery),
        refers=None if message.refers is None else msgspec.convert(message.refers, shapes.Refers),
        reaction=message.reaction,
        intent=score_shape(message.intent) if staff else None,
        sentiment=score_shape(message.sentiment) if staff else None,
    )


def score_shape(score: Score | None) -> shapes.Scored | None:
    """Return a classifier's label."""
    return None if score is None else shapes.Scored(label=score.label, score=score.score)


def _uuid(client_id: str | None) -> UUID | None:
    """Return the key when a client chose it; keys of providers are no UUIDs and stay inside."""
    try:
        return None if client_id is None else UUID(client_id)
    except ValueError:
        return None
