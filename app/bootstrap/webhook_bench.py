"""Measure how soon webhooks are answered while every slot of the engine is busy: a server of its own, real requests."""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

import httpx2

from app.bootstrap.core import open_core, seed
from app.channels.registry import BY_KIND
from app.errors import ConfigurationError
from app.services.accounts import AccountDesk
from app.settings import Settings
from app.simulate.meta import MetaStandIn
from app.simulate.scene import scene

KIND = "messenger"
START_S = 120.0
STOP_S = 30.0
POLL_S = 0.2
QUESTION = "Do you have a rain jacket for hiking, and what does it cost?"
_MAIN = "from app.cli import main; main()"


@dataclass
class Outcome:
    """What was measured. `left` is how many questions had no answer yet when the measurement ended."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    left: int = 0
    slots: int = 0

    @property
    def is_saturated(self) -> bool:
        """Whether more questions waited than the engine has slots, so that all of them were busy."""
        return self.left > self.slots

    def figures(self) -> dict[str, float]:
        """Return percentiles in milliseconds."""
        parts = statistics.quantiles(self.milliseconds, n=100, method="inclusive")
        longest = max(self.milliseconds)
        return {"p50_ms": parts[49], "p95_ms": parts[94], "p99_ms": parts[98], "longest_ms": longest}


async def measure_webhooks(rate: float, seconds: float, backlog: int) -> Outcome:
    """Let `backlog` people ask, and when the engine is full, more at `rate` per second; time the answers to those.

    Requests leave at their time whether or not earlier ones are answered, and are timed from when they should leave.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(var_dir=Path(folder), database_url="", redis_url="", port=_free_port())
        async with scene(KIND, settings.resolved_public_url) as played:
            async with open_core(settings) as core:
                await core.migrate()
                shop = (await seed(core)).shop.id
                await AccountDesk(core.accounts, BY_KIND).add(shop, KIND, played.fields)
            stand_in = played.stand_in
            if not isinstance(stand_in, MetaStandIn):
                raise TypeError(f"the stand-in of {KIND} is another")
            async with _served(settings) as url, _client(url) as http:
                return await _measure(http, stand_in, settings, rate, seconds, backlog)


async def _measure(
    http: httpx2.AsyncClient, stand_in: MetaStandIn, settings: Settings, rate: float, seconds: float, backlog: int
) -> Outcome:
    outcome, asked = Outcome(slots=settings.engine_slots), 0
    for _ in range(backlog):
        asked += 1
        await _post(http, stand_in, asked)
    await asyncio.sleep(1.0)  # for the first of them to be in the engine
    began, sending = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked += 1
        sending.append(asyncio.create_task(_timed(http, stand_in, asked, due)))
    for milliseconds, status in await asyncio.gather(*sending):
        outcome.milliseconds.append(milliseconds)
        outcome.refused += status != 200
    outcome.left = asked - await _answered(http)
    return outcome


async def _timed(http: httpx2.AsyncClient, stand_in: MetaStandIn, number: int, due: float) -> tuple[float, int]:
    status = await _post(http, stand_in, number)
    return (time.perf_counter() - due) * 1000, status


async def _post(http: httpx2.AsyncClient, stand_in: MetaStandIn, number: int) -> int:
    """Let the person with this number ask."""
    event = {
        "sender": {"id": str(5_000_000 + number)},
        "recipient": {"id": stand_in.account},
        "timestamp": int(time.time() * 1000),
        "message": {"mid": f"m_bench{number}", "text": QUESTION},
    }
    headers, body = stand_in.signed([event])
    return (await http.post("/api/webhooks/facebook/", headers=headers, content=body)).status_code


async def _answered(http: httpx2.AsyncClient) -> int:
    """Return how many replies have ended, by the server's own count."""
    found = re.findall(r"^assistify_replies_total\{.*\} ([0-9.]+)$", (await http.get("/metrics")).text, re.MULTILINE)
    return int(sum(map(float, found)))


def _client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, timeout=30.0, trust_env=False)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[str]:
    """Run `assistify serve` on the database of `settings` in a process of its own."""
    variables = [f"ASSISTIFY_VAR_DIR={settings.var_dir}", "ASSISTIFY_DATABASE_URL=", "ASSISTIFY_REDIS_URL="]
    command = [sys.executable, "-c", _MAIN, "serve", "--port", str(settings.port)]
    server = await asyncio.create_subprocess_exec(
        "env", *variables, *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{settings.port}"
    try:
        await _ready(server, url)
        yield url
    finally:
        if server.returncode is None:
            server.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await server.wait()
            except TimeoutError:
                server.kill()
                await server.wait()


async def _ready(server: asyncio.subprocess.Process, url: str) -> None:
    """Wait until the server takes traffic.

    Raises: ConfigurationError when it ends before, or takes too long.
    """
    until = time.monotonic() + START_S
    async with _client(url) as http:
        while time.monotonic() < until and server.returncode is None:
            try:
                if (await http.get("/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                await asyncio.sleep(POLL_S)  # it does not listen yet
    raise ConfigurationError("the server that was to be measured did not start")
