"""Measure a message's way from its text to a frozen prompt, on the demo shop in a folder of its own; no generation."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from app.bootstrap.core import Core, open_core, seed
from app.bootstrap.worker import open_recommenders
from app.db.migrate import migrate
from app.services.answer.knowledge import Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.pipeline import Pipeline, Tokenizing
from app.services.answer.ports import ReplyContext
from app.services.ids import new_id
from app.services.rate_limit import RateLimiter
from app.settings import Settings
from nlp.encoder import Encoder
from nlp.engine.engine import Engine
from nlp.engine.settings import EngineSettings
from nlp.intent import INTENTS
from nlp.registry import STARTER_RESPONDER, load_analyzer
from nlp.training.examples import HOLDOUT, read_holdout

BATCH = 100
_WARM = 10  # messages before the first that counts


async def measure_pipeline(messages: int, threads: int) -> dict[str, float]:
    """Return milliseconds per message (p50, p95, longest) and for one batch of 100 that is classified.

    The messages are those of the intent model's hold-out, each another text, so that no result is kept from before.
    """
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(var_dir=Path(folder), database_url="", redis_url="")
        async with open_core(settings) as core:
            await migrate(core.database)
            return await _measure(core, messages, threads)


async def _measure(core: Core, messages: int, threads: int) -> dict[str, float]:
    shop = (await seed(core)).shop.id
    encoder, engine = Encoder.load(), Engine.load(STARTER_RESPONDER, EngineSettings(threads=threads))
    analyzer = load_analyzer(encoder)
    pipeline = Pipeline(
        records=core.records,
        analyzer=BatchedAnalyzer(analyzer),
        knowledge=Knowledge(core.records, encoder),
        recommenders=open_recommenders(core),
        attempts=RateLimiter(),
        tokenizing=Tokenizing(engine.count_tokens, engine.window),
    )
    texts = [one.text for one in read_holdout(HOLDOUT / "intent.txt", tuple(INTENTS))]
    took = []
    for number in range(_WARM + messages):
        text = texts[number % len(texts)] + "?" * (number // len(texts))
        context = ReplyContext(shop, new_id(), new_id(), new_id(), verified=False, question=text)
        began = time.perf_counter()
        await pipeline.prepare(context)
        took.append((time.perf_counter() - began) * 1000)
    await engine.aclose()
    began = time.perf_counter()
    analyzer.analyze(texts[:BATCH])
    return _figures(took[_WARM:]) | {"batch_of_100_ms": (time.perf_counter() - began) * 1000}


def _figures(took: Sequence[float]) -> dict[str, float]:
    parts = statistics.quantiles(took, n=100, method="inclusive")
    return {"p50_ms": parts[49], "p95_ms": parts[94], "longest_ms": max(took)}
