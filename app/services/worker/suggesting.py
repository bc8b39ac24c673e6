"""Writes a suggested answer to the connection of the agent who asked for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import structlog

from app import metrics
from app.domain.job import ClaimedJob
from app.services.answer.pipeline import Pipeline
from app.services.answer.ports import ReplyContexts
from app.services.clock import Clock
from app.services.publish import Publisher
from app.services.suggesting import Wish
from app.services.worker.reply_run import ResponderModel, freeze
from app.services.worker.speaking import cancel, facts_of, requests_of, speak
from nlp.engine.request import Chunk, FinishReason, GenerationRequest
from nlp.grounding import unfounded_literals
from realtime.bus.frame import Audience, Frame, Kind
from realtime.bus.topic import connection_topic
from realtime.protocol.events import SuggestionDelta, SuggestionDone
from realtime.protocol.shapes import NoSuggestion

log = structlog.get_logger(__name__)

WAITS = timedelta(seconds=30)  # nobody looks at the composer for longer
JOIN_S = 0.04  # tokens that come within this time travel together

_encoder = msgspec.json.Encoder()


class SuggestAnswer:
    """Handler of wishes. The text is grounded and checked as an answer of the bot is; it touches no reply."""

    def __init__(
        self, contexts: ReplyContexts, pipeline: Pipeline, model: ResponderModel, publisher: Publisher, clock: Clock
    ) -> None:
        self._contexts = contexts
        self._pipeline = pipeline
        self._model = model
        self._publisher = publisher
        self._clock = clock

    async def __call__(self, job: ClaimedJob) -> None:
        """Stream a suggestion; a wish that waited too long is dropped."""
        wish = Wish.of(job)
        if self._clock.now() - wish.asked_at > WAITS:
            return
        try:
            text, reason = await self._write(wish, f"suggestion:{job.id}")
        except Exception:
            await self._send(wish, SuggestionDone(conversation=wish.conversation, text="", reason="failed"))
            raise
        metrics.suggestions_total.labels(result=reason or "written").inc()
        await self._send(wish, SuggestionDone(conversation=wish.conversation, text=text, reason=reason))

    async def _write(self, wish: Wish, request_id: str) -> tuple[str, NoSuggestion | None]:
        """Return the whole text, and why there is none."""
        context = await self._contexts.read_open(wish.conversation)
        if context is None:
            return "", "no_question"
        prepared = await self._pipeline.prepare(context)
        if prepared.decision.hands_off:
            return "", "needs_a_person"
        frozen = freeze(prepared, self._model)
        text = await self._stream(wish, requests_of(frozen, request_id, str(context.shop)))
        if unfounded_literals(text, facts_of(frozen)):
            return "", "unfounded"
        return text, None if text.strip() else "no_question"

    async def _stream(self, wish: Wish, requests: Sequence[GenerationRequest]) -> str:
        """Send the tokens as they come; return the whole text.

        Raises: EngineOverloadedError and its kin; RuntimeError when the engine ended with an error.
        """
        said, waiting, sent_at = "", "", 0.0
        try:
            async for item in speak(self._model.engine, requests):
                if not isinstance(item, Chunk):
                    if item.reason not in (FinishReason.STOP, FinishReason.LENGTH):
                        raise RuntimeError(f"generation ended with {item.reason.value}")
                    break
                said, waiting = said + item.text, waiting + item.text
                if waiting and time.monotonic() - sent_at >= JOIN_S:
                    await self._send(wish, SuggestionDelta(conversation=wish.conversation, text=waiting))
                    waiting, sent_at = "", time.monotonic()
        finally:
            cancel(self._model.engine, requests[0].id)
        if waiting:
            await self._send(wish, SuggestionDelta(conversation=wish.conversation, text=waiting))
        return said

    async def _send(self, wish: Wish, frame: SuggestionDelta | SuggestionDone) -> None:
        notice = Frame(kind=Kind.NOTICE, body=_encoder.encode(frame), audience=Audience.STAFF)
        await self._publisher.publish([(connection_topic(wish.connection), notice)])
