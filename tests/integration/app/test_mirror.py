"""What web processes have shown of an answer stays when the store of live answers forgets it in mid-answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from app.bootstrap.core import build_parts, open_core
from app.domain.people import Role
from app.services import fence
from realtime.shown import Question
from tests.fixtures.redis_server import RedisServer, own_redis_server
from tests.integration.app.responder import ScriptedResponder, words
from tests.integration.app.rig import Product, product, serving, working
from tests.integration.realtime.client import Client, client

__all__ = ["own_redis_server"]

SAID = 6
TEXT = "It was handed to the carrier on Monday and should be with you before the weekend."
SHOWN = "".join(words(TEXT)[:SAID])


@pytest.fixture(autouse=True)
def patience_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not a store that is away, nor a node that is frozen."""
    monkeypatch.setattr(fence, "CUT_BUDGET_S", 20.0)
    monkeypatch.setattr(Question.answers, "__defaults__", (20.0,))


def said_in_part() -> ScriptedResponder:
    """Return a responder that stops for good within its sentence."""
    return ScriptedResponder(script=lambda request: TEXT, budget=SAID)


@asynccontextmanager
async def watching(rig: Product, url: str, conversation: str) -> AsyncIterator[Client]:
    """Follow a conversation as staff."""
    token = (await rig.bearer(Role.AGENT))["Authorization"].removeprefix("Bearer ")
    async with client(f"{url.replace('http', 'ws', 1)}/ws/agent") as agent:
        await agent.hello_staff(token)
        await agent.watch(conversation)
        yield agent


@asynccontextmanager
async def another(rig: Product, redis: RedisServer) -> AsyncIterator[Product]:
    """Serve the same product from a second process, as far as that is a matter of its parts."""
    async with open_core(rig.settings) as core:
        second = Product(core, build_parts(core), rig.mine, rig.other)
        async with serving(second):
            with redis.client() as asked:
                async with asyncio.timeout(20):
                    while len(asked.pubsub_channels("*node:*")) < 2:  # noqa: ASYNC110 - the server has no event for it
                        await asyncio.sleep(0.01)
            yield second


async def test_a_takeover_keeps_what_the_agent_saw_though_the_store_forgot_it(
    folder: Path, own_redis_server: RedisServer
) -> None:
    async with product(folder, redis_url=own_redis_server.url) as rig, serving(rig) as url:
        visitor, conversation = await rig.open()
        async with watching(rig, url, str(conversation)) as agent, working(rig.worker(said_in_part())):
            await rig.ask(visitor, conversation)
            view = agent.views[str(conversation)]
            await agent.until(lambda: SHOWN.encode() in view.texts.values())
            own_redis_server.flushall()
            taken = await agent.ack("control.take", conversation=str(conversation))
            assert taken["cut"]["text"] == SHOWN
            await agent.until(lambda: view.messages.get(taken["cut"]["message"]) == SHOWN)


@pytest.mark.parametrize("is_lost", [False, True], ids=["kept", "lost"])
@pytest.mark.parametrize("how", ["take", "stop"])
async def test_a_reply_ends_at_what_another_process_has_shown(
    folder: Path, own_redis_server: RedisServer, how: str, is_lost: bool
) -> None:
    async with (
        product(folder, redis_url=own_redis_server.url) as rig,
        serving(rig) as url,
        another(rig, own_redis_server) as second,
    ):
        visitor, conversation = await rig.open()
        async with watching(rig, url, str(conversation)) as looker, working(rig.worker(said_in_part())):
            await rig.ask(visitor, conversation)
            view = looker.views[str(conversation)]
            await looker.until(lambda: SHOWN.encode() in view.texts.values())
            (message,) = view.texts
            if is_lost:
                own_redis_server.flushall()
            staff, control = rig.mine.staff[Role.AGENT], second.parts.cases.control
            if how == "take":
                cut = (await control.take(staff, conversation)).cut
                assert cut is not None
                assert (cut["text"], cut.get("replaces", False)) == (SHOWN, is_lost)
            else:
                assert await control.stop(staff, conversation, UUID(message)) == SHOWN
            await looker.until(lambda: view.messages.get(message) == SHOWN)
