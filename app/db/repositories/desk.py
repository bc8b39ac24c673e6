"""Notes, ratings and thumbs as rows."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.upsert import insert_if_absent
from app.domain.message import Message
from app.services.ids import new_id
from realtime.protocol import shapes


class SqlDesk:
    """See app.services.ports.Desk."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_note(self, conversation: UUID, user: UUID, client_id: str) -> tuple[UUID, int] | None:
        """Return (note, seq) of the note that this user gave this key."""
        row = (
            await self._session.execute(
                select(models.Note.id, models.Note.seq).where(
                    models.Note.conversation_id == conversation,
                    models.Note.user_id == user,
                    models.Note.client_id == client_id,
                )
            )
        ).one_or_none()
        return None if row is None else (row.id, row.seq)

    async def add_note(self, shop: UUID, conversation: UUID, note: shapes.Note) -> None:
        """Insert."""
        await self._session.execute(
            insert(models.Note).values(
                id=note.id,
                shop_id=shop,
                conversation_id=conversation,
                seq=note.seq,
                user_id=note.author.id,
                user_name=note.author.name,
                client_id=str(note.client_id),
                text=note.text,
                created_at=note.at,
            )
        )

    async def rate(self, shop: UUID, conversation: UUID, user: UUID | None, score: int, comment: str | None) -> None:
        """Insert or replace the rating; `user` is who handled it. Call under the conversation's lock."""
        key = models.Csat.conversation_id == conversation
        if not await self._replace(models.Csat, key, score=score, comment=comment, user_id=user):
            values = {"score": score, "comment": comment, "user_id": user, "created_at": utc_now()}
            await self._session.execute(
                insert(models.Csat).values(id=new_id(), shop_id=shop, conversation_id=conversation, **values)
            )

    async def set_feedback(self, message: Message, author: UUID, value: str) -> None:
        """Insert or replace."""
        key = (models.Feedback.message_id == message.id) & (models.Feedback.author_id == author)
        if await self._replace(models.Feedback, key, value=value):
            return
        await insert_if_absent(
            self._session,
            models.Feedback,
            id=new_id(),
            shop_id=message.shop,
            conversation_id=message.conversation,
            message_id=message.id,
            author_id=author,
            value=value,
            created_at=utc_now(),
        )

    async def _replace(self, model: type[models.Base], key: Any, **values: Any) -> bool:
        result = await self._session.execute(
            update(model).where(key).values(**values).execution_options(synchronize_session=False)
        )
        return cast(CursorResult[Any], result).rowcount == 1
