"""Several conversations in one transaction: locked with one statement, looked up with another, written with a third.

On PostgreSQL these go to the driver as they are. SQLAlchemy writes them, once; its session, its way from greenlet to
task and its processing of results would take longer for a message than the server does. A conversation that somebody
else has locked is left out, as if there were none: nobody waits for it here, and so no two processes wait in a ring.
What depends on the locks is read with a later statement: under READ COMMITTED each sees what was committed before it
began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NoReturn, cast
from uuid import UUID

import asyncpg
from sqlalchemy import Dialect, Select, String, Uuid, and_, any_, bindparam, column, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import models
from app.db.base import table_of
from app.db.batch import STATEMENTS_KEPT, BatchSession, Waiting, Write, in_order
from app.db.database import Database
from app.db.repositories.conversations import LOCKED, conversation_of
from app.db.repositories.replies import ACTIVE, reply_of
from app.db.transaction import SqlTransaction
from app.domain.conversation import Conversation
from app.domain.reply import Reply
from app.services.ports import MessageKey, NeedsDatabaseError, Transaction

_CONVERSATIONS = table_of(models.Conversation)
_MESSAGES = table_of(models.Message)
_RESPONSES = table_of(models.Response)


class _Row(asyncpg.Record):  # type: ignore[misc]
    """A row as SQLAlchemy's are: columns are attributes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


class WritesAlone:
    """What repositories have for a session: it takes writes, and knows no more than it was told."""

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []

    def later(self, write: Write, values: Mapping[str, Any]) -> None:
        """Write at the commit of all."""
        self.waiting.append((write, values))

    def __getattr__(self, name: str) -> NoReturn:
        """Raises: NeedsDatabaseError for everything else that a session does."""
        raise NeedsDatabaseError(name)


class SqlTogether:
    """See app.services.ports.Together."""

    def __init__(
        self,
        conversations: Mapping[UUID, Conversation],
        known: set[MessageKey],
        replies: Mapping[UUID, Reply],
        commit: Callable[[list[Waiting]], Awaitable[None]],
    ) -> None:
        self.conversations = conversations
        self.known = known
        self.replies = replies
        self._commit = commit
        self._parts: dict[Transaction, WritesAlone] = {}

    def part(self, key: MessageKey) -> Transaction:
        """Return a transaction that has been told of this conversation's reply, and that the key is new."""
        writes = WritesAlone()
        transaction = SqlTransaction(cast(BatchSession, writes))
        transaction.tell(key, self.replies.get(key.conversation))
        self._parts[transaction] = writes
        return transaction

    async def commit(self, parts: Sequence[Transaction]) -> None:
        """Write what these parts wrote."""
        await self._commit([waiting for part in parts for waiting in self._parts[part].waiting])


@asynccontextmanager
async def together(database: Database, keys: Sequence[MessageKey]) -> AsyncIterator[SqlTogether]:
    """Lock the conversations of all keys, each of another one, but those that are locked; and look the keys up.

    Raises: TimeoutError when the server does not answer.
    """
    opened = _on_sqlite(database, keys) if database.is_sqlite else _on_postgresql(database, keys)
    async with opened as found:
        yield found


@asynccontextmanager
async def _on_sqlite(database: Database, keys: Sequence[MessageKey]) -> AsyncIterator[SqlTogether]:
    """SQLite has one writer and no way to a server: its statements follow one another."""
    async with database.write_session(urgent=True) as session:
        own = SqlTransaction(session)
        conversations, known, replies = {}, set(), {}
        for key in keys:
            conversation = await own.conversations.lock(key.conversation)
            if conversation is None:
                continue
            conversations[key.conversation] = conversation
            if await own.messages.find_by_key(*key) is not None:
                known.add(key)
            if (reply := await own.replies.find_active(key.conversation)) is not None:
                replies[key.conversation] = reply

        async def commit(waiting: list[Waiting]) -> None:
            for write, values in waiting:
                session.later(write, values)
            await session.commit()

        yield SqlTogether(conversations, known, replies, commit)


