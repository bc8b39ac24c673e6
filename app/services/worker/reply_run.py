"""One reply, from its claim to its end: prepare, freeze, generate, write, check, store."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import structlog

from app import metrics
from app.domain.catalogue import Product
from app.domain.message import FinishReason
from app.domain.reply import Frozen, Outcome
from app.services.answer.pipeline import Pipeline, PreparedPart, PreparedReply
from app.services.answer.ports import ReplyContexts, Responder
from app.services.ids import new_id
from app.services.replies import Claim, Finished, Progress, Replies
from app.services.worker.speaking import cancel, facts_of, requests_of, speak
from nlp.engine.request import Chunk
from nlp.engine.request import Finished as Generated
from nlp.engine.request import FinishReason as GeneratedReason
from nlp.grounding import fill, unfounded_literals
from nlp.prompt import Act, question_of
from nlp.sentences import Sentences
from realtime.live_reply.port import Begun, FencedError, LiveReply, LiveReplyUnavailableError
from realtime.live_reply.writer import ReplyEnded, ReplyWriter, StoreIsAhead
from realtime.protocol import shapes

log = structlog.get_logger(__name__)

EMPTY_ANSWER = "I am sorry, I cannot answer that myself. I am passing you on to a colleague."
"""The one safe fallback of generation: used, and counted, when the model said nothing at all."""


AWAY_S = (0.05, 0.5)
"""Between two questions while the store of live replies is away."""


class GenerationFailedError(RuntimeError):
    """The engine ended a reply with an error; the job is tried again and goes on from the ids so far."""


@dataclass(frozen=True, slots=True)
class ResponderModel:
    """The engine in use. `has_pointers` tells whether the model was trained to emit sentinels for literals."""

    engine: Responder
    name: str
    has_pointers: bool
    max_tokens: int
    sentences: Sentences = field(default_factory=lambda: Sentences({}))  # that it was taught, if it names them
    languages: frozenset[str] = frozenset({"en"})  # that it writes

    @property
    def version(self) -> str:
        """Return what the weights are known by, as `assistify models list` shows it."""
        return f"t5-{self.engine.model_hash[:12]}"


@dataclass(frozen=True, slots=True)
class RunParts:
    """What every run needs."""

    replies: Replies
    contexts: ReplyContexts
    pipeline: Pipeline
    model: ResponderModel
    live: LiveReply
    valid: Callable[[], bool]
    coalesce_ms: int
    pace: float = 0.0  # tokens per second; 0 is as fast as the engine


class ReplyRun:
    """One reply in this worker."""

    def __init__(self, claim: Claim, parts: RunParts) -> None:
        self.claim = claim
        self._parts = parts
        self._writer: ReplyWriter | None = None
        self._starts = 0  # how often the engine was asked: the store may know more than this worker
        self._first_token_at: float | None = None
        self._next_at = 0.0  # when the next token is due

    @property
    def id(self) -> UUID:
        return self.claim.reply.id

    def progress(self) -> Progress:
        """Return what is to be checkpointed."""
        if self._writer is None:
            return Progress(self.claim, self.claim.reply.text, self.claim.reply.ids)
        # Only what was published: a checkpoint must never be ahead of what customers saw.
        return Progress(self.claim, *self._writer.confirmed)

    def end_now(self) -> None:
        """Stop: the reply was ended from outside."""
        cancel(self._parts.model.engine, self._request_id)
        if self._writer is not None:
            self._writer.end_now()

    @property
    def _request_id(self) -> str:
        return f"{self.id}:{self.claim.attempt}.{self._starts}"

    async def run(self) -> None:
        """Make the answer.

        Raises: ReplyEnded or ReplyEndedError when it is no longer this worker's; anything else fails the try.
        """
        began = time.monotonic()
        frozen = self.claim.reply.frozen or await self._prepare()
        engine = self._parts.model.engine
        if (frozen.model_hash, frozen.tokenizer_hash) != (engine.model_hash, engine.tokenizer_hash):
            # Its ids mean nothing to this model: the text that was seen ends here, and a new reply begins.
            await self._parts.replies.restart(self.claim, "the model changed")
            return
        begun: Begun | None = await self._begin()
        while begun is not None:
            begun = await self._speak(frozen, begun, began)

    async def _speak(self, frozen: Frozen, begun: Begun, began: float) -> Begun | None:
        """Say the rest of the answer, and store it; return from where to say it when the store knows more of it."""
        self._starts += 1
        self._writer = writer = self._new_writer(begun)
        try:
            generated = await self._generate(frozen, begun, writer)
            await writer.finish()
            await self._store(frozen, generated, began, writer)
        except StoreIsAhead as error:
            log.info("going on from the store", action="reply_caught_up", reply=str(self.id), to=error.begun.end)
            return error.begun
        finally:
            cancel(self._parts.model.engine, self._request_id)
            await writer.aclose()
        return None

    async def _prepare(self) -> Frozen:
        context = await self._parts.contexts.read(self.id)
        prepared = await self._parts.pipeline.prepare(context)
        return await self._parts.replies.freeze(self.claim, freeze(prepared, self._parts.model))

    async def _begin(self) -> Begun:
        """Create or adopt the live reply. While the store is away the answer is made all the same, from memory."""
        reply, conversation = self.claim.reply, self.claim.conversation
        while True:
            try:
                return await self._parts.live.begin(
                    conversation.id, reply.id, reply.epoch, self.claim.attempt, text=reply.text, ids=reply.ids
                )
            except LiveReplyUnavailableError:
                return Begun(reply.text, reply.ids, len(reply.text.encode()))
            except FencedError as error:
                if not await self._is_still_ours(error.cut_id):
                    raise ReplyEnded(error.cut_id) from None

    def _new_writer(self, begun: Begun) -> ReplyWriter:
        return ReplyWriter(
            self._parts.live,
            self.claim.conversation.id,
            self.id,
            self.claim.reply.epoch,
            self.claim.attempt,
            begun,
            self._parts.coalesce_ms,
            revalidate=lambda: self._is_still_ours(None),
            fenced=self._is_still_ours,
            valid=self._parts.valid,
        )

    async def _is_still_ours(self, cut_id: UUID | None) -> bool:
        """Ask the database, which takes back a cut that was rolled back; for as long as the store is away."""
        while True:
            try:
                return await self._parts.replies.revalidate(self.claim, cut_id or new_id())
            except LiveReplyUnavailableError:
                await asyncio.sleep(random.uniform(*AWAY_S))

    async def _generate(self, frozen: Frozen, begun: Begun, writer: ReplyWriter) -> Generated:
        requests = requests_of(frozen, self._request_id, str(self.claim.reply.shop))
        began = time.monotonic()
        async for item in speak(self._parts.model.engine, requests, begun.ids):
            if isinstance(item, Chunk):
                if self._first_token_at is None:
                    self._first_token_at = time.monotonic()
                    metrics.reply_first_token_seconds.observe(self._first_token_at - began)
                await self._keep_pace(len(item.ids))
                await writer.write(item.text, item.ids)
            elif item.reason in (GeneratedReason.STOP, GeneratedReason.LENGTH):
                return item
            elif item.reason is GeneratedReason.CANCELLED:
                raise ReplyEnded(None)
            else:
                raise GenerationFailedError(f"generation ended with {item.reason.value}")
        raise GenerationFailedError("the engine closed the stream")

    async def _keep_pace(self, tokens: int) -> None:
        """Hold tokens back to a pace that can be read; the engine is done meanwhile, and its slot is free."""
        if self._parts.pace <= 0:
            return
        now = time.monotonic()
        self._next_at = max(self._next_at, now) + tokens / self._parts.pace
        await asyncio.sleep(max(0.0, self._next_at - tokens / self._parts.pace - now))

    async def _store(self, frozen: Frozen, generated: Generated, began: float, writer: ReplyWriter) -> None:
        text, handoff = writer.text, _handoff_reason(frozen)
        if not text.strip():
            metrics.fallbacks_total.labels(reason="empty").inc()
            text, handoff = EMPTY_ANSWER, "no answer"
        if text != EMPTY_ANSWER and unfounded_literals(text, facts_of(frozen)):
            # The constraints leave few ways to come here: what was said is checked by a person.
            metrics.fallbacks_total.labels(reason="unfounded").inc()
            handoff = "unfounded answer"
        reason = FinishReason.STOP if generated.reason is GeneratedReason.STOP else FinishReason.LENGTH
        await self._parts.replies.finish(
            self.claim,
            Finished(
                text=text,
                ids=writer.ids,
                finish_reason=reason,
                outcome=Outcome(
                    prompt_tokens=generated.prompt_tokens,
                    tokens=generated.tokens,
                    ttft_ms=generated.ttft_ms,
                    latency_ms=(time.monotonic() - began) * 1000,
                ),
                handoff_reason=handoff,
            ),
        )
        metrics.replies_total.labels(finish_reason=reason.value).inc()
        metrics.reply_tokens_total.inc(generated.tokens)
        metrics.reply_seconds.observe(time.monotonic() - began)
        log.info(
            "reply finished",
            action="reply_finished",
            reply=str(self.id),
            situation=(frozen.intent or {}).get("situation"),
            tokens=generated.tokens,
            ttft_ms=round(generated.ttft_ms),
        )


def freeze(prepared: PreparedReply, model: ResponderModel) -> Frozen:
    """Return all that decides the text. A model without pointers reads the literals themselves."""
    is_closed = not prepared.people_available
    part = _part(PreparedPart(prepared.prompt, prepared.decision, prepared.facts), model, is_closed)
    then = {"then": _part(prepared.then, model, is_closed)} if prepared.then is not None else {}
    return Frozen(
        prompt=part["prompt"],
        facts=part["facts"],
        literals=part["literals"],
        model=model.name,
        model_hash=model.engine.model_hash,
        tokenizer_hash=model.engine.tokenizer_hash,
        decoding={
            "pointers": model.has_pointers,
            "sentences": part["sentences"],
            "max_tokens": model.max_tokens,
            "temperature": 0.0,
            **then,
        },
        products=tuple(_product(one.product, one.reason) for one in prepared.recommended),
        sources=_sources(prepared),
        intent=_intent(prepared),
    )


def _part(part: PreparedPart, model: ResponderModel, is_closed: bool) -> dict[str, Any]:
    literals: Mapping[int, str] = part.prompt.literals if model.has_pointers else {}
    allowed = model.sentences.allowed(
        part.decision.situation,
        part.facts,
        mood=part.decision.mood,
        question=question_of(part.prompt.text),
        is_closed=is_closed,
    )
    return {
        "prompt": part.prompt.text if model.has_pointers else fill(part.prompt.text, part.prompt.literals),
        "facts": {fact.key: fact.value for fact in part.facts},
        "literals": {str(number): text for number, text in literals.items()},
        "sentences": [list(group) for group in allowed.groups],
    }


def _intent(prepared: PreparedReply) -> Mapping[str, Any]:
    """The decision with its reasons. Of two, the one that the customer is to react to: it is said last."""
    first, then = prepared.decision, prepared.then.decision if prepared.then is not None else None
    decision = then if then is not None and then.act is not Act.ANSWER else first
    other = first if decision is then else then
    also = {"also": {"label": other.intent, "situation": other.situation}} if other is not None else {}
    return {
        "label": decision.intent,
        "situation": decision.situation,
        "act": decision.act.value,
        "order": decision.order_number,
        "product": str(decision.product_id) if decision.product_id else None,
        "products": [str(product.id) for product in decision.products],
        "hands_off": decision.hands_off,
        "reasons": [*decision.reasons, *(other.reasons if other is not None else ())],
        **also,
    }


def _sources(prepared: PreparedReply) -> tuple[Mapping[str, Any], ...]:
    """What the answer rests on: articles as links, the orders it is about as cards."""
    shown = [shapes.Source(title=title, url=url) for title, url in prepared.sources]
    for order in prepared.orders:
        number = f"#{order.number.lstrip('#')}"
        card = shapes.OrderState(
            number=number,
            state=order.state,
            carrier=order.carrier,
            tracking=order.tracking,
            tracking_url=order.tracking_url,
            arrives=order.arrives if order.is_open else None,
        )
        shown.append(shapes.Source(title=number, order=card))
    return tuple(msgspec.to_builtins(shown))


def _product(product: Product, reason: str) -> Mapping[str, Any]:
    shown = shapes.RecommendedProduct(
        id=product.id,
        title=product.title,
        price=product.price_minor,
        currency=product.currency,
        reason=reason,
        recommendation=new_id(),
        image_url=product.image_url,
        url=product.url,
    )
    shape: Mapping[str, Any] = msgspec.to_builtins(shown)
    return shape


def _handoff_reason(frozen: Frozen) -> str | None:
    intent = frozen.intent or {}
    return str(intent.get("situation")) if intent.get("hands_off") else None
