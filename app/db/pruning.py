"""Removing the log of conversations that were closed long ago. What they say stays: messages and notes are rows.

The log is what a client needs to come up to date without reading everything. Where its beginning is gone, whoever has
an older position is answered with a snapshot. `last_seq` stays as it is, and so does what is written later.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from app.db import models
from app.db.database import Database

CONVERSATIONS = 20
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
