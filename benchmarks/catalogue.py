"""What a shop of many products costs a worker: `python -m benchmarks.catalogue [PRODUCTS]`, one JSON line.

Timed are the first index of a worker that starts (and of one that starts again, which finds the vectors in the var
folder), the index after one product changed, searches with warm vectors, and, while the first index is made, the
answers of a small shop beside it and how long the event loop stands still. SQLite, one thread for the models.

The encoder would take minutes: so many texts are encoded as they would be, the others get vectors by chance, and what
one text takes is told.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import torch

from app.bootstrap.core import Core, open_core, seed
from app.bootstrap.worker import computing_threads
from app.db.migrate import migrate
from app.services.answer.knowledge import Knowledge
from app.services.imports import ProductRow
from app.services.shops import NewShop
from app.settings import Settings
from nlp.bench.memory import resident_mb
from nlp.encoder import Encoder
from nlp.minilm import DIM
from nlp.model_files import Vectors

PRODUCTS = 20_000
SEARCHES = 200
SAMPLE = 1500  # texts that are really encoded
BEAT_S = 0.005

_KINDS = (
    "jacket",
    "tent",
    "boot",
    "lamp",
    "mug",
    "rucksack",
    "sleeping bag",
    "stove",
    "shirt",
    "trousers",
    "cap",
    "knife",
)
_NAMES = (
    "Ridge",
    "Ember",
    "Harbour",
    "Summit",
    "Willow",
    "Drift",
    "Cedar",
    "Falcon",
    "Juniper",
    "Tarn",
    "Moor",
    "Gale",
)
_COLOURS = ("black", "navy", "olive", "red", "sand", "grey", "white", "green")
_STUFFS = ("cotton", "wool", "nylon", "steel", "titanium", "leather", "ripstop", "bamboo")
_USES = (
    "long walks in the rain",
    "a night at the lake",
    "the way to work",
    "three days with a child",
    "winter in the hills",
)
_CARE = (
    "Wash it by hand.",
    "Wipe it with a damp cloth.",
    "It goes into the machine at 30 degrees.",
    "It needs no care.",
)
_QUESTIONS = (
    "do you have a {c} {k}",
    "how heavy is the {n} {k}",
    "a {k} of {s} for {u}",
    "is the {n} waterproof?",
    "{k}s under 50",
)


def products(count: int, seed_of: int = 20) -> list[ProductRow]:
    """Return products that differ in title and text, with four sentences each."""
    draw = random.Random(seed_of)
    rows = []
    for number in range(count):
        name, kind, stuff, colour = (draw.choice(one) for one in (_NAMES, _KINDS, _STUFFS, _COLOURS))
        grams, litres = draw.randrange(80, 3000, 5), draw.randrange(1, 80)
        text = (
            f"A {kind} of {stuff} for {draw.choice(_USES)}. It weighs {grams} grams and holds {litres} litres. "
            f"Made by hand in series {number % 997}. {draw.choice(_CARE)}"
        )
        rows.append(
            ProductRow(
                external_id=f"p{number}",
                title=f"{name} {number} {kind.title()}",
                description=text,
                category=f"{kind}s",
                price=Decimal(draw.randrange(500, 50_000)) / 100,
                currency="EUR",
                stock=draw.randrange(0, 20),
                colours=[colour],
                tags=[stuff],
                material=stuff,
            )
        )
    return rows


def questions(count: int) -> list[str]:
    """Return what customers of such a shop ask."""
    draw = random.Random(7)
    words = {"c": _COLOURS, "k": _KINDS, "n": _NAMES, "s": _STUFFS, "u": _USES}
    return [draw.choice(_QUESTIONS).format(**{key: draw.choice(of) for key, of in words.items()}) for _ in range(count)]


class Sampled:
    """The encoder that ships, for the first texts; later ones get vectors by chance."""

    def __init__(self, encoder: Encoder) -> None:
        self.seconds = 0.0
        self.encoded = 0
        self.asked = 0
        self._encoder = encoder
        self._chance = np.random.default_rng(20)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        if self.encoded < SAMPLE:
            began = time.perf_counter()
            encoded = self._encoder.encode(texts)
            self.seconds += time.perf_counter() - began
            self.encoded += len(texts)
            return encoded
        drawn = self._chance.normal(size=(len(texts), DIM)).astype(np.float32)
        vectors: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return vectors


async def timed(work: Awaitable[object]) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def search(knowledge: Knowledge, encoder: Encoder, shop: UUID, texts: Sequence[str]) -> list[float]:
    """Return the milliseconds of each search, without those of its own vector."""
    took = []
    for text in texts:
        vector = (await asyncio.to_thread(encoder.encode, [text]))[0]
        took.append(1000 * await timed(knowledge.search(shop, text, vector)))
    return took


async def beats(stop: asyncio.Event) -> float:
    """Return the longest time in milliseconds that the event loop stood still."""
    longest = 0.0
    while not stop.is_set():
        late = await timed(asyncio.sleep(BEAT_S)) - BEAT_S
        longest = max(longest, late)
    return 1000 * longest


async def beside(work: Callable[[], Awaitable[object]], answer: Callable[[], Awaitable[float]]) -> dict[str, float]:
    """Do the work, and answer a small shop's questions all the while."""
    stop, waits = asyncio.Event(), []
    heart, made = asyncio.create_task(beats(stop)), asyncio.create_task(timed(work()))
    while not made.done():
        waits.append(await answer())
        await asyncio.sleep(0.2)
    stop.set()
    return {
        "seconds": await made,
        "small_shop_p50_ms": statistics.median(waits),
        "small_shop_longest_ms": max(waits),
        "event_loop_longest_ms": await heart,
    }


