"""The unit of work: one session, one transaction, all repositories on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.db.batch import BatchSession
from app.db.database import Database
from app.db.erasure import SqlErasure
from app.db.files import SqlMessageFiles
from app.db.repositories.conversations import SqlConversations
from app.db.repositories.deliveries import SqlDeliveries
from app.db.repositories.desk import SqlDesk
from app.db.repositories.inbox import SqlInboxLog
from app.db.repositories.jobs import SqlJobs
from app.db.repositories.messages import SqlEventLog, SqlMessages
from app.db.repositories.notifications import SqlNotifications
from app.db.repositories.people import SqlPeople
from app.db.repositories.replies import SqlReplies
from app.db.repositories.views import SqlViews
from app.services import ports
from app.services.attachments import MessageFiles
from app.services.notifying import NotificationLog
from app.services.outbox import Deliveries


class SqlTransaction:
    """See app.services.ports.Transaction."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session
        self.conversations: ports.Conversations = SqlConversations(session)
        self.messages: ports.Messages = SqlMessages(session)
        self.events: ports.EventLog = SqlEventLog(session)
        self.replies: ports.Replies = SqlReplies(session)
        self.jobs: ports.Jobs = SqlJobs(session)
        self.people: ports.People = SqlPeople(session)
        self.desk: ports.Desk = SqlDesk(session)
        self.views: ports.Views = SqlViews(session)
        self.inbox: ports.InboxLog = SqlInboxLog(session)
        self.deliveries: Deliveries = SqlDeliveries(session)
        self.files: MessageFiles = SqlMessageFiles(session)
        self.notifications: NotificationLog = SqlNotifications(session)
        self.erasure: ports.Erasure = SqlErasure(session)

    async def commit(self) -> None:
        """Make all of it durable and visible."""
        await self._session.commit()


class SqlStore:
    """See app.services.ports.Store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def write(self) -> AsyncIterator[ports.Transaction]:
        """Open a transaction that may write."""
        async with self._database.write_session() as session:
            yield SqlTransaction(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ports.Transaction]:
        """Open a transaction that reads one consistent state."""
        async with self._database.read_session() as session:
            yield SqlTransaction(session)
