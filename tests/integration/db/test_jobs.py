"""Jobs: leases, fairness, retries, dead letters, schedules."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.db import models
from app.domain.job import ClaimedJob, Lane, NewJob
from app.services.ids import new_id
from app.services.jobs import Periodic
from realtime.bus.frame import Frame
from realtime.bus.topic import JOBS_TOPIC
from tests.integration.db.world import World, expire_leases, make_due


async def add(world: World, *, shop: UUID | None = None, cause: str | None = None, delay_s: float = 0.0) -> bool:
    return await world.jobs.enqueue(
        NewJob(Lane.BATCH, "rollup", cause or str(uuid4()), shop=shop or world.shop, delay_s=delay_s)
    )


async def claim(world: World, slots: int = 10) -> list[ClaimedJob]:
    return list(await world.jobs.claim(Lane.BATCH, world.worker, slots))


async def status_of(world: World, job: UUID) -> str:
    (row,) = await world.all_of(models.Job, id=job)
    assert isinstance(row, models.Job)
    return row.status


async def test_a_cause_gives_one_job_of_a_kind(world: World) -> None:
    heard: list[Frame] = []
    await world.bus.subscribe(JOBS_TOPIC, lambda _, frame: heard.append(frame))
    assert sorted(await asyncio.gather(*(add(world, cause="one") for _ in range(4)))) == [False, False, False, True]
    assert [frame.body for frame in heard] == [b'{"lane": "batch"}']
    assert len(await claim(world)) == 1


async def test_a_delayed_job_waits(world: World) -> None:
    await add(world, delay_s=60)
    assert await claim(world) == []
    await make_due(world.database, "rollup")
    assert len(await claim(world)) == 1


async def test_shops_take_turns_however_long_their_queues(world: World) -> None:
    busy, quiet = World(world.database), World(world.database)
    await busy.populate()
    await quiet.populate()
    for _ in range(6):
        await add(world, shop=busy.shop)
    await add(world, shop=quiet.shop)
    first = await claim(world, 2)
    assert {job.shop for job in first} == {busy.shop, quiet.shop}
    await add(world, shop=quiet.shop)
    second = await claim(world, 1)
    assert [job.shop for job in second] == [busy.shop]  # both have one running; the older waits longer
    third = await claim(world, 1)
    assert [job.shop for job in third] == [quiet.shop]


async def test_workers_at_once_never_get_the_same_job(world: World) -> None:
    for _ in range(8):
        await add(world)
    claimed = await asyncio.gather(*(world.jobs.claim(Lane.BATCH, new_id(), 2) for _ in range(4)))
    ids = [job.id for jobs in claimed for job in jobs]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(await claim(world)) == 8


async def test_a_lease_that_ran_out_is_given_to_another_with_a_higher_attempt(world: World) -> None:
    await add(world)
    (first,) = await claim(world)
    assert await claim(world) == []
    await expire_leases(world.database)
    (second,) = await claim(world)
    assert (second.id, first.attempt, second.attempt) == (first.id, 1, 2)
    assert not await world.jobs.done(first)
    assert await world.jobs.done(second)
    assert not await world.jobs.done(second)


async def test_a_renewed_lease_holds(world: World) -> None:
    await add(world)
    (job,) = await claim(world)
    await expire_leases(world.database)
    await world.jobs.renew(world.worker, [job])
    assert await claim(world) == []


async def test_a_failing_job_pauses_and_is_buried_at_its_limit(world: World) -> None:
    await add(world)
    for count in range(1, 6):
        (job,) = await claim(world)
        assert job.tries == count
        assert await world.jobs.fail(job, "Boom") == (count == 5)
        if count < 5:
            assert await claim(world) == []
            await make_due(world.database, "rollup")
    assert await status_of(world, job.id) == "dead"
    assert await claim(world) == []


async def test_a_job_whose_workers_die_is_buried(world: World) -> None:
    await add(world)
    for _ in range(5):
        (job,) = await claim(world)
        await expire_leases(world.database)
    assert await claim(world) == []
    assert await status_of(world, job.id) == "dead"


async def test_a_released_job_is_not_counted(world: World) -> None:
    await add(world)
    (job,) = await claim(world)
    assert await world.jobs.release(job)
    (again,) = await claim(world)
    assert (again.tries, again.attempt) == (1, 2)


async def test_answers_are_not_claimed_without_their_reply(world: World) -> None:
    with pytest.raises(ValueError, match="with their reply"):
        await world.jobs.claim(Lane.ANSWER, world.worker, 1)


async def test_nodes_enqueue_each_due_time_once(world: World) -> None:
    nightly = Periodic("train_recommender", Lane.TRAIN, timedelta(days=1), timedelta(hours=3))
    other = World(world.database)
    counts = await asyncio.gather(*(one.jobs.enqueue_due([nightly]) for one in (world, other, world)))
    assert sum(counts) == 1
    world.clock.advance(days=1)
    assert await world.jobs.enqueue_due([nightly]) == 1
    rows = await world.all_of(models.Schedule)
    assert sorted(row.due_at.isoformat() for row in rows if isinstance(row, models.Schedule)) == [
        "2026-01-05T03:00:00+00:00",
        "2026-01-06T03:00:00+00:00",
    ]
