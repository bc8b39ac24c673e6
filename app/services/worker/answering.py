"""The lane of answers: claims replies while the engine has room, keeps their leases, ends those ended elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import structlog

from app import metrics
from app.services.replies import ReplyEndedError
from app.services.worker.cancellation import see_through
from app.services.worker.reply_run import ReplyRun, RunParts
from app.services.worker.validity import Validity
from app.services.worker.wake import Wake
from nlp.engine.request import EngineClosedError, EngineOverloadedError
from realtime.bus.frame import Frame
from realtime.live_reply.writer import ReplyEnded

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0


class AnswerLane:
    """All replies of one worker."""

    def __init__(
        self,
        worker: UUID,
        parts: RunParts,
        validity: Validity,
        wake: Wake,
        *,
        slots: int,
        poll_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = worker
        self._parts = parts
        self._validity = validity
        self._wake = wake
        self._slots = slots
        self._poll_s = poll_s
        self._monotonic = monotonic
        self._runs: dict[UUID, tuple[ReplyRun, asyncio.Task[None]]] = {}
        self._claiming = asyncio.Lock()
        self._claims_from = float("-inf")  # the engine asked for a pause until then
        self._closed: EngineClosedError | None = None
        self._draining = False

    @property
    def running(self) -> int:
        """How many replies are being made."""
        return len(self._runs)

    async def run(self) -> None:
        """Claim and answer until drained.

        Raises: EngineClosedError, without which this worker would take replies only to give them back.
        """
        while not self._draining:
            if self._closed is not None:
                raise self._closed
            pause_s = self._claims_from - self._monotonic()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            room = min(self._slots - len(self._runs), self._parts.model.engine.free_slots)
            async with self._claiming:
                claimed = await self._claim(room) if room > 0 and not self._draining else 0
            if claimed == 0:
                await self._wake.wait(self._poll_s)

    async def _claim(self, room: int) -> int:
        began = self._validity.begin()
        try:
            claims = await self._parts.replies.claim(self._worker, room)
        except Exception as error:
            log.warning("claim failed", action="claim_failed", error=type(error).__name__, exc_info=True)
            return 0
        self._validity.succeeded(began)
        for claim in claims:
            run = ReplyRun(claim, self._parts)
            if (older := self._runs.get(run.id)) is not None:  # whose lease ran out while it was stuck here
                older[0].end_now()
            task = asyncio.create_task(self._guarded(run), name=f"reply-{run.id}")
            self._runs[run.id] = (run, task)
        return len(claims)

    async def _guarded(self, run: ReplyRun) -> None:
        """Run one reply; whatever goes wrong fails its try, and nothing else."""
        try:
            await run.run()
            metrics.jobs_total.labels(lane="answer", result="done").inc()
        except (ReplyEnded, ReplyEndedError):
            log.info("reply ended elsewhere", action="reply_ended", reply=str(run.id))
        except EngineOverloadedError as error:
            self._claims_from = self._monotonic() + error.retry_after_ms / 1000
            await see_through(self._give_back(run))
        except EngineClosedError as error:
            self._closed = error
            await see_through(self._give_back(run))
        except asyncio.CancelledError:
            await see_through(self._give_back(run))
            raise
        except Exception as error:
            tried = {"tries": run.claim.job.tries, "error": type(error).__name__}
            log.exception("reply failed", action="reply_failed", reply=str(run.id), **tried)
            metrics.jobs_total.labels(lane="answer", result="failed").inc()
            await see_through(self._fail(run, error))
        finally:
            if (known := self._runs.get(run.id)) is not None and known[0] is run:
                del self._runs[run.id]
            self._wake.set()

    async def _fail(self, run: ReplyRun, error: Exception) -> None:
        try:
            await self._parts.replies.fail(run.claim, type(error).__name__)
        except ReplyEndedError:
            return
        except Exception:
            # The database is away: the lease runs out. That is no fault of the reply.
            self._parts.replies.lose(run.claim)
            log.exception("a failed reply could not be given back", action="reply_fail_failed", reply=str(run.id))

    async def _give_back(self, run: ReplyRun) -> None:
        """Release a reply uncounted, with what was said so far."""
        progress = run.progress()
        try:
            await self._parts.replies.release(progress)
        except Exception:
            log.exception("a reply could not be released", action="reply_release_failed", reply=str(run.id))

    async def heartbeat(self) -> None:
        """Once a second: checkpoint and renew all replies, in one query; end those that are no longer ours."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            began = self._validity.begin()
            runs = [run for run, _ in self._runs.values()]
            try:
                owned = await self._parts.replies.heartbeat(self._worker, [run.progress() for run in runs])
            except Exception as error:
                log.warning("heartbeat failed", action="heartbeat_failed", error=type(error).__name__)
                continue
            self._validity.succeeded(began)
            for run in runs:
                if run.id not in owned:
                    run.end_now()

    def on_reply_ended(self, _topic: str, frame: Frame) -> None:
        """Listen to the bus: a reply was taken over, stopped or failed."""
        found = self._runs.get(frame.message)
        if found is not None:
            found[0].end_now()

    async def drain(self) -> None:
        """Claim no more; flush and release what runs, so that another worker goes on where it is."""
        self._draining = True
        self._wake.set()
        async with self._claiming:  # what a claim under way brings is given back too
            await asyncio.sleep(0)  # a task that is cancelled before its first step gives nothing back
            tasks = [task for _, task in self._runs.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
