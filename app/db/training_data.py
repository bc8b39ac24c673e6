"""What people taught the models: answers they gave or liked, and intents they corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database

WITH_POINTERS = and_(models.Response.prompt.is_not(None), models.Response.decoding["pointers"].as_boolean())


@dataclass(frozen=True, slots=True)
class TaughtAnswer:
    """A frozen prompt with its literals, and what a person answered or approved; `names` are the customer's."""

    prompt: str
    answer: str
    literals: dict[int, str]
    names: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class TaughtIntent:
    """A customer's message, and the intent that a member of staff gave it."""

    text: str
    label: str
    names: Sequence[str | None]


class SqlTrainingData:
    """Reads all shops; redacted messages are left out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answers(self) -> list[TaughtAnswer]:
        """Return agents' answers to questions the bot had facts for, and the bot's answers with a thumb up."""
        async with self._database.read_session() as session:
            taught = [*await self._liked(session), *await self._by_agents(session)]
        return taught

    async def intents(self) -> list[TaughtIntent]:
        """Return the corrected intents."""
        query = (
            select(models.Message.text, models.Feedback.value, models.Customer.name)
            .join(models.Feedback, models.Feedback.message_id == models.Message.id)
            .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
            .join(models.Customer, models.Customer.id == models.Conversation.customer_id)
            .where(models.Message.sender_kind == "customer", models.Message.redacted_at.is_(None))
            .order_by(models.Message.id)
        )
        async with self._database.read_session() as session:
            return [TaughtIntent(text, value, [name]) for text, value, name in await session.execute(query)]

    async def _liked(self, session: AsyncSession) -> list[TaughtAnswer]:
        thumb = exists().where(models.Feedback.message_id == models.Message.id, models.Feedback.value == "up")
        query = (
            select(models.Response, models.Customer.name, models.Message.text)
            .join(models.Message, models.Message.id == models.Response.id)
            .join(models.Conversation, models.Conversation.id == models.Response.conversation_id)
            .join(models.Customer, models.Customer.id == models.Conversation.customer_id)
            .where(models.Response.status == "done", models.Message.redacted_at.is_(None), thumb, WITH_POINTERS)
            .order_by(models.Response.id)
        )
        return [_taught(response, name, text) for response, name, text in await session.execute(query)]

    async def _by_agents(self, session: AsyncSession) -> list[TaughtAnswer]:
        """Read what agents said first after taking over an answer: it is to the question of that answer."""
        taught = []
        query = (
            select(models.Response, models.Customer.name)
            .join(models.Conversation, models.Conversation.id == models.Response.conversation_id)
            .join(models.Customer, models.Customer.id == models.Conversation.customer_id)
            .where(models.Response.status == "taken_over", WITH_POINTERS)
            .order_by(models.Response.id)
        )
        for response, name in (await session.execute(query)).all():
            said = await session.scalar(
                select(models.Message)
                .where(
                    models.Message.conversation_id == response.conversation_id,
                    models.Message.seq > response.covers_seq,
                    models.Message.sender_kind.in_(("agent", "customer")),
                )
                .order_by(models.Message.seq)
                .limit(1)
            )
            if said is not None and said.sender_kind == "agent" and said.redacted_at is None:
                taught.append(_taught(response, name, said.text))
        return taught


def _taught(response: models.Response, name: str | None, answer: str) -> TaughtAnswer:
    literals = {int(number): literal for number, literal in (response.literals or {}).items()}
    return TaughtAnswer(response.prompt or "", answer, literals, [name])
