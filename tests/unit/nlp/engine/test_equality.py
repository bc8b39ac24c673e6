"""The engine's greedy tokens are those of transformers, alone and among others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from transformers import T5ForConditionalGeneration

from nlp.engine.engine import Engine
from nlp.engine.request import FinishReason, GenerationRequest
from nlp.engine.settings import EngineSettings
from tests.unit.nlp.engine.replies import read

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


def reference(directory: Path, engine: Engine, requests: list[GenerationRequest]) -> list[list[int]]:
    """Return what `generate` of transformers answers, the end mark left out."""
    model = T5ForConditionalGeneration.from_pretrained(directory)
    answers = []
    for request in requests:
        prompt = torch.tensor([engine.tokenize(request.prompt)])
        # Without its cache, which transformers sizes by the encoder's depth and not the decoder's.
        out = model.generate(  # type: ignore[misc]  # its declared self type does not fit T5
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=request.max_tokens,
            min_new_tokens=request.min_tokens,
            repetition_penalty=request.repetition_penalty,
            do_sample=False,
            use_cache=False,
        )
        ids: list[int] = out[0, 1:].tolist()
        answers.append(ids[: ids.index(1)] if 1 in ids else ids)
    return answers


async def test_tokens_equal_transformers_alone_and_in_a_mixed_batch(directory: Path) -> None:
    """Replies of several lengths join and leave: with 3 slots for 6 requests, the batch changes all the time."""
    engine = Engine.load(directory, EngineSettings(slots=3, encode_tokens=40))
    requests = [GenerationRequest(id=str(i), prompt=prompt, max_tokens=8 + 7 * i) for i, prompt in enumerate(PROMPTS)]
    expected = reference(directory, engine, requests)
    assert [(await read(engine, request)).ids for request in requests] == expected
    replies = await asyncio.gather(*(read(engine, request) for request in requests))
    assert [reply.ids for reply in replies] == expected
    for reply, request in zip(replies, requests, strict=True):
        full = len(reply.ids) == request.max_tokens
        assert reply.finished.reason is (FinishReason.LENGTH if full else FinishReason.STOP)
        assert reply.finished.tokens == len(reply.ids)
        assert reply.finished.prompt_tokens == engine.count_tokens(request.prompt)
    await engine.aclose()


async def test_penalty_and_least_length_equal_transformers(directory: Path) -> None:
    engine = Engine.load(directory)
    requests = [
        GenerationRequest(id=str(i), prompt=prompt, max_tokens=30, min_tokens=20, repetition_penalty=1.7)
        for i, prompt in enumerate(PROMPTS[:4])
    ]
    replies = await asyncio.gather(*(read(engine, request) for request in requests))
    assert [reply.ids for reply in replies] == reference(directory, engine, requests)
    assert all(len(reply.ids) >= 20 for reply in replies)
    await engine.aclose()
