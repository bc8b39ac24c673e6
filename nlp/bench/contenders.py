"""The engine and its peers behind one face: prompts in, the times of their tokens out."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Sequence as Items
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from tokenizers import Tokenizer
from transformers import T5ForConditionalGeneration
from transformers.generation.streamers import BaseStreamer

from nlp.bench.model import Job
from nlp.engine.engine import Engine
from nlp.engine.request import Chunk, GenerationRequest
from nlp.engine.settings import EngineSettings

Times = list[float]  # perf_counter seconds, one per token

MAX_BATCH = 32  # requests that wait are taken together, up to this many: CTranslate2 has no way to join later


@dataclass(frozen=True, slots=True)
class Setup:
    """What all contenders are given alike; lengths in tokens."""

    directory: Path
    slots: int
    window: int
    new_tokens: int
    threads: int


class Contender(Protocol):
    """One engine under measurement. Every reply has exactly the setup's number of new tokens."""

    name: str

    async def together(self, jobs: Items[Job]) -> list[Times]:
        """Answer prompts that came at once; return when each token of each came."""
        ...

    async def serve(self, job: Job) -> Times:
        """Answer one prompt among others that come and go."""
        ...

    async def close(self) -> None:
        """Let go of threads and memory."""
        ...


class Assistify:
    """This project's engine, in int8."""

    name = "assistify"

    def __init__(self, setup: Setup) -> None:
        self._tokens = setup.new_tokens
        self._count = 0
        settings = EngineSettings(
            dtype="int8",
            slots=setup.slots,
            window=setup.window,
            max_tokens=setup.new_tokens,
            threads=setup.threads,
            max_waiting=10_000,
        )
        self._engine = Engine.load(setup.directory, settings)

    async def together(self, jobs: Items[Job]) -> list[Times]:
        """Answer prompts that came at once."""
        return await asyncio.gather(*(self.serve(job) for job in jobs))

    async def serve(self, job: Job) -> Times:
        """Answer one prompt; the times are those at which its reader had the tokens."""
        self._count += 1
        request = GenerationRequest(
            id=str(self._count),
            prompt=job.text,
            max_tokens=self._tokens,
            min_tokens=self._tokens,
            speculate=False,  # rounds repeat their prompts, so that every answer would be known from the round before
        )
        times: Times = []
        async for item in await self._engine.submit(request):
            if isinstance(item, Chunk):
                times += [time.perf_counter()] * len(item.ids)
        return times

    async def close(self) -> None:
        """Stop the engine's thread."""
        await self._engine.aclose()


class _Clock(BaseStreamer):
    """A streamer that notes when tokens come; unlike the ones of transformers it takes batches."""

    def __init__(self) -> None:
        self.times: Times = []

    def put(self, value: torch.Tensor) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


class Transformers:
    """`generate` of transformers in fp32 with a streamer."""

    name = "transformers"

    def __init__(self, setup: Setup) -> None:
        self._tokens = setup.new_tokens
        self._threads = setup.threads
        # Any: the declared self type of `generate` does not fit T5.
        self._model: Any = T5ForConditionalGeneration.from_pretrained(setup.directory)
        self._model.train(False)

    async def together(self, jobs: Items[Job]) -> list[Times]:
        """Answer prompts of one length as one batch.

        In a thread that ends: one that goes on keeps its OpenMP helpers, and with more helpers than cores all
        contenders become slower.
        """
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(self._threads,)) as pool:
            return await loop.run_in_executor(pool, self._generate, jobs)

    async def serve(self, job: Job) -> Times:
        """Answer one prompt alone: `generate` takes no newcomers."""
        return (await self.together([job]))[0]

    async def close(self) -> None:
        """Nothing is open."""

    def _generate(self, jobs: Items[Job]) -> list[Times]:
        clock = _Clock()
        prompts = torch.tensor([job.ids for job in jobs])
        with torch.inference_mode():
            self._model.generate(
                prompts,
                attention_mask=torch.ones_like(prompts),
                max_new_tokens=self._tokens,
                min_new_tokens=self._tokens,
                do_sample=False,
                streamer=clock,
            )
        return [clock.times[1:] for _ in jobs]  # the first call brings the start token


class CTranslate2:
    """CTranslate2 in int8; what waits while a batch runs becomes the next batch, the best it can do for streams."""

    name = "ctranslate2"

    def __init__(self, setup: Setup, converted: Path) -> None:
        import ctranslate2

        converter = ctranslate2.converters.TransformersConverter(str(setup.directory))
        converter.convert(str(converted), quantization="int8")
        self._translator = ctranslate2.Translator(
            str(converted), device="cpu", intra_threads=setup.threads, compute_type="int8"
        )
        self._tokenizer = Tokenizer.from_file(str(setup.directory / "tokenizer.json"))
        self._tokens = setup.new_tokens
        self._waiting: list[tuple[Job, asyncio.Future[Times]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def together(self, jobs: Items[Job]) -> list[Times]:
        """Answer prompts as one batch."""
        return await asyncio.to_thread(self._translate, jobs)

    async def serve(self, job: Job) -> Times:
        """Queue one prompt for the next batch."""
        future: asyncio.Future[Times] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Free the model."""
        self._translator.unload_model()

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            found = await self.together([job for job, _ in batch])
            for (_, future), times in zip(batch, found, strict=True):
                future.set_result(times)

    def _translate(self, jobs: Items[Job]) -> list[Times]:
        times: list[Times] = [[] for _ in jobs]

        def note(step: Any) -> bool:
            times[step.batch_id].append(time.perf_counter())
            return False

        self._translator.translate_batch(
            [[self._tokenizer.id_to_token(token) for token in job.ids] for job in jobs],
            beam_size=1,
            max_decoding_length=self._tokens,
            min_decoding_length=self._tokens,
            callback=note,
        )
        return times


def has_ctranslate2() -> bool:
    """Say whether the optional peer is installed."""
    return importlib.util.find_spec("ctranslate2") is not None
