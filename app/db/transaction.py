"""One transaction: all repositories on one session."""

from __future__ import annotations

from app.db.batch import BatchSession
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
from app.domain.reply import Reply
from app.services import ports
from app.services.attachments import MessageFiles
from app.services.notifying import NotificationLog
from app.services.outbox import Deliveries


class SqlTransaction:
    """See app.services.ports.Transaction."""

    def __init__(self, session: BatchSession) -> None:
        self._session = session
        self.conversations: ports.Conversations = SqlConversations(session)
        self._messages = SqlMessages(session)
        self.messages: ports.Messages = self._messages
        self.events: ports.EventLog = SqlEventLog(session)
        self._replies = SqlReplies(session)
        self.replies: ports.Replies = self._replies
        self.jobs: ports.Jobs = SqlJobs(session)
        self.people: ports.People = SqlPeople(session)
        self.desk: ports.Desk = SqlDesk(session)
        self.views: ports.Views = SqlViews(session)
        self.inbox: ports.InboxLog = SqlInboxLog(session)
        self.deliveries: Deliveries = SqlDeliveries(session)
        self.files: MessageFiles = SqlMessageFiles(session)
        self.notifications: NotificationLog = SqlNotifications(session)
        self.erasure: ports.Erasure = SqlErasure(session)

    def tell(self, new: ports.MessageKey, active: Reply | None) -> None:
        """Take for granted, under the conversation's lock, that a key is new, and what its active reply is."""
        self._messages.tell(new)
        self._replies.tell(new.conversation, active)

    async def commit(self) -> None:
        """Make all of it durable and visible."""
        await self._session.commit()
