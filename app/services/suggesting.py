"""Suggested answers for agents: asked for on a live connection, written by a worker, never sent by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.job import ClaimedJob, Lane, NewJob
from app.domain.people import Staff
from app.services.clock import Clock
from app.services.ids import new_id
from app.services.jobs import JobQueue
from app.services.ports import Store
from app.services.rights import check_access, not_found
from realtime.ports import CommandError

SUGGEST_KIND = "suggest_answer"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who waits for a suggestion, and since when."""

    conversation: UUID
    connection: UUID
    asked_at: datetime

    @classmethod
    def of(cls, job: ClaimedJob) -> Wish:
        """Read the wish of a job.

        Raises: ValueError when the job is not one of `Suggestions`.
        """
        if job.conversation is None:
            raise ValueError(f"the job {job.id} names no conversation")
        asked_at = datetime.fromisoformat(str(job.payload["asked_at"]))
        return cls(job.conversation, UUID(str(job.payload["connection"])), asked_at)


class Suggestions:
    """The asking side."""

    def __init__(self, store: Store, queue: JobQueue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    async def ask(self, staff: Staff, conversation: UUID, connection: UUID) -> None:
        """Have an answer suggested; it comes as frames to the connection.

        Raises: CommandError `not_found`, `forbidden`.
        """
        async with self._store.read() as tx:
            owners = await tx.views.owners(conversation)
        if owners is None:
            raise not_found()
        check_access(staff, *owners)
        if not staff.role.may_write:
            raise CommandError("forbidden", "your role may not answer customers")
        payload = {"connection": str(connection), "asked_at": self._clock.now().isoformat()}
        # One try: whoever waits asks again sooner than a retry would come.
        job = NewJob(
            Lane.ASSIST,
            SUGGEST_KIND,
            cause=str(new_id()),
            shop=staff.shop,
            conversation=conversation,
            payload=payload,
            max_tries=1,
        )
        await self._queue.enqueue(job)
