"""Conversations with the demo shop, in several turns: the real records, the models that ship, the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.bootstrap.core import Core, seed
from app.bootstrap.worker import open_recommenders
from app.db.records import SqlRecords
from app.domain.catalogue import ShopProfile
from app.services.answer.knowledge import Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.pipeline import Pipeline, Tokenizing
from app.services.answer.ports import ReplyContext
from app.services.answer.question import Previous
from app.services.ids import new_id
from app.services.rate_limit import RateLimiter
from app.services.worker.reply_run import ResponderModel, freeze
from app.services.worker.speaking import requests_of, speak
from nlp.engine.engine import Engine
from nlp.engine.request import Chunk
from nlp.engine.settings import EngineSettings
from nlp.prompt import Speaker, Turn
from nlp.registry import STARTER_RESPONDER
from nlp.sentences import Sentences
from tests.integration.app.rig import Product, analyzer, encoder

ANA = "cust_42"


class Silent(SqlRecords):
    """The records of a shop that does not state some of its facts."""

    absent: tuple[str, ...] = ()

    async def profile(self, shop: UUID) -> ShopProfile:
        known = await super().profile(shop)
        return replace(known, facts={key: text for key, text in known.facts.items() if key not in self.absent})


@dataclass
class Talk:
    """One conversation; `ask` returns the answer."""

    pipeline: Pipeline
    model: ResponderModel
    shop: UUID
    customer: UUID | None
    visitor: UUID = field(default_factory=new_id)
    history: list[Turn] = field(default_factory=list)
    previous: Previous | None = None

    async def ask(self, text: str) -> str:
        context = ReplyContext(
            self.shop, new_id(), self.customer or self.visitor, self.visitor, self.customer is not None, text,
            self.history[-4:], self.previous,
        )  # fmt: skip
        frozen = freeze(await self.pipeline.prepare(context), self.model)
        requests = requests_of(frozen, str(new_id()), "shop")
        answer = "".join([item.text async for item in speak(self.model.engine, requests) if isinstance(item, Chunk)])
        self.history += [Turn(Speaker.CUSTOMER, text), Turn(Speaker.BOT, answer)]
        intent: dict[str, Any] = msgspec.to_builtins(frozen.intent)
        product = UUID(intent["product"]) if intent["product"] else None
        self.previous = Previous(intent["situation"], intent["order"], product, tuple(map(UUID, intent["products"])))
        return answer


@dataclass
class Demo:
    """The demo shop."""

    core: Core
    shop: UUID
    model: ResponderModel

    async def talk(self, customer: str | None = None, absent: Sequence[str] = ()) -> Talk:
        records, engine = Silent(self.core.database), self.model.engine
        records.absent = tuple(absent)
        pipeline = Pipeline(
            records=records,
            analyzer=BatchedAnalyzer(analyzer()),
            knowledge=Knowledge(records, encoder()),
            recommenders=open_recommenders(self.core),
            attempts=RateLimiter(),
            tokenizing=Tokenizing(engine.count_tokens, engine.window),
        )
        known = await self.core.shops.customer_id(self.shop, customer) if customer is not None else None
        return Talk(pipeline, self.model, self.shop, known)


@pytest.fixture
async def demo(rig: Product) -> AsyncIterator[Demo]:
    engine = Engine.load(STARTER_RESPONDER, EngineSettings(threads=1))
    taught = Sentences.load(STARTER_RESPONDER)
    model = ResponderModel(engine=engine, name="starter", has_pointers=True, max_tokens=96, sentences=taught)
    yield Demo(rig.core, (await seed(rig.core)).shop.id, model)
    await engine.aclose()


async def test_what_the_shop_does_not_state_is_not_known(demo: Demo) -> None:
    talk = await demo.talk(absent=["shop.phone", "shop.hours", "delivery.express_cost", "delivery.express_time"])
    assert "don't have a phone line" in await talk.ask("what's your phone number?")
    assert "don't have our hours" in await talk.ask("when are you open?")
    assert "can't see an express option" in await talk.ask("do you have express delivery?")


async def test_it_is_what_was_spoken_of(demo: Demo) -> None:
    talk = await demo.talk(ANA)
    assert "#1042" in await talk.ask("where is my order #1042?")
    assert "#1042" in await talk.ask("can I still return it?")
    assert "€189.00" in await talk.ask("and how much was it?")
    assert "UPS" in await talk.ask("who delivers it?")
    assert "free" in (await talk.ask("what is your return policy?")) + await talk.ask("and is that free?")


async def test_a_search_stays_with_what_was_looked_for(demo: Demo) -> None:
    talk = await demo.talk()
    jackets = await talk.ask("I'm looking for a waterproof jacket under 150")
    assert "Drift Rain Jacket" in jackets
    assert "Waterproofer" not in jackets
    assert "couldn't find" in await talk.ask("a warm jacket below 100 euros please") or "don't have anything" in (
        talk.history[-1].text
    )
    assert "Two Night Tent" in await talk.ask("looking for a tent for two, max 300")


async def test_what_is_not_written_of_a_product_is_not_answered_by_something_else(demo: Demo) -> None:
    talk = await demo.talk()
    assert "don't have that detail" in await talk.ask("does the Enamel Mug go in the dishwasher?")
    assert "1.9 kilograms" in await talk.ask("how heavy is the Two Night Tent?")
    assert "washed cold" in await talk.ask("how do I wash the merino base layer?")
