"""The identity of the event log: cursors of another log are answered with a snapshot."""

from __future__ import annotations

import secrets

from sqlalchemy import update

from app.db.database import Database
from app.db.models import Meta


async def rotate_log(database: Database) -> str:
    """Give the log a new identity; call after a restore or failover, when positions may mean other events."""
    log = secrets.token_hex(8)
    async with database.write_session() as session:
        await session.execute(update(Meta).where(Meta.key == "log").values(value=log))
        await session.commit()
    return log
