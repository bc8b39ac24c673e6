"""Limits of live sessions on a real server: n pass, n + 1 is refused with the time to wait, and others are spared."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.domain.people import Role
from app.services.buckets import RedisBuckets
from app.services.rate_limit import RateLimiter
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.integration.app.rig import Product, Tenant, product, serving
from tests.integration.realtime.client import Client, Wire, client

__all__ = ["redis_server"]

N = 3

Where = tuple[Path, str]


@dataclass
class Site:
    """A server behind a proxy that says where its clients are."""

    rig: Product
    url: str
    stack: AsyncExitStack
    network: str
    clients: int = 0

    @property
    def shared(self) -> str:
        """An address that several have."""
        return f"{self.network}.250"

    async def dial(self, path: str = "chat", address: str | None = None) -> Client:
        """Open a socket, each from its own address unless told otherwise."""
        self.clients += 1
        headers = {"X-Forwarded-For": address or f"{self.network}.{self.clients}"}
        url = f"{self.url.replace('http', 'ws', 1)}/ws/{path}"
        return await self.stack.enter_async_context(client(url, additional_headers=headers))

    async def hello(
        self, *, address: str | None = None, token: str | None = None, tenant: Tenant | None = None
    ) -> tuple[Client, Wire]:
        """Connect as a visitor; return the answer too."""
        one = await self.dial(address=address)
        return one, await one.command("hello", widget_key=(tenant or self.rig.mine).shop.widget_key, token=token)

    async def visitor(self, **how: Any) -> Client:
        one, answer = await self.hello(**how)
        assert answer["type"] == "welcome", answer
        one.welcome = answer
        return one

    async def agent(self) -> Client:
        one = await self.dial("agent")
        bearer = await self.rig.bearer(Role.AGENT)
        await one.ack("hello", token=bearer["Authorization"].removeprefix("Bearer "))
        return one


@pytest.fixture(autouse=True)
def patience_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not a Redis that is away, while which each process counts for itself."""
    for counts in (RedisBuckets, RateLimiter):
        monkeypatch.setattr(counts.__init__, "__kwdefaults__", {"timeout_s": 20.0})


@pytest.fixture(params=["memory", "redis"])
def where(request: pytest.FixtureRequest, folder: Path) -> Where:
    """Where it is counted: in the process, or in Redis for all processes together."""
    server: RedisServer | None = request.getfixturevalue("redis_server") if request.param == "redis" else None
    return folder, "" if server is None else server.url


@asynccontextmanager
async def site(where: Where, **limits: int) -> AsyncIterator[Site]:
    folder, redis_url = where
    async with (
        product(folder, trusted_proxies="127.0.0.1", redis_url=redis_url, **limits) as rig,
        serving(rig) as url,
        AsyncExitStack() as stack,
    ):
        # Another network for each test: what Redis has counted stays there for a minute.
        yield Site(rig, url, stack, f"10.{random.randint(0, 255)}.{random.randint(0, 255)}")


def refused(answer: Wire) -> bool:
    """Return whether an answer says: too much, and when to come again."""
    if answer["type"] != "error":
        return False
    assert answer["code"] == "rate_limited"
    assert 0 < answer["retry_after_ms"] <= 60_001
    return True


async def works(one: Client) -> bool:
    return not refused(await one.command("conversation.open"))


async def test_connections_of_one_visitor(where: Where) -> None:
    async with site(where, visitor_connections_per_minute=N) as here:
        token = (await here.visitor()).welcome["token"]
        for _ in range(N - 1):
            await here.visitor(token=token)
        one, answer = await here.hello(token=token)
        assert refused(answer)
        assert await one.until_closed() == 4002  # it may come again
        await here.visitor()


async def test_connections_from_one_address(where: Where) -> None:
    async with site(where, address_connections_per_minute=N) as here:
        for _ in range(N):
            await here.visitor(address=here.shared)
        assert refused((await here.hello(address=here.shared))[1])
        await here.visitor()
        for _ in range(N + 1):
            await here.visitor(address="127.0.0.1")  # a proxy's own address says nothing about who is behind it


async def test_connections_to_one_shop_and_staff_gets_through(where: Where) -> None:
    async with site(where, shop_connections_per_minute=N) as here:
        for _ in range(N):
            await here.visitor()
        assert refused((await here.hello())[1])
        await here.visitor(tenant=here.rig.other)
        await here.agent()


async def test_commands_of_one_connection(where: Where) -> None:
    async with site(where, connection_commands_per_minute=N) as here:
        one = await here.visitor()
        assert [await works(one) for _ in range(N + 1)] == [True] * N + [False]
        assert await works(await here.visitor(token=one.welcome["token"]))


async def test_commands_of_one_visitor_over_all_connections(where: Where) -> None:
    async with site(where, visitor_commands_per_minute=N) as here:
        one = await here.visitor()
        tabs = [one, await here.visitor(token=one.welcome["token"])]
        assert [await works(tabs[number % 2]) for number in range(N + 1)] == [True] * N + [False]
        assert await works(await here.visitor())


async def test_commands_of_one_member_of_staff(where: Where) -> None:
    async with site(where, visitor_commands_per_minute=N) as here:
        tabs = [await here.agent(), await here.agent()]
        answers = [await tabs[number % 2].command("inbox.watch", queue="all") for number in range(N + 1)]
        assert [refused(answer) for answer in answers] == [False] * N + [True]


async def test_commands_from_one_address(where: Where) -> None:
    async with site(where, address_commands_per_minute=N) as here:
        neighbours = [await here.visitor(address=here.shared) for _ in range(2)]
        assert [await works(neighbours[number % 2]) for number in range(N + 1)] == [True] * N + [False]
        assert await works(await here.visitor())


async def test_commands_to_one_shop_and_staff_gets_through(where: Where) -> None:
    async with site(where, shop_commands_per_minute=N) as here:
        visitors = [await here.visitor() for _ in range(N + 1)]
        assert [await works(one) for one in visitors] == [True] * N + [False]
        assert await works(await here.visitor(tenant=here.rig.other))
        await (await here.agent()).ack("inbox.watch", queue="all")


async def began(one: Client) -> bool:
    """Begin a conversation and end it."""
    answer = await one.command("conversation.open")
    if refused(answer):
        return False
    await one.ack("conversation.close", conversation=answer["conversation"]["id"])
    return True


async def test_conversations_of_one_visitor(where: Where) -> None:
    async with site(where, visitor_conversations_per_minute=N) as here:
        one = await here.visitor()
        assert [await began(one) for _ in range(N + 1)] == [True] * N + [False]
        other = await here.visitor()
        for _ in range(N + 1):
            assert await works(other)  # opening the same one again begins nothing


async def test_conversations_from_one_address(where: Where) -> None:
    async with site(where, address_conversations_per_minute=N) as here:
        neighbours = [await here.visitor(address=here.shared) for _ in range(N + 1)]
        assert [await began(one) for one in neighbours] == [True] * N + [False]
        assert await began(await here.visitor())


async def test_conversations_of_one_shop(where: Where) -> None:
    async with site(where, shop_conversations_per_minute=N) as here:
        visitors = [await here.visitor() for _ in range(N + 1)]
        assert [await began(one) for one in visitors] == [True] * N + [False]
        assert await began(await here.visitor(tenant=here.rig.other))
