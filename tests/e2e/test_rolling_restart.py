"""A deploy in the middle of answers: every web process is replaced, and no visitor loses a character."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.e2e.rolling import Reader, Report, Roamer, gathered, restart_one_by_one
from tests.fixtures.effort import EFFORT
from tests.fixtures.front import Front
from tests.fixtures.scripted_worker import ScriptedWorker, story

CONNECTING_AT_ONCE = 20
POLL_S = 0.1
START_S = 60.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many chats on how many processes, and how slow their answers are."""

    chats: int
    webs: int
    drain_s: float
    words: int
    pace: float

    @property
    def answer_s(self) -> float:
        return self.words / self.pace


SMALL = Scale(chats=60, webs=2, drain_s=3, words=45, pace=1.8)
FULL = Scale(chats=1000, webs=3, drain_s=20, words=200, pace=0.7)
MOST_RETURNS = 3  # of one visitor: once for every process that is left


@contextmanager
def scripted_cluster(folder: Path, scale: Scale) -> Iterator[tuple[Cluster, ScriptedWorker]]:
    """Web processes and a worker whose engine is a script."""
    settings = {
        "reply_pace": str(scale.pace),
        "drain_s": str(scale.drain_s),
        "job_lease_s": "10",  # no worker dies here, and the machine may be busy
        "log_level": "WARNING",
    }
    cluster = Cluster(folder, settings, webs=scale.webs, workers=0)
    worker = ScriptedWorker(folder, cluster.settings, words=scale.words)
    try:
        cluster.start()
        worker.start()
        deadline = time.monotonic() + START_S
        while not worker.is_ready:
            assert time.monotonic() < deadline
            time.sleep(POLL_S)
        yield cluster, worker
    finally:
        worker.close()
        cluster.close()


@pytest.mark.timeout(180)
async def test_no_character_is_lost_when_every_web_process_is_replaced(tmp_path: Path) -> None:
    await _deploy(tmp_path, SMALL)


@pytest.mark.timeout(900)
@pytest.mark.skipif(EFFORT == 1, reason="needs minutes: ASSISTIFY_LONG=1")
async def test_a_thousand_chats_survive_a_deploy_of_three_processes(tmp_path: Path) -> None:
    report = await _deploy(tmp_path, FULL)
    assert report.peak_to_average <= 2


async def _deploy(folder: Path, scale: Scale) -> Report:
    began = time.monotonic()
    with scripted_cluster(folder, scale) as (cluster, worker):
        async with Front([web.url for web in cluster.webs]) as front:
            shop = DemoShop((front.url,))
            readers = await _in_mid_answer(shop, scale)
            print(f"{scale.chats} answers have begun after {time.monotonic() - began:.0f} s", flush=True)
            report, caught = await _restart(readers, cluster, scale)
            figures = {
                "returns_per_second": report.histogram,
                "peak_to_average": round(report.peak_to_average, 2),
                "stopped_and_gone_s": [[round(one), round(other)] for one, other in report.windows],
                "caught_in_mid_answer": caught,
                "retries": sum(reader.visitor.retries for reader in readers),
            }
            print(json.dumps(figures), flush=True)
            for reader in readers:
                _is_whole(reader, worker.words)
            assert caught >= len(readers) * 0.9
            await _closed(readers)
    return report


async def _in_mid_answer(shop: DemoShop, scale: Scale) -> list[Reader]:
    """Bring all visitors in, and return once every answer has begun."""
    key = (await shop.guest()).widget_key
    readers = [Reader(Roamer(shop.url, key)) for _ in range(scale.chats)]
    await gathered([partial(reader.ask, LONG_QUESTION) for reader in readers], CONNECTING_AT_ONCE)
    await gathered([partial(reader.begins, scale.answer_s) for reader in readers], len(readers))
    return readers


async def _restart(readers: Sequence[Reader], cluster: Cluster, scale: Scale) -> tuple[Report, int]:
    """Replace all processes; return the report, and how many moved in the middle of their answer."""
    began = time.monotonic()
    staying = [asyncio.create_task(reader.stay(3 * scale.answer_s)) for reader in readers]
    windows = await restart_one_by_one(cluster.webs, began)
    await asyncio.gather(*staying)
    returns = [at - began for reader in readers for at in reader.visitor.returns]
    return Report(returns, windows), sum(bool(reader.visitor.returns) for reader in readers)


def _is_whole(reader: Reader, words: int) -> None:
    """Check the answer against the script, and that the server kept every rule; the view checked each character."""
    answer = reader.view.last("bot")
    assert answer["text"] == story(answer["id"], words)
    assert reader.view.texts("customer") == [LONG_QUESTION]
    assert len(reader.view.texts("bot")) == 1
    assert len(reader.visitor.returns) <= MOST_RETURNS
    reader.visitor.check()


async def _closed(readers: Sequence[Reader]) -> None:
    await asyncio.gather(*(reader.visitor.close() for reader in readers))
