"""Finds intent and sentiment of a customer's message, also of those that an agent answers."""

from __future__ import annotations

from uuid import UUID

from app.domain.job import ClaimedJob
from app.domain.message import Score
from app.services.answer.models import BatchedAnalyzer
from app.services.desk import DeskWork
from app.services.ports import Store


class AnalyzeMessage:
    """Handler of analysis jobs."""

    def __init__(self, store: Store, analyzer: BatchedAnalyzer, desk: DeskWork) -> None:
        self._store = store
        self._analyzer = analyzer
        self._desk = desk

    async def __call__(self, job: ClaimedJob) -> None:
        """Analyse the message of a job; one that is gone needs no analysis."""
        if job.conversation is None:
            raise ValueError(f"the job {job.id} names no conversation")
        async with self._store.read() as tx:
            message = await tx.messages.find(job.conversation, UUID(str(job.payload["message"])))
        if message is None or message.redacted:
            return
        found = await self._analyzer.analyze(message.text)
        await self._desk.record_analysis(
            job,
            Score(found.intent.label, found.intent.score),
            Score(found.sentiment.label, found.sentiment.score),
        )
