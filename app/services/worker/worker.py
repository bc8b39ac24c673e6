"""One worker process (or the worker half of the all-in-one server): its lanes, its leases, its listeners."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from app.services.jobs import JobQueue, Periodic
from app.services.worker.answering import AnswerLane
from app.services.worker.lane import JobLane
from app.services.worker.wake import Wake
from realtime.bus.frame import Frame
from realtime.bus.port import Bus, BusUnavailableError
from realtime.bus.topic import JOBS_TOPIC, REPLIES_TOPIC

log = structlog.get_logger(__name__)

SUBSCRIBE_RETRY_S = 1.0
SCHEDULE_S = 30.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Answers and jobs. Run every task of `tasks()`; call `drain` before cancelling them."""

    bus: Bus
    queue: JobQueue
    answers: AnswerLane
    lanes: Sequence[JobLane]
    wakes: dict[str, Wake]  # by lane
    periodics: Sequence[Periodic]
    warm: Callable[[], Awaitable[None]]  # builds indexes before the first question needs them
    closing: Sequence[Callable[[], Awaitable[None]]] = ()  # ends what outlives the messages that began it

    def tasks(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return the loops of this worker by name; each runs until it is drained or cancelled."""
        loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("answers", self._forever(self.answers.run)),
            ("heartbeat", self.answers.heartbeat),
            ("listen", self._listen),
            ("schedule", self._schedule),
            ("warm", self._forever(self._warm)),
        ]
        for lane in self.lanes:
            loops += [(f"lane-{lane.lane.value}", self._forever(lane.run)), (f"renew-{lane.lane.value}", lane.renew)]
        return loops

    async def drain(self) -> None:
        """Give back what runs; other workers go on with it."""
        await asyncio.gather(self.answers.drain(), *(lane.drain() for lane in self.lanes))
        for close in self.closing:
            await close()

    def _forever(self, loop: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A loop that is done waits to be cancelled: its end must not look like a crash."""

        async def run() -> None:
            await loop()
            await asyncio.Event().wait()

        return run

    async def _warm(self) -> None:
        try:
            await self.warm()
        except Exception as error:
            # Whatever is missing is made by the first question that needs it.
            log.warning("warming up failed", action="warm_failed", error=type(error).__name__, exc_info=True)

    async def _listen(self) -> None:
        """Subscribe to nudges and ended replies. Without a bus the lanes poll."""
        for topic, listener in ((JOBS_TOPIC, self._on_nudge), (REPLIES_TOPIC, self.answers.on_reply_ended)):
            while True:
                try:
                    await self.bus.subscribe(topic, listener)
                    break
                except BusUnavailableError:
                    await asyncio.sleep(SUBSCRIBE_RETRY_S)
        await asyncio.Event().wait()

    def _on_nudge(self, _topic: str, frame: Frame) -> None:
        lane = json.loads(frame.body).get("lane")
        wake = self.wakes.get(lane)
        if wake is not None:
            wake.set()

    async def _schedule(self) -> None:
        """Enqueue periodic jobs; of all nodes one gets each."""
        while True:
            try:
                await self.queue.enqueue_due(self.periodics)
            except Exception as error:
                log.warning("schedule failed", action="schedule_failed", error=type(error).__name__)
            await asyncio.sleep(SCHEDULE_S)
