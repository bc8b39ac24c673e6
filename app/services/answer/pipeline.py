"""From a customer's message to a frozen prompt: understand, decide, gather facts, recommend, write the prompt.

Each stage has a timeout and degrades: without sentiment the mood is neutral, without search there are no products,
without intent the conversation goes to a person. No stage loses the message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import structlog

from app import metrics
from app.domain.catalogue import CustomerView, Order, Product, ShopProfile
from app.services.answer.clauses import questions_in
from app.services.answer.comparing import COMPARED
from app.services.answer.compound import decide_both, two_questions
from app.services.answer.decision import Decision, decide
from app.services.answer.facts import gather_facts
from app.services.answer.feeling import clear_mood
from app.services.answer.following import (
    TOPICS,
    asked_before,
    asked_of_another,
    asks_if_it_holds,
    matter_before,
    names_no_matter,
    other_one_named,
    said_by_bot,
)
from app.services.answer.knowledge import Hits, Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.ports import Attempts, Records, ReplyContext
from app.services.answer.question import (
    FEW_WORDS,
    PROOF_TURNS,
    Question,
    Understanding,
    email_addresses,
    order_numbers,
    wants_cheaper,
)
from app.services.answer.recommend import Recommended, Recommenders
from app.services.answer.topics import NARROW_WORDS
from app.services.answer.wording import wants_similar
from nlp.analyzer import Analysis
from nlp.aspects import aspect_of
from nlp.grounding import Fact
from nlp.language import language_of
from nlp.model_files import Vectors
from nlp.prompt import Mood, Prompt, Speaker, build_prompt

log = structlog.get_logger(__name__)

STAGE_TIMEOUT_S = 5.0
RECOMMENDING = frozenset({"product_search", "product_question", "availability"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """One answer of a reply."""

    prompt: Prompt
    decision: Decision
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class PreparedReply:
    """All that is frozen into the reply row before the first token."""

    prompt: Prompt
    decision: Decision
    facts: Sequence[Fact]
    recommended: Sequence[Recommended] = ()
    sources: Sequence[tuple[str, str | None]] = ()
    orders: Sequence[Order] = ()
    then: PreparedPart | None = None  # the answer to a second question of the message
    people_available: bool = True


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks where, and what was on their screen."""

    shop: ShopProfile
    customer: CustomerView
    orders: Sequence[Order]
    page: Product | None
    shown: Sequence[Product]


@dataclass(frozen=True, slots=True)
class Tokenizing:
    """How the responder counts tokens, and how many it reads."""

    count_tokens: Callable[[str], int]
    window: int


