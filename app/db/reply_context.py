"""What a reply answers: the open questions, the turns before them, and what the bot last spoke of."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.database import Database
from app.services.answer.ports import ReplyContext
from app.services.answer.question import Previous
from nlp.prompt import HISTORY_TURNS, Speaker, Turn

READ_MESSAGES = 24  # enough for the open questions and the turns before them
READ_REPLIES = 8  # as long as an order that was proven is remembered
_SPEAKERS = {"customer": Speaker.CUSTOMER, "bot": Speaker.BOT, "agent": Speaker.AGENT}


class SqlReplyContexts:
    """Reads the context of one reply in one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, reply: UUID) -> ReplyContext:
        """Return what the reply is about.

        Raises: sqlalchemy.exc.NoResultFound when there is no such reply.
        """
        async with self._database.read_session() as session:
            response = await session.get_one(models.Response, reply)
            conversation = await session.get_one(models.Conversation, response.conversation_id)
            identity = await session.get_one(models.ChannelIdentity, conversation.identity_id)
            said = await _messages(session, conversation.id, response.covers_seq)
            previous = await _previous(session, conversation.id, reply)
        return _context(conversation, identity, said, _open_from(said), previous)

    async def read_open(self, conversation: UUID) -> ReplyContext | None:
        """Return what an answer would be about now: the open questions, or the last ones that were answered."""
        async with self._database.read_session() as session:
            record = await session.get_one(models.Conversation, conversation)
            identity = await session.get_one(models.ChannelIdentity, record.identity_id)
            said = await _messages(session, conversation, record.last_seq)
            previous = await _previous(session, conversation, None)
        while said and said[-1].sender_kind != "customer":
            said = said[:-1]
        return _context(record, identity, said, _open_from(said), previous) if said else None


def _context(
    conversation: models.Conversation,
    identity: models.ChannelIdentity,
    said: Sequence[models.Message],
    start: int,
    previous: Previous | None,
) -> ReplyContext:
    """Join the customer's messages from `start` on; what was said before them is history."""
    asked = [message for message in said[start:] if message.sender_kind == "customer"]
    return ReplyContext(
        shop=conversation.shop_id,
        conversation=conversation.id,
        customer=conversation.customer_id,
        visitor=identity.id,
        verified=identity.verified,
        question="\n".join(message.text for message in asked),
        history=[Turn(_SPEAKERS[message.sender_kind], message.text) for message in said[:start]][-HISTORY_TURNS:],
        previous=previous,
        page_product=(conversation.page or {}).get("product_id"),
        said=[message.text for message in said[:start] if message.sender_kind == "customer"],
    )


async def _messages(session: AsyncSession, conversation: UUID, covers_seq: int) -> Sequence[models.Message]:
    rows = await session.scalars(
        select(models.Message)
        .where(
            models.Message.conversation_id == conversation,
            models.Message.seq <= covers_seq,
            models.Message.sender_kind.in_(_SPEAKERS),
            models.Message.redacted_at.is_(None),
        )
        .order_by(models.Message.seq.desc())
        .limit(READ_MESSAGES)
    )
    return list(rows)[::-1]


def _open_from(said: Sequence[models.Message]) -> int:
    """Return where the open questions begin: after the last thing the shop said.

    A reply that a newer question stopped (double-texting) answered nothing: it was stored in the same transaction as
    that question, and so at the same time.
    """
    start = len(said)
    for index in range(len(said) - 1, -1, -1):
        message = said[index]
        if message.sender_kind == "customer":
            start = index
            continue
        stopped_by_question = (
            message.sender_kind == "bot"
            and message.finish_reason == "stopped"
            and start < len(said)
            and message.created_at == said[start].created_at
        )
        if not stopped_by_question:
            break
    return start


async def _previous(session: AsyncSession, conversation: UUID, reply: UUID | None) -> Previous | None:
    """Return what the last reply but `reply` was about, and which orders the last ones told of."""
    rows = await session.scalars(
        select(models.Response.intent)
        .where(
            models.Response.conversation_id == conversation,
            true() if reply is None else models.Response.id != reply,
            models.Response.intent.is_not(None),
        )
        .order_by(models.Response.created_at.desc(), models.Response.id.desc())
        .limit(READ_REPLIES)
    )
    intents = [intent or {} for intent in rows]
    if not intents or "situation" not in intents[0]:
        return None
    intent = intents[0]
    product = intent.get("product")
    return Previous(
        situation=intent["situation"],
        order_number=intent.get("order"),
        product_id=UUID(product) if product else None,
        product_ids=tuple(map(UUID, intent.get("products", ()))),
        label=intent.get("label"),
        told_orders=tuple(dict.fromkeys(one["order"] for one in intents if one.get("order"))),
    )
