"""Presence is refreshed for everybody, some at a time."""

from __future__ import annotations

import asyncio
import json
from typing import cast
from uuid import UUID, uuid4

from realtime.attendance import AT_ONCE, Attendance
from realtime.bus.frame import Frame
from realtime.hub import Hub
from realtime.outbox import Burst, Packet
from realtime.presence import MemoryPresence
from realtime.protocol.shapes import PresentParticipant
from realtime.settings import RealtimeSettings

PEOPLE = 5 * AT_ONCE


class Reader:
    def __init__(self) -> None:
        self.id = uuid4()
        self.is_staff = False

    def deliver(self, packet: Packet) -> None: ...

    def deliver_burst(self, burst: Burst, now: float) -> None: ...


class Counted(MemoryPresence):
    """Tells after whom the event loop was left to others."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: list[UUID] = []
        self.turns: list[int] = []
        self.turn = 0

    async def touch(
        self, conversation: UUID, connection: UUID, participant: PresentParticipant
    ) -> tuple[PresentParticipant, ...] | None:
        self.touched.append(connection)
        self.turns.append(self.turn)
        return await super().touch(conversation, connection, participant)


class Quiet:
    """As much of a hub as presence needs."""

    settings = RealtimeSettings(presence_refresh_s=0.2)

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    async def publish(self, topic: str, frame: Frame) -> None:
        said = json.loads(frame.body)
        if said["type"] == "typing":
            self.told.append((said["conversation"], said["on"]))


async def test_a_refresh_reaches_all_and_leaves_the_loop_to_others_in_between() -> None:
    presence = Counted()
    attendance = Attendance(presence, cast(Hub, Quiet()))
    readers = [Reader() for _ in range(PEOPLE)]
    for reader in readers:
        attendance.enter(uuid4(), reader, PresentParticipant(kind="customer", id=uuid4(), state="online"))
    async with asyncio.timeout(30):
        while len(presence.touched) < PEOPLE:  # noqa: ASYNC110 - each turn of the loop is looked at
            await asyncio.sleep(0)
        presence.touched.clear()
        presence.turns.clear()
        refreshing = asyncio.create_task(attendance.run())
        while len(presence.touched) < PEOPLE:
            presence.turn += 1
            await asyncio.sleep(0)
    refreshing.cancel()
    await asyncio.gather(refreshing, return_exceptions=True)
    attendance.close()
    assert presence.touched[:PEOPLE] == [reader.id for reader in readers]
    assert max(presence.turns.count(turn) for turn in set(presence.turns)) <= AT_ONCE


async def test_whoever_is_gone_types_no_more_nor_is_remembered() -> None:
    hub, presence = Quiet(), MemoryPresence()
    attendance = Attendance(presence, cast(Hub, hub))
    followed, not_followed = uuid4(), uuid4()
    reader, person = Reader(), PresentParticipant(kind="customer", id=uuid4(), state="online")
    attendance.enter(followed, reader, person)
    attendance.look(reader.id, "away")
    for conversation in (followed, not_followed):
        await attendance.typing(conversation, reader.id, person, on=True)
    await attendance.leave(followed, reader.id)
    await attendance.gone(reader.id)
    await attendance.gone(reader.id)
    assert sorted(hub.told) == sorted((str(one), on) for one in (followed, not_followed) for on in (True, False))
    assert not await presence.typing(not_followed)
    attendance.enter(not_followed, reader, person)
    async with asyncio.timeout(30):
        while not (people := await presence.participants(not_followed)):  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
    assert [one.state for one in people] == ["online"]
    attendance.close()
