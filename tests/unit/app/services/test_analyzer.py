"""The analyzer of a worker: callers share a pass, and a text is not looked at twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from app.services.answer import models
from app.services.answer.models import BatchedAnalyzer
from nlp.analyzer import Analysis
from nlp.classification import Prediction


class Counting:
    """An analyzer that notes its passes; the intent it gives is the text."""

    def __init__(self) -> None:
        self.passes: list[list[str]] = []
        self.fails = False

    def analyze(self, texts: Sequence[str]) -> list[Analysis]:
        self.passes.append(list(texts))
        if self.fails:
            raise RuntimeError("broken")
        mood = Prediction("neutral", 1.0)
        return [Analysis(Prediction(text, 1.0), mood, np.zeros(1, np.float32)) for text in texts]


async def test_concurrent_callers_share_a_pass_and_get_their_own_results() -> None:
    counting = Counting()
    analyzer = BatchedAnalyzer(counting)
    found = await asyncio.gather(*(analyzer.analyze(text) for text in ("a", "b", "c")))
    assert [one.intent.label for one in found] == ["a", "b", "c"]
    assert counting.passes == [["a", "b", "c"]]


async def test_a_known_text_needs_no_pass() -> None:
    counting = Counting()
    analyzer = BatchedAnalyzer(counting)
    first = await analyzer.analyze("where is it")
    assert await analyzer.analyze("where is it") is first
    assert len(counting.passes) == 1


async def test_failures_and_long_texts_are_not_kept() -> None:
    counting = Counting()
    analyzer = BatchedAnalyzer(counting)
    counting.fails = True
    with pytest.raises(RuntimeError, match="broken"):
        await analyzer.analyze("a")
    counting.fails = False
    assert (await analyzer.analyze("a")).intent.label == "a"
    for _ in range(2):
        await analyzer.analyze("x" * (models.KEPT_CHARS + 1))
    assert len(counting.passes) == 4


async def test_the_oldest_result_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "KEPT", 2)
    counting = Counting()
    analyzer = BatchedAnalyzer(counting)
    for text in ("a", "b", "a", "c", "a", "b"):
        await analyzer.analyze(text)
    assert counting.passes == [["a"], ["b"], ["c"], ["b"]]
