"""Who has something to write waits here: first come, first served, and some at a time, so that reading goes on."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

logger = logging.getLogger(__name__)

SLICE_WRITES = 128  # about a millisecond of them


class Turning(Protocol):
    """Something that has writes to make."""

    def turn(self, now: float) -> int:
        """Make them all, and return about how many they were; `now` is the loop time."""


class LoopTurn:
    """The queue of one node, worked off at the end of loop turns.

    When there is more to write than one slice, the loop looks between two slices at what came in. What that brings for
    somebody who waits already joins what waits, so under load frames share writes, and none waits for longer than it
    takes to write to everybody once.
    """

    def __init__(self) -> None:
        self._waiting: deque[Turning] = deque()
        self._is_due = False

    def add(self, turning: Turning) -> None:
        """Give it its turn, after those who wait already. Once only until then: the caller sees to that."""
        self._waiting.append(turning)
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting = self._waiting
        written = 0
        while waiting and written < SLICE_WRITES:
            try:
                written += waiting.popleft().turn(now)
            except Exception:
                logger.exception("something was not written", extra={"action": "write_failed"})
        if waiting:
            loop.call_soon(self._write)
        else:
            self._is_due = False
