"""Faults drawn at random: one seed, one schedule. Several may be in force at the same time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from tests.e2e.faults.cluster import WEBS, WORKERS, FaultyCluster
from tests.fixtures.fault_proxy import CUT, DROP, PASS, TWICE, FaultProxy, Judge, Ruling
from tests.fixtures.wire_units import Unit

NODES = (*WEBS, *WORKERS)
BETWEEN_S = (0.2, 1.5)
LASTING_S = (0.3, 4.0)
MISHAPS = 0.05  # of the frames or pushes while a wire is bad

Fault = Callable[["Schedule", random.Random], Coroutine[Any, Any, None]]


class Schedule:
    """Draws and carries out faults until `stop`; then everything is healthy again. `done` counts what happened."""

    def __init__(self, cluster: FaultyCluster, seed: int, faults: dict[str, Fault] | None = None) -> None:
        self.cluster = cluster
        self.done: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._faults = faults or FAULTS
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._drawing: asyncio.Task[None] | None = None
        self.redis_changing = asyncio.Lock()  # one change of the servers at a time

    def start(self) -> None:
        """Begin."""
        self._drawing = asyncio.create_task(self._draw())

    async def stop(self) -> None:
        """Begin no more, let those under way end, and make everything healthy."""
        assert self._drawing is not None
        self._drawing.cancel()
        await asyncio.gather(self._drawing, return_exceptions=True)
        await asyncio.gather(*self._under_way)
        await self.cluster.mend()
        await asyncio.to_thread(self.cluster.redis.wait_until_linked)
        for wires in self.cluster.wires.values():
            if wires.rough is not None:
                wires.rough.cut_all()  # TCP that lost something ends

    async def lasting(self, chance: random.Random) -> None:
        """Let a fault last."""
        await asyncio.sleep(chance.uniform(*LASTING_S))

    async def _draw(self) -> None:
        """Draw names from one source and details from one per fault, so that timing does not change the schedule."""
        while True:
            await asyncio.sleep(self._chance.uniform(*BETWEEN_S))
            name = self._chance.choice(list(self._faults))
            details = random.Random(self._chance.getrandbits(64))
            for task in [task for task in self._under_way if task.done()]:
                task.result()
                del self._under_way[task]
            self._under_way[asyncio.create_task(self._faults[name](self, details))] = name
            self.done[name] += 1


async def kill(schedule: Schedule, chance: random.Random) -> None:
    """End a process with SIGKILL; it is started again a little later."""
    node = schedule.cluster.nodes[chance.choice(NODES)]
    await node.kill()
    await asyncio.sleep(chance.uniform(0, 1))
    node.start()


async def stop(schedule: Schedule, chance: random.Random) -> None:
    """Restart a process in order."""
    node = schedule.cluster.nodes[chance.choice(NODES)]
    await node.stop()
    node.start()


async def freeze(schedule: Schedule, chance: random.Random) -> None:
    """Stop a process with SIGSTOP for a while."""
    node = schedule.cluster.nodes[chance.choice(NODES)]
    node.freeze()
    await schedule.lasting(chance)
    node.thaw()


async def restart_redis(schedule: Schedule, chance: random.Random) -> None:
    """Kill Redis; it comes back empty."""
    redis, away_s = schedule.cluster.redis, chance.uniform(0, 3)

    async with schedule.redis_changing:
        await asyncio.to_thread(redis.master.kill)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(redis.restart)


async def flush_redis(schedule: Schedule, chance: random.Random) -> None:
    """Forget all keys."""
    async with schedule.redis_changing:
        await asyncio.to_thread(schedule.cluster.redis.master.flushall)


async def fail_over(schedule: Schedule, chance: random.Random) -> None:
    """Make the replica the master. The old connections end, or live on with what is a replica now."""
    cluster, ends, lags = schedule.cluster, chance.random() < 0.7, chance.random() < 0.3

    async with schedule.redis_changing:
        if lags:  # the last writes are lost
            await asyncio.to_thread(cluster.redis.detach)
            await asyncio.sleep(chance.uniform(0, 0.5))
        await asyncio.to_thread(cluster.redis.switch)
        if ends:
            for wires in cluster.wires.values():
                wires.redis.cut_all()
        await asyncio.to_thread(cluster.redis.wait_until_linked)


async def part_from_redis(schedule: Schedule, chance: random.Random) -> None:
    """Take Redis from one process: packets vanish, or connections are refused."""
    await _part(schedule, chance, schedule.cluster.wires[chance.choice(NODES)].redis)


async def part_from_database(schedule: Schedule, chance: random.Random) -> None:
    """Take the database from one process."""
    await _part(schedule, chance, schedule.cluster.wires[chance.choice(NODES)].database)


async def cut_database(schedule: Schedule, chance: random.Random) -> None:
    """End all connections of one process to the database; it may connect again at once."""
    schedule.cluster.wires[chance.choice(NODES)].database.cut_all()


async def part_clients(schedule: Schedule, chance: random.Random) -> None:
    """Take a web process from its clients."""
    wire = schedule.cluster.wires[chance.choice(WEBS)].clients
    assert wire is not None
    await _part(schedule, chance, wire)


async def cut_clients(schedule: Schedule, chance: random.Random) -> None:
    """End all connections of clients to one web process."""
    wire = schedule.cluster.wires[chance.choice(WEBS)].clients
    assert wire is not None
    wire.cut_all()


async def freeze_delivery(schedule: Schedule, chance: random.Random) -> None:
    """Let Redis deliver nothing to one process, while commands work and TCP is up."""
    wire = schedule.cluster.wires[chance.choice(NODES)].redis
    await _judge(schedule, chance, wire, lambda outgoing, unit: DROP if unit.kind == "push" else PASS)


async def spoil_pushes(schedule: Schedule, chance: random.Random) -> None:
    """Lose, repeat and overtake messages of pub/sub on their way to one process."""
    rulings = (DROP, TWICE, Ruling(delay_s=0.05, late=True), Ruling(delay_s=0.3, late=True, copies=2))
    wire = schedule.cluster.wires[chance.choice(NODES)].redis
    await _judge(schedule, chance, wire, _random_judge(chance, "push", (*rulings, Ruling(delay_s=0.1))))


async def spoil_commands(schedule: Schedule, chance: random.Random) -> None:
    """End connections to Redis just before a command, or before its answer."""
    wire = schedule.cluster.wires[chance.choice(NODES)].redis
    await _judge(schedule, chance, wire, _random_judge(chance, "value", (CUT, Ruling(delay_s=0.1)), share=0.01))


async def spoil_frames(schedule: Schedule, chance: random.Random) -> None:
    """Lose, repeat and delay single WebSocket frames of the clients that live with it."""
    wire = schedule.cluster.wires[chance.choice(WEBS)].rough
    assert wire is not None
    rulings = (DROP, TWICE, CUT, Ruling(delay_s=0.05))
    await _judge(schedule, chance, wire, _random_judge(chance, "frame", rulings))


def _random_judge(chance: random.Random, kind: str, rulings: tuple[Ruling, ...], share: float = MISHAPS) -> Judge:
    def judge(outgoing: bool, unit: Unit) -> Ruling:
        return chance.choice(rulings) if unit.kind == kind and chance.random() < share else PASS

    return judge


async def _part(schedule: Schedule, chance: random.Random, wire: FaultProxy) -> None:
    wire.refuse() if chance.random() < 0.5 else wire.hold()
    await schedule.lasting(chance)
    wire.mend()


async def _judge(schedule: Schedule, chance: random.Random, wire: FaultProxy, judge: Judge) -> None:
    wire.judge = judge
    await schedule.lasting(chance)
    wire.judge = None


FAULTS: dict[str, Fault] = {
    one.__name__: one
    for one in (
        kill,
        stop,
        freeze,
        restart_redis,
        flush_redis,
        fail_over,
        part_from_redis,
        part_from_database,
        cut_database,
        part_clients,
        cut_clients,
        freeze_delivery,
        spoil_pushes,
        spoil_commands,
        spoil_frames,
    )
}
