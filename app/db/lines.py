"""The lines of the lists, read for many conversations after a commit: on PostgreSQL by the driver alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase

from app.db import models
from app.db.base import table_of
from app.db.database import Database
from app.db.repositories.conversations import SqlConversations
from app.db.repositories.summary import select_summaries, summary_of
from realtime.protocol import shapes

_SUMMARIES = select_summaries().where(
    models.Conversation.id == any_(bindparam("ids", type_=ARRAY(Uuid(), dimensions=1)))
)


async def read_lines(database: Database, conversations: Sequence[UUID]) -> Sequence[shapes.Summary]:
    """Read the lines of conversations, in any order."""
    if database.is_sqlite:
        async with database.read_session() as session:
            return await SqlConversations(session).summaries(conversations)
    async with database.driver() as driver:
        text, arguments = _statement(database.engine.dialect)
        ids = list(conversations)
        rows = await driver.fetch(text, *(ids if name == "ids" else value for name, value in arguments))
    return [summary_of(_entities(tuple(row))) for row in rows]


@lru_cache(maxsize=2)
def _statement(dialect: Dialect) -> tuple[str, list[tuple[str, Any]]]:
    """Return the driver's text, and the parameters in their order: the ids, and constants."""
    compiled = _SUMMARIES.compile(dialect=dialect)
    return str(compiled), [(name, compiled.params[name]) for name in compiled.positiontup or ()]


class _Columns:
    """The columns of one table in a row, as the model has them."""

    __slots__ = ("_places", "_row")

    def __init__(self, row: tuple[Any, ...], places: dict[str, int]) -> None:
        self._row = row
        self._places = places

    def __getattr__(self, name: str) -> Any:
        return self._row[self._places[name]]


def _places(model: type[DeclarativeBase], start: int) -> dict[str, int]:
    return {column.name: start + number for number, column in enumerate(table_of(model).columns)}


_CONVERSATION = _places(models.Conversation, 0)
_CUSTOMER = _places(models.Customer, len(_CONVERSATION))
_NAMES = len(_CONVERSATION) + len(_CUSTOMER)  # verified, the assignee's name, the holder's
_LAST = _places(models.Message, _NAMES + 3)


def _entities(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row as a session has it: conversation, customer, verified, two names, last message, unread."""
    last = _Columns(row, _LAST)
    return (
        _Columns(row, _CONVERSATION),
        _Columns(row, _CUSTOMER),
        *row[_NAMES : _NAMES + 3],
        None if last.id is None else last,
        row[-1],
    )
