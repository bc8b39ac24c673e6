"""Conversations go on while processes die, freeze and lose each other: nothing is lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.e2e.faults.cluster import FaultyCluster, faulty_cluster
from tests.e2e.faults.node import Nursery
from tests.e2e.faults.oracle import Findings, Oracle
from tests.e2e.faults.person import Person
from tests.e2e.faults.schedule import Schedule
from tests.e2e.faults.story import Story
from tests.fixtures.effort import EFFORT
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.seed import seed_or

SEED = 70_311
PIECES = 1 if EFFORT == 1 else 5
CONVERSATIONS = 8 if EFFORT == 1 else 20  # in each piece
AGENTS = CONVERSATIONS // 4
ROUNDS = 1 if EFFORT == 1 else 6
TALK = 8 if EFFORT == 1 else 16
ROUGH = 4  # every so many visitors lives with a bad network


@pytest.mark.timeout(900)
@pytest.mark.parametrize("piece", range(PIECES))
async def test_nothing_is_lost_doubled_or_reordered_whatever_fails(
    tmp_path: Path, nursery: Nursery, postgres: PostgresServer, template: str, piece: int
) -> None:
    seed = seed_or(SEED + piece)
    chance = random.Random(seed)
    async with faulty_cluster(tmp_path, nursery, postgres, template, chance, reply_pace="20") as cluster:
        schedule = Schedule(cluster, seed)
        found = await _live_through(cluster, schedule, chance)
    print(dict(found.counts), dict(schedule.done), "taken back, and told so:", len(found.taken_back))
    assert not found.wrong, found.wrong[:20]


async def _live_through(cluster: FaultyCluster, schedule: Schedule, chance: random.Random) -> Findings:
    stories, people = await _cast(cluster, chance)
    for person in people:
        person.start()
    schedule.start()
    try:
        await asyncio.gather(*(story.run() for story in stories))
    finally:
        await schedule.stop()
    oracle = Oracle(cluster, stories, people)
    try:
        await oracle.settle()
    finally:
        found = await oracle.check()
        for person in people:
            await person.leave()
    return found


async def _cast(cluster: FaultyCluster, chance: random.Random) -> tuple[list[Story], list[Person]]:
    """Return who takes part; every draw comes from a source of its own."""

    def source() -> random.Random:
        return random.Random(chance.getrandbits(64))

    smooth, rough = cluster.urls(), cluster.urls(rough=True)
    agents = [Person(await cluster.agent(smooth[0]), smooth, source()) for _ in range(AGENTS)]
    stories = []
    for number in range(CONVERSATIONS):
        is_rough = number % ROUGH == ROUGH - 1
        urls = rough if is_rough else smooth
        visitor = Person(cluster.visitor(urls[0]), urls, source(), is_rough=is_rough)
        stories.append(Story(visitor, agents[number % AGENTS], source(), ROUNDS, TALK))
    return stories, [*agents, *(story.visitor for story in stories)]
