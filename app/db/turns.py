"""Whose turn it is to write: a lock whose next holder is one that somebody waits for, where there is one.

SQLite has one writer. A worker with its hands full keeps dozens of transactions waiting; what answers a vendor or a
customer would stand behind all of them, and so stands only behind the one that is at work.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_AHEAD = 8  # urgent ones in a row while others wait: nobody waits for ever


class Turns:
    """Had by one task at a time; among equals, in the order in which they came."""

    def __init__(self) -> None:
        self._is_taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._ahead = 0

    @asynccontextmanager
    async def taken(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for the turn, and have it for the body."""
        await self._take(self._urgent if urgent else self._others)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was this one's turn already
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._urgent or self._others:
            turn = self._next().popleft()
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._is_taken = False

    def _next(self) -> deque[asyncio.Future[None]]:
        if self._urgent and (not self._others or self._ahead < MOST_AHEAD):
            self._ahead = self._ahead + 1 if self._others else 0
            return self._urgent
        self._ahead = 0
        return self._others
