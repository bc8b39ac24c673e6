"""Answers reach customers on channels: once, in order, whole, and what the vendor tells comes back."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.db import models
from tests.integration.app.responder import ANSWER, ScriptedResponder
from tests.integration.app.rig import Product, working
from tests.integration.app.stand_ins import ANA_ID, ANA_PHONE, Connected, agent_of, connected

DISCLOSURE = "This is an automatic assistant. Ask for a person at any time."


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_an_answer_goes_out_and_its_ticks_come_back(rig: Product, kind: str) -> None:
    async with connected(rig, kind) as channel, working(rig.worker(ScriptedResponder())):  # type: ignore[arg-type]
        await channel.write("Where is my parcel now?")
        await channel.rig.parts.queue.enqueue_due([])
        conversation = await _conversation(channel)
        await rig.answered(conversation)
        arrived = "sent" if kind == "instagram" else "delivered"
        await channel.until([arrived, arrived])
        assert channel.texts() == [DISCLOSURE, ANSWER]
        if kind == "whatsapp":
            channel.twilio.customer_reads()
        else:
            channel.meta.report("read", ANA_ID)
        await channel.until(["read", "read"])
        said = [row for row in await rig.messages(conversation) if row.sender_kind == "bot"]
        assert said[-1].delivery == {"status": "read"}


async def _conversation(channel: Connected):  # type: ignore[no-untyped-def]
    import asyncio

    for _ in range(200):
        try:
            return await channel.conversation()
        except ValueError:
            await asyncio.sleep(0.05)
    raise AssertionError("no conversation")
