"""Real servers for these tests, shared as widely as a test's own doings allow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import DemoShop
from tests.fixtures.browser import chromium
from tests.fixtures.server_process import ServerProcess, running

# Slow enough to be interrupted, short enough to wait for.
PACE = {"reply_pace": "16", "max_reply_tokens": "48", "engine_slots": "64", "log_level": "WARNING"}
BROWSER_WAIT_MS = 20_000


@pytest.fixture(scope="session")
def single_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Everything in one process on SQLite."""
    server = ServerProcess("serve", tmp_path_factory.mktemp("single"), PACE, demo=True)
    with running(server):
        yield server


@pytest.fixture
def shop(single_server: ServerProcess) -> DemoShop:
    return DemoShop((single_server.url,))


@pytest.fixture(scope="session")
def slow_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    """A server that writes no faster than a browser can be driven."""
    server = ServerProcess("serve", tmp_path_factory.mktemp("slow"), {**PACE, "reply_pace": "6"}, demo=True)
    with running(server):
        yield DemoShop((server.url,))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=BROWSER_WAIT_MS)
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), PACE)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """Two web processes and two workers on PostgreSQL and Redis; what an earlier test killed is started again."""
    shared_cluster.mend()
    return shared_cluster


@pytest.fixture(params=["single", "cluster"])
def any_shop(request: pytest.FixtureRequest) -> DemoShop:
    """The demo shop in one process; then with its visitors on one web process and its agents on another."""
    if request.param == "single":
        single: DemoShop = request.getfixturevalue("shop")
        return single
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.shop
