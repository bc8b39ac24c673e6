"""Lanes of ordinary jobs: how many at once, what a drain gives back, what a lease survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from app.db import models
from app.domain.job import ClaimedJob, Lane, NewJob
from app.services.ids import new_id
from app.services.worker import lane as lane_module
from app.services.worker.lane import JobLane
from app.services.worker.wake import Wake
from tests.integration.app.rig import Product

KIND = "test_job"


class Gate:
    """A handler that holds its jobs until they may go on."""

    def __init__(self) -> None:
        self.entered: asyncio.Queue[ClaimedJob] = asyncio.Queue()
        self.open = asyncio.Event()
        self.most = 0
        self._inside = 0

    async def __call__(self, job: ClaimedJob) -> None:
        self._inside += 1
        self.most = max(self.most, self._inside)
        self.entered.put_nowait(job)
        try:
            await self.open.wait()
        finally:
            self._inside -= 1


async def enqueue(rig: Product, count: int) -> None:
    for number in range(count):
        await rig.parts.queue.enqueue(NewJob(Lane.SYNC, KIND, cause=f"{number}"))


def lane(
    rig: Product, handler: Callable[[ClaimedJob], Awaitable[None]], slots: int = 2, poll_s: float = 0.02
) -> JobLane:
    return JobLane(Lane.SYNC, new_id(), rig.parts.queue, {KIND: handler}, Wake(), slots=slots, poll_s=poll_s)


@asynccontextmanager
async def running(one: JobLane) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()), asyncio.create_task(one.renew())]
    try:
        yield
    finally:
        await one.drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def statuses(rig: Product) -> list[tuple[str, int]]:
    return sorted((job.status, job.tries) for job in await rig.rows(models.Job, kind=KIND))


async def test_no_more_jobs_run_than_there_are_slots(rig: Product) -> None:
    gate = Gate()
    await enqueue(rig, 5)
    async with running(lane(rig, gate, poll_s=60)):  # a job that ends has the lane look for the next
        for _ in range(2):
            await asyncio.wait_for(gate.entered.get(), 30)
        gate.open.set()
        for _ in range(3):
            await asyncio.wait_for(gate.entered.get(), 30)
        async with asyncio.timeout(30):
            while await statuses(rig) != [("done", 1)] * 5:  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(0.02)
    assert gate.most == 2


async def test_a_lane_that_had_room_left_does_not_look_again_when_its_job_ends(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Lane] = []
    claim = rig.parts.queue.claim

    async def counted(lane: Lane, worker: UUID, slots: int) -> Sequence[ClaimedJob]:
        asked.append(lane)
        return await claim(lane, worker, slots)

    monkeypatch.setattr(rig.parts.queue, "claim", counted)
    gate = Gate()
    gate.open.set()
    await enqueue(rig, 1)
    async with running(lane(rig, gate, poll_s=60)):
        async with asyncio.timeout(30):
            while await statuses(rig) != [("done", 1)]:  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(0.02)
    assert len(asked) == 1


async def test_a_drain_gives_jobs_back_uncounted(rig: Product) -> None:
    gate = Gate()
    await enqueue(rig, 3)
    async with running(lane(rig, gate)):
        await asyncio.wait_for(gate.entered.get(), 30)
        await asyncio.wait_for(gate.entered.get(), 30)
    assert await statuses(rig) == [("queued", 0)] * 3
    gate.open.set()
    async with running(lane(rig, gate, slots=3)):
        async with asyncio.timeout(30):
            while await statuses(rig) != [("done", 1)] * 3:  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(0.02)


async def test_a_claim_under_way_when_the_drain_begins_is_given_back(rig: Product) -> None:
    gate = Gate()
    await enqueue(rig, 2)
    one = lane(rig, gate)
    claiming = asyncio.create_task(one.run())
    await asyncio.sleep(0)
    await one.drain()
    await asyncio.wait_for(claiming, 30)
    assert await statuses(rig) == [("queued", 0)] * 2


async def test_a_job_that_takes_long_keeps_its_lease(rig: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "RENEW_S", 0.05)
    gate = Gate()
    await enqueue(rig, 1)
    async with running(lane(rig, gate)):
        await asyncio.wait_for(gate.entered.get(), 30)
        (first,) = await rig.rows(models.Job, kind=KIND)
        async with asyncio.timeout(30):
            while True:
                (later,) = await rig.rows(models.Job, kind=KIND)
                if later.run_at > first.run_at:
                    break
                await asyncio.sleep(0.02)
        gate.open.set()
    assert later.status == "running"
    assert later.attempt == first.attempt
