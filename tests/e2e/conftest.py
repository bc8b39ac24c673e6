"""Real servers for these tests, shared as widely as a test's own doings allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.demo_shop import DemoShop
from tests.fixtures.server_process import ServerProcess, running


@pytest.fixture(scope="session")
def single_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Everything in one process on SQLite; slow enough to be interrupted, with room for many at once."""
    server = ServerProcess(
        "serve",
        tmp_path_factory.mktemp("single"),
        demo=True,
        reply_pace="12",
        max_reply_tokens="48",
        engine_slots="64",
        log_level="WARNING",
    )
    with running(server):
        yield server


@pytest.fixture
def shop(single_server: ServerProcess) -> DemoShop:
    return DemoShop(single_server.url)
