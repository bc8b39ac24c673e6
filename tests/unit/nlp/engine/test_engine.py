"""The engine's promises to its callers: priming, cancel, deadline, refusal, shutdown, failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from nlp.engine.engine import Engine
from nlp.engine.model import T5Model
from nlp.engine.quantize import Dtype
from nlp.engine.request import (
    Chunk,
    EngineClosedError,
    EngineOverloadedError,
    Finished,
    FinishReason,
    GenerationRequest,
    PromptTooLongError,
)
from nlp.engine.settings import EngineSettings
from tests.unit.nlp.engine.replies import Reply, read

LONG: dict[str, Any] = {"max_tokens": 200, "min_tokens": 200}
POINTERS = {3: "AB-1234", 7: "12 March"}


@pytest_asyncio.fixture
async def engine(gated_untied: Path) -> AsyncIterator[Engine]:
    engine = Engine.load(gated_untied, EngineSettings(slots=4, max_waiting=2, window=64))
    yield engine
    await engine.aclose()


def request(name: str = "a", **settings: Any) -> GenerationRequest:
    return replace(GenerationRequest(id=name, prompt="where is the order"), **settings)


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
@pytest.mark.parametrize("temperature", [0.0, 0.9])
async def test_primed_from_any_prefix_the_answer_is_the_same(
    gated_untied: Path, dtype: Dtype, temperature: float
) -> None:
    """Ids, text and byte positions go on where they stopped, whatever else is decoded at the same time."""
    engine = Engine.load(gated_untied, EngineSettings(dtype=dtype, slots=7, max_waiting=1000))
    shapes: list[dict[str, Any]] = [
        {"prompt": "code and way", "literals": POINTERS},
        {"prompt": "the parcel 👍", "stop": ("ing", "by the"), "top_p": 0.9},
        {"prompt": "code <extra_id_3> by <extra_id_7>", "literals": POINTERS, "pointers": True},
        {"prompt": "hello you", "repetition_penalty": 1.5, "min_tokens": 10},
    ]
    for number, shape in enumerate(shapes):
        whole = request(temperature=temperature, seed=number, max_tokens=20, **shape)
        reply = await read(engine, whole)
        starts = range(len(reply.ids) + 1)
        primed = [replace(whole, id=str(k), prefix_ids=tuple(reply.ids[:k])) for k in starts]
        for k, rest in enumerate(await asyncio.gather(*(read(engine, r) for r in primed))):
            assert reply.ids[:k] + rest.ids == reply.ids
            assert rest.finished.reason is reply.finished.reason
            assert rest.finished.tokens == len(reply.ids)
            shown = len(reply.text.encode()) - len(rest.text.encode())
            assert reply.text.encode()[shown:].decode() == rest.text
            assert rest.chunks == reply.chunks[len(reply.chunks) - len(rest.chunks) :] or not rest.ids
    await engine.aclose()


@pytest.mark.parametrize("pointers", [True, False])
async def test_literals_are_the_only_numbers_of_an_answer(engine: Engine, *, pointers: bool) -> None:
    """Both ways: sentinels written out, and literals spelled by a model that knows no sentinels."""
    wilds = [
        request(str(seed), literals=POINTERS, pointers=pointers, temperature=20.0, seed=seed, max_tokens=80)
        for seed in range(4)
    ]
    texts = [reply.text for reply in await asyncio.gather(*(read(engine, wild) for wild in wilds))]
    if pointers:  # one token; a whole literal by chance is too rare
        assert any(literal in text for literal in POINTERS.values() for text in texts)
    for text in texts:
        for literal in POINTERS.values():
            text = text.replace(literal, "")
            # A reply that ends at its greatest length may end inside a literal.
            beginnings = (literal[:end] for end in range(len(literal), 0, -1))
            text = text.removesuffix(next((part for part in beginnings if text.endswith(part)), ""))
        assert not any(character.isdigit() for character in text)


async def test_chunk_ends_count_utf8_bytes(engine: Engine) -> None:
    reply = await read(engine, request(temperature=1.5, seed=5, max_tokens=60, min_tokens=60))
    length = 0
    for chunk in reply.chunks:
        length += len(chunk.text.encode())
        assert chunk.end == length
    assert len(reply.text) < length, "the answer should hold characters of several bytes"


async def test_sampling_repeats_with_its_seed_and_differs_with_another(engine: Engine) -> None:
    one = request(temperature=1.0, seed=1, max_tokens=30)
    first, again, other = [(await read(engine, r)).ids for r in (one, one, replace(one, seed=2))]
    assert first == again
    assert first != other


async def test_cancel_frees_the_slot_and_ends_the_stream(engine: Engine) -> None:
    stream = await engine.submit(request(**LONG))
    assert isinstance(await anext(stream), Chunk)
    assert engine.free_slots == 3
    assert engine.cancel("a")
    assert engine.free_slots == 4
    assert not engine.cancel("a")
    items = [item async for item in stream]
    assert isinstance(items[-1], Finished)
    assert items[-1].reason is FinishReason.CANCELLED
    assert items[-1].tokens < 200
    assert [item async for item in stream] == []


async def test_leaving_a_stream_early_cancels_it(engine: Engine) -> None:
    stream = await engine.submit(request(**LONG))
    await anext(stream)
    await stream.aclose()
    assert engine.free_slots == 4
    assert [item async for item in stream] == []


async def test_a_deadline_ends_a_reply_that_waits_and_one_that_runs(engine: Engine) -> None:
    late = await read(engine, request("late", deadline_s=0.0))
    assert (late.finished.reason, late.ids) == (FinishReason.DEADLINE, [])
    # Far less than 256 steps take on any machine.
    running = await read(engine, request("running", deadline_s=0.005, max_tokens=256, min_tokens=256))
    assert running.finished.reason is FinishReason.DEADLINE
    assert running.finished.total_ms >= 5


async def test_a_full_queue_refuses_and_says_when_to_come_back(engine: Engine) -> None:
    running = [await engine.submit(request(f"r{i}", **LONG)) for i in range(4)]
    for stream in running:
        await anext(stream)
    waiting = [await engine.submit(request(f"w{i}")) for i in range(2)]
    with pytest.raises(EngineOverloadedError) as refusal:
        await engine.submit(request("late"))
    assert refusal.value.retry_after_ms > 0
    assert engine.free_slots == 0
    for stream in running:
        await stream.aclose()
    for stream in waiting:
        assert isinstance([item async for item in stream][-1], Finished)
    assert engine.free_slots == 4


async def test_what_cannot_be_met_is_refused_at_once(engine: Engine) -> None:
    with pytest.raises(PromptTooLongError) as too_long:
        await engine.submit(request(prompt="order " * 100))
    assert (too_long.value.tokens, too_long.value.window) == (102, 64)
    for wrong in ({"max_tokens": 257}, {"max_tokens": 0}, {"prefix_ids": (400,)}):
        with pytest.raises(ValueError, match=r"max_tokens|prefix_ids"):
            await engine.submit(request(**wrong))
    with pytest.raises(ValueError, match="extra_id_100"):
        await engine.submit(request(pointers=True, literals={100: "x"}))
    stream = await engine.submit(request("twice", **LONG))
    with pytest.raises(ValueError, match="twice"):
        await engine.submit(request("twice"))
    await stream.aclose()


async def test_after_shutdown_streams_end_and_requests_are_refused(engine: Engine) -> None:
    streams = [await engine.submit(request(str(i), **LONG)) for i in range(6)]
    await anext(streams[0])
    await engine.aclose()
    await engine.aclose()
    for stream in streams:
        last = [item async for item in stream][-1]
        assert isinstance(last, Finished)
        assert last.reason is FinishReason.CANCELLED
    with pytest.raises(EngineClosedError):
        await engine.submit(request("late"))
    assert engine.free_slots == 0


async def test_a_failed_step_ends_its_replies_and_the_engine_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(T5Model, "decode")
        failed: list[Reply] = await asyncio.gather(*(read(engine, request(str(i))) for i in range(3)))
    assert [reply.finished.reason for reply in failed] == [FinishReason.ERROR] * 3
    assert (await read(engine, request("next"))).finished.reason in (FinishReason.STOP, FinishReason.LENGTH)
    assert engine.free_slots == 4


def test_int8_off_the_cpu_is_refused() -> None:
    with pytest.raises(ValueError, match=r"int8.*bf16"):
        EngineSettings(dtype="int8", device="cuda")


async def test_times_are_told(engine: Engine) -> None:
    finished = (await read(engine, request())).finished
    assert 0 < finished.ttft_ms <= finished.total_ms
