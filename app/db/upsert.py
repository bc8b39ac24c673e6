"""Insert on conflict, the same on both databases."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base, table_of


async def insert_if_absent(session: AsyncSession, model: type[Base], **values: Any) -> bool:
    """Insert one row; false, and nothing changed, when a unique index is in the way."""
    insert = insert_on_sqlite if session.get_bind().dialect.name == "sqlite" else insert_on_postgresql
    result = await session.execute(insert(table_of(model)).values(**values).on_conflict_do_nothing())
    return cast(CursorResult[Any], result).rowcount == 1