@asynccontextmanager
async def _on_postgresql(database: Database, keys: Sequence[MessageKey]) -> AsyncIterator[SqlTogether]:
    dialect = database.engine.dialect
    ids, senders, names = ([key[place] for key in keys] for place in range(3))
    async with database.driver() as driver, _transaction(driver) as end:
        rows = await driver.fetch(_text(_LOCKED, dialect), ids, record_class=_Row)
        conversations = {row["id"]: conversation_of(row, is_blocked=row["blocked_at"] is not None) for row in rows}
        facts = await driver.fetch(_text(_FACTS, dialect), ids, senders, names, record_class=_Row)
        known = {MessageKey(row["of"], row["sender"], row["client_id"]) for row in facts if row["known"] is not None}
        replies = {row["of"]: reply_of(row) for row in facts if row["id"] is not None}

        async def commit(waiting: list[Waiting]) -> None:
            for batch in in_order(waiting):
                rows_of: dict[Write, list[Mapping[str, Any]]] = defaultdict(list)
                for write, values in batch:
                    rows_of[write].append(values)
                statement = _together(tuple(rows_of), dialect)
                await driver.execute(statement.text, *statement.arguments(list(rows_of.values())))
            await end()

        yield SqlTogether(conversations, known, replies, commit)


@asynccontextmanager
async def _transaction(driver: asyncpg.Connection[Any]) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Begin; yield what commits. Without that it is rolled back, unless cancelled: that ends the connection."""
    transaction = driver.transaction(isolation="read_committed")
    await transaction.start()
    is_over = False

    async def commit() -> None:
        nonlocal is_over
        is_over = True
        await transaction.commit()

    async def end() -> None:
        if not is_over and not driver.is_closed():
            await transaction.rollback()

    try:
        yield commit
    except Exception:
        await end()
        raise
    await end()


def _facts() -> Select[Any]:
    """Return, of each key, whether there is a message, and the conversation's reply that is queued or runs."""
    columns = (column("conversation", Uuid()), column("sender", Uuid()), column("client_id", String()))
    arrays = (bindparam(one.name, type_=ARRAY(one.type, dimensions=1)) for one in columns)
    key = func.unnest(*arrays).table_valued(*columns).render_derived()
    same = and_(
        _MESSAGES.c.conversation_id == key.c.conversation,
        _MESSAGES.c.sender_id == key.c.sender,
        _MESSAGES.c.client_id == key.c.client_id,
    )
    active = and_(
        _RESPONSES.c.conversation_id == key.c.conversation,
        _RESPONSES.c.status.in_(literal_column(f"'{one}'") for one in ACTIVE),
    )
    found = (key.c.conversation.label("of"), key.c.sender, key.c.client_id, _MESSAGES.c.id.label("known"))
    return select(*found, _RESPONSES).select_from(key).outerjoin(_MESSAGES, same).outerjoin(_RESPONSES, active)


_LOCKED = LOCKED.where(
    _CONVERSATIONS.c.id == any_(bindparam("ids", type_=ARRAY(Uuid(), dimensions=1)))
).with_for_update(of=_CONVERSATIONS, skip_locked=True)
_FACTS = _facts()


@lru_cache(maxsize=STATEMENTS_KEPT)
def _text(statement: Select[Any], dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


class _Statement:
    """Writes in the driver's terms: its text, and how its parameters come from rows."""

    def __init__(self, writes: tuple[Write, ...], dialect: Dialect) -> None:
        parts = [write.for_rows(f"w{number}_").cte(f"w{number}") for number, write in enumerate(writes)]
        compiled = select(literal_column("1")).add_cte(*parts).compile(dialect=dialect)
        self.text = str(compiled)
        self._places: list[tuple[int, str, Callable[[Any], Any] | None]] = []
        self._constants: dict[int, Any] = {}
        takes = {
            f"w{number}_{name}": (number, name, type_)
            for number, write in enumerate(writes)
            for name, type_ in write.parameters().items()
        }
        for place, name in enumerate(compiled.positiontup or ()):
            if name in takes:
                number, column_name, type_ = takes[name]
                self._places.append((number, column_name, type_.dialect_impl(dialect).bind_processor(dialect)))
            else:
                self._constants[place] = compiled.params[name]

    def arguments(self, rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[Any]:
        """Return the parameters; `rows` are those of each write."""
        arguments: list[Any] = [
            [row[name] for row in rows[number]] if process is None else [process(row[name]) for row in rows[number]]
            for number, name, process in self._places
        ]
        for place, value in self._constants.items():
            arguments.insert(place, value)
        return arguments


@lru_cache(maxsize=STATEMENTS_KEPT)
def _together(writes: tuple[Write, ...], dialect: Dialect) -> _Statement:
    return _Statement(writes, dialect)
