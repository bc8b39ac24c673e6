"""Random sequences of use cases on both databases: the log is gapless, and snapshots change only through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.database import Database
from app.db.migrate import migrate
from tests.integration.db.walk import Walk
from tests.integration.db.world import World

STEPS = {"sqlite": 120, "postgresql": 60}
CHECK_EVERY = 4


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_the_invariants_hold(backend: str, world: World, seed: int) -> None:
    await world.set_rules(double_texting=("merge", "queue")[seed % 2])
    walk = Walk(world, seed)
    await walk.start()
    first = known = await walk.snapshots()
    for count in range(STEPS[backend]):
        await walk.step()
        if count % CHECK_EVERY == 0:
            await walk.check()
            known = await walk.check_reduction(known)
    await walk.check()
    await walk.check_reduction(known)
    await walk.check_reduction(first)


async def test_the_log_of_two_databases_is_not_the_same(tmp_path: Path) -> None:
    logs = []
    for name in ("a", "b"):
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/{name}.db")
        await migrate(database)
        world = World(database)
        await world.populate()
        logs.append((await world.snapshot(world.visitor, await world.open())).log)
        await database.aclose()
    assert logs[0] != logs[1]