@dataclass(slots=True)
class Pipeline:
    """Prepares replies. One per worker; safe for concurrent use."""

    records: Records
    analyzer: BatchedAnalyzer
    knowledge: Knowledge
    recommenders: Recommenders
    attempts: Attempts
    tokenizing: Tokenizing
    languages: frozenset[str] = frozenset({"en"})  # that the answer model writes
    _clock: Callable[[], float] = field(default=time.monotonic)

    async def prepare(self, context: ReplyContext) -> PreparedReply:
        """Return the frozen inputs of one reply.

        Raises: what reading the records raises; the job is then tried again.
        """
        context = await self._completed(context)
        # One after the other: beside the model's thread the reads take longer than both do in turn.
        analysis, hits = await self._understand(context)
        question = await self._question(context, await self._asker(context), analysis, hits)
        decided = await self._decide(context, question)
        decision = decided[0][1]
        recommended: Sequence[Recommended] = ()
        with suppress(_DegradedError):
            recommended = await self._stage("recommend", self._recommend(context, decision))
        first, *more = [self._part(context, *one) for one in decided]
        articles = [decision.article for _, decision in decided if decision.article is not None]
        return PreparedReply(
            prompt=first.prompt,
            decision=first.decision,
            facts=first.facts,
            recommended=recommended,
            sources=[(article.title, article.url) for article in articles],
            orders=[decision.orders[0] for _, decision in decided if len(decision.orders) == 1],
            then=more[0] if more else None,
            people_available=question.shop.people_available,
        )

    async def _completed(self, context: ReplyContext) -> ReplyContext:
        """Put the product that is named into the question before, where it says no more: `and the day pack?`."""
        previous, other = context.previous, other_one_named(context.question)
        before = next((text for text in _said_before(context) if other_one_named(text) is None), None)
        is_of_product = previous is not None and previous.situation in ("product_question/found", "availability/found")
        if previous is None or previous.product_id is None or other is None or before is None or not is_of_product:
            return context
        if len(context.question.split()) > FEW_WORDS or not await self.knowledge.names_product(context.shop, other):
            return context
        spoken_of = await self.records.products(context.shop, [previous.product_id])
        if not spoken_of or aspect_of("product_question", other) is not None:
            return context
        return replace(context, question=asked_of_another(before, spoken_of[0].title, other))

    async def _understand(self, context: ReplyContext) -> tuple[Analysis | None, Hits]:
        """Classify the message and search by it; a stage that fails leaves nothing."""
        analysis: Analysis | None = None
        hits = Hits()
        with suppress(_DegradedError):
            analysis = await self._stage("classify", self._analyze(context.question))
            hits = await self._stage("search", self._search(context, analysis))
        return analysis, hits

    async def _analyze(self, text: str) -> Analysis:
        """Analyse a message, and in the same pass the questions in it: the results are kept for when they are asked."""
        texts = [text, *self._questions_in(text)]
        return (await asyncio.gather(*map(self.analyzer.analyze, texts)))[0]

    def _questions_in(self, text: str) -> Sequence[str]:
        return questions_in(text) if self._foreign(text) is None else ()

    async def _search(self, context: ReplyContext, analysis: Analysis) -> Hits:
        """Search by the message; one that only goes on with a search (`anything cheaper?`) by the one before it."""
        hits = await self._search_one(context, context.question, analysis.vector)
        topic = _question_gone_on_with(context)
        if topic is not None:
            joined = f"{topic} {context.question}"
            asked = await self._search_one(context, joined, (await self.analyzer.analyze(joined)).vector)
            return replace(hits, articles=asked.articles, sentences={**hits.sentences, **asked.sentences})
        previous, earlier = context.previous, asked_before(context.history)
        if previous is not None and previous.asked_for_detail and hits.names_kind:
            return replace(hits, goes_on_with=earlier)  # `a jacket`, after `do you have something in red?`
        if previous is not None and previous.product_id is not None and _wants_other(context):
            return await self._search_similar(context, previous.product_id, hits)
        narrows = await self.knowledge.names_property(context.shop, context.question)
        earlier = await self._searched_before(context) if narrows or not hits.names_kind else None
        if earlier is None:
            return hits
        before = await self.knowledge.search(context.shop, earlier, (await self.analyzer.analyze(earlier)).vector)
        of_kind = before.of_kind or before.products
        if narrows:
            both = {hit.item.id for hit in hits.of_kind} & {hit.item.id for hit in of_kind}
            of_kind = [hit for hit in of_kind if hit.item.id in both] or hits.of_kind
        return replace(hits, of_kind=of_kind, names_kind=True, goes_on_with=earlier)

    async def _search_similar(self, context: ReplyContext, product: UUID, hits: Hits) -> Hits:
        """Find what is of the kind of the product spoken of."""
        found = await self.records.products(context.shop, [product])
        if not found or not found[0].category:
            return hits
        kind = found[0].category
        like = await self.knowledge.search(context.shop, kind, (await self.analyzer.analyze(kind)).vector)
        return replace(hits, of_kind=like.of_kind, names_kind=True)

    async def _search_one(self, context: ReplyContext, text: str, vector: Vectors) -> Hits:
        return await self.knowledge.search(context.shop, text, vector, said=said_by_bot(context.history))

    async def _searched_before(self, context: ReplyContext) -> str | None:
        """What the customer looked for last, when this message is short enough to go on with it."""
        previous = context.previous
        if previous is None or previous.intent != "product_search" or len(context.question.split()) > FEW_WORDS:
            return None
        for turn in reversed(context.history):
            if turn.speaker is Speaker.CUSTOMER and await self.knowledge.names_kind(context.shop, turn.text):
                return turn.text
        return None

    async def _decide(self, context: ReplyContext, question: Question) -> list[tuple[Question, Decision]]:
        """Decide the message, or its two questions when it has two."""
        clauses = self._questions_in(context.question)
        with suppress(_DegradedError):
            parts = await asyncio.gather(*(self._clause(context, question, clause) for clause in clauses))
            both = two_questions(parts)
            if both:
                return decide_both(*both)
        return [(question, decide(question))]

    async def _clause(self, context: ReplyContext, whole: Question, clause: str) -> Question:
        """Return the question that one clause of a message is; who asks and what was said before is the same."""
        analysis = await self._stage("classify", self.analyzer.analyze(clause))
        hits = await self._stage("search", self._search_one(context, clause, analysis.vector))
        understood = replace(_understanding(analysis), mood=whole.understood.mood)
        return replace(
            whole,
            text=clause,
            understood=understood,
            products=hits.products,
            of_kind=hits.of_kind,
            names_kind=hits.names_kind,
            search_text=None,
            articles=hits.articles,
            sentences={**whole.sentences, **hits.sentences},
        )

    def _part(self, context: ReplyContext, question: Question, decision: Decision) -> PreparedPart:
        facts = gather_facts(question, decision)
        prompt = build_prompt(
            question=question.text,
            history=context.history,
            facts=facts,
            intent=_prompt_intent(decision),
            mood=decision.mood,
            act=decision.act,
            count_tokens=self.tokenizing.count_tokens,
            window=self.tokenizing.window,
        )
        return PreparedPart(prompt, decision, facts)

    async def _asker(self, context: ReplyContext) -> _Asker:
        shown = context.previous.product_ids if context.previous is not None else ()
        page = context.page_product
        return _Asker(
            shop=await self.records.profile(context.shop),
            customer=await self.records.customer(context.shop, context.customer, verified=context.verified),
            orders=await self.records.orders(context.shop, context.customer) if context.verified else (),
            page=await self.knowledge.product(context.shop, page) if page is not None else None,
            shown=await self.records.products(context.shop, shown) if shown else (),
        )

    async def _question(self, context: ReplyContext, asker: _Asker, analysis: Analysis | None, hits: Hits) -> Question:
        spoken_of = [*asker.shown[:COMPARED], *([asker.page] if asker.page is not None else [])]
        sentences = dict(hits.sentences)
        if analysis is not None:
            sentences |= await self.knowledge.sentences_of(spoken_of, context.question, analysis.vector)
        understood = _understanding(analysis)
        return Question(
            text=context.question,
            history=context.history,
            understood=replace(understood, mood=clear_mood(understood, context.question)),
            shop=asker.shop,
            customer=asker.customer,
            today=datetime.now(UTC).date(),
            orders=asker.orders,
            proven_order=None if context.verified else await self._proven_order(context),
            previous=context.previous,
            page_product=asker.page,
            foreign=self._foreign(context.question),
            shown=asker.shown,
            products=hits.products,
            of_kind=hits.of_kind,
            names_kind=hits.names_kind,
            search_text=f"{hits.goes_on_with} {context.question}" if hits.goes_on_with else None,
            goes_on_with=_question_gone_on_with(context),
            articles=hits.articles,
            sentences=sentences,
        )

    async def _proven_order(self, context: ReplyContext) -> Order | None:
        """Look an order up by number and e-mail address, given now or in the last turns; guesses are limited."""
        said: Sequence[str] = [turn.text for turn in context.history if turn.speaker is Speaker.CUSTOMER][-PROOF_TURNS:]
        numbers, emails = order_numbers(context.question), email_addresses(context.question)
        told = _told_orders(context)
        if not numbers and not emails and told:
            numbers, said = told[:1], context.said or said  # one that was proven is spoken of for longer
        numbers = numbers or [number for text in reversed(said) for number in order_numbers(text)]
        emails = emails or [address for text in reversed(said) for address in email_addresses(text)]
        if not numbers or not emails:
            return None
        number, email = numbers[0], emails[0]
        if number not in told:  # a question about an order that was proven is no attempt
            keys = (f"visitor:{context.visitor}", f"email:{context.shop}:{email}", f"order:{context.shop}:{number}")
            if not all([await self.attempts.allow(key) for key in keys]):
                return None
        for address in dict.fromkeys(emails if number in told else [email]):
            order = await self.records.proven_order(context.shop, number, address)
            if order is not None:
                return order
        return None

    def _foreign(self, text: str) -> str | None:
        language = language_of(text)
        return language if language is not None and language not in self.languages else None

    async def _recommend(self, context: ReplyContext, decision: Decision) -> Sequence[Recommended]:
        if decision.situation.partition("/")[0] not in RECOMMENDING or not decision.products:
            return ()
        if decision.situation == "product_search/found":
            return [Recommended(product, reason=_search_reason(product), score=1.0) for product in decision.products]
        product = decision.products[0]
        others = await self.recommenders.recommend(
            context.shop,
            customer=context.customer if context.verified else None,
            page_product=product.id,
            exclude={product.id},
        )
        return others

    async def _stage(self, name: str, work: Awaitable[T]) -> T:
        """Run one stage with its metric and timeout.

        Raises: _DegradedError when it failed; that is logged and counted.
        """
        began = self._clock()
        try:
            async with asyncio.timeout(STAGE_TIMEOUT_S):
                return await work
        except Exception as error:
            metrics.stage_failures_total.labels(stage=name).inc()
            # Where a late stage stood is chance, and no bug to be traced.
            fields = {"stage": name, "error": type(error).__name__}
            is_late = isinstance(error, TimeoutError)
            log.warning("stage degraded", action="stage_degraded", **fields, exc_info=not is_late)
            raise _DegradedError(name) from error
        finally:
            metrics.stage_seconds.labels(stage=name).observe(self._clock() - began)


