"""A rolling restart under load: web processes are replaced one after the other while visitors read their answers."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException

from websockets.exceptions import InvalidHandshake, InvalidMessage

from tests.fixtures.server_process import ServerProcess
from tests.fixtures.wire_client import RefusedError, VisitorClient
from tests.fixtures.wire_view import View, Wire

FOLLOW_S = 0.25  # over which a client spreads its following of a hint
MIN_DELAY_S, MAX_DELAY_S = 0.5, 20.0
_LOST = (OSError, HTTPException, InvalidHandshake, InvalidMessage, RefusedError, TimeoutError)


class Roamer(VisitorClient):
    """A visitor who comes back by the rules of the protocol: a hint is followed, a lost line waited for with jitter."""

    def __init__(self, url: str, widget_key: str) -> None:
        super().__init__(url, widget_key)
        self.returns: list[float] = []  # monotonic times of the welcomes after the first
        self.retries = 0
        self._hint: Wire | None = None

    async def stay_until(self, is_over: Callable[[], bool], timeout_s: float) -> None:
        """Keep a connection until something has come true."""
        async with asyncio.timeout(timeout_s):
            while True:
                await self.wait_for(lambda: is_over() or self._hint or self.close_code is not None, timeout_s)
                if is_over():
                    return
                await self._move()

    async def _move(self) -> None:
        if self.close_code is None and self._hint is not None:
            await asyncio.sleep(self._hint["reconnect_after_ms"] / 1000 + random.random() * FOLLOW_S)
            await self.close()
        else:
            await self._pause(0)
        for attempt in range(1, 20):
            self._hint = None
            try:
                await self.connect()
            except _LOST:
                self.retries += 1
                await self._pause(attempt)
            else:
                self.returns.append(time.monotonic())
                return
        raise ConnectionError("no server took this visitor in")

    async def _pause(self, attempt: int) -> None:
        ceiling = min(MAX_DELAY_S, MIN_DELAY_S * 2 ** (attempt + 1))
        await asyncio.sleep(random.uniform(MIN_DELAY_S, ceiling))

    def _take(self, data: str | bytes) -> None:
        super()._take(data)
        if self.frames[-1][1]["type"] == "drain":
            self._hint = self.frames[-1][1]


@dataclass(slots=True)
class Reader:
    """One visitor in one conversation."""

    visitor: Roamer
    conversation: str = ""

    @property
    def view(self) -> View:
        return self.visitor.view(self.conversation)

    @property
    def is_answered(self) -> bool:
        return bool(self.view.texts("bot"))

    async def ask(self, question: str) -> None:
        """Connect, ask, and return once the answer has begun."""
        await self.visitor.connect()
        self.conversation = await self.visitor.open()
        await self.visitor.say(self.conversation, question)

    async def stay(self, timeout_s: float) -> None:
        """Keep a connection until the answer is whole."""
        await self.visitor.stay_until(lambda: self.is_answered, timeout_s)

    async def begins(self, timeout_s: float) -> None:
        """Wait for the first words of the answer."""
        await self.visitor.wait_for(lambda: self.view.live_text or self.is_answered, timeout_s)


@dataclass(slots=True)
class Report:
    """When visitors came back, in seconds from the beginning of the restart."""

    returns: list[float]
    windows: list[tuple[float, float]] = field(default_factory=list)  # of each process: asked to stop, and gone

    @property
    def histogram(self) -> list[int]:
        """How many came back in each second."""
        counts = Counter(math.floor(at) for at in self.returns)
        return [counts[second] for second in range(max(counts) + 1)]

    @property
    def peak_to_average(self) -> float:
        """The busiest second in relation to the average from the first return to the last."""
        span = max(self.returns) - min(self.returns)
        return max(self.histogram) / (len(self.returns) / max(1.0, span))


async def restart_one_by_one(webs: Sequence[ServerProcess], began: float) -> list[tuple[float, float]]:
    """Stop and start each process in turn, as a deploy does; return when each was stopped and gone."""
    windows = []
    for web in webs:
        asked = time.monotonic() - began
        status = await asyncio.to_thread(web.stop)
        assert status == 0, f"a web process ended with {status}:\n{web.log[-4000:]}"
        windows.append((asked, time.monotonic() - began))
        web.start()
        await asyncio.to_thread(web.wait_until_ready)
    return windows


async def gathered(work: Sequence[Callable[[], Awaitable[None]]], at_once: int) -> None:
    """Do so many things at a time."""
    slots = asyncio.Semaphore(at_once)

    async def one(start: Callable[[], Awaitable[None]]) -> None:
        async with slots:
            await start()

    await asyncio.gather(*(one(start) for start in work))
