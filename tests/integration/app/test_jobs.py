"""Jobs beside the answers: analysis, hand-off timeouts, nightly training."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy import update

from app.db import models
from app.domain.conversation import Controller
from app.domain.job import Lane, NewJob
from app.domain.people import Role
from app.services.recommending import TRAIN_KIND
from app.services.transitions import HANDOFF_TIMEOUT_KIND
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, working

PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def test_messages_to_an_agent_are_analysed_too(rig: Product) -> None:
    responder = ScriptedResponder()
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    seq = await rig.ask(visitor, conversation, "I want my money back, this is terrible!")

    async def analysed() -> bool:
        return any(row.seq == seq and row.intent_label for row in await rig.messages(conversation))

    async with working(rig.worker(responder)):
        await rig.until(conversation, analysed)
    (message,) = [row for row in await rig.messages(conversation) if row.seq == seq]
    assert message.intent_label == "refund_request"
    assert message.sentiment_label == "negative"
    assert 0 < message.intent_score <= 1
    assert responder.requests == []
    (event,) = await rig.rows(models.Event, conversation_id=conversation, type="message.analyzed")
    assert event.staff


async def test_an_unanswered_hand_off_comes_to_its_end(rig: Product) -> None:
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.request_handoff(visitor, conversation)
    jobs = await rig.rows(models.Job, kind=HANDOFF_TIMEOUT_KIND)
    assert [job.status for job in jobs] == ["queued"]
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Job).where(models.Job.kind == HANDOFF_TIMEOUT_KIND).values(run_at=PAST))
        await session.commit()

    async def told() -> bool:
        return any(row.sender_kind == "system" for row in await rig.messages(conversation))

    async with working(rig.worker(ScriptedResponder())):
        await rig.until(conversation, told)
    assert (await rig.record(conversation)).control.controller in (Controller.QUEUE, Controller.BOT)
    assert [job.status for job in await rig.rows(models.Job, kind=HANDOFF_TIMEOUT_KIND)] == ["done"]


async def test_a_hand_off_that_was_taken_has_no_timeout(rig: Product) -> None:
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.request_handoff(visitor, conversation)
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Job).where(models.Job.kind == HANDOFF_TIMEOUT_KIND).values(run_at=PAST))
        await session.commit()
    async with working(rig.worker(ScriptedResponder())):
        await until_done(rig, HANDOFF_TIMEOUT_KIND)
    assert [row for row in await rig.messages(conversation) if row.sender_kind == "system"] == []
    assert (await rig.record(conversation)).control.controller is Controller.AGENT


async def until_done(rig: Product, kind: str) -> None:
    async with asyncio.timeout(15):
        while {job.status for job in await rig.rows(models.Job, kind=kind)} != {"done"}:  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.02)


async def test_recommenders_are_trained_nightly_once_for_all_workers(rig: Product) -> None:
    first, second = rig.worker(ScriptedResponder()), rig.worker(ScriptedResponder())
    async with working(first, second):
        await until_done(rig, TRAIN_KIND)
    assert len(await rig.rows(models.Job, kind=TRAIN_KIND)) == 1
    (due,) = await rig.rows(models.Schedule, name=TRAIN_KIND)
    assert (due.due_at.hour, due.due_at.minute) == (3, 0)


async def test_a_job_of_an_unknown_kind_fails_and_waits_for_another_try(rig: Product) -> None:
    await rig.parts.queue.enqueue(NewJob(Lane.SYNC, "from_the_future", cause="test"))
    async with working(rig.worker(ScriptedResponder())):
        async with asyncio.timeout(15):
            while (job := (await rig.rows(models.Job, kind="from_the_future"))[0]).error is None:  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.02)
    assert (job.status, job.tries, job.error) == ("queued", 1, "LookupError")
