"""A web process dies by kill -9 with people on it: they vanish for everybody who watches, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.demo_shop import ADA, BEN
from tests.fixtures.effort import EFFORT
from tests.fixtures.wire_client import VisitorClient, WireClient

# With three refreshes in a lifetime, a ghost is noticed a third of one after its own has ended: of the usual 30 s
# within 45, with the slack.
LIFETIMES = 4 / 3
QUICK_S, REAL_S = 4.0, 30.0
SLACK_S = {QUICK_S: 20.0, REAL_S: 5.0}  # beside all the other tests, and alone
CONVERSATIONS = 3


@pytest.fixture
def fragile(tmp_path: Path, presence_s: float) -> Iterator[Cluster]:
    """Two web processes and no worker."""
    settings = {"log_level": "WARNING", "presence_s": str(presence_s), "presence_grace_s": str(presence_s)}
    cluster = Cluster(tmp_path, settings, workers=0)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def _people(client: WireClient, conversation: str) -> list[tuple[str, str]]:
    """Return kind and name of who is shown in a conversation now."""
    frames = [frame for frame in client.of("presence") if frame["conversation"] == conversation]
    return [(one["kind"], one.get("name", "")) for one in frames[-1]["participants"]] if frames else []


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "presence_s",
    [QUICK_S, pytest.param(REAL_S, marks=pytest.mark.skipif(EFFORT == 1, reason="takes a minute: ASSISTIFY_LONG=1"))],
)
async def test_who_was_on_a_killed_process_is_gone_for_everybody(fragile: Cluster, presence_s: float) -> None:
    dying, staying = fragile.webs
    shop = fragile.shop
    lost = [await shop.guest(dying.url) for _ in range(CONVERSATIONS)]
    ada, ben = await shop.agent(ADA, dying.url), await shop.agent(BEN, staying.url)
    safe = await shop.guest(staying.url)
    everybody = (*lost, ada, ben, safe)
    await asyncio.gather(*(one.connect() for one in everybody))
    conversations = [await one.open() for one in (*lost, safe)]
    for conversation in conversations:
        await ada.watch(conversation)
        await ben.watch(conversation)
        await ben.wait_for(lambda at=conversation: len(_people(ben, at)) == 3)  # type: ignore[misc]
    await safe.wait_for(lambda: len(_people(safe, conversations[-1])) == 3)
    await asyncio.to_thread(dying.kill)
    began = time.monotonic()
    limit_s = LIFETIMES * presence_s + SLACK_S[presence_s]
    for conversation in conversations[:-1]:
        await ben.wait_for(lambda at=conversation: len(_people(ben, at)) == 1, limit_s)  # type: ignore[misc]
    for one in (ben, safe):
        await one.wait_for(lambda who=one: len(_people(who, conversations[-1])) == 2, limit_s)  # type: ignore[misc]
    took_s = time.monotonic() - began
    print(json.dumps({"presence_s": presence_s, "ghosts_gone_after_s": round(took_s, 1)}))
    assert took_s <= limit_s
    assert ("customer", "") in _people(ben, conversations[-1])
    for one in (ben, safe):
        await one.close()
        one.check()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("presence_s", [QUICK_S])
async def test_a_deploy_shows_nobody_leaving_or_coming(fragile: Cluster, presence_s: float) -> None:
    leaving, staying = fragile.webs
    shop = fragile.shop
    visitors = [await shop.guest(leaving.url) for _ in range(CONVERSATIONS)]
    async with await shop.agent(url=staying.url) as agent:
        await asyncio.gather(*(one.connect() for one in visitors))
        conversations = [await one.open() for one in visitors]
        for conversation in conversations:
            await agent.watch(conversation)
            await agent.wait_for(lambda at=conversation: len(_people(agent, at)) == 2)  # type: ignore[misc]
        before = len(agent.of("presence"))
        leaving.ask_to_stop()
        await asyncio.gather(*(_moves(one, staying.url) for one in visitors))
        await asyncio.sleep(2 * presence_s)  # longer than the grace of the connections that were closed
        assert agent.of("presence")[before:] == []
        for one, conversation in zip(visitors, conversations, strict=True):
            await one.wait_for(lambda who=one, at=conversation: len(_people(who, at)) == 2)  # type: ignore[misc]
            await one.close()
            one.check()


async def _moves(visitor: VisitorClient, url: str) -> None:
    await visitor.wait_for_close()
    visitor.url = url
    await visitor.connect()
