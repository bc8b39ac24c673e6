"""A contender in a process of its own, as it would run in earnest.

In one process the thread pools of torch, of transformers and of CTranslate2 hold each other up: measured, a step of
this engine at one stream took 25 ms beside the peers and 11 ms alone. Times are those of the system's monotonic clock,
which all processes share.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from nlp.bench.contenders import Assistify, Contender, CTranslate2, Setup, Times, Transformers
from nlp.bench.memory import resident_mb
from nlp.bench.model import Job
from nlp.engine.request import ModelLoadError

LINE_BYTES = 2**24
_MAKERS: Mapping[str, Callable[[Setup, Path], Contender]] = {
    Assistify.name: lambda setup, scratch: Assistify(setup),
    Transformers.name: lambda setup, scratch: Transformers(setup),
    CTranslate2.name: lambda setup, scratch: CTranslate2(setup, scratch / "ctranslate2"),
}


class Apart:
    """Speaks with the contender's process in lines of JSON. `memory_mb`: what the process held once it had loaded."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, memory_mb: float) -> None:
        self.name = name
        self.memory_mb = memory_mb
        self.busy_s = 0.0
        self._process = process
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[list[Times]]] = {}
        self._reader = asyncio.create_task(self._read(), name=f"bench-{name}")

    @classmethod
    async def start(cls, name: str, setup: Setup) -> Apart:
        """Start a process and let it load.

        Raises: ModelLoadError when it cannot.
        """
        given = {**asdict(setup), "directory": str(setup.directory)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "nlp.bench.apart",
            name,
            json.dumps(given),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            await process.wait()
            raise ModelLoadError(f"{name} ended with code {process.returncode} while it was loading; see above")
        return cls(name, process, json.loads(line)["memory_mb"])

    async def together(self, jobs: Items[Job]) -> list[Times]:
        """Answer prompts that came at once."""
        return await self._ask("together", jobs)

    async def serve(self, job: Job) -> Times:
        """Answer one prompt among others that come and go."""
        return (await self._ask("serve", [job]))[0]

    async def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def _ask(self, what: str, jobs: Items[Job]) -> list[Times]:
        assert self._process.stdin is not None
        number = next(self._ids)
        future: asyncio.Future[list[Times]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        request = {"id": number, "what": what, "jobs": [(job.text, job.ids) for job in jobs]}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return await future

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            self.busy_s = answer["busy_s"]
            self._waiting.pop(answer["id"]).set_result(answer["times"])
        for future in self._waiting.values():
            future.set_exception(RuntimeError(f"the process of {self.name} ended in the middle of its work; see above"))


async def _serve(contender: Contender) -> None:
    """Answer requests from standard input until it ends."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say({"memory_mb": round(resident_mb(), 1)})
    while line := await reader.readline():
        task = asyncio.create_task(_answer(contender, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await contender.close()


async def _answer(contender: Contender, request: Mapping[str, Any]) -> None:
    jobs = [Job(text, tuple(ids)) for text, ids in request["jobs"]]
    times = await contender.together(jobs) if request["what"] == "together" else [await contender.serve(jobs[0])]
    _say({"id": request["id"], "times": times, "busy_s": time.process_time()})


def _say(words: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main(name: str, given: Mapping[str, Any]) -> None:
    """Load one contender and serve it; what goes wrong is told on standard error and by the exit code."""
    torch.set_num_threads(1)  # here; the contender has its own number
    setup = Setup(**{**given, "directory": Path(given["directory"])})
    with TemporaryDirectory() as scratch:
        asyncio.run(_serve(_MAKERS[name](setup, Path(scratch))))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
