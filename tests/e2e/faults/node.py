"""One process of the cluster under fault, forked by the nursery; and the nursery as tests hold it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tests.fixtures.port import free_port
from tests.fixtures.reaper import guard, release
from tests.fixtures.server_process import START_S, WORKER_READY, environment

ROOT = Path(__file__).parents[3]
POLL_S = 0.05
STOP_S = 15.0
Role = Literal["web", "worker"]


class Nursery:
    """Holds the process that forks; `close` it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.faults.nursery"],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        guard(self._process.pid)

    def fork(self, **order: object) -> int:
        """Start a process; return its id.

        Raises: RuntimeError when the nursery itself has died.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the nursery has died")
        return int(answer)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        release(self._process.pid)


class Node:
    """A web process or a worker. Its wall clock is `clock_is_off_s` wrong."""

    def __init__(
        self, nursery: Nursery, role: Role, name: str, folder: Path, settings: Mapping[str, str], clock_is_off_s: float
    ) -> None:
        self.role = role
        self.name = name
        self.port = free_port()
        self.clock_is_off_s = clock_is_off_s
        self._nursery = nursery
        self._settings = dict(settings)
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._log_start = 0
        self._pid: int | None = None

    @property
    def log(self) -> str:
        """Everything it has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def is_running(self) -> bool:
        if self._pid is None:
            return False
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.is_running:
            return
        self._log_start = len(self.log)
        self._pid = self._nursery.fork(
            role=self.role,
            port=self.port,
            log=str(self._log),
            environment=environment(self._folder, self._settings),
            clock_is_off_s=self.clock_is_off_s,
        )
        guard(self._pid)

    async def kill(self) -> None:
        """End it as a crash does."""
        self._signal(signal.SIGKILL)
        await self._ended()

    async def stop(self) -> None:
        """End it in order; a process that takes too long is killed, as a supervisor does."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self._ended()
        except TimeoutError:
            await self.kill()

    def freeze(self) -> None:
        """Stop it with SIGSTOP: it is there and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def wait_until_ready(self) -> None:
        """Return once it serves, or claims jobs.

        Raises: RuntimeError with the end of its log when it does not come up.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_S
        while not await self._is_ready():
            if not self.is_running or loop.time() > deadline:
                raise RuntimeError(f"{self.name} did not come up:\n{self.log[-4000:]}")
            await asyncio.sleep(POLL_S)

    async def _is_ready(self) -> bool:
        if self.role == "worker":
            return WORKER_READY in self.log[self._log_start :]
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return b" 200 " in await reader.readline()
        except ConnectionError:
            return False
        finally:
            writer.transport.abort()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def _ended(self) -> None:
        """Return once it is gone; the nursery's children leave no status behind."""
        while self.is_running:  # noqa: ASYNC110 - it is not our child, so nothing tells us
            await asyncio.sleep(POLL_S / 5)
        if self._pid is not None:
            release(self._pid)
            self._pid = None

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)
