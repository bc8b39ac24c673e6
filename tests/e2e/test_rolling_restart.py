"""A deploy in the middle of answers: every web process is replaced, and no visitor loses a character."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.e2e.rolling import Reader, Report, Roamer, gathered, restart_one_by_one
from tests.fixtures.collector import uncollected
from tests.fixtures.effort import EFFORT
from tests.fixtures.front import Front
from tests.fixtures.scripted_worker import ScriptedWorker, story

CONNECTING_AT_ONCE = 20
POLL_S = 0.1
START_S = 60.0
SETTLED_S = 120.0
MOST_RETURNS = 3  # of one visitor: once for every process that is left

is_long = pytest.mark.skipif(EFFORT == 1, reason="needs minutes: ASSISTIFY_LONG=1")


@dataclass(frozen=True, slots=True)
class Scale:
    """How many chats on how many processes, each of which drains for so long."""

    chats: int
    webs: int
    drain_s: float

    def settings(self) -> dict[str, str]:
        return {
            "drain_s": str(self.drain_s),
            "job_lease_s": "10",  # no worker dies here, and the machine may be busy
            "log_level": "WARNING",
        }


SMALL = Scale(chats=60, webs=2, drain_s=2)
FULL = Scale(chats=1000, webs=3, drain_s=20)
REAL = Scale(chats=20, webs=3, drain_s=5)
WORDS, WORDS_PER_SECOND = 400, 0.7  # of a scripted answer, which is told slowly until all processes were replaced
TOKENS_PER_SECOND = "0.3"  # of the engine's answers, which have some 25


@contextmanager
def scripted_cluster(folder: Path, scale: Scale) -> Iterator[tuple[Cluster, ScriptedWorker]]:
    """Web processes and a worker whose engine is a script."""
    cluster = Cluster(folder, scale.settings(), webs=scale.webs, workers=0)
    worker = ScriptedWorker(folder, cluster.settings, words=WORDS, pace=WORDS_PER_SECOND)
    try:
        worker.start()
        cluster.start()
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
@is_long
async def test_a_thousand_chats_survive_a_deploy_of_three_processes(tmp_path: Path) -> None:
    report = await _deploy(tmp_path, FULL)
    assert report.peak_to_average <= 2


@pytest.mark.timeout(900)
@is_long
async def test_twenty_chats_with_the_engine_survive_a_deploy_of_three_processes(tmp_path: Path) -> None:
    engine = {"engine_slots": str(REAL.chats), "reply_pace": TOKENS_PER_SECOND}
    cluster = Cluster(tmp_path, {**REAL.settings(), **engine}, webs=REAL.webs, workers=1)
    try:
        cluster.start()
        async with Front([web.url for web in cluster.webs]) as front:
            readers = await _in_mid_answer(DemoShop((front.url,)), REAL.chats)
            await _replaced(readers, cluster, then=lambda: None)
            (calm,) = await _in_mid_answer(DemoShop((front.url,)), 1)
            await calm.stay(2 * SETTLED_S)
            assert calm.visitor.returns == []
            await calm.visitor.close()
            undisturbed = calm.view.last("bot")["text"]
            await _check(readers, {reader.conversation: undisturbed for reader in readers})
    finally:
        cluster.close()


async def _deploy(folder: Path, scale: Scale) -> Report:
    began = time.monotonic()
    with scripted_cluster(folder, scale) as (cluster, worker):
        async with Front([web.url for web in cluster.webs]) as front:
            readers = await _in_mid_answer(DemoShop((front.url,)), scale.chats)
            print(f"{scale.chats} answers have begun after {time.monotonic() - began:.0f} s", flush=True)
            report = await _replaced(readers, cluster, then=worker.hurry)
            await _check(readers, {one.conversation: story(one.view.last("bot")["id"], WORDS) for one in readers})
    return report


async def _in_mid_answer(shop: DemoShop, chats: int) -> list[Reader]:
    """Bring all visitors in, and return once every answer has begun."""
    key = (await shop.guest()).widget_key
    readers = [Reader(Roamer(shop.url, key)) for _ in range(chats)]
    await gathered([partial(reader.ask, LONG_QUESTION) for reader in readers], CONNECTING_AT_ONCE)
    await gathered([partial(reader.begins, SETTLED_S) for reader in readers], len(readers))
    return readers


async def _replaced(readers: Sequence[Reader], cluster: Cluster, then: Callable[[], None]) -> Report:
    """Replace all processes in mid-answer, and wait for the whole answers; print and return what was seen of it."""
    with uncollected():
        began = time.monotonic()
        staying = asyncio.gather(*(reader.stay(2 * SETTLED_S) for reader in readers))
        windows = await restart_one_by_one(cluster.webs, began)
        assert not any(reader.is_answered for reader in readers)
        then()
        await staying
    assert all(reader.visitor.returns for reader in readers)
    report = Report([at - began for reader in readers for at in reader.visitor.returns], windows)
    figures = {
        "returns_per_second": report.histogram,
        "peak_to_average": round(report.peak_to_average, 2),
        "stopped_and_gone_s": [[round(one), round(other)] for one, other in report.windows],
        "retries": sum(reader.visitor.retries for reader in readers),
    }
    print(json.dumps(figures), flush=True)
    return report


async def _check(readers: Sequence[Reader], answers: Mapping[str, str]) -> None:
    """Check that everybody has the whole answer, and that the server kept every rule; a view checks each character."""
    for reader in readers:
        assert reader.view.last("bot")["text"] == answers[reader.conversation]
        assert reader.view.texts("customer") == [LONG_QUESTION]
        assert len(reader.view.texts("bot")) == 1
        assert len(reader.visitor.returns) <= MOST_RETURNS
        reader.visitor.check()
    await asyncio.gather(*(reader.visitor.close() for reader in readers))
