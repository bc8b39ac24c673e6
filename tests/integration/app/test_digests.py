"""Conversations in short, for agents: only what stands in the records."""

from __future__ import annotations

from app.domain.people import Role
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, working


async def test_a_conversation_is_taken_together_from_its_records(rig: Product) -> None:
    said = "I am looking into it for you."
    visitor, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder(script=lambda request: said))):
        await rig.ask(visitor, conversation, "Where is my order?")
        await rig.answered(conversation)
        await rig.ask(visitor, conversation, "This is a scandal, your service is terrible!")
        await rig.answered(conversation, 2)
    async with await rig.signed_in(Role.AGENT) as client:
        found = (await client.get(f"/api/conversations/{conversation}/summary/")).json()
    wishes = {wish["intent"]: wish for wish in found["wishes"]}
    assert wishes["order_status"]["act"] == "ask_order"
    assert wishes["complaint"]["act"] == "handoff"
    assert found["handoff_reason"] == "complaint/handoff"
    assert (found["mood"], found["trend"]) == ("negative", "falling")
    assert found["orders"] == []
    async with await rig.signed_in(Role.AGENT, rig.other) as client:
        assert (await client.get(f"/api/conversations/{conversation}/summary/")).status_code == 404
