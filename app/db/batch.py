"""Writes that need no answer go to the server together: one round trip, and one statement on PostgreSQL.

They are sent before whatever the session reads or writes next, and before it commits. On PostgreSQL each is a CTE of
one statement, and all see the state before it: of two that touch the same row one would be lost
(https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING), so the second begins another batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, Table, Update, bindparam, event, literal_column, select
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql.elements import ColumnElement

STATEMENTS_KEPT = 512  # combinations of writes

Build = Callable[[str, str], Insert | Update]
"""Makes a statement for a dialect; its parameters are named with a prefix, so that it stands beside others."""


class Write:
    """One statement, made once, whose parameters come each time."""

    __slots__ = ("build", "table")

    def __init__(self, table: Table, build: Build) -> None:
        self.table = table
        self.build = build


def inserting(
    table: Table,
    *columns: str,
    computed: Mapping[str, Callable[[str], ColumnElement[Any]]] | None = None,
    or_nothing: bool = False,
) -> Write:
    """Return an insert of one row; `computed` columns are made by the server. A unique index may be in the way only
    with `or_nothing`.

    Raises: ValueError when a column is left out that has a default of the process: a batch does not know it.
    """
    made = computed or {}
    missing = {column.name for column in table.columns if column.default is not None} - {*columns, *made}
    if missing:
        raise ValueError(f"expected values for {sorted(missing)} of {table.name}")

    def build(dialect: str, prefix: str) -> Insert:
        insert = (insert_on_sqlite if dialect == "sqlite" else insert_on_postgresql)(table)
        values: dict[str, ColumnElement[Any]] = {name: _parameter(table, name, prefix) for name in columns}
        values |= {name: make(prefix) for name, make in made.items()}
        statement = insert.values(values)
        return statement.on_conflict_do_nothing() if or_nothing else statement

    return Write(table, build)


@lru_cache(maxsize=STATEMENTS_KEPT)
def updating(table: Table, columns: tuple[str, ...]) -> Write:
    """Return an update of these columns of the row whose id is the parameter `id`."""

    def build(dialect: str, prefix: str) -> Update:
        row = table.c.id == bindparam(f"{prefix}id", type_=table.c.id.type)
        return table.update().where(row).values({name: _parameter(table, name, prefix) for name in columns})

    return Write(table, build)


Waiting = tuple[Write, Mapping[str, Any]]
"""A write and its parameters."""


class BatchingSession(Session):
    """The synchronous side; see BatchSession."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waiting: list[Waiting] = []

    def send(self) -> None:
        """Send what waits."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        connection = self.connection()
        if connection.dialect.name == "sqlite":  # knows no INSERT in a CTE, and has no way to the server to save
            for write, values in waiting:
                connection.execute(_alone(write, "sqlite"), _named(0, values))
            return
        for batch in _batches(waiting):
            parameters: dict[str, Any] = {}
            for number, (_, values) in enumerate(batch):
                parameters |= _named(number, values)
            connection.execute(_together(tuple(write for write, _ in batch), connection.dialect.name), parameters)


class BatchSession(AsyncSession):
    """An AsyncSession with `later`."""

    sync_session_class = BatchingSession
    sync_session: BatchingSession

    def later(self, write: Write, values: Mapping[str, Any]) -> None:
        """Write with the next statement, or at the commit."""
        self.sync_session.waiting.append((write, values))


@event.listens_for(BatchingSession, "do_orm_execute")
def _before_execute(state: ORMExecuteState) -> None:
    if isinstance(state.session, BatchingSession):
        state.session.send()


@event.listens_for(BatchingSession, "before_commit")
def _before_commit(session: Session) -> None:
    if isinstance(session, BatchingSession):
        session.send()


def _batches(waiting: Iterable[Waiting]) -> Iterator[list[Waiting]]:
    """Split writes where one touches the row of an earlier one."""
    batch: list[Waiting] = []
    touched: set[tuple[str, object]] = set()
    for write, values in waiting:
        row = (write.table.name, values.get("id"))  # without one it is an insert, which touches no other's
        if row in touched and row[1] is not None:
            yield batch
            batch, touched = [], set()
        batch.append((write, values))
        touched.add(row)
    yield batch


@lru_cache(maxsize=STATEMENTS_KEPT)
def _alone(write: Write, dialect: str) -> Any:
    return write.build(dialect, _prefix(0))


@lru_cache(maxsize=STATEMENTS_KEPT)
def _together(writes: tuple[Write, ...], dialect: str) -> Any:
    if len(writes) == 1:
        return _alone(writes[0], dialect)
    parts = [write.build(dialect, _prefix(number)).cte(f"w{number}") for number, write in enumerate(writes)]
    return select(literal_column("1")).add_cte(*parts)


def _parameter(table: Table, column: str, prefix: str) -> ColumnElement[Any]:
    return bindparam(prefix + column, type_=table.c[column].type)


def _named(number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    prefix = _prefix(number)
    return {prefix + name: value for name, value in values.items()}


def _prefix(number: int) -> str:
    return f"w{number}_"
