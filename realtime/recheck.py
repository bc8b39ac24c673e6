"""Asks again, from time to time, whether those who are connected may still be: the net under lost revocations."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable

from realtime.failure import log_failure
from realtime.ports import Sessions
from realtime.session import LiveSession

logger = logging.getLogger(__name__)

PRINCIPALS_PER_QUERY = 1000


class Recheck:
    """Closes the connections of staff whose sign-in has ended, and of visitors who were blocked."""

    def __init__(self, product: Sessions, connected: Callable[[], Iterable[LiveSession]], every_s: float) -> None:
        self._product = product
        self._connected = connected
        self._every_s = every_s

    async def run(self) -> None:
        """Check for as long as this node runs."""
        while True:
            await asyncio.sleep(self._every_s * random.uniform(0.8, 1.0))
            await self._check([session for session in self._connected() if session.is_open])

    async def _check(self, sessions: list[LiveSession]) -> None:
        for first in range(0, len(sessions), PRINCIPALS_PER_QUERY):
            some = sessions[first : first + PRINCIPALS_PER_QUERY]
            try:
                still = await self._product.are_valid([session.principal for session in some])
            except Exception as error:
                log_failure(logger, "sign-ins not checked", "recheck_failed", error)
                return
            for session, is_valid in zip(some, still, strict=True):
                if not is_valid and session.is_open:
                    session.revoke("the sign-in has ended" if session.is_staff else "blocked")
