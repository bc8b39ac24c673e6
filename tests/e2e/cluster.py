"""Assistify scaled out: some web processes and workers on PostgreSQL and Redis, each to be killed at will."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.server_process import ServerProcess, run_command, wait_until_one_is_ready

LEASE_S = "3"
DRAIN_S = "1.5"


class Cluster:
    """See the module. `start` before use, `mend` before each test, `close` always."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *, webs: int = 2, workers: int = 2) -> None:
        self._folder = folder
        self._whole: str | None = None
        self.postgres = PostgresServer()
        self.redis = RedisServer()
        self.database_url = self.postgres.create_database()
        self.settings = {
            "job_lease_s": LEASE_S,
            "drain_s": DRAIN_S,
            **settings,
            "database_url": self.database_url,
            "redis_url": self.redis.url,
        }
        self.webs = [ServerProcess("web", folder, self.settings, demo=True) for _ in range(webs)]
        self.workers = [ServerProcess("worker", folder, self.settings) for _ in range(workers)]

    @property
    def shop(self) -> DemoShop:
        return DemoShop(tuple(web.url for web in self.webs))

    @property
    def processes(self) -> list[ServerProcess]:
        return [*self.webs, *self.workers]

    async def whole_answer(self) -> str:
        """Return the uninterrupted answer to the long question: greedy, so that it is the same every time."""
        if self._whole is None:
            async with await self.shop.guest() as visitor:
                self._whole = str((await visitor.ask(await visitor.open(), LONG_QUESTION))["text"])
        return self._whole

    def start(self) -> None:
        """Start everything at once, on an empty database."""
        for process in self.processes:
            process.start()
        self.mend()

    def mend(self) -> None:
        """Start what does not run, and wait until both web processes and one worker are ready."""
        for process in self.processes:
            if not process.is_running:
                process.start()
        for process in self.webs:
            process.wait_until_ready()
        if self.workers:
            wait_until_one_is_ready(self.workers)

    def wait_for_workers(self) -> None:
        """Wait until both workers are ready."""
        for worker in self.workers:
            worker.wait_until_ready()

    def command(self, *arguments: str, **settings: str) -> str:
        """Run a command of assistify on the same database; return what it printed."""
        return run_command(*arguments, folder=self._folder, settings={**self.settings, **settings})

    def close(self) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            process.close()
        self.redis.close()
        self.postgres.stop()
