"""What staff are told while they connect: the welcome first, and nothing of it twice or never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from dataclasses import replace as replace_settings
from uuid import uuid4

import pytest
from msgspec.structs import replace

from realtime.bus.topic import user_topic
from realtime.protocol.events import Notification, notice_frame
from tests.integration.realtime.client import client
from tests.integration.realtime.node import QUICK, Node, node
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

    @property
    def topic(self) -> str:
        return user_topic(self.server.shop.staff[self.token].id)

    async def publish(self, one: Notification) -> None:
        await self.server.bus.publish(self.topic, notice_frame(one))

    async def tell(self) -> Notification:
        one = self.add()
        await self.publish(one)
        return one

    def lose_mark(self, one: Notification) -> None:
        """Mark as read, and publish nothing."""
        told = self.server.shop.notifications
        told[told.index(one)] = replace(one, read=True)

    async def mark(self, one: Notification) -> None:
        self.lose_mark(one)
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


async def test_a_notification_that_the_bus_lost_is_found_while_the_socket_stays_open(desk: Desk) -> None:
    async with client(desk.server.agent) as agent, client(desk.server.agent) as other_tab:
        for tab in (agent, other_tab):
            await tab.hello_staff(desk.token)
        lost = desk.add()
        for tab in (agent, other_tab):
            (told,) = await tab.until_frame("notification")
            assert told["id"] == str(lost.id)
        heard = await desk.tell()
        desk.lose_mark(lost)
        for tab in (agent, other_tab):
            await tab.until_frame("notification", 3)
            told_in_all = [(frame["id"], frame.get("read", False)) for frame in tab.of("notification")]
            assert sorted(told_in_all) == sorted([(str(lost.id), False), (str(lost.id), True), (str(heard.id), False)])


async def test_what_was_lost_with_the_bus_is_found_when_it_comes_back() -> None:
    async with node(replace_settings(QUICK, check_every_s=3600.0)) as server:
        desk = Desk(server, server.shop.add_staff("Ada"))
        async with client(server.agent) as agent:
            await agent.hello_staff(desk.token)
            lost = desk.add()
            server.shop.broken = True  # the first look fails too, and is taken again
            for callback in server.bus.reconnected:
                callback([desk.topic])
            await server.shop.asked.wait()
            server.shop.broken = False
            (told,) = await agent.until_frame("notification")
            assert told["id"] == str(lost.id)


async def test_while_the_bus_is_away_notifications_come_from_the_database() -> None:
    async with node(replace_settings(QUICK, check_every_s=3600.0)) as server:
        desk = Desk(server, server.shop.add_staff("Ada"))
        async with client(server.agent) as agent:
            await agent.hello_staff(desk.token)
            server.bus.deaf = {desk.topic}
            for _ in range(2):
                lost = desk.add()
                await agent.until(lambda lost=lost: str(lost.id) in [one["id"] for one in agent.of("notification")])  # type: ignore[misc]
            assert len(agent.of("notification")) == 2
