"""What an agent does shows on the channel: that somebody types, and that a message was read. Soon, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest

from app.db import models
from app.domain.people import Role
from app.services.clock import SystemClock
from app.services.signs import GOOD_FOR
from app.services.worker.delivering import ShowSign
from tests.fixtures.wire_client import StaffClient
from tests.integration.app.rig import Product, serving
from tests.integration.app.stand_ins import ANA_ID, Connected, Hands, agent_of, connected


class LaterClock(SystemClock):
    """A clock of a worker that comes to a sign too late."""

    def now(self) -> datetime:
        return super().now() + GOOD_FOR + timedelta(seconds=1)


async def taken(rig: Product, channel: Connected) -> UUID:
    """Let Ana write and the agent take over; return the conversation."""
    await channel.write("Hello?")
    await Hands(rig).work()
    conversation = await channel.conversation()
    await rig.parts.cases.control.take(agent_of(rig), conversation)
    return conversation


async def agent_socket(rig: Product, url: str) -> StaffClient:
    headers = await rig.bearer(Role.AGENT)
    return StaffClient(url, headers["Authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_an_agent_who_types_and_reads_is_seen(
    rig: Product, kind: Literal["whatsapp", "messenger", "instagram"]
) -> None:
    async with connected(rig, kind) as channel, serving(rig) as url:
        conversation = await taken(rig, channel)
        record = await rig.record(conversation)
        async with await agent_socket(rig, url) as agent:
            for _ in range(2):
                await agent.command("read", conversation=str(conversation), seq=record.last_seq)
            await Hands(rig).work()
            seen = [] if kind == "whatsapp" else [(ANA_ID, "mark_seen")]  # there it goes with the typing sign
            assert channel.kind == "whatsapp" or channel.meta.actions == seen
            for on in (True, False, True, True):
                await agent.command("typing", conversation=str(conversation), on=on)
            await Hands(rig).work()
        if kind == "whatsapp":
            (message,) = await rig.rows(models.Message, sender_kind="customer")
            assert channel.twilio.typing == [message.client_id]
        else:
            assert channel.meta.actions == [*seen, (ANA_ID, "mark_seen"), (ANA_ID, "typing_on")]


async def test_only_whoever_has_the_conversation_is_seen_to_type(rig: Product) -> None:
    async with connected(rig, "messenger") as channel:
        conversation = await taken(rig, channel)
        await rig.parts.cases.signs.typing(rig.mine.staff[Role.ADMIN], conversation)
        await Hands(rig).work()
        assert channel.meta.actions == []


async def test_a_sign_that_comes_late_is_not_shown(rig: Product) -> None:
    hands = Hands(rig)
    late = ShowSign(rig.parts.cases.deliver, rig.core.http, LaterClock(), types=True)
    hands.handlers = dict.fromkeys(hands.handlers, late)
    async with connected(rig, "messenger") as channel:
        conversation = await taken(rig, channel)
        await rig.parts.cases.signs.typing(agent_of(rig), conversation)
        assert await hands.work() > 0
        assert channel.meta.actions == []


async def test_a_vendor_that_refuses_the_sign_takes_the_message(rig: Product) -> None:
    async with connected(rig, "messenger") as channel:
        conversation = await taken(rig, channel)
        channel.meta.faults.on.add("server_error")
        await rig.parts.cases.signs.typing(agent_of(rig), conversation)
        await Hands(rig).work()
        channel.meta.faults.on.clear()
        await rig.parts.cases.sending.send(agent_of(rig), conversation, "one", "On its way")
        await Hands(rig).work()
        assert channel.texts() == ["On its way"]
        assert [row.status for row in await rig.rows(models.Job, kind="show_typing")] == ["done"]
