"""Wipes one message wherever it stands."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.files import delete_files
from app.domain.message import Message

_KEPT = ("id", "seq", "at", "sender")  # of a message in an event
_ENDED = ("done", "stopped", "taken_over", "failed")


async def redact_message(session: AsyncSession, message: Message) -> None:
    """Wipe the row, its files and events, the prompts that may quote it, and what the vendor sent."""
    await session.execute(
        update(models.Message)
        .where(models.Message.id == message.id)
        .values(text="", attachments=[], products=[], sources=[], refers=None, reaction=None, redacted_at=utc_now())
        .execution_options(synchronize_session=False)
    )
    await delete_files(session, models.Attachment.message_id == message.id)
    events = await session.execute(
        select(models.Event.seq, models.Event.body).where(
            models.Event.conversation_id == message.conversation, models.Event.message_id == message.id
        )
    )
    for seq, body in events.all():
        await session.execute(
            update(models.Event)
            .where(models.Event.conversation_id == message.conversation, models.Event.seq == seq)
            .values(body=_tombstone(body))
            .execution_options(synchronize_session=False)
        )
    await session.execute(
        update(models.Response)
        .where(
            models.Response.conversation_id == message.conversation,
            models.Response.created_at >= message.created_at,
            models.Response.status.in_(_ENDED),
        )
        .values(prompt=None)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(models.WebhookLog)
        .where(models.WebhookLog.message_id == message.id)
        .values(body=b"", event=None)
        .execution_options(synchronize_session=False)
    )


def _tombstone(body: str) -> str:
    """Return the event with nothing of what was said: the same kind, seq and time."""
    event: dict[str, Any] = msgspec.json.decode(body)
    said, cut = event.get("message"), event.get("cut")
    if isinstance(said, dict):
        event["message"] = {**{name: said[name] for name in _KEPT if name in said}, "text": "", "redacted": True}
    if isinstance(cut, dict):
        event["cut"] = {**cut, "text": ""}
    if "attachment" in event:
        event["attachment"] = {**event["attachment"], "name": "", "url": ""}
    if "emoji" in event:
        event["emoji"] = None
    return msgspec.json.encode(event).decode()
