"""Conversations as their digests are made of: messages as classified, answers with their decisions and facts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from app.db import models
from app.db.database import Database
from app.services.digest import Answered, Said, Talk
from nlp.grounding import POINTERS

MESSAGES = 200  # the last of a conversation that are looked at


class SqlTalks:
    """One transaction per conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def talk(self, conversation: UUID) -> Talk | None:
        """Return a conversation; what was redacted is left out."""
        said = (
            select(models.Message)
            .where(
                models.Message.conversation_id == conversation,
                models.Message.sender_kind == "customer",
                models.Message.redacted_at.is_(None),
            )
            .order_by(models.Message.seq.desc())
            .limit(MESSAGES)
        )
        answered = (
            select(models.Response, models.Message.text)
            .join(models.Message, models.Message.id == models.Response.id)
            .where(models.Response.conversation_id == conversation, models.Message.redacted_at.is_(None))
            .order_by(models.Response.created_at.desc())
            .limit(MESSAGES)
        )
        async with self._database.read_session() as session:
            record = await session.get(models.Conversation, conversation)
            if record is None:
                return None
            messages = (await session.scalars(said)).all()[::-1]
            answers = (await session.execute(answered)).all()[::-1]
        return Talk(
            shop=record.shop_id,
            identity=record.identity_id,
            said=[
                Said(row.created_at, row.seq, row.intent_label, row.intent_score or 0.0, row.sentiment_label)
                for row in messages
            ],
            answered=[
                Answered(row.created_at, row.covers_seq, row.intent or {}, _facts(row), text) for row, text in answers
            ],
            handoff_reason=record.handoff_reason,
        )


def _facts(row: models.Response) -> dict[str, str]:
    """Return the literal facts of all parts of an answer."""
    then = (row.decoding or {}).get("then") or {}
    facts = {**(then.get("facts") or {}), **(row.facts or {})}
    return {key: str(text) for key, text in facts.items() if key in POINTERS}
