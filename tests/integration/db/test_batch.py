"""Writes that wait: sent together, before anything that could see or depend on them."""

from __future__ import annotations

import pytest
from sqlalchemy import event, func, select

from app.db import models
from app.db.base import table_of, utc_now
from app.db.batch import inserting, updating
from app.db.database import Database
from app.services.ids import new_id

_SHOP = table_of(models.Shop)
_ADDED = inserting(
    _SHOP,
    *("id", "name", "widget_key", "widget_secret", "origins", "currency", "locale", "timezone", "settings"),
    "created_at",
)


def values(name: str) -> dict[str, object]:
    """Return a row of a shop."""
    key = new_id()
    texts = {"name": name, "widget_key": f"wk_{key}", "widget_secret": "secret"}
    defaults = {"origins": [], "currency": "EUR", "locale": "en", "timezone": "UTC", "settings": {}}
    return {"id": key, **texts, **defaults, "created_at": utc_now()}


def test_a_default_of_the_process_must_be_given() -> None:
    with pytest.raises(ValueError, match="id"):
        inserting(_SHOP, "name")


async def test_what_waits_is_there_for_the_next_read_and_gone_after_a_rollback(database: Database) -> None:
    async with database.write_session() as session:
        session.later(_ADDED, values("First"))
        session.later(_ADDED, values("Second"))
        assert await session.scalar(select(func.count()).select_from(_SHOP)) == 2
        session.later(_ADDED, values("Third"))
    async with database.read_session() as session:
        assert await session.scalar(select(func.count()).select_from(_SHOP)) == 0


async def test_what_waits_is_committed_in_one_round_trip(database: Database) -> None:
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    first, second = values("First"), values("Second")
    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.write_session() as session:
        session.later(_ADDED, first)
        session.later(_ADDED, second)
        await session.commit()
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    inserts = [one for one in statements if "INSERT" in one]
    assert len(inserts) == (0 if database.is_sqlite else 1)  # SQLite's driver has them with the commit
    async with database.write_session() as session:
        session.later(updating(_SHOP, ("name",)), {"id": first["id"], "name": "Renamed"})
        await session.commit()
    async with database.read_session() as session:
        names = (await session.scalars(select(_SHOP.c.name).order_by(_SHOP.c.name))).all()
    assert list(names) == ["Renamed", "Second"]


async def test_writes_to_one_row_are_done_in_their_order(database: Database) -> None:
    shop = values("First")
    async with database.write_session() as session:
        session.later(_ADDED, shop)
        for name in ("Second", "Third"):
            session.later(updating(_SHOP, ("name",)), {"id": shop["id"], "name": name})
        await session.commit()
    async with database.read_session() as session:
        assert await session.scalar(select(_SHOP.c.name)) == "Third"
