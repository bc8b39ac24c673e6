"""The model that ships, in int8: near fp32, primed from any prefix, and faster by guessing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import torch
from transformers import T5ForConditionalGeneration

from nlp.engine.backend import Backend, make_backend
from nlp.engine.cache import Rows
from nlp.engine.engine import Engine
from nlp.engine.loader import load_directory
from nlp.engine.request import GenerationRequest
from nlp.engine.runner import Choice, Runner
from nlp.engine.sequence import Sequence
from nlp.engine.settings import EngineSettings
from nlp.registry import STARTER_RESPONDER
from nlp.training.responder.dialogues import Example, Generator
from tests.fixtures.effort import EFFORT
from tests.unit.nlp.engine.replies import read

PRIMED = 2 if EFFORT == 1 else 50  # answers
COMPARED = 20 if EFFORT == 1 else 500
ASKED = 40 if EFFORT == 1 else 300


def dialogues(count: int, seed: int) -> list[Example]:
    return list(Generator(seed, held_out=True).examples(count))


def asked(example: Example, name: str) -> GenerationRequest:
    return GenerationRequest(id=name, prompt=example.prompt, literals=example.literals, pointers=True, max_tokens=96)


@pytest_asyncio.fixture
async def engine(native: bool) -> AsyncIterator[Engine]:
    settings = EngineSettings(dtype="int8", slots=16, max_waiting=10_000, native=native)
    engine = Engine.load(STARTER_RESPONDER, settings)
    yield engine
    await engine.aclose()


@pytest.mark.parametrize("temperature", [0.0, 0.8])
async def test_primed_from_any_prefix_the_answer_is_the_same(engine: Engine, temperature: float) -> None:
    for number, example in enumerate(dialogues(PRIMED, seed=1)):
        whole = replace(asked(example, "whole"), temperature=temperature, top_p=0.95, seed=number)
        reply = await read(engine, whole)
        rests = (replace(whole, id=str(k), prefix_ids=tuple(reply.ids[:k])) for k in range(len(reply.ids) + 1))
        for k, rest in enumerate(await asyncio.gather(*(read(engine, request) for request in rests))):
            assert reply.ids[:k] + rest.ids == reply.ids
            assert reply.text.endswith(rest.text)
            assert rest.finished.reason is reply.finished.reason


@torch.inference_mode()
def test_99_of_100_steps_choose_as_in_fp32(engine: Engine, native: bool) -> None:
    """With the answers of the dialogues given: what the plain model and the int8 one take for the likeliest next id."""
    exact = T5ForConditionalGeneration.from_pretrained(STARTER_RESPONDER)
    torch.nn.Module.train(exact, False)
    files = load_directory(STARTER_RESPONDER)
    settings = EngineSettings(dtype="int8", slots=1, native=native)
    window = files.config.window
    backend = make_backend(files.config, files.weights, settings, max_tokens=128, window=window, threads=1)
    same = steps = 0
    for example in dialogues(COMPARED, seed=2):
        prompt, answer = engine.tokenize(example.prompt), [files.config.start_id, *engine.tokenize(example.answer)][:-1]
        logits = exact(input_ids=torch.tensor([prompt]), decoder_input_ids=torch.tensor([answer])).logits[0]
        found = likeliest(backend, prompt, answer)
        same += int((logits.argmax(-1) == found).sum())
        steps += len(answer)
    print(f"{same} of {steps} steps")
    assert same >= 0.99 * steps


def likeliest(backend: Backend, prompt: list[int], answer: list[int]) -> torch.Tensor:
    work = backend.encode([prompt], [0])
    while not work.advance():
        pass
    places = range(len(answer))
    return backend.decode(Rows(answer, [0] * len(answer), places, places)).argmax(-1)


async def test_guessing_saves_passes_and_changes_no_text(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of held-out questions, no two alike: in its second half, at most five passes where it is six without."""
    passes = 0
    decode = Runner.decode

    def counted(runner: Runner, sequences: list[Sequence]) -> list[Choice]:
        nonlocal passes
        passes += 1
        return decode(runner, sequences)

    monkeypatch.setattr(Runner, "decode", counted)
    plain, guessed = [], []
    for number, example in enumerate(dialogues(ASKED, seed=3)):
        request = asked(example, str(number))
        before = passes
        one = await read(engine, replace(request, speculate=False))
        plain.append(passes - before)
        two = await read(engine, request)
        guessed.append(passes - before - plain[-1])
        assert two.text == one.text
        assert two.ids == one.ids
    later = slice(ASKED // 2, None)
    print(f"{sum(plain)} passes without, {sum(guessed)} with; {sum(plain[later])}, {sum(guessed[later])} later")
    assert sum(plain[later]) >= 1.2 * sum(guessed[later])
