"""The language models as the pipeline calls them: off the event loop, batched, and no text twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from nlp.analyzer import Analysis

MAX_BATCH = 32
KEPT = 4096  # results, some 8 KiB each at the most
KEPT_CHARS = 500  # longer texts do not come twice


class Analyzer(Protocol):
    """Intent, sentiment and vector of texts, in one pass; blocks."""

    def analyze(self, texts: Sequence[str]) -> list[Analysis]: ...


class BatchedAnalyzer:
    """Joins the texts of concurrent callers into one forward pass, in a thread; results are kept per text.

    A message is analysed by its own job and again for its answer. The results are those of one loaded model, and go
    with it: another version is another analyzer. They are kept by the text's hash: what a customer wrote is not.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._waiting: list[tuple[str, asyncio.Future[Analysis]]] = []
        self._runner: asyncio.Task[None] | None = None
        self._kept: OrderedDict[bytes, Analysis] = OrderedDict()

    async def analyze(self, text: str) -> Analysis:
        """Return the analysis of one text.

        Raises: what the model raises, for every text of the batch that failed.
        """
        known = self._kept.get(_key(text))
        if known is not None:
            self._kept.move_to_end(_key(text))
            return known
        future: asyncio.Future[Analysis] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="analyzer")
        return await future

    async def _run(self) -> None:
        await asyncio.sleep(0)  # those that are ready now share the first pass; those that come during it, the next
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                results = await asyncio.to_thread(self._analyzer.analyze, [text for text, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (text, future), result in zip(batch, results, strict=True):
                self._keep(text, result)
                if not future.done():
                    future.set_result(result)

    def _keep(self, text: str, result: Analysis) -> None:
        if len(text) > KEPT_CHARS:
            return
        self._kept[_key(text)] = result
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
