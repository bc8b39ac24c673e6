"""From a customer's message to an agent's screen, through the product as it ships.

Two web processes on PostgreSQL (which syncs its log to disk) and Redis, none of them pinned. Customers are on both, and
each of them is watched by an agent on the other. No worker runs: the bot's answers would take the processor from what
is measured. The jobs for them are queued in the messages' own transactions all the same.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.realtime.rig import cpu_of
from tests.e2e.demo_shop import ADA, DemoShop
from tests.fixtures.collector import uncollected
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.server_process import ServerProcess, running
from tests.fixtures.wire_client import StaffClient, VisitorClient

CUSTOMERS = 400
AGENTS = 10
WITH_INBOX = 2  # of the agents: they have the inbox open too
OPENING = 16  # customers that connect at the same time
WARM_S = 3.0
STRAGGLERS_S = 5.0
KEPT = 0.95  # of a rate
MANY = "1000000000"
_LIMITS = (
    "connection_commands",
    *(f"{whose}_commands" for whose in ("visitor", "address", "shop")),
    *(f"{whose}_connections" for whose in ("visitor", "address", "shop")),
    *(f"{whose}_conversations" for whose in ("visitor", "address", "shop")),
)
Figures = dict[str, Any]


def measure(rates: Sequence[float], seconds: float) -> list[Figures]:
    """Send at each rate, spread over all conversations, and time each message until an agent's socket has it.

    Rates beyond one that is not kept are left out.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        postgres = PostgresServer(is_durable=True)
        stack.callback(postgres.stop)
        redis = RedisServer()
        stack.callback(redis.close)
        settings = {"database_url": postgres.create_database(), "redis_url": redis.url, "log_level": "WARNING"}
        settings |= {f"{limit}_per_minute": MANY for limit in _LIMITS}
        webs = [ServerProcess("web", folder, settings, demo=True) for _ in range(2)]
        with running(webs[0]):  # which prepares the database
            stack.enter_context(running(webs[1]))
            spent = Spent({"web": [web.pid for web in webs], "postgresql": [postgres.pid], "redis": [redis.pid]})
            return uvloop.run(_Screens(webs, spent).measure(rates, seconds))


class Spent:
    """Processor time by who spent it: the processes named, with their children; and the client, this one alone."""

    def __init__(self, processes: Mapping[str, Sequence[int]]) -> None:
        self._processes = processes
        self._begin: dict[str, float] = {}

    def restart(self) -> None:
        """Count from now."""
        self._begin = self._seconds()

    def per_message_ms(self, messages: int) -> dict[str, float]:
        """Return the milliseconds since the restart, divided by messages."""
        now = self._seconds()
        return {who: round((now[who] - self._begin[who]) * 1000 / messages, 2) for who in now}

    def _seconds(self) -> dict[str, float]:
        spent = {who: sum(map(_cpu_with_children, pids)) for who, pids in self._processes.items()}
        return {**spent, "client": sum(cpu_of(os.getpid()))}


def _cpu_with_children(pid: int) -> float:
    """Return the seconds of a process and its children, those that have ended included."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(cpu_of(pid, ended_children=True)) + sum(sum(cpu_of(int(child))) for child in children)


class _Screens:
    """Customers and agents of a running shop."""

    def __init__(self, webs: Sequence[ServerProcess], spent: Spent) -> None:
        self._spent = spent
        self._shop = DemoShop(tuple(web.url for web in webs))
        self._customers: list[tuple[VisitorClient, str]] = []
        self._agents: list[StaffClient] = []
        self._sent: dict[str, float] = {}
        self._acked: list[float] = []
        self._numbers = itertools.count()

    async def measure(self, rates: Sequence[float], seconds: float) -> list[Figures]:
        found: list[Figures] = []
        async with AsyncExitStack() as clients:
            await self._connect(clients)
            clients.enter_context(uncollected())
            await self._send(min(rates), WARM_S)
            for rate in rates:
                await asyncio.sleep(1)
                found.append(await self._step(rate, seconds))
                if found[-1]["kept"] < KEPT * rate:
                    break
        return found

    async def _step(self, rate: float, seconds: float) -> Figures:
        self._sent.clear()
        self._acked.clear()
        self._spent.restart()
        begin = time.monotonic()
        await self._send(rate, seconds)
        took = time.monotonic() - begin
        cpu = self._spent.per_message_ms(len(self._sent))
        seen = await self._seen()
        times = sorted(seen[text] - at for text, at in self._sent.items() if text in seen)
        return {
            "rate": rate,
            "kept": round(len(self._sent) / took, 1),
            "messages": len(self._sent),
            "lost": len(self._sent) - len(times),
            "p50_ms": _quantile(times, 0.5),
            "p99_ms": _quantile(times, 0.99),
            "max_ms": _quantile(times, 1),
            "ack_p50_ms": _quantile(sorted(self._acked), 0.5),
            "ack_p99_ms": _quantile(sorted(self._acked), 0.99),
            "cpu_ms_per_message": cpu,
        }

    async def _connect(self, clients: AsyncExitStack) -> None:
        session = await self._shop.get("/demo/session?as=guest")
        slots = asyncio.Semaphore(OPENING)

        async def open_one() -> None:
            async with slots:
                url = self._shop.urls[next(self._numbers) % 2]
                customer = VisitorClient(url, session["widget_key"])
                await clients.enter_async_context(customer)
                self._customers.append((customer, await customer.open()))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CUSTOMERS):
                tasks.create_task(open_one())
        token = await self._shop.token(ADA)
        for number in range(AGENTS):
            agent = StaffClient(self._shop.urls[number % 2], token)
            await clients.enter_async_context(agent)
            self._agents.append(agent)
            if number < WITH_INBOX:
                await agent.command("inbox.watch", queue="all")
        for number, (customer, conversation) in enumerate(self._customers):
            others = [agent for agent in self._agents if agent.url != customer.url]
            await others[number % len(others)].watch(conversation)

    async def _send(self, rate: float, seconds: float) -> None:
        """Send at even distances, whether or not the ones before are answered."""
        begin = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
                tasks.create_task(self._say())

    async def _say(self) -> None:
        number = next(self._numbers)
        customer, conversation = self._customers[number % len(self._customers)]
        text = f"Where is my parcel? This is message {number}."
        at = self._sent[text] = time.monotonic()
        await customer.say(conversation, text)
        self._acked.append(time.monotonic() - at)

    async def _seen(self) -> dict[str, float]:
        """Return when agents got the messages, by text, once all are there or no more come."""
        end = time.monotonic() + STRAGGLERS_S
        while True:
            seen = {
                frame["message"]["text"]: at
                for agent in self._agents
                for at, frame in agent.frames
                if frame["type"] == "message.created"
            }
            if self._sent.keys() <= seen.keys() or time.monotonic() > end:
                return seen
            await asyncio.sleep(0.1)


def _quantile(times: Sequence[float], share: float) -> float | None:
    """Return a quantile in ms, None of nothing."""
    return round(times[min(len(times) - 1, int(share * len(times)))] * 1000, 2) if times else None
