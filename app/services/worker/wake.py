"""Waking a lane: by a nudge of the bus, by a job that ended, or by the clock."""

from __future__ import annotations

import asyncio


class Wake:
    """An event that is cleared by waiting for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the lane."""
        self._event.set()

    async def wait(self, timeout_s: float) -> None:
        """Return at the next `set`, or after the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            pass
        finally:
            self._event.clear()
