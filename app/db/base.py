"""What all tables share: column types that mean the same on SQLite and PostgreSQL, naming, the database's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, cast
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.services.ids import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

# Locks a row against other writers, but not against rows that refer to it: nobody changes its key.
NO_KEY = {"key_share": True}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite, which has no zones, stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC.

        Raises: ValueError for a naive datetime.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, got the naive {value.isoformat()}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Attach or convert to UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _DatabaseNow(FunctionElement[datetime]):
    name = "database_now"
    type = UtcDateTime()
    inherit_cache = True


@compiles(_DatabaseNow, "postgresql")
def _now_on_postgresql(element: _DatabaseNow, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


@compiles(_DatabaseNow, "sqlite")
def _now_on_sqlite(element: _DatabaseNow, compiler: SQLCompiler, **kw: Any) -> str:
    # The format in which stored datetimes are compared: microseconds, of which SQLite's clock knows three digits.
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({compiler.process(element.clauses, **kw)}) || ' seconds')"


def database_now(plus_s: float | ColumnElement[float] = 0.0) -> FunctionElement[datetime]:
    """Return SQL for the database's clock plus some seconds: leases and due times never use a process's clock."""
    return _DatabaseNow(plus_s if isinstance(plus_s, ColumnElement) else literal(float(plus_s), Float()))


def table_of(model: type[DeclarativeBase]) -> Table:
    """Return a model's table: its statements need less work than the model's, and attributes are named as columns."""
    return cast(Table, model.__table__)


def utc_now() -> datetime:
    """Return the process's time: for "created" columns only, never for leases or order."""
    return datetime.now(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Id = Annotated[UUID, mapped_column(Uuid(), primary_key=True, default=new_id)]
Created = Annotated[datetime, mapped_column(UtcDateTime(), default=utc_now)]
Short = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(255))]
Body = Annotated[str, mapped_column(Text())]
Money = Annotated[int, mapped_column(BigInteger())]  # minor units (cents); the currency stands beside it
Currency = Annotated[str, mapped_column(String(3))]  # ISO 4217


class Base(DeclarativeBase):
    """All tables. Relations are never loaded behind one's back: each is lazy="raise"."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
        list[int]: Json,
    }
