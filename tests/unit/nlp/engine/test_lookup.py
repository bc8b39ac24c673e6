"""Guessing ahead: the same text in fewer passes, never from another shop, and not where it does not pay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from torch import Tensor

from nlp.engine import lookup
from nlp.engine.backend import Backend, TorchBackend
from nlp.engine.cache import Rows
from nlp.engine.engine import Engine
from nlp.engine.lookup import AnswerStore, Contexts, Guesser
from nlp.engine.native.model import NativeModel
from nlp.engine.request import GenerationRequest
from nlp.engine.settings import EngineSettings
from tests.unit.nlp.engine.replies import read

START, END = 0, 1
ANSWER = [10, 11, 12, 13, 14, 15, 16, 17]


def make(shop: Contexts, prompt: tuple[int, ...] = ()) -> Guesser:
    return Guesser(shop, prompt, START, END)


def test_an_answer_of_before_is_guessed_to_its_end() -> None:
    shop = Contexts()
    make(shop).finish(ANSWER)
    guesser = make(shop)
    assert guesser.guess([], 99) == ANSWER[: lookup.FIRST_GUESSES]
    guesser.note(4, 4)
    assert guesser.guess(ANSWER[:5], 99) == ANSWER[5:]
    assert guesser.guess(ANSWER[:5], 2) == ANSWER[5:7]
    assert guesser.guess([10, 99], 99) == [], "one id in common is not enough"


def test_prompt_and_own_text_are_guessed_from_too_but_not_how_to_begin() -> None:
    guesser = make(Contexts(), (30, 31, 32, 33, END))
    assert guesser.guess([], 9) == []
    assert guesser.guess([5, 30, 31], 9) == [32, 33]
    assert make(Contexts()).guess([7, 8, 9, 4, 7, 8], 3) == [9, 4, 7]


def test_the_latest_answer_wins() -> None:
    shop = Contexts()
    for last in (20, 21):
        make(shop).finish([10, 11, last])
    assert make(shop).guess([10, 11], 9) == [21]


def test_answers_to_prompts_that_open_alike_are_asked_first() -> None:
    shop = Contexts()
    make(shop, (*range(50, 60), END)).finish([10, 11, 20])
    make(shop, (*range(60, 70), END)).finish([10, 11, 21])
    assert make(shop, (*range(50, 58), 90, END)).guess([10, 11], 9) == [20]
    assert make(shop, (*range(70, 79), END)).guess([10, 11], 9) == [21]


def test_wrong_guesses_are_made_less_and_less_often() -> None:
    shop = Contexts()
    make(shop).finish(ANSWER)
    guesser = make(shop)
    tries = []
    for step in range(200):
        if guesses := guesser.guess(ANSWER[:3], 99):
            tries.append(step)
            guesser.note(len(guesses), 0)
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps[:4] == [2, 3, 5, 9]
    assert max(gaps) == lookup.LONGEST_PAUSE + 1
    assert guesser.guess(ANSWER[:3], 99) == [] or len(tries) < 12


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MAX_ENTRIES", 50)
    monkeypatch.setattr(lookup, "MAX_TENANTS", 2)
    store = AnswerStore()
    for i in range(20):
        make(store.of("a")).finish([100 * i + k for k in range(10)])
    assert len(store.of("a")) == 50
    assert make(store.of("a")).guess([1900, 1901], 2) == [1902, 1903]
    store.of("b"), store.of("c")
    assert len(store.of("a")) == 0, "the shop not heard of for longest is forgotten"


class Passes:
    """Counts decoder passes and the rows in them; the passes themselves run as ever."""

    def __init__(self) -> None:
        self.count = 0
        self.most_rows = 0

    def take(self) -> int:
        count, self.count = self.count, 0
        return count


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    passes = Passes()

    def counted(decode: Callable[[Any, Rows], Tensor]) -> Callable[[Any, Rows], Tensor]:
        def count(backend: Backend, rows: Rows) -> Tensor:
            passes.count += 1
            passes.most_rows = max(passes.most_rows, len(rows.tokens))
            return decode(backend, rows)

        return count

    for kind in (NativeModel, TorchBackend):
        monkeypatch.setattr(kind, "decode", counted(kind.decode))
    return passes


@pytest_asyncio.fixture
async def engine(gated_untied: Path, native: bool) -> AsyncIterator[Engine]:
    engine = Engine.load(gated_untied, EngineSettings(dtype="int8", slots=4, guess_rows=16, native=native))
    yield engine
    await engine.aclose()


SHAPES: list[dict[str, Any]] = [
    {"prompt": "where is the order", "max_tokens": 40},
    {"prompt": "the parcel 👍", "stop": ("ing", "by the"), "temperature": 0.8, "seed": 3, "max_tokens": 40},
    {"prompt": "code <extra_id_3>", "literals": {3: "AB-1", 7: "12"}, "pointers": True, "max_tokens": 30},
    {"prompt": "code and way", "literals": {1: "AB-1234", 2: "12.50"}, "max_tokens": 30, "temperature": 1.0},
    {"prompt": "hello you", "repetition_penalty": 1.5, "min_tokens": 30, "max_tokens": 30},
]


async def test_chunks_are_the_same_with_and_without_and_passes_are_fewer(engine: Engine, passes: Passes) -> None:
    """Cold, warm, and in a batch of all: every shape of request gives the very same chunks."""
    whole = [GenerationRequest(id=str(i), speculate=False, **shape) for i, shape in enumerate(SHAPES)]
    plain = [await read(engine, request) for request in whole]
    without = passes.take()
    guessing = [replace(request, speculate=True) for request in whole]
    for _ in range(2):
        replies = [await read(engine, request) for request in guessing]
        for reply, expected in zip(replies, plain, strict=True):
            assert reply.chunks == expected.chunks
            assert reply.finished.reason is expected.finished.reason
            assert reply.finished.tokens == expected.finished.tokens
        last = passes.take()
    assert last < without * 0.6
    together = await asyncio.gather(*(read(engine, request) for request in guessing))
    assert [reply.chunks for reply in together] == [reply.chunks for reply in plain]
    primed = [replace(r, prefix_ids=tuple(plain[i].ids[:7])) for i, r in enumerate(guessing)]
    for i, reply in enumerate(await asyncio.gather(*(read(engine, r) for r in primed))):
        assert plain[i].ids[:7] + reply.ids == plain[i].ids


async def test_nothing_is_guessed_from_another_shop_or_a_request_that_does_not_take_part(
    engine: Engine, passes: Passes
) -> None:
    request = GenerationRequest(id="a", prompt="hello you", min_tokens=30, max_tokens=30, repetition_penalty=1.5)
    await read(engine, replace(request, tenant="one", speculate=False))
    assert passes.take() == 30
    await read(engine, replace(request, tenant="one"))
    cold = passes.take()
    await read(engine, replace(request, tenant="one"))
    assert passes.take() < cold / 2
    await read(engine, replace(request, tenant="two"))
    assert passes.take() == cold
    await read(engine, replace(request, tenant="one", speculate=False))
    assert passes.take() == 30


async def test_rows_of_guesses_stay_within_their_number(gated_untied: Path, passes: Passes) -> None:
    engine = Engine.load(gated_untied, EngineSettings(dtype="int8", slots=4, guess_rows=6))
    requests = [GenerationRequest(id=str(i), prompt="hello you", max_tokens=40, min_tokens=40) for i in range(4)]
    for request in requests:
        await read(engine, request)
    assert passes.most_rows <= 1 + 6
    await asyncio.gather(*(read(engine, request) for request in requests))
    assert passes.most_rows <= 4 + 4
    await engine.aclose()
