"""Measure a message's way from its text to a frozen prompt, on the demo shop in a folder of its own; no generation."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.bootstrap.core import open_core, seed
from app.bootstrap.worker import Models, load_models, open_recommenders
from app.db.migrate import migrate
from app.services.answer.knowledge import Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.pipeline import Pipeline, PreparedReply, Tokenizing
from app.services.answer.ports import ReplyContext
from app.services.ids import new_id
from app.services.rate_limit import RateLimiter
from app.settings import Settings
from nlp.intent import INTENTS
from nlp.training.examples import HOLDOUT, read_holdout

BATCH = 100
_WARM = 10  # messages before the first that counts


@dataclass(frozen=True, slots=True)
class DemoShop:
    """The demo shop with the models of the settings; nobody serves it."""

    shop: UUID
    models: Models
    pipeline: Pipeline

    async def prepare(self, text: str) -> PreparedReply:
        """Return what a visitor who writes this is to be answered from."""
        return await self.pipeline.prepare(
            ReplyContext(self.shop, new_id(), new_id(), new_id(), verified=False, question=text)
        )


@asynccontextmanager
async def demo_shop(threads: int) -> AsyncIterator[DemoShop]:
    """Open the demo shop in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(var_dir=Path(folder), database_url="", redis_url="", torch_threads=threads)
        async with open_core(settings) as core:
            await migrate(core.database)
            shop, models = (await seed(core)).shop.id, load_models(settings)
            engine = models.responder.engine
            knowledge, recommenders = Knowledge(core.records, models.encoder), open_recommenders(core)
            await knowledge.warm(shop)  # as a worker does before it takes its first message
            await recommenders.warm(shop)
            pipeline = Pipeline(
                records=core.records,
                analyzer=BatchedAnalyzer(models.analyzer),
                knowledge=knowledge,
                recommenders=recommenders,
                attempts=RateLimiter(),
                tokenizing=Tokenizing(engine.count_tokens, engine.window),
            )
            yield DemoShop(shop, models, pipeline)
            await engine.aclose()


def questions(count: int) -> list[str]:
    """Return questions of the intent model's hold-out, each another text, so that no result is kept from before."""
    texts = [one.text for one in read_holdout(HOLDOUT / "intent.txt", tuple(INTENTS))]
    return [texts[number % len(texts)] + "?" * (number // len(texts)) for number in range(count)]


async def measure_pipeline(messages: int, threads: int) -> dict[str, float]:
    """Return milliseconds per message (p50, p95, longest) and for one batch of 100 that is classified."""
    async with demo_shop(threads) as demo:
        took = []
        for text in questions(_WARM + messages):
            began = time.perf_counter()
            await demo.prepare(text)
            took.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        demo.models.analyzer.analyze(questions(BATCH))
        return _figures(took[_WARM:]) | {"batch_of_100_ms": (time.perf_counter() - began) * 1000}


def _figures(took: Sequence[float]) -> dict[str, float]:
    parts = statistics.quantiles(took, n=100, method="inclusive")
    return {"p50_ms": parts[49], "p95_ms": parts[94], "longest_ms": max(took)}
