"""Files as rows and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.services.attachments import FileRow

REASON_CHARS = 255
PRUNED_AT_ONCE = 50


class SqlMessageFiles:
    """See app.services.attachments.MessageFiles."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rows: Sequence[FileRow]) -> None:
        """Insert."""
        if rows:
            await self._session.execute(insert(models.Attachment), [_values(row) for row in rows])

    async def take(
        self, conversation: UUID, user: UUID | None, files: Sequence[UUID], message: UUID
    ) -> Sequence[FileRow]:
        """Update those that are free, in the order wanted."""
        table = models.Attachment
        place = table.conversation_id == conversation
        if user is None:
            place = table.conversation_id.in_(_of_same_customer(conversation))
        found = await self._session.scalars(
            select(table).where(
                table.id.in_(files),
                place,
                table.user_id == user,
                table.account_id.is_(None),
                table.message_id.is_(None),
                table.state == "stored",
            )
        )
        rows = {row.id: _row_of(row) for row in found}
        await self._session.execute(
            update(table)
            .where(table.id.in_(rows))
            .values(message_id=message, conversation_id=conversation)
            .execution_options(synchronize_session=False)
        )
        return [rows[file] for file in files if file in rows]

    async def end_wait(self, row: FileRow, content: bytes | None) -> bool:
        """Update the record, which forgets where the file was if that is of no more use, and insert the bytes."""
        table = models.Attachment
        values = {"state": row.state, "media_type": row.media_type, "size": row.size}
        if row.state != "failed":
            values["source_url"] = None
        ended = await self._session.scalar(
            update(table)
            .where(table.id == row.id, table.state == "waiting")
            .values(**values, reason=row.reason and row.reason[:REASON_CHARS], changed_at=utc_now())
            .returning(table.id)
            .execution_options(synchronize_session=False)
        )
        if ended is not None and content is not None:
            await self._session.execute(
                insert(models.AttachmentContent), [{"attachment_id": row.id, "content": content}]
            )
        return ended is not None

    async def wait_again(self, file: UUID) -> bool:
        """Update a record that still says where the file was."""
        table = models.Attachment
        begun = await self._session.scalar(
            update(table)
            .where(table.id == file, table.state == "failed", table.source_url.is_not(None))
            .values(state="waiting", reason=None, changed_at=utc_now())
            .returning(table.id)
            .execution_options(synchronize_session=False)
        )
        return begun is not None


class SqlFiles:
    """See app.services.attachments.Files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, file: UUID) -> FileRow | None:
        """Return a file's record."""
        async with self._database.read_session() as session:
            row = await session.get(models.Attachment, file)
            return None if row is None else _row_of(row)

    async def content(self, file: UUID) -> bytes | None:
        """Return a file's bytes."""
        content = models.AttachmentContent
        async with self._database.read_session() as session:
            return await session.scalar(select(content.content).where(content.attachment_id == file))

    async def upload(self, row: FileRow, content: bytes) -> None:
        """Insert record and bytes."""
        async with self._database.write_session() as session:
            await session.execute(insert(models.Attachment), [_values(row)])
            await session.execute(insert(models.AttachmentContent), [{"attachment_id": row.id, "content": content}])
            await session.commit()

    async def bytes_of_customer(self, conversation: UUID) -> int:
        """Return the sum of what the customer has uploaded."""
        table = models.Attachment
        own = (table.conversation_id == conversation, table.user_id.is_(None), table.account_id.is_(None))
        async with self._database.read_session() as session:
            return await session.scalar(select(func.sum(table.size)).where(*own)) or 0

    async def prune(self, created_before: datetime) -> int:
        """Remove some files that were uploaded and never sent; return how many."""
        table = models.Attachment
        async with self._database.write_session() as session:
            old = select(table.id).where(table.created_at < created_before, table.message_id.is_(None))
            ids = (await session.scalars(old.order_by(table.created_at).limit(PRUNED_AT_ONCE))).all()
            await delete_files(session, table.id.in_(ids))
            await session.commit()
        return len(ids)


async def delete_files(session: AsyncSession, condition: Any) -> int:
    """Remove files with their bytes, in the caller's transaction; return how many."""
    table = models.Attachment
    ids = (await session.scalars(select(table.id).where(condition))).all()
    if ids:
        content = models.AttachmentContent
        for statement in (
            delete(content).where(content.attachment_id.in_(ids)),
            delete(table).where(table.id.in_(ids)),
        ):
            await session.execute(statement.execution_options(synchronize_session=False))
    return len(ids)


def _of_same_customer(conversation: UUID) -> Select[UUID]:
    table = models.Conversation
    whose = select(table.identity_id).where(table.id == conversation).scalar_subquery()
    return select(table.id).where(table.identity_id == whose)


def _values(row: FileRow) -> dict[str, Any]:
    now = utc_now()
    return {
        "id": row.id,
        "shop_id": row.shop,
        "conversation_id": row.conversation,
        "message_id": row.message,
        "account_id": row.account,
        "user_id": row.user,
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "state": row.state,
        "reason": row.reason,
        "source_url": row.source_url,
        "created_at": now,
        "changed_at": now,
    }


def _row_of(row: models.Attachment) -> FileRow:
    return FileRow(
        id=row.id,
        shop=row.shop_id,
        conversation=row.conversation_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        state=row.state,
        reason=row.reason,
        source_url=row.source_url,
        account=row.account_id,
        message=row.message_id,
        user=row.user_id,
    )
