"""A message's way to its prompt: what is asked of the models, and what a stage that fails leaves."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from app.bootstrap.worker import open_recommenders
from app.db.records import SqlRecords
from app.domain.catalogue import ShopProfile
from app.services.answer.knowledge import Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.pipeline import Pipeline, PreparedReply, Tokenizing
from app.services.answer.ports import ReplyContext
from app.services.ids import new_id
from app.services.rate_limit import RateLimiter
from nlp.analyzer import Analysis
from nlp.model_files import Vectors
from nlp.retrieval import Encodes
from tests.integration.app.rig import Product, analyzer, encoder


class Passes:
    """The analyzer that ships; knows what it was asked at once."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def analyze(self, texts: Sequence[str]) -> list[Analysis]:
        self.asked.append(list(texts))
        return analyzer().analyze(texts)


class BrokenEncoder:
    def encode(self, texts: Sequence[str]) -> Vectors:
        raise RuntimeError("no memory")


class BrokenRecords(SqlRecords):
    async def profile(self, shop: UUID) -> ShopProfile:
        raise ConnectionError("the database is away")


async def prepare(
    rig: Product, text: str, *, passes: Passes, using: Encodes | None = None, records: SqlRecords | None = None
) -> PreparedReply:
    known = records or rig.core.records
    pipeline = Pipeline(
        records=known,
        analyzer=BatchedAnalyzer(passes),
        knowledge=Knowledge(known, using or encoder()),
        recommenders=open_recommenders(rig.core),
        attempts=RateLimiter(),
        tokenizing=Tokenizing(len, 4000),
    )
    return await pipeline.prepare(ReplyContext(rig.mine.shop.id, new_id(), new_id(), new_id(), False, text))


async def test_a_message_and_its_questions_take_one_pass(rig: Product) -> None:
    passes, text = Passes(), "Where is my order and do you ship to Norway?"
    reply = await prepare(rig, text, passes=passes)
    assert passes.asked == [[text, "Where is my order", "do you ship to Norway?"]]
    assert reply.then is not None
    assert {reply.decision.intent, reply.then.decision.intent} == {"order_status", "delivery_options"}


async def test_without_search_the_message_is_understood(rig: Product) -> None:
    reply = await prepare(rig, "where is my order", passes=Passes(), using=BrokenEncoder())
    assert reply.decision.situation == "order_status/unverified"
    assert not reply.sources


async def test_records_that_cannot_be_read_fail_the_reply(rig: Product) -> None:
    with pytest.raises(ConnectionError, match="away"):
        await prepare(rig, "where is my order", passes=Passes(), records=BrokenRecords(rig.core.database))
