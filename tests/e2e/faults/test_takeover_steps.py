"""Takeovers race with streaming answers while Redis fails at each of their steps: not one character beyond the cut."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.faults.cluster import WEBS, FaultyCluster, faulty_cluster
from tests.e2e.faults.node import Nursery
from tests.e2e.faults.oracle import Oracle
from tests.e2e.faults.person import Person
from tests.e2e.faults.takeover_step import KINDS, Blow, Step, StepTrap
from tests.fixtures.effort import EFFORT
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.seed import seed_or
from tests.fixtures.wire_view import View

SEED = 4_177
AT_ONCE = 6 if EFFORT == 1 else 20
# What costs seconds; the long version goes through all kinds at all steps, of which some take long to be noticed.
CHOSEN = (("restart", Step.AFTER_SECOND_CUT), ("failover of late replica", Step.BEFORE_SECOND_CUT))
PIECES: list[Step | None] = [None] if EFFORT == 1 else list(Step)
SILENCE_S = 2.2  # longer than a worker may write without the database
# Before the acknowledgement a node that the taker cannot ask, or whose frames it has not got, may have shown more.
EXACT = ("nothing", "killed worker", "parted workers")


@dataclass
class Race:
    """One conversation: the customer in two tabs, the agent who takes over and another who looks on."""

    tabs: list[Person]
    conversation: str = ""
    cut: dict[str, str] | None = None
    acknowledged_at: float = 0.0


@dataclass
class Tally:
    """What came of all races."""

    counts: Counter[str] = field(default_factory=Counter)
    taken_back: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("piece", PIECES)
async def test_no_character_comes_after_a_takeover_whatever_fails_at_any_of_its_steps(
    tmp_path: Path, nursery: Nursery, postgres: PostgresServer, template: str, piece: Step | None
) -> None:
    chance = random.Random(seed_or(SEED))
    cells = CHOSEN if piece is None else [(kind, piece) for kind in KINDS]
    tally = Tally()
    async with faulty_cluster(tmp_path, nursery, postgres, template, chance, reply_pace="12") as cluster:
        for kind, step in cells:
            details = random.Random(chance.getrandbits(64))
            began = time.monotonic()
            await _Round(cluster, step, Blow(cluster, kind, details), details, tally).run()
            print(f"{kind}, {step.name.lower()}: {time.monotonic() - began:.0f} s, {len(tally.wrong)} wrong so far")
    print(dict(tally.counts), "taken back, and told so:", dict(tally.taken_back))
    assert not tally.wrong, tally.wrong[:20]


class _Round:
    """Some races at once, and one thing that fails when the first of them comes to the step."""

    def __init__(self, cluster: FaultyCluster, step: Step, blow: Blow, chance: random.Random, tally: Tally) -> None:
        self._cluster = cluster
        self._step = step
        self._blow = blow
        self._chance = chance
        self._tally = tally
        self._here, self._there = cluster.urls()

    async def run(self) -> None:
        """Race, and check."""
        taker = Person(await self._cluster.agent(self._there), [self._there], self._chance)
        looker = Person(await self._cluster.agent(self._here), [self._here], self._chance)
        races = [Race([self._tab(self._here)]) for _ in range(AT_ONCE)]
        people = [taker, looker]
        for person in (taker, looker):
            person.start()
        await asyncio.gather(*(self._set_up(race, taker, looker) for race in races))
        people += [tab for race in races for tab in race.tabs]
        trap = StepTrap(self._step, [race.conversation for race in races], self._blow.strike)
        wire = self._cluster.wires[WEBS[1]].redis
        await self._blow.prepare()
        wire.trap = trap
        await asyncio.gather(*(self._race(race, taker) for race in races))
        wire.trap = None
        if not trap.sprung and self._step is not Step.AFTER_ACKNOWLEDGEMENT:
            self._tally.wrong.append(f"{self._blow.kind}: no takeover was seen at {self._step.name}")
        await asyncio.sleep(SILENCE_S)
        await self._blow.ended()
        await self._check(races, people)
        for person in people:
            await person.leave()
        self._tally.counts[f"{self._blow.kind} {self._step.name.lower()}"] += len(races)

    def _tab(self, url: str) -> Person:
        return Person(self._cluster.visitor(url), [url], self._chance)

    async def _set_up(self, race: Race, taker: Person, looker: Person) -> None:
        first = race.tabs[0]
        first.start()
        race.conversation = (await first.sure("conversation.open"))["conversation"]["id"]
        second = Person(await first.fresh(self._there), [self._there], self._chance)
        second.start()
        race.tabs.append(second)
        for person in (second, taker, looker):
            await person.watch(race.conversation)

    async def _race(self, race: Race, taker: Person) -> None:
        """Ask, and take over at a random moment of the answer."""
        customer = race.tabs[0]
        await customer.say(race.conversation, f"question in {race.conversation}")
        deltas = self._chance.choice((0, 1, *range(2, 14)))

        def has_come(view: View) -> bool:
            return len(view.deltas) >= deltas or bool(view.texts("bot"))

        await customer.until(has_come, race.conversation)
        taken = await taker.sure("control.take", conversation=race.conversation)
        race.cut = taken["cut"]
        race.acknowledged_at = next(at for at, frame in reversed(taker.client.frames) if frame is taken)
        if self._step is Step.AFTER_ACKNOWLEDGEMENT:
            await self._blow.strike()

    async def _check(self, races: list[Race], people: list[Person]) -> None:
        for race in races:
            for person in people:
                if race.conversation in person.client.views:
                    await person.until(lambda view: view.controller == "agent", race.conversation)
                    self._check_side(race, person)
        oracle = Oracle(self._cluster, (), people)
        await oracle.settle()
        found = await oracle.check({race.conversation for race in races})
        if self._blow.kind in EXACT:
            found.wrong += found.taken_back
        elif found.taken_back:
            self._tally.taken_back[f"{self._blow.kind} {self._step.name.lower()}"] += len(found.taken_back)
        self._tally.wrong += [f"{self._blow.kind}, {self._step.name}: {words}" for words in found.wrong]

    def _check_side(self, race: Race, person: Person) -> None:
        where = f"{self._blow.kind}, {self._step.name}, {race.conversation}"
        size = 0 if race.cut is None else len(race.cut["text"].encode())
        if race.cut is not None:
            held = person.client.view(race.conversation).messages.get(race.cut["message"], {"text": None})["text"]
            if held != race.cut["text"]:
                self._tally.wrong.append(f"{where}: {held!r} is held, {race.cut['text']!r} was acknowledged")
        late = [
            frame
            for at, frame in person.client.frames
            if frame["type"] == "reply.delta"
            and frame["conversation"] == race.conversation
            and at > race.acknowledged_at
            and frame["to"] > size
        ]
        self._tally.counts["connections"] += 1
        self._tally.counts["characters after the acknowledgement"] += sum(len(frame["text"]) for frame in late)
        if late:
            self._tally.wrong.append(f"{where}: {late} came after the acknowledgement")
