"""Work that several messages wait for is done once, and to its end, however long each of them waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

K = TypeVar("K")
V = TypeVar("V")


class StoppedError(Exception):
    """The process ends: nothing more is begun."""


class SharedWork(Generic[K, V]):
    """One task per key, as long as it runs; `work` keeps what it made by itself."""

    def __init__(self, name: str, work: Callable[[K], Awaitable[V]]) -> None:
        self._name = name
        self._work = work
        self._running: dict[K, asyncio.Task[V]] = {}
        self._is_closed = False

    async def result(self, key: K) -> V:
        """Wait for what is under way for a key, or begin it; who gives up waiting does not end it.

        Raises: what the work raises, to all who wait; StoppedError after `aclose`.
        """
        if self._is_closed:
            raise StoppedError
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._do(key), name=f"{self._name}-{key}")
            self._running[key] = task
            task.add_done_callback(lambda ended: self._ended(key, ended))
        return await asyncio.shield(task)

    async def _do(self, key: K) -> V:
        return await self._work(key)

    def _ended(self, key: K, task: asyncio.Task[V]) -> None:
        self._running.pop(key, None)
        # Those who waited have been told; where all gave up, this is the only trace.
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning("shared work failed", action="shared_work_failed", name=self._name, error=type(error).__name__)

    async def aclose(self) -> None:
        """End what runs; a thread of it ends by itself."""
        self._is_closed = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
