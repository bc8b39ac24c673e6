"""Measure how soon `assistify serve` answers a ping while as many replies as it has slots are decoded beside it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.bootstrap.served import Served, served
from nlp.bench.measure import percentile
from nlp.bench.model import model_directory

EVERY_S = 0.02
COUNT_EVERY = 25  # pings between two looks at how many replies have ended
WAIT_S = 120.0
POLL_S = 0.05


@dataclass
class Pings:
    """Milliseconds of each ping without and with replies running, and how many replies ended while it lasted."""

    slots: int
    idle: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    ended: int = 0

    def figures(self) -> dict[str, float]:
        """Return percentiles in milliseconds, of the idle server and of the busy one."""
        named = {f"p{share}": share for share in (50, 95, 99)} | {"longest": 100}
        sides = (("idle", self.idle), ("busy", self.busy))
        return {
            f"{side}_{name}_ms": percentile(values, share) for side, values in sides for name, share in named.items()
        }


async def measure_pings(model: Path | None, count: int) -> Pings:
    """Ping /healthz `count` times without and with replies of a T5 directory, without one of random T5-base shapes.

    Raises: TimeoutError when no reply ends, ConfigurationError when the server does not start.
    """
    with tempfile.TemporaryDirectory() as folder, model_directory(model) as directory:
        async with served(Path(folder), directory) as server:
            pings = Pings(server.settings.engine_slots)
            for _ in range(count):
                pings.idle.append(await _ping(server))
            await _fill(server)
            before = await server.answered()
            while len(pings.busy) < count:
                if len(pings.busy) % COUNT_EVERY == 0:
                    await _refill(server)
                pings.busy.append(await _ping(server))
            pings.ended = await server.answered() - before
            return pings


async def _ping(server: Served) -> float:
    began = time.perf_counter()
    (await server.http.get("/healthz")).raise_for_status()
    taken = time.perf_counter() - began
    await asyncio.sleep(max(0.0, EVERY_S - taken))
    return taken * 1000


async def _fill(server: Served) -> None:
    """Let twice as many ask as there are slots, and wait until the first reply has ended: the others run."""
    for _ in range(2 * server.settings.engine_slots):
        await server.ask()
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if await server.answered():
            return
        await asyncio.sleep(POLL_S)
    raise TimeoutError("no reply has ended: the model is too slow for this measurement, or the server failed")


async def _refill(server: Served) -> None:
    """Let others ask for those that have their answer, so that all slots stay taken."""
    for _ in range(2 * server.settings.engine_slots - (server.asked - await server.answered())):
        await server.ask()
