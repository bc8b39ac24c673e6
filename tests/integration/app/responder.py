"""A responder at the engine's port that writes what a script says, a word a token, and is slowed and broken at will.

It keeps the engine's promises: a continued request goes on after its prefix ids, the last item is Finished, a
cancelled request ends as cancelled, ids are stable, and only text beyond the prefix is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from nlp.engine.request import (
    Chunk,
    EngineClosedError,
    EngineOverloadedError,
    Finished,
    FinishReason,
    GenerationRequest,
)

Script = Callable[[GenerationRequest], str]
ANSWER = "It was handed to the carrier on Monday and should be with you before the weekend."


def words(text: str) -> list[str]:
    """Split a text into its tokens: words with the space before them."""
    parts = text.split(" ")
    return [part if index == 0 else f" {part}" for index, part in enumerate(parts)] if text else []


@dataclass
class ScriptedResponder:
    """See the module. `budget` is how many more tokens may be written (None: any number); `allow` raises it."""

    script: Script = lambda request: ANSWER
    model_hash: str = "model-1"
    tokenizer_hash: str = "tokenizer-1"
    window: int = 512
    free_slots: int = 8
    budget: int | None = None
    reason: FinishReason = FinishReason.STOP
    overloaded: int = 0  # how many submissions are refused
    closed: bool = False
    fails_after: int | None = None  # tokens of a request after which it ends with an error
    requests: list[GenerationRequest] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    _running: set[str] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: dict[str, int] = field(default_factory=dict)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def submit(self, request: GenerationRequest) -> AsyncIterator[Chunk | Finished]:
        if self.closed:
            raise EngineClosedError("closed")
        if self.overloaded > 0:
            self.overloaded -= 1
            self._wake()
            raise EngineOverloadedError(retry_after_ms=10)
        self.requests.append(request)
        self._running.add(request.id)
        self._wake()
        return self._write(request)

    def cancel(self, request_id: str) -> bool:
        if request_id not in self._running:
            return False
        self._running.discard(request_id)
        self.cancelled.append(request_id)
        self._wake()
        return True

    async def aclose(self) -> None:
        self.closed = True

    def allow(self, tokens: int | None) -> None:
        """Let so many more tokens be written; None lifts the limit."""
        self.budget = None if tokens is None else (self.budget or 0) + tokens
        self._wake()

    async def until(self, condition: Callable[[], object], timeout_s: float = 30.0) -> None:
        """Wait until something done here has made `condition` true."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _write(self, request: GenerationRequest) -> AsyncIterator[Chunk | Finished]:
        tokens = words(self.script(request))
        said = "".join(tokens[: len(request.prefix_ids)])
        reason = self.reason
        for number, token in enumerate(tokens[len(request.prefix_ids) :]):
            if self.fails_after is not None and number >= self.fails_after:
                reason = FinishReason.ERROR
                break
            while request.id in self._running and self.budget == 0:
                await self._changed.wait()
            if request.id not in self._running:
                reason = FinishReason.CANCELLED
                break
            if self.budget is not None:
                self.budget -= 1
            said += token
            yield Chunk((self._id(token),), token, len(said.encode()))
            await asyncio.sleep(0)
        self._running.discard(request.id)
        yield Finished(reason, prompt_tokens=len(request.prompt.split()), tokens=len(tokens), ttft_ms=1.0, total_ms=2.0)

    def _id(self, token: str) -> int:
        return self._ids.setdefault(token, len(self._ids))
