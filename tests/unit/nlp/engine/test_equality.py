"""The engine's greedy tokens are those of transformers, alone and among others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from transformers import T5ForConditionalGeneration

from nlp.engine.engine import Engine
from nlp.engine.request import Chunk, Finished, FinishReason, GenerationRequest
from nlp.engine.settings import EngineSettings

PROMPTS = [
    "hello",
    "where is the order? it comes with code <extra_id_3>",
    "thanks for the parcel and the way it costs you " * 4,
    "we can",
    "is the 日本 parcel on the way to you by 20 👍 and back",
    "x" * 40,
]


@pytest.fixture(params=["relu_tied", "gated_untied"])
def directory(request: pytest.FixtureRequest) -> Path:
    path = request.getfixturevalue(request.param)
    assert isinstance(path, Path)
    return path


async def answer(engine: Engine, request: GenerationRequest) -> tuple[list[int], Finished]:
    ids: list[int] = []
    async for item in await engine.submit(request):
        if isinstance(item, Chunk):
            ids += item.ids
        else:
            return ids, item
    raise AssertionError("a stream ended without Finished")


def reference(directory: Path, engine: Engine, prompt: str, count: int) -> list[int]:
    model = T5ForConditionalGeneration.from_pretrained(directory)  # from_pretrained leaves dropout off
    prompt_ids = torch.tensor([engine.tokenize(prompt)])
    mask = torch.ones_like(prompt_ids)
    # Without its cache, which transformers sizes by the encoder's depth and not the decoder's.
    out = model.generate(  # type: ignore[misc]  # its declared self type does not fit T5
        prompt_ids, attention_mask=mask, max_new_tokens=count, do_sample=False, use_cache=False
    )
    ids: list[int] = out[0, 1:].tolist()
    return ids[: ids.index(1)] if 1 in ids else ids


async def test_tokens_equal_transformers_alone_and_in_a_mixed_batch(directory: Path) -> None:
    """Replies of several lengths join and leave: with 3 slots for 6 requests, the batch changes all the time."""
    engine = Engine.load(directory, EngineSettings(slots=3, encode_tokens=40))
    requests = [GenerationRequest(id=str(i), prompt=prompt, max_tokens=12 + 11 * i) for i, prompt in enumerate(PROMPTS)]
    expected = [reference(directory, engine, r.prompt, r.max_tokens) for r in requests]
    alone = [(await answer(engine, request))[0] for request in requests]
    assert alone == expected
    together = await asyncio.gather(*(answer(engine, request) for request in requests))
    assert [ids for ids, _ in together] == expected
    for (ids, end), request in zip(together, requests, strict=True):
        assert end.reason is (FinishReason.LENGTH if len(ids) == request.max_tokens else FinishReason.STOP)
        assert end.tokens == len(ids)
        assert end.prompt_tokens == engine.count_tokens(request.prompt)
    await engine.aclose()
