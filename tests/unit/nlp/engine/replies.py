"""Read whole replies from an engine."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.engine.engine import Engine
from nlp.engine.request import Chunk, Finished, GenerationRequest


@dataclass(frozen=True)
class Reply:
    """A finished reply: its chunks and its end."""

    chunks: list[Chunk]
    finished: Finished

    @property
    def ids(self) -> list[int]:
        return [token for chunk in self.chunks for token in chunk.ids]

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)


async def read(engine: Engine, request: GenerationRequest) -> Reply:
    """Submit a request and read its stream to the end."""
    chunks: list[Chunk] = []
    async for item in await engine.submit(request):
        if isinstance(item, Finished):
            return Reply(chunks, item)
        chunks.append(item)
    raise AssertionError("a stream ended without Finished")