def _said_before(context: ReplyContext) -> list[str]:
    """Return what the customer said before, the last first."""
    return [turn.text for turn in reversed(context.history) if turn.speaker is Speaker.CUSTOMER]


def _wants_other(context: ReplyContext) -> bool:
    """Tell whether others like the product of the last answer are wanted; a search goes on by itself."""
    is_search = context.previous is not None and context.previous.intent == "product_search"
    is_short = len(context.question.split()) <= FEW_WORDS
    return is_short and (wants_similar(context.question) or (not is_search and wants_cheaper(context.question)))


def _question_gone_on_with(context: ReplyContext) -> str | None:
    """Return the question before, when it was on a matter of the shop and this one names none of its own."""
    previous = context.previous
    is_on_topic = previous is not None and previous.topic in TOPICS
    goes_on = names_no_matter(context.question) or asks_if_it_holds(context.question)
    if not is_on_topic or len(context.question.split()) > NARROW_WORDS or not goes_on:
        return None
    return matter_before(context.said) or asked_before(context.history)


def _told_orders(context: ReplyContext) -> list[str]:
    """Return the numbers of the orders that this conversation was told of, the last one first."""
    previous = context.previous
    if previous is None:
        return []
    told = ([previous.order_number] if previous.order_number else []) + list(previous.told_orders)
    return [number.lstrip("#").upper() for number in told]


def _prompt_intent(decision: Decision) -> str:
    """The intent whose row is answered: that of the situation, or for those that go with any, what was understood."""
    of_row = decision.situation.partition("/")[0]
    if of_row != "any":
        return of_row
    return "out_of_scope" if decision.intent == "unclear" else decision.intent


class _DegradedError(Exception):
    """A stage failed and its part of the answer is left out."""


def _understanding(analysis: Analysis | None) -> Understanding:
    if analysis is None:
        return Understanding(intent="contact_human", intent_score=1.0, mood=Mood.NEUTRAL, mood_score=0.0)
    return Understanding(
        intent=analysis.intent.label,
        intent_score=analysis.intent.score,
        mood=Mood(analysis.sentiment.label),
        mood_score=analysis.sentiment.score,
        ranking=analysis.intent.ranking,
    )


def _search_reason(product: Product) -> str:
    if product.old_price_minor is not None and product.old_price_minor > product.price_minor:
        return "on sale now"
    return f"matches your search in {product.category}" if product.category else "matches your search"
