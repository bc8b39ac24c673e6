"""Measure what guessing ahead (speculative decoding) saves: questions to the demo shop, answered without and with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.bootstrap.pipeline_bench import DemoShop, demo_shop, questions
from app.services.worker.reply_run import freeze
from app.services.worker.speaking import requests_of, speak
from nlp.engine.request import Chunk, GenerationRequest

_WARM = 5  # questions before the first that counts
_FAR = "warm"  # the shop of those: nothing of them is remembered for the others


@dataclass
class GuessRound:
    """All questions once: tokens and seconds without and with guesses, and how many answers were not the same."""

    questions: int = 0
    tokens: int = 0
    plain_s: float = 0.0
    guessed_s: float = 0.0
    different: int = 0

    def figures(self) -> dict[str, float]:
        """Return tokens per second and their ratio."""
        plain, guessed = self.tokens / self.plain_s, self.tokens / self.guessed_s
        return {
            "questions": self.questions,
            "tokens_per_s": plain,
            "tokens_per_s_guessing": guessed,
            "ratio": guessed / plain,
            "different": self.different,
        }


async def measure_guesses(count: int, threads: int, rounds: int = 2) -> list[dict[str, float]]:
    """Ask `count` different questions, one after the other; from the second round on all have been asked before."""
    measured = []
    async with demo_shop(threads) as demo:
        asked = [await _requests(demo, text, str(number)) for number, text in enumerate(questions(count))]
        for requests in asked[:_WARM]:
            await _answer(demo, [replace(one, tenant=_FAR) for one in requests])
        for number in range(rounds):
            measured.append((await _round(demo, asked, number)).figures())
    return measured


async def _requests(demo: DemoShop, text: str, name: str) -> list[GenerationRequest]:
    frozen = freeze(await demo.prepare(text), demo.models.responder)
    return requests_of(frozen, name, str(demo.shop))


async def _round(demo: DemoShop, asked: Sequence[Sequence[GenerationRequest]], number: int) -> GuessRound:
    done = GuessRound()
    for requests in asked:
        plain, plain_s = await _answer(demo, [_named(one, f"{number}p", guesses=False) for one in requests])
        guessed, guessed_s = await _answer(demo, [_named(one, f"{number}g", guesses=True) for one in requests])
        done.questions += 1
        done.tokens += len(plain)
        done.plain_s += plain_s
        done.guessed_s += guessed_s
        done.different += plain != guessed
    return done


def _named(request: GenerationRequest, name: str, *, guesses: bool) -> GenerationRequest:
    return replace(request, id=f"{request.id}-{name}", speculate=guesses)


async def _answer(demo: DemoShop, requests: Sequence[GenerationRequest]) -> tuple[list[int], float]:
    """Return the ids of an answer, and the seconds it took."""
    ids: list[int] = []
    began = time.perf_counter()
    async for item in speak(demo.models.responder.engine, requests):
        if isinstance(item, Chunk):
            ids += item.ids
    return ids, time.perf_counter() - began
