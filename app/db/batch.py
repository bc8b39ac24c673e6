"""Writes that need no answer go to the database together: one round trip, and one statement on PostgreSQL.

They are sent before whatever the session reads or writes next, and before it commits; to SQLite, with it. On PostgreSQL
each is a CTE of one statement, and all see the state before it: of two that touch the same row one would be lost
(https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING), so the second begins another batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Dialect,
    Insert,
    String,
    Table,
    Text,
    Update,
    bindparam,
    column,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from app.db.sqlite import sqlite_driver

STATEMENTS_KEPT = 512  # combinations of writes

Parameter = Callable[[str, TypeEngine[Any]], ColumnElement[Any]]
"""Where a value comes from: a parameter of one row's statement, or a column of many rows."""

Computed = Mapping[str, Callable[[Parameter], ColumnElement[Any]]]


class Write:
    """An insert of one row, or an update of the row whose id is given; its parameters come each time."""

    __slots__ = ("columns", "computed", "is_insert", "or_nothing", "table")

    def __init__(
        self, table: Table, columns: tuple[str, ...], *, is_insert: bool, computed: Computed, or_nothing: bool = False
    ) -> None:
        self.table = table
        self.columns = columns
        self.is_insert = is_insert
        self.computed = computed
        self.or_nothing = or_nothing

    def parameters(self) -> dict[str, TypeEngine[Any]]:
        """Return the types of all parameters by name."""
        types: dict[str, TypeEngine[Any]] = {name: self.table.c[name].type for name in self.columns}

        def note(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
            types[name] = type_
            return bindparam(name, type_=type_)

        for make in self.computed.values():
            make(note)
        return types if self.is_insert else {"id": self.table.c.id.type, **types}

    def for_one(self, dialect: str, prefix: str) -> Insert | Update:
        """Make the statement; its parameters are named with a prefix, so that it stands beside others."""
        values = self._values(lambda name, type_: bindparam(prefix + name, type_=type_))
        if not self.is_insert:
            row = self.table.c.id == bindparam(f"{prefix}id", type_=self.table.c.id.type)
            return self.table.update().where(row).values(values)
        statement = (insert_on_sqlite if dialect == "sqlite" else insert_on_postgresql)(self.table).values(values)
        return statement.on_conflict_do_nothing() if self.or_nothing else statement

    def for_rows(self, prefix: str) -> Insert | Update:
        """Make the statement of PostgreSQL for any number of rows; each parameter is an array of theirs."""
        types = {name: Text() if isinstance(type_, String) else type_ for name, type_ in self.parameters().items()}
        arrays = [bindparam(prefix + name, type_=ARRAY(type_, dimensions=1)) for name, type_ in types.items()]
        columns = [column(name, type_) for name, type_ in types.items()]
        rows = func.unnest(*arrays).table_valued(*columns).render_derived()
        values = self._values(lambda name, _: rows.c[name])
        if not self.is_insert:
            return self.table.update().where(self.table.c.id == rows.c.id).values(values)
        statement = insert_on_postgresql(self.table).from_select(
            list(values), select(*values.values()), include_defaults=False
        )
        return statement.on_conflict_do_nothing() if self.or_nothing else statement

    def _values(self, parameter: Parameter) -> dict[str, ColumnElement[Any]]:
        values = {name: parameter(name, self.table.c[name].type) for name in self.columns}
        return values | {name: make(parameter) for name, make in self.computed.items()}


def inserting(table: Table, *columns: str, computed: Computed | None = None, or_nothing: bool = False) -> Write:
    """Return an insert of one row; `computed` columns are made by the server. A unique index may be in the way only
    with `or_nothing`.

    Raises: ValueError when a column is left out that has a default of the process: a batch does not know it.
    """
    made = computed or {}
    missing = {column.name for column in table.columns if column.default is not None} - {*columns, *made}
    if missing:
        raise ValueError(f"expected values for {sorted(missing)} of {table.name}")
    return Write(table, columns, is_insert=True, computed=made, or_nothing=or_nothing)


@lru_cache(maxsize=STATEMENTS_KEPT)
def updating(table: Table, columns: tuple[str, ...]) -> Write:
    """Return an update of these columns of the row whose id is the parameter `id`."""
    return Write(table, columns, is_insert=False, computed={})


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
        if connection.dialect.name == "sqlite":  # knows no INSERT in a CTE
            driver = sqlite_driver(connection)
            for write, values in waiting:
                driver.later(*_on_sqlite(write, connection.dialect).filled(values))
            return
        for batch in in_order(waiting):
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


def in_order(waiting: Iterable[Waiting]) -> Iterator[list[Waiting]]:
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


class _OnSqlite:
    """A write in the driver's terms: its text, and how its parameters come from a row."""

    def __init__(self, write: Write, dialect: Dialect) -> None:
        compiled = write.for_one(dialect.name, _prefix(0)).compile(dialect=dialect)
        self._text = str(compiled)
        own = {_prefix(0) + name: name for name in write.parameters()}
        self._places = [
            (
                own.get(name),
                compiled.params[name],
                compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect),
            )
            for name in compiled.positiontup or ()
        ]

    def filled(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Return the text and its parameters."""
        row = [constant if name is None else values[name] for name, constant, _ in self._places]
        processes = (process for _, _, process in self._places)
        return self._text, [
            value if process is None else process(value) for value, process in zip(row, processes, strict=True)
        ]


@lru_cache(maxsize=STATEMENTS_KEPT)
def _on_sqlite(write: Write, dialect: Dialect) -> _OnSqlite:
    return _OnSqlite(write, dialect)


@lru_cache(maxsize=STATEMENTS_KEPT)
def _alone(write: Write, dialect: str) -> Any:
    return write.for_one(dialect, _prefix(0))


@lru_cache(maxsize=STATEMENTS_KEPT)
def _together(writes: tuple[Write, ...], dialect: str) -> Any:
    if len(writes) == 1:
        return _alone(writes[0], dialect)
    parts = [write.for_one(dialect, _prefix(number)).cte(f"w{number}") for number, write in enumerate(writes)]
    return select(literal_column("1")).add_cte(*parts)


def _named(number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    prefix = _prefix(number)
    return {prefix + name: value for name, value in values.items()}


def _prefix(number: int) -> str:
    return f"w{number}_"
