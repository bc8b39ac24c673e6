"""What is told to others after a commit. A publish that fails is found by the readers and read from the log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

import structlog

from app.domain.job import Lane
from realtime.bus.frame import Frame, Kind
from realtime.bus.port import Bus
from realtime.bus.topic import JOBS_TOPIC, REPLIES_TOPIC

PUBLISH_S = 1.0

log = structlog.get_logger(__name__)
Result = TypeVar("Result")
_running: set[asyncio.Task[Any]] = set()

Publication = tuple[str, Frame]
"""A topic and what goes there."""


class Publisher:
    """Publishes in the order given, within a bounded time; never raises for a bus that is away."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.failures = 0  # publishes that did not get through

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Hand all to the bus at once; those of one topic keep their order."""
        if not publications:
            return
        sends = [asyncio.ensure_future(self._bus.publish(topic, frame)) for topic, frame in publications]
        _, late = await asyncio.wait(sends, timeout=PUBLISH_S)
        for send in late:
            send.cancel()
        results = await asyncio.gather(*sends, return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            self.failures += len(failed)
            log.warning("publish failed", action="publish_failed", count=len(failed), error=type(failed[0]).__name__)


def nudge(lane: Lane) -> Publication:
    """Tell workers that a job of this lane waits."""
    return JOBS_TOPIC, Frame(kind=Kind.CONTROL, body=json.dumps({"lane": lane.value}).encode())


def reply_ended(reply: UUID, epoch: int, status: str) -> Publication:
    """Tell the worker of a reply that it was ended from outside, so that it cancels the sequence."""
    body = json.dumps({"reply": str(reply), "status": status}).encode()
    return REPLIES_TOPIC, Frame(kind=Kind.CONTROL, body=body, epoch=epoch, message=reply)


async def to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work` whole even when the caller is cancelled: what was committed is also fenced and published."""
    task = asyncio.ensure_future(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_report)
        raise


def _report(task: asyncio.Task[Any]) -> None:
    """Log what went wrong after the caller had gone."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("change failed", action="change_failed", error=type(error).__name__)
