"""A server of its own for a measurement, on a database made for it, and people who ask it.

One process, `assistify serve` on SQLite, or two, `assistify web` and `assistify worker` on PostgreSQL and Redis.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Split:
    """What web and worker share when each is a process: an empty database of PostgreSQL, and a Redis."""

    database_url: str
    redis_url: str


class Served:
    """A server that runs, with a shop whose customers write on a channel."""

    def __init__(self, http: httpx2.AsyncClient, stand_in: MetaStandIn, settings: Settings) -> None:
        self.http = http
        self.settings = settings
        self.asked = 0
        self._stand_in = stand_in

    async def ask(self, people: int = 1) -> int:
        """Let other people ask, all in one webhook. Returns its status."""
        events = [self._question(number) for number in range(self.asked, self.asked + people)]
        self.asked += people
        headers, body = self._stand_in.signed(events)
        return (await self.http.post("/api/webhooks/facebook/", headers=headers, content=body)).status_code

    def _question(self, number: int) -> dict[str, object]:
        person = str(5_000_000 + number)
        self._stand_in.meet(person)
        return {
            "sender": {"id": person},
            "recipient": {"id": self._stand_in.account},
            "timestamp": int(time.time() * 1000),
            "message": {"mid": f"m_bench{number}", "text": QUESTION},
        }

    def reached(self) -> int:
        """Return how many people have been sent something."""
        return len({message.to for message in self._stand_in.messages})

    async def answered(self) -> int:
        """Return how many replies have ended, by the count of the process that serves."""
        text = (await self.http.get("/metrics")).text
        found = re.findall(r"^assistify_replies_total\{.*\} ([0-9.]+)$", text, re.MULTILINE)
        return int(sum(map(float, found)))


@asynccontextmanager
async def served(folder: Path, responder: Path | None = None, split: Split | None = None) -> AsyncIterator[Served]:
    """Seed a database, in the folder without `split`, and run a server on it; with another responder, in int8, when
    one is given.

    Raises: ConfigurationError when the server does not start.
    """
    shared = split or Split("", "")
    settings = Settings(var_dir=folder, database_url=shared.database_url, redis_url=shared.redis_url, port=_free_port())
    async with scene(KIND, settings.resolved_public_url) as played, AsyncExitStack() as stack:
        async with open_core(settings) as core:
            await core.migrate()
            shop = (await seed(core)).shop.id
            await AccountDesk(core.accounts, BY_KIND).add(shop, KIND, played.fields)
        stand_in = played.stand_in
        if not isinstance(stand_in, MetaStandIn):
            raise TypeError(f"the stand-in of {KIND} is another")
        variables = _variables(settings, responder)
        at = ["--port", str(settings.port)]
        for command in (["serve", *at],) if split is None else (["web", *at], ["worker"]):
            process = await stack.enter_async_context(_process(command, variables))
            if "--port" in command:
                await _ready(process, f"http://127.0.0.1:{settings.port}")
        http = await stack.enter_async_context(_client(f"http://127.0.0.1:{settings.port}"))
        yield Served(http, stand_in, settings)


def _variables(settings: Settings, responder: Path | None) -> list[str]:
    variables = [
        f"ASSISTIFY_VAR_DIR={settings.var_dir}",
        f"ASSISTIFY_DATABASE_URL={settings.database_url}",
        f"ASSISTIFY_REDIS_URL={settings.redis_url}",
    ]
    if responder is not None:
        variables += [f"ASSISTIFY_RESPONDER_DIR={responder}", "ASSISTIFY_RESPONDER_DTYPE=int8"]
    return variables


def _client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, timeout=30.0, trust_env=False)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _process(command: list[str], variables: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command of `assistify` in a process of its own."""
    server = await asyncio.create_subprocess_exec(
        *("env", *variables, sys.executable, "-c", _MAIN, *command),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield server
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
