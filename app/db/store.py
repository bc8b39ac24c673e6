"""The unit of work: one session, one transaction, all repositories on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from app.db.database import Database
from app.db.lines import read_lines
from app.db.together import together
from app.db.transaction import SqlTransaction
from app.services import ports
from realtime.protocol import shapes


class SqlStore:
    """See app.services.ports.Store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[ports.Transaction]:
        """Open a transaction that may write."""
        async with self._database.write_session(urgent=urgent) as session:
            yield SqlTransaction(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ports.Transaction]:
        """Open a transaction that reads one consistent state."""
        async with self._database.read_session() as session:
            yield SqlTransaction(session)

    @asynccontextmanager
    async def together(self, keys: Sequence[ports.MessageKey]) -> AsyncIterator[ports.Together]:
        """Open one transaction for several conversations."""
        async with together(self._database, keys) as found:
            yield found

    async def lines(self, conversations: Sequence[UUID]) -> Sequence[shapes.Summary]:
        """Read the lines of the console's lists, as they are now."""
        return await read_lines(self._database, conversations)
