"""What holds over many requests: memory stays flat, and a cancel is felt by the next step."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path

import pytest

from nlp.engine import lookup
from nlp.engine.engine import Engine
from nlp.engine.request import Chunk, GenerationRequest
from nlp.engine.runner import Choice, Runner
from nlp.engine.sequence import Sequence
from nlp.engine.settings import EngineSettings
from tests.fixtures.effort import EFFORT
from tests.unit.nlp.engine.replies import read

REQUESTS = 400 if EFFORT == 1 else 10_000
MEASURED = 8  # times, evenly spread
GROWTH = 4 << 20  # bytes: the allocator's own noise


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell memory in /proc")
async def test_memory_is_flat(gated_untied: Path, native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shops come and go, prompts differ, some leave early. What is remembered of answers is bounded, and full soon."""
    monkeypatch.setattr(lookup, "MAX_ENTRIES", 100)
    monkeypatch.setattr(lookup, "MAX_TENANTS", 3)
    engine = Engine.load(gated_untied, EngineSettings(dtype="int8", slots=4, max_waiting=10_000, native=native))

    async def one(number: int) -> None:
        prompt = "where is the order " * (number % 3 + 1)
        request = GenerationRequest(
            id=str(number), prompt=prompt, tenant=f"shop {number % 9}", max_tokens=12, temperature=0.8, seed=number
        )
        if number % 7:
            await read(engine, request)
        else:
            stream = await engine.submit(request)
            await anext(stream)
            await stream.aclose()

    grown = []
    for part in range(MEASURED):
        size = REQUESTS // MEASURED
        await asyncio.gather(*(one(part * size + i) for i in range(size)))
        grown.append(resident_bytes())
    await engine.aclose()
    print("MB:", [round(size / 2**20, 1) for size in grown])
    assert grown[-1] - grown[1] < GROWTH


async def test_a_cancel_is_felt_by_the_next_step(gated_untied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pass under way may end; no later one has a row of the cancelled reply, and another may have its slot."""
    slots_seen: list[set[int]] = []
    submitted, begun, go_on = threading.Event(), threading.Event(), threading.Event()
    decode = Runner.decode

    def held(runner: Runner, sequences: list[Sequence]) -> list[Choice]:
        assert submitted.wait(30)
        slots_seen.append({sequence.slot for sequence in sequences})
        if slots_seen.count({0, 1}) == 5 and not begun.is_set():
            begun.set()
            assert go_on.wait(30)
        return decode(runner, sequences)

    monkeypatch.setattr(Runner, "decode", held)
    engine = Engine.load(gated_untied, EngineSettings(dtype="int8", slots=2))
    requests = [GenerationRequest(id=name, prompt="hello you", max_tokens=40, min_tokens=40) for name in "ab"]
    streams = [await engine.submit(request) for request in requests]
    submitted.set()
    assert await asyncio.to_thread(begun.wait, 30)
    assert engine.cancel("a")
    seen = len(slots_seen)
    go_on.set()
    rest = [item async for item in streams[0]]
    assert sum(len(item.ids) for item in rest if isinstance(item, Chunk)) < seen
    assert [item async for item in streams[1]]
    assert all(slots == {1} for slots in slots_seen[seen:]), "only b goes on"
    assert len(slots_seen) > seen
    await engine.aclose()
