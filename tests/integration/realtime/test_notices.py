"""What staff are told while they connect: the welcome first, and nothing of it twice or never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from msgspec.structs import replace

from realtime.bus.topic import user_topic
from realtime.protocol.events import Notification, notice_frame
from tests.integration.realtime.client import client
from tests.integration.realtime.node import Node, node
from tests.integration.realtime.shop import now


@dataclass
class Desk:
    """A node, and a member of staff who is told things."""

    server: Node
    token: str

    def add(self) -> Notification:
        one = Notification(id=uuid4(), kind="mention", at=now())
        self.server.shop.notifications.append(one)
        return one

    async def publish(self, one: Notification) -> None:
        topic = user_topic(self.server.shop.staff[self.token].id)
        await self.server.bus.publish(topic, notice_frame(one))

    async def tell(self) -> Notification:
        one = self.add()
        await self.publish(one)
        return one

    async def mark(self, one: Notification) -> None:
        told = self.server.shop.notifications
        told[told.index(one)] = replace(one, read=True)
        await self.publish(replace(one, read=True))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with node() as server:
        yield Desk(server, server.shop.add_staff("Ada"))


async def test_what_is_told_during_the_hello_comes_once_and_after_the_welcome(desk: Desk) -> None:
    before = desk.add()
    during: list[Notification] = []

    async def meanwhile() -> None:
        during.append(await desk.tell())
        await desk.mark(before)

    desk.server.shop.before_missed = meanwhile
    async with client(desk.server.agent) as agent:
        await agent.hello_staff(desk.token)
        last = await desk.tell()
        await agent.until_frame("notification", 3)
        assert [frame["type"] for frame in agent.frames] == ["welcome", *["notification"] * 3]
        told = [(frame["id"], frame.get("read", False)) for frame in agent.of("notification")]
        # The first was read before it could be told: its mark alone is news.
        assert sorted(told[:2]) == sorted([(str(before.id), True), (str(during[0].id), False)])
        assert told[2] == (str(last.id), False)


async def test_the_cursor_names_what_is_held_and_the_rest_is_told(desk: Desk) -> None:
    held, read, lacking = desk.add(), desk.add(), desk.add()

    async def meanwhile() -> None:
        await desk.mark(read)
        await desk.publish(held)

    desk.server.shop.before_missed = meanwhile
    cursor = {"after": str(read.id), "unread": [str(held.id), str(read.id)]}
    async with client(desk.server.agent) as agent:
        welcome = await agent.ack("hello", token=desk.token, notifications=cursor)
        assert welcome["unread"] == [str(held.id)]
        await desk.tell()
        first, _ = await agent.until_frame("notification", 2)
        assert first["id"] == str(lacking.id)
    async with client(desk.server.agent) as agent:
        refused = await agent.command("hello", token=desk.token, notifications={"unread": [str(uuid4())] * 501})
        assert refused["code"] == "bad_frame"


async def test_a_hello_that_cannot_be_answered_whole_is_answered_once(desk: Desk) -> None:
    async def fails() -> None:
        raise OSError("the database is away")

    desk.server.shop.before_missed = fails
    async with client(desk.server.agent) as agent:
        refused = await agent.command("hello", token=desk.token)
        assert (refused["type"], refused["code"]) == ("error", "unavailable")
        assert await agent.until_closed() == 4002
        assert [frame["type"] for frame in agent.frames] == ["error"]
