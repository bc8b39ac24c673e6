"""Two web processes and two workers with a fault proxy on each of their wires, PostgreSQL, a pair of Redis servers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

from app.bootstrap.core import Core, open_core
from app.domain.people import Role
from app.settings import Settings
from tests.e2e.faults.node import Node, Nursery
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.redis_pair import RedisPair
from tests.fixtures.server_process import SECRET_KEY
from tests.fixtures.wire_client import StaffClient, VisitorClient
from tests.integration.app.rig import Tenant, add_tenant

WEBS, WORKERS = ("web-1", "web-2"), ("worker-1", "worker-2")
CLOCKS_OFF_S = 600.0
MANY = "1000000"
# Limits are another test's matter; leases and polls are short so that a dead worker's replies are soon another's.
SETTINGS = {
    "log_level": "WARNING",
    "job_lease_s": "3",
    "job_poll_s": "0.5",
    "drain_s": "1",
    "engine_slots": "64",
    "access_token_s": "86400",
    **{
        f"{whose}_{what}_per_minute": MANY
        for whose in ("visitor", "address", "shop")
        for what in ("commands", "connections", "conversations")
    },
    "messages_per_minute": MANY,
    "connection_commands_per_minute": MANY,
    "requests_per_minute": MANY,
}


@dataclass
class Wires:
    """The proxies of one process: to Redis, to the database, and of a web process from its clients."""

    redis: FaultProxy
    database: FaultProxy
    clients: FaultProxy | None = None
    rough: FaultProxy | None = None  # from the clients whose own network loses and repeats single frames

    @property
    def all(self) -> list[FaultProxy]:
        return [one for one in (self.redis, self.database, self.clients, self.rough) if one is not None]


@dataclass
class FaultyCluster:
    """See the module; made by `faulty_cluster`."""

    nursery: Nursery
    redis: RedisPair
    core: Core  # of the test itself, behind the back of the proxies
    tenant: Tenant
    nodes: dict[str, Node] = field(default_factory=dict)
    wires: dict[str, Wires] = field(default_factory=dict)

    def urls(self, *, rough: bool = False) -> list[str]:
        """Return how clients reach the web processes."""
        proxies = [self.wires[name].rough if rough else self.wires[name].clients for name in WEBS]
        return [f"http://127.0.0.1:{proxy.port}" for proxy in proxies if proxy is not None]

    def visitor(self, url: str) -> VisitorClient:
        """Return a visitor who is not connected yet."""
        return VisitorClient(url, self.tenant.shop.widget_key)

    async def agent(self, url: str) -> StaffClient:
        """Return an agent who is not connected yet: each is another person."""
        staff = self.core.staff_store
        email = f"{random.randbytes(8).hex()}@faults.test"
        await staff.add_user(
            self.tenant.shop.id, email=email, name=email[:4], role=Role.AGENT.value, password_hash="none"
        )
        record = await staff.by_email(email)
        assert record is not None
        return StaffClient(url, (await self.core.staff.issue_tokens(record.member, None)).access)

    def mend_wires(self) -> None:
        """Let everything through everywhere."""
        for wires in self.wires.values():
            for proxy in wires.all:
                proxy.mend()

    async def mend(self) -> None:
        """Let everything through, start what does not run, and wait until all is ready."""
        self.mend_wires()
        for node in self.nodes.values():
            node.thaw()
            node.start()
        await asyncio.gather(*(node.wait_until_ready() for node in self.nodes.values()))

    def complaints(self) -> list[str]:
        """Return the lines of all logs that no fault explains: errors that nobody foresaw."""
        bad = ("never retrieved", "never awaited", "RuntimeWarning", "AssertionError", "was destroyed but")
        return [line for words in bad for line in self.logged(words)]

    def logged(self, words: str) -> list[str]:
        """Return the lines of all logs with these words."""
        lines = [f"{node.name}: {line}" for node in self.nodes.values() for line in node.log.splitlines()]
        return [line for line in lines if words in line]

    async def aclose(self) -> None:
        """Leave nothing behind."""
        for node in self.nodes.values():
            await node.kill()
        for wires in self.wires.values():
            for proxy in wires.all:
                await proxy.aclose()


@asynccontextmanager
async def faulty_cluster(
    folder: Path, nursery: Nursery, postgres: PostgresServer, template: str, chance: random.Random, **settings: str
) -> AsyncIterator[FaultyCluster]:
    """Start everything on an empty database; every node's wall clock is wrong by as much as `chance` wants."""
    url = postgres.create_database(template)
    own = Settings(var_dir=folder, database_url=url, secret_key=SECRET_KEY, access_token_s=86_400)  # type: ignore[arg-type]
    wires: dict[str, Wires] = {}

    def on_switch(address: tuple[str, int]) -> None:
        for one in wires.values():
            one.redis.target = address

    redis = RedisPair(on_switch)
    async with open_core(own) as core:
        cluster = FaultyCluster(nursery, redis, core, await add_tenant(core, "faults"), wires=wires)
        try:
            for name in (*WEBS, *WORKERS):
                await _add(cluster, name, folder, url, chance, settings)
            await cluster.mend()
            yield cluster
        finally:
            await cluster.aclose()
            redis.close()
    postgres.drop_database(url)


async def _add(
    cluster: FaultyCluster, name: str, folder: Path, url: str, chance: random.Random, settings: Mapping[str, str]
) -> None:
    """Add a process, not yet started, and its proxies."""
    database = make_url(url)
    assert database.host is not None
    assert database.port is not None
    wires = Wires(FaultProxy(cluster.redis.address, "resp"), FaultProxy((database.host, database.port), "bytes"))
    cluster.wires[name] = wires
    through = {
        "database_url": database.set(port=await wires.database.start()).render_as_string(hide_password=False),
        "redis_url": f"redis://127.0.0.1:{await wires.redis.start()}/0",
    }
    role, skew = ("web", 1) if name in WEBS else ("worker", -1)
    clock_is_off_s = skew * chance.uniform(-CLOCKS_OFF_S, CLOCKS_OFF_S)
    node = Node(cluster.nursery, role, name, folder, {**SETTINGS, **through, **settings}, clock_is_off_s)  # type: ignore[arg-type]
    cluster.nodes[name] = node
    if role == "web":
        for kind in ("clients", "rough"):
            proxy = FaultProxy(("127.0.0.1", node.port), "websocket")
            await proxy.start()
            setattr(wires, kind, proxy)
