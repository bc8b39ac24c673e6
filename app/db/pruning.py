"""Removing old notifications, and the log of conversations that were closed long ago.

What those say stays: messages and notes are rows.

The log is what a client needs to come up to date without reading everything. Where its beginning is gone, whoever has
an older position is answered with a snapshot. `last_seq` stays as it is, and so does what is written later.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from app.db import models
from app.db.database import Database

CONVERSATIONS = 20
NOTIFICATIONS = 500
EVENTS = 1000
"""Of one conversation in one transaction; the rest of a long one goes with the next."""


class SqlPruning:
    """See app.services.worker.pruning.Pruning."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prune(self, closed_before: datetime) -> int:
        """Remove events in one short transaction, the longest closed first; return of how many conversations."""
        stored = models.Conversation
        async with self._database.write_session() as session:
            found = await session.execute(
                select(stored.id, stored.pruned_seq, stored.last_seq)
                .where(
                    stored.status == "closed",
                    stored.pruned_seq < stored.last_seq,
                    stored.closed_at < closed_before,
                )
                .order_by(stored.closed_at)
                .limit(CONVERSATIONS)
                .with_for_update(skip_locked=True)  # one that is just being reopened waits for nobody
            )
            rows = found.all()
            for conversation, pruned_seq, last_seq in rows:
                upto = min(last_seq, pruned_seq + EVENTS)
                await session.execute(
                    delete(models.Event).where(models.Event.conversation_id == conversation, models.Event.seq <= upto)
                )
                await session.execute(update(stored).where(stored.id == conversation).values(pruned_seq=upto))
            await session.commit()
        return len(rows)


class SqlOldNotifications:
    """See app.services.worker.pruning.Pruning."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prune(self, told_before: datetime) -> int:
        """Remove notifications from before a time, read or not, in one short transaction; return how many."""
        row = models.Notification
        old = select(row.id).where(row.at < told_before).order_by(row.at).limit(NOTIFICATIONS)
        async with self._database.write_session() as session:
            ids = (await session.scalars(old)).all()
            await session.execute(delete(row).where(row.id.in_(ids)).execution_options(synchronize_session=False))
            await session.commit()
        return len(ids)
