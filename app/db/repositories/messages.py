"""Messages and the event log as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, ScalarSelect, bindparam, or_, select, update

from app.db import models
from app.db.base import table_of
from app.db.batch import BatchSession, inserting, updating
from app.db.redaction import redact_message
from app.domain.message import FinishReason, Message, Score, SenderKind
from app.domain.reply import ReplyStatus
from app.services.ports import LoggedRow, MessageKey
from realtime.bus.frame import Audience
from realtime.ports import LogPage
from realtime.protocol.events import frame_of_logged

MAX_SEQ = 2**31 - 1  # what the column holds; a client may claim to know more
_ACTIVE = (ReplyStatus.QUEUED.value, ReplyStatus.RUNNING.value)


# Made once: these are the statements of every message.
_ADDED = inserting(
    table_of(models.Message),
    *("id", "shop_id", "conversation_id", "seq", "sender_kind", "sender_id", "sender_name", "client_id", "text"),
    *("finish_reason", "attachments", "products", "sources", "delivery", "refers", "created_at"),
)
_APPENDED = inserting(
    table_of(models.Event), "conversation_id", "seq", "shop_id", "type", "staff", "epoch", "message_id", "body", "at"
)
_SCORED = updating(table_of(models.Message), ("intent_label", "intent_score", "sentiment_label", "sentiment_score"))
_RECOMMENDED = inserting(
    table_of(models.Recommendation),
    "id",
    "shop_id",
    "message_id",
    "product_id",
    "rank",
    "reason",
    "model",
    "created_at",
)
_BY_KEY = select(table_of(models.Message)).where(
    models.Message.conversation_id == bindparam("conversation"),
    models.Message.sender_id == bindparam("sender"),
    models.Message.client_id == bindparam("client_id"),
)


class SqlMessages:
    """See app.services.ports.Messages."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session
        self._new: MessageKey | None = None

    def tell(self, new: MessageKey) -> None:
        """Take for granted that no message has this key."""
        self._new = new

    async def find(self, conversation: UUID, message: UUID) -> Message | None:
        """Return a message of this conversation."""
        row = await self._session.scalar(
            select(models.Message).where(models.Message.id == message, models.Message.conversation_id == conversation)
        )
        return None if row is None else message_of(row)

    async def find_by_key(self, conversation: UUID, sender: UUID, client_id: str) -> Message | None:
        """Return the message that this sender gave this key."""
        if self._new == (conversation, sender, client_id):
            return None
        key = {"conversation": conversation, "sender": sender, "client_id": client_id}
        row = (await self._session.execute(_BY_KEY, key)).one_or_none()
        return None if row is None else message_of(row)

    async def place_of(
        self, identity: UUID, client_id: str, *, also_of_others: bool = False
    ) -> tuple[UUID, UUID] | None:
        """Look in all conversations of an identity. What another inbox said has nobody of ours as its sender."""
        senders = models.Message.sender_id == identity
        if also_of_others:
            senders = or_(senders, models.Message.sender_id.is_(None))
        found = (
            await self._session.execute(
                select(models.Message.conversation_id, models.Message.id)
                .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
                .where(
                    models.Conversation.identity_id == identity,
                    senders,
                    models.Message.client_id == client_id,
                )
            )
        ).first()
        return None if found is None else (found[0], found[1])

    async def redact(self, message: Message) -> None:
        """See app.db.redaction."""
        await redact_message(self._session, message)

    async def add(self, message: Message) -> None:
        """Insert."""
        self._new = None
        self._session.later(
            _ADDED,
            {
                "id": message.id,
                "shop_id": message.shop,
                "conversation_id": message.conversation,
                "seq": message.seq,
                "sender_kind": message.sender.value,
                "sender_id": message.sender_id,
                "sender_name": message.sender_name,
                "client_id": message.client_id,
                "text": message.text,
                "finish_reason": message.finish_reason,
                "attachments": list(message.attachments),
                "products": list(message.products),
                "sources": list(message.sources),
                "delivery": None if message.delivery is None else dict(message.delivery),
                "refers": None if message.refers is None else dict(message.refers),
                "created_at": message.created_at,
            },
        )

    async def set_scores(self, message: UUID, intent: Score, sentiment: Score) -> None:
        """Store what the models make of a message."""
        self._session.later(
            _SCORED,
            {
                "id": message,
                "intent_label": intent.label,
                "intent_score": intent.score,
                "sentiment_label": sentiment.label,
                "sentiment_score": sentiment.score,
            },
        )

    async def set_reaction(self, message: UUID, emoji: str | None) -> None:
        """Write the column."""
        await self._session.execute(
            update(models.Message)
            .where(models.Message.id == message)
            .values(reaction=emoji)
            .execution_options(synchronize_session=False)
        )

    async def set_attachments(self, message: UUID, attachments: Sequence[Mapping[str, Any]]) -> None:
        """Write the column."""
        await self._session.execute(
            update(models.Message)
            .where(models.Message.id == message)
            .values(attachments=list(attachments))
            .execution_options(synchronize_session=False)
        )

    async def add_recommendations(self, message: Message, model: str | None) -> None:
        """Insert one row per product shown."""
        for rank, product in enumerate(message.products):
            self._session.later(
                _RECOMMENDED,
                {
                    "id": UUID(product["recommendation"]),
                    "shop_id": message.shop,
                    "message_id": message.id,
                    "product_id": UUID(product["id"]),
                    "rank": rank,
                    "reason": product.get("reason"),
                    "model": model,
                    "created_at": message.created_at,
                },
            )


