"""A server of its own for a measurement: `assistify serve` on a database made for it, and people who ask it."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


class Served:
    """A server that runs, with a shop whose customers write on a channel."""

    def __init__(self, http: httpx2.AsyncClient, stand_in: MetaStandIn, settings: Settings) -> None:
        self.http = http
        self.settings = settings
        self.asked = 0
        self._stand_in = stand_in

    async def ask(self) -> int:
        """Let another person ask. Returns the status of the webhook."""
        self.asked += 1
        number = self.asked
        event = {
            "sender": {"id": str(5_000_000 + number)},
            "recipient": {"id": self._stand_in.account},
            "timestamp": int(time.time() * 1000),
            "message": {"mid": f"m_bench{number}", "text": QUESTION},
        }
        headers, body = self._stand_in.signed([event])
        return (await self.http.post("/api/webhooks/facebook/", headers=headers, content=body)).status_code

    async def answered(self) -> int:
        """Return how many replies have ended, by the server's own count."""
        text = (await self.http.get("/metrics")).text
        found = re.findall(r"^assistify_replies_total\{.*\} ([0-9.]+)$", text, re.MULTILINE)
        return int(sum(map(float, found)))


@asynccontextmanager
async def served(folder: Path, responder: Path | None = None) -> AsyncIterator[Served]:
    """Seed a database in a folder and run `assistify serve` on it; with another responder, in int8, when one is given.

    Raises: ConfigurationError when the server does not start.
    """
    settings = Settings(var_dir=folder, database_url="", redis_url="", port=_free_port())
    async with scene(KIND, settings.resolved_public_url) as played:
        async with open_core(settings) as core:
            await core.migrate()
            shop = (await seed(core)).shop.id
            await AccountDesk(core.accounts, BY_KIND).add(shop, KIND, played.fields)
        stand_in = played.stand_in
        if not isinstance(stand_in, MetaStandIn):
            raise TypeError(f"the stand-in of {KIND} is another")
        async with _process(settings, responder) as url, _client(url) as http:
            yield Served(http, stand_in, settings)


def _client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, timeout=30.0, trust_env=False)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _process(settings: Settings, responder: Path | None) -> AsyncIterator[str]:
    """Run `assistify serve` on the database of `settings` in a process of its own."""
    variables = [f"ASSISTIFY_VAR_DIR={settings.var_dir}", "ASSISTIFY_DATABASE_URL=", "ASSISTIFY_REDIS_URL="]
    if responder is not None:
        variables += [f"ASSISTIFY_RESPONDER_DIR={responder}", "ASSISTIFY_RESPONDER_DTYPE=int8"]
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
