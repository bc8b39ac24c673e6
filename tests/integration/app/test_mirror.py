"""What a web process has seen of an answer stays when the store of live answers forgets it in mid-answer."""

from __future__ import annotations

from pathlib import Path

from app.domain.people import Role
from tests.fixtures.redis_server import RedisServer, own_redis_server
from tests.integration.app.responder import ScriptedResponder, words
from tests.integration.app.rig import product, serving, working
from tests.integration.realtime.client import client

__all__ = ["own_redis_server"]

SAID = 6
TEXT = "It was handed to the carrier on Monday and should be with you before the weekend."


async def test_a_takeover_keeps_what_the_agent_saw_though_the_store_forgot_it(
    folder: Path, own_redis_server: RedisServer
) -> None:
    responder = ScriptedResponder(script=lambda request: TEXT, budget=SAID)
    shown = "".join(words(TEXT)[:SAID])
    async with product(folder, redis_url=own_redis_server.url) as rig, serving(rig) as url:
        visitor, conversation = await rig.open()
        token = (await rig.bearer(Role.AGENT))["Authorization"].removeprefix("Bearer ")
        async with (
            client(f"{url.replace('http', 'ws', 1)}/ws/agent") as agent,
            working(rig.worker(responder)),
        ):
            await agent.hello_staff(token)
            await agent.watch(str(conversation))
            await rig.ask(visitor, conversation)
            view = agent.views[str(conversation)]
            await agent.until(lambda: shown.encode() in view.texts.values())
            own_redis_server.flushall()
            taken = await agent.ack("control.take", conversation=str(conversation))
            assert taken["cut"]["text"] == shown
            await agent.until(lambda: view.messages.get(taken["cut"]["message"]) == shown)