class SqlEventLog:
    """See app.services.ports.EventLog."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session

    async def append(self, row: LoggedRow) -> None:
        """Insert; (conversation, seq) is the primary key, so that a gapless count cannot fork."""
        self._session.later(
            _APPENDED,
            {
                "conversation_id": row.conversation,
                "seq": row.seq,
                "shop_id": row.shop,
                "type": row.type,
                "staff": row.staff,
                "epoch": row.epoch,
                "message_id": row.message,
                "body": row.body,
                "at": row.at,
            },
        )

    async def body_at(self, conversation: UUID, seq: int) -> str | None:
        """Return the event at a position."""
        return await self._session.scalar(
            select(models.Event.body).where(models.Event.conversation_id == conversation, models.Event.seq == seq)
        )

    async def page(self, conversation: UUID, after: int, limit: int) -> LogPage:
        """Return events after a position, as they went to the bus."""
        rows = await self._session.execute(
            select(models.Event.seq, models.Event.staff, models.Event.epoch, models.Event.body)
            .where(models.Event.conversation_id == conversation, models.Event.seq > min(after, MAX_SEQ))
            .order_by(models.Event.seq)
            .limit(limit)
        )
        frames = [
            frame_of_logged(Audience.STAFF if staff else Audience.ALL, seq, epoch, body.encode())
            for seq, staff, epoch, body in rows
        ]
        running = select(models.Response.id).where(
            models.Response.conversation_id == conversation, models.Response.status.in_(_ACTIVE)
        )
        found = await self._session.execute(
            select(_log(), models.Conversation.last_seq, models.Conversation.epoch, running.scalar_subquery()).where(
                models.Conversation.id == conversation
            )
        )
        log, last_seq, epoch, reply = found.one_or_none() or ("", 0, 0, None)
        return LogPage(log, last_seq, frames, epoch, reply)

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        """Return (log, last seq) of those that exist."""
        rows = await self._session.execute(
            select(models.Conversation.id, _log(), models.Conversation.last_seq).where(
                models.Conversation.id.in_(conversations)
            )
        )
        return {conversation: (log, seq) for conversation, log, seq in rows}


def _log() -> ScalarSelect[str]:
    return select(models.Meta.value).where(models.Meta.key == "log").scalar_subquery()


def message_of(row: models.Message | Row[Any]) -> Message:
    """Return the record of a row."""
    return Message(
        id=row.id,
        shop=row.shop_id,
        conversation=row.conversation_id,
        seq=row.seq,
        sender=SenderKind(row.sender_kind),
        sender_id=row.sender_id,
        sender_name=row.sender_name,
        text=row.text,
        created_at=row.created_at,
        client_id=row.client_id,
        finish_reason=None if row.finish_reason is None else FinishReason(row.finish_reason),
        attachments=tuple(row.attachments),
        products=tuple(row.products),
        sources=tuple(row.sources),
        delivery=row.delivery,
        refers=row.refers,
        reaction=row.reaction,
        intent=_score(row.intent_label, row.intent_score),
        sentiment=_score(row.sentiment_label, row.sentiment_score),
        redacted=row.redacted_at is not None,
    )


def _score(label: str | None, score: float | None) -> Score | None:
    return None if label is None or score is None else Score(label, score)
