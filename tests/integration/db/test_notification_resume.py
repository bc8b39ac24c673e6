"""Notifications over lost connections: a console is told everything once, and holds unread what is unread."""

from __future__ import annotations

import random
from itertools import count
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, select

from app.db import models
from app.services.ids import new_id
from app.services.notifications import Notifications
from app.services.notifying import Told
from realtime.bus.frame import Frame
from realtime.bus.port import Subscription
from realtime.bus.topic import user_topic
from realtime.ports import UNREAD_MAX
from realtime.protocol.commands import NotificationCursor
from realtime.protocol.events import Notification
from tests.integration.db.world import World


class Console:
    """What one tab of Ben's holds, by the rules of the wire; being told something twice is an error."""

    def __init__(self, world: World) -> None:
        self.is_read: dict[UUID, bool] = {}
        self._world = world
        self._told = Notifications(world.store, world.publisher, world.clock)
        self._line: Subscription | None = None

    @property
    def unread(self) -> set[UUID]:
        return {one for one, is_read in self.is_read.items() if not is_read}

    async def connect(self) -> None:
        """Come back with the cursor; the first time there is none."""
        self.leave()
        self._line = await self._world.bus.subscribe(user_topic(self._world.ben.id), self._hear)
        cursor = NotificationCursor(after=max(self.is_read), unread=list(self.unread)) if self.is_read else None
        missed = await self._told.missed(self._world.ben.id, cursor)
        if missed.unread is not None:
            assert self.unread >= set(missed.unread)
            self.is_read.update(dict.fromkeys(self.unread - set(missed.unread), True))
        for one in missed.notifications:
            self._take(one)

    def leave(self) -> None:
        """Lose the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def read(self, some: list[UUID]) -> None:
        await self._told.mark_read(self._world.ben.id, some)

    def _hear(self, _: str, frame: Frame) -> None:
        self._take(msgspec.json.decode(frame.body, type=Notification))

    def _take(self, one: Notification) -> None:
        known = self.is_read.get(one.id)
        assert known is None or (one.read and not known), "told twice"
        self.is_read[one.id] = one.read


class Teller:
    """Tells Ben things, in the order of `commit`: ids are older than that."""

    def __init__(self, world: World, conversation: UUID) -> None:
        self.begun: list[Told] = []
        self._world = world
        self._conversation = conversation
        self._ids = count(new_id().int)  # those of one millisecond have no order

    def begin(self) -> None:
        at, key = self._world.clock.now(), UUID(int=next(self._ids))
        self.begun.append(Told(key, self._world.ben.id, "mention", str(key), self._conversation, None, at))

    async def commit(self, number: int) -> UUID:
        told = self.begun.pop(number)
        async with self._world.store.write() as tx:
            (notice,) = await tx.notifications.add(self._world.shop, [told])
            await tx.commit()
        await self._world.publisher.publish([notice.publication])
        return told.id


async def unread_rows(world: World) -> set[UUID]:
    async with world.database.read_session() as session:
        row = models.Notification
        return set(await session.scalars(select(row.id).where(row.read_at.is_(None))))


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_comes_and_goes_is_told_everything_once(world: World, seed: int) -> None:
    choose, teller = random.Random(seed), Teller(world, await world.open())
    tabs = [Console(world), Console(world)]
    for _ in range(50):
        tab = choose.choice(tabs)
        match choose.choice(("begin", "begin", "commit", "commit", "read", "leave", "connect")):
            case "begin":
                teller.begin()
            case "commit" if teller.begun:
                await teller.commit(choose.randrange(len(teller.begun)))
            case "read":
                await tab.read(choose.sample(sorted(tab.unread), min(len(tab.unread), 2)))
            case "leave":
                tab.leave()
            case "connect":
                await tab.connect()
    for tab in tabs:
        await tab.connect()
        assert tab.unread == await unread_rows(world)


async def test_what_is_stored_behind_the_cursor_is_told_all_the_same(world: World) -> None:
    teller, tab = Teller(world, await world.open()), Console(world)
    teller.begin()
    teller.begin()
    await tab.connect()
    later = await teller.commit(1)
    tab.leave()
    earlier = await teller.commit(0)
    assert earlier < later
    await tab.connect()
    assert tab.unread == {earlier, later}


async def test_what_another_tab_read_or_what_is_gone_is_unread_no_more(world: World) -> None:
    teller, tab, other = Teller(world, await world.open()), Console(world), Console(world)
    for _ in range(3):
        teller.begin()
    await tab.connect()
    one, two, three = [await teller.commit(0) for _ in range(3)]
    tab.leave()
    await other.read([one])
    async with world.database.write_session() as session:
        await session.execute(delete(models.Notification).where(models.Notification.id == two))
        await session.commit()
    await tab.connect()
    assert tab.unread == {three}


async def test_of_very_many_the_newest_are_told(world: World) -> None:
    teller, tab = Teller(world, await world.open()), Console(world)
    teller.begin()
    await teller.commit(0)
    await tab.connect()
    tab.leave()
    for _ in range(UNREAD_MAX + 1):
        teller.begin()
    for _ in range(UNREAD_MAX + 1):
        await teller.commit(0)
    rows = await unread_rows(world)
    await tab.connect()
    assert tab.unread == rows - {sorted(rows)[1]}


async def test_a_cursor_that_names_what_is_anothers_learns_nothing(world: World) -> None:
    teller = Teller(world, await world.open())
    teller.begin()
    bens = await teller.commit(0)
    told = Notifications(world.store, world.publisher, world.clock)
    missed = await told.missed(world.ada.id, NotificationCursor(after=None, unread=[bens, new_id()]))
    assert (list(missed.notifications), list(missed.unread or ())) == ([], [])


async def test_the_newest_unread_of_several_are_read_together(world: World) -> None:
    teller = Teller(world, await world.open())
    for _ in range(UNREAD_MAX + 2):
        teller.begin()
    rows = sorted([await teller.commit(0) for _ in range(UNREAD_MAX + 2)])
    told = Notifications(world.store, world.publisher, world.clock)
    await told.mark_read(world.ben.id, [rows[-1]])
    unread = await told.unread([world.ada.id, world.ben.id])
    assert {user: sorted(some) for user, some in unread.items()} == {world.ben.id: rows[1:-1]}
    assert [(one.id, one.read) for one in await told.own(world.ben.id, [rows[-1], rows[0], new_id()])] == [
        (rows[0], False),
        (rows[-1], True),
    ]
    assert list(await told.own(world.ada.id, rows)) == []
