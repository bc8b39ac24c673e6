"""Suggested answers: streamed to the connection that asked, grounded as the bot's, and never sent by themselves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import update

from app.db import models
from app.domain.conversation import Controller
from app.domain.people import Role
from app.services.clock import SystemClock
from app.services.ids import new_id
from app.services.worker.suggesting import WAITS
from nlp.engine.request import FinishReason
from realtime.bus.frame import Audience, Frame
from realtime.bus.topic import connection_topic
from realtime.ports import CommandError
from tests.fixtures.wire_client import StaffClient
from tests.integration.app.responder import ANSWER, ScriptedResponder
from tests.integration.app.rig import Product, serving, working


async def with_agent(rig: Product, text: str = "Where is my parcel now?") -> UUID:
    """Return a conversation that an agent holds, with an open question."""
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    await rig.ask(visitor, conversation, text)
    return conversation


async def suggested(rig: Product, conversation: UUID) -> list[dict[str, Any]]:
    """Ask for a suggestion; return the frames that come until it is done."""
    connection, frames = new_id(), list[dict[str, Any]]()
    done = asyncio.Event()

    def listen(_: str, frame: Frame) -> None:
        assert frame.audience is Audience.STAFF
        frames.append(msgspec.json.decode(frame.body))
        if frames[-1]["type"] == "suggestion.done":
            done.set()

    subscription = await rig.core.bus.subscribe(connection_topic(connection), listen)
    try:
        await rig.parts.cases.suggestions.ask(rig.mine.staff[Role.AGENT], conversation, connection)
        async with asyncio.timeout(15):
            await done.wait()
    finally:
        subscription.close()
    return frames


async def test_a_suggestion_streams_to_who_asked_and_is_not_sent(rig: Product) -> None:
    responder = ScriptedResponder()
    conversation = await with_agent(rig)
    async with working(rig.worker(responder)):
        *deltas, done = await suggested(rig, conversation)
    assert "".join(delta["text"] for delta in deltas) == done["text"] == ANSWER
    assert {delta["type"] for delta in deltas} == {"suggestion.delta"}
    assert [row.sender_kind for row in await rig.messages(conversation)] == ["customer"]
    assert await rig.rows(models.Response) == []
    assert (await rig.record(conversation)).control.controller is Controller.AGENT


async def test_the_last_questions_are_suggested_for_again_after_an_answer(rig: Product) -> None:
    responder = ScriptedResponder()
    conversation = await with_agent(rig)
    await rig.parts.cases.sending.send(rig.mine.staff[Role.AGENT], conversation, str(new_id()), "One moment.")
    async with working(rig.worker(responder)):
        done = (await suggested(rig, conversation))[-1]
    assert done["text"] == ANSWER
    assert "Where is my parcel now?" in responder.requests[-1].prompt


async def test_without_a_question_there_is_nothing_to_suggest(rig: Product) -> None:
    _, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder())):
        (done,) = await suggested(rig, conversation)
    assert (done["text"], done["reason"]) == ("", "no_question")


async def test_what_the_bot_would_hand_off_is_left_to_the_agent(rig: Product) -> None:
    conversation = await with_agent(rig, "I want to talk to a real person, please")
    responder = ScriptedResponder()
    async with working(rig.worker(responder)):
        (done,) = await suggested(rig, conversation)
    assert (done["text"], done["reason"]) == ("", "needs_a_person")
    assert responder.requests == []


async def test_a_made_up_number_is_not_suggested(rig: Product) -> None:
    conversation = await with_agent(rig)
    async with working(rig.worker(ScriptedResponder(script=lambda _: "It costs 917 dollars, order #88121."))):
        done = (await suggested(rig, conversation))[-1]
    assert (done["text"], done["reason"]) == ("", "unfounded")


async def test_a_broken_engine_is_told(rig: Product) -> None:
    conversation = await with_agent(rig)
    async with working(rig.worker(ScriptedResponder(reason=FinishReason.ERROR))):
        done = (await suggested(rig, conversation))[-1]
    assert (done["text"], done["reason"]) == ("", "failed")


async def test_a_wish_that_waited_too_long_is_dropped(rig: Product) -> None:
    conversation = await with_agent(rig)
    await rig.parts.cases.suggestions.ask(rig.mine.staff[Role.AGENT], conversation, new_id())
    (job,) = await rig.rows(models.Job, lane="assist")
    long_ago = (SystemClock().now() - WAITS - timedelta(seconds=1)).isoformat()
    async with rig.core.database.write_session() as session:
        late = update(models.Job).where(models.Job.id == job.id).values(payload={**job.payload, "asked_at": long_ago})
        await session.execute(late)
        await session.commit()
    responder = ScriptedResponder()
    async with working(rig.worker(responder)):
        assert (await suggested(rig, conversation))[-1]["text"] == ANSWER
    assert len(responder.requests) == 1


@pytest.mark.parametrize(("role", "code"), [(Role.VIEWER, "forbidden"), (None, "not_found")])
async def test_only_those_who_may_answer_may_ask(rig: Product, role: Role | None, code: str) -> None:
    conversation = await with_agent(rig)
    staff = rig.other.staff[Role.AGENT] if role is None else rig.mine.staff[role]
    with pytest.raises(CommandError) as refusal:
        await rig.parts.cases.suggestions.ask(staff, conversation, new_id())
    assert refusal.value.code == code
    assert await rig.rows(models.Job, lane="assist") == []


async def test_the_console_sees_a_suggestion_grow_on_its_socket(rig: Product) -> None:
    conversation = await with_agent(rig)
    token = (await rig.bearer(Role.AGENT))["Authorization"].removeprefix("Bearer ")
    async with serving(rig) as url, working(rig.worker(ScriptedResponder())), StaffClient(url, token) as agent:
        await agent.command("suggest.request", conversation=str(conversation))
        await agent.wait_for(lambda: agent.of("suggestion.done"))
    assert agent.of("suggestion.done") == [
        {"type": "suggestion.done", "conversation": str(conversation), "text": ANSWER}
    ]
    assert "".join(frame["text"] for frame in agent.of("suggestion.delta")) == ANSWER