async def first_questions(knowledge: Knowledge, encoder: Encoder, shop: UUID) -> dict[str, float]:
    """Ask the large shop as soon as it is served: how long until an answer finds something."""
    began = time.perf_counter()
    while True:
        text = questions(1)[0]
        try:
            async with asyncio.timeout(5):  # as a stage of the pipeline has it
                if (await knowledge.search(shop, text, encoder.encode([text])[0])).products:
                    return {"first_found_s": time.perf_counter() - began}
        except TimeoutError:
            pass


async def measure(core: Core, large: UUID, small: UUID, count: int) -> dict[str, float]:
    """Return all figures."""
    encoder = Encoder.load()
    sampled = Sampled(encoder)
    before, vectors = resident_mb(), core.settings.var_dir / "vectors.safetensors"
    knowledge = Knowledge(core.records, sampled, vectors=vectors)
    await knowledge.warm(small)

    async def answer() -> float:
        return (await search(knowledge, encoder, small, questions(1)))[0]

    found = {"products": float(count)}
    asking = asyncio.create_task(first_questions(knowledge, encoder, large))
    found |= {f"first_{name}": value for name, value in (await beside(lambda: knowledge.warm(large), answer)).items()}
    found |= await asking
    found |= {"encode_ms_per_text": 1000 * sampled.seconds / sampled.encoded, "texts": float(sampled.asked)}
    found["memory_mb"] = resident_mb() - before
    parts = statistics.quantiles(await search(knowledge, encoder, large, questions(SEARCHES)), n=100)
    found |= {"search_p50_ms": parts[49], "search_p95_ms": parts[94]}
    changed = products(count)[0]
    changed.description += " New this year."
    await core.imports.upsert(large, [changed])
    await asyncio.sleep(2.5)  # a catalogue's version is believed so long
    found |= {f"changed_{name}": value for name, value in (await beside(lambda: knowledge.warm(large), answer)).items()}
    await knowledge.aclose()
    again = Knowledge(core.records, sampled, vectors=vectors)
    found["again_seconds"] = await timed(again.warm(large))
    await again.aclose()
    return found


async def main(count: int) -> None:
    torch.set_num_threads(1)
    asyncio.get_running_loop().set_default_executor(computing_threads())
    with tempfile.TemporaryDirectory() as folder:
        async with open_core(Settings(var_dir=Path(folder), database_url="", redis_url="")) as core:
            await migrate(core.database)
            small = (await seed(core)).shop.id
            shop = await core.shops.ensure(NewShop("Large", "wk_large", "a secret of the large shop"))
            await core.imports.upsert(shop.id, products(count))
            found = await measure(core, shop.id, small, count)
    print(json.dumps({name: round(value, 1) for name, value in found.items()}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PRODUCTS))
