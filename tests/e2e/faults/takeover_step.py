"""The steps of a takeover, seen from outside on the wire between a web process and Redis; and what fails at each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Collection
from enum import Enum
from uuid import UUID

from realtime.live_reply import scripts
from realtime.live_reply.redis import record_key
from tests.e2e.faults.cluster import WEBS, WORKERS, FaultyCluster
from tests.fixtures.fault_proxy import DROP, PASS, FaultProxy
from tests.fixtures.wire_units import Unit

AWAY_S = (0.15, 0.6, 1.5, 3.2)  # within the budget of a cut, within the wait for it, beyond both


class Step(Enum):
    """Where a takeover is when something fails. Between the second and the third is the commit."""

    BEFORE_FIRST_CUT = (0, True)
    AFTER_FIRST_CUT = (0, False)
    BEFORE_SECOND_CUT = (1, True)
    AFTER_SECOND_CUT = (1, False)
    AFTER_ACKNOWLEDGEMENT = (2, False)


class StepTrap:
    """Awaits `spring` whenever a takeover of one of `conversations` comes to `step`; sees all of one wire."""

    def __init__(self, step: Step, conversations: Collection[str], spring: Callable[[], Awaitable[None]]) -> None:
        self.sprung = 0
        self._cut, self._is_command = step.value
        self._keys = {record_key(UUID(one)).encode() for one in conversations}
        self._spring = spring
        self._cuts: Counter[bytes] = Counter()  # commands seen, by cut id
        self._asked: defaultdict[object, deque[bool]] = defaultdict(deque)  # of each connection: is it our cut?

    def __call__(self, connection: object, outgoing: bool, unit: Unit) -> Awaitable[None] | None:
        """Look at one unit."""
        if unit.kind != "value":
            return None
        if outgoing:
            is_it = self._is_our_cut(unit)
            self._asked[connection].append(is_it)
            return self._trigger() if is_it and self._is_command else None
        asked = self._asked[connection]
        return self._trigger() if asked and asked.popleft() and not self._is_command else None

    def _is_our_cut(self, unit: Unit) -> bool:
        if scripts.CUT.sha.encode() not in unit.data and scripts.CUT.source.encode() not in unit.data:
            return False
        words = unit.words
        if words[3] not in self._keys:
            return False
        cut_id = words[6]
        self._cuts[cut_id] += 1
        return self._cuts[cut_id] == self._cut + 1

    def _trigger(self) -> Awaitable[None]:
        self.sprung += 1
        return self._spring()


class Blow:
    """What fails: begins when the trap is sprung for the first time, ends by itself. `ended` awaits that."""

    def __init__(self, cluster: FaultyCluster, kind: str, chance: random.Random) -> None:
        self.kind = kind
        self._cluster = cluster
        self._chance = chance
        self._begun: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def strike(self) -> None:
        """Begin, or wait until it has begun."""
        if self.kind == "flush":  # each takeover of its own
            await asyncio.to_thread(self._cluster.redis.master.flushall)
            return
        if self._begun is None:
            self._begun = asyncio.create_task(self._begin())
        await asyncio.shield(self._begun)

    async def ended(self) -> None:
        """Return once all is healthy."""
        if self._begun is not None:
            await self._begun
        if self._ending is not None:
            await self._ending
        await self._cluster.mend()
        await asyncio.to_thread(self._cluster.redis.wait_until_linked)

    async def _begin(self) -> None:
        redis, wires = self._cluster.redis, self._cluster.wires
        match self.kind.split():
            case ["failover"]:
                await asyncio.to_thread(redis.switch)
                for one in wires.values():
                    one.redis.cut_all()
            case ["failover", "of", "late", "replica"]:  # it was detached before: see `prepare`
                await asyncio.to_thread(redis.switch)
                for one in wires.values():
                    one.redis.cut_all()
            case ["restart"]:
                await asyncio.to_thread(redis.master.kill)
                self._later(lambda: asyncio.to_thread(redis.restart))
            case ["parted", who]:
                names = {"taker": WEBS[1:], "other": WEBS[:1], "workers": WORKERS, "all": (*WEBS, *WORKERS)}[who]
                for name in names:
                    wires[name].redis.refuse() if self._chance.random() < 0.5 else wires[name].redis.hold()
                self._later(lambda: self._mend([wires[name].redis for name in names]))
            case ["frozen", "delivery"]:
                wire = wires[self._chance.choice(WEBS)].redis
                wire.judge = lambda outgoing, unit: DROP if unit.kind == "push" else PASS
                self._later(lambda: self._mend([wire]))
            case ["killed", "worker"]:
                node = self._cluster.nodes[self._chance.choice(WORKERS)]
                await node.kill()
                node.start()

    async def prepare(self) -> None:
        """Do what must come before the races: a replica that will be late stops following now and then."""
        if self.kind == "failover of late replica":
            await asyncio.to_thread(self._cluster.redis.detach)

    def _later(self, end: Callable[[], Awaitable[None]]) -> None:
        away_s = self._chance.choice(AWAY_S)

        async def wait_and_end() -> None:
            await asyncio.sleep(away_s)
            await end()

        self._ending = asyncio.create_task(wait_and_end())

    @staticmethod
    async def _mend(wires: list[FaultProxy]) -> None:
        for wire in wires:
            wire.mend()


KINDS = (
    "nothing",
    "flush",
    "failover",
    "failover of late replica",
    "restart",
    "parted taker",
    "parted other",
    "parted workers",
    "parted all",
    "frozen delivery",
    "killed worker",
)
