"""A worker that stops: what it was at is given back, and another one goes on with it."""

from __future__ import annotations

import asyncio

import pytest

from app.services.replies import Claim, Progress, Replies
from app.services.worker.worker import Worker
from nlp.engine.request import EngineClosedError
from tests.integration.app.responder import ANSWER, ScriptedResponder, words
from tests.integration.app.rig import Product, working
from tests.integration.app.test_answering import text_seen, the_job


async def passed_over() -> None:
    """Let every task that can go on do so, some rounds."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_worker_whose_engine_is_closed_stops_with_an_error(rig: Product) -> None:
    responder = ScriptedResponder(closed=True)
    visitor, conversation = await rig.open()
    worker = rig.worker(responder)
    await rig.ask(visitor, conversation)
    with pytest.raises(EngineClosedError):
        await asyncio.wait_for(dict(worker.tasks())["answers"](), 10)
    await worker.drain()
    job = await the_job(rig)
    assert (job.status, job.tries) == ("queued", 0)


async def test_a_drain_does_not_cut_off_a_reply_that_is_being_given_back(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    giving_back, go_on = asyncio.Event(), asyncio.Event()
    release = Replies.release

    async def held(replies: Replies, progress: Progress) -> bool:
        giving_back.set()
        await go_on.wait()
        return await release(replies, progress)

    monkeypatch.setattr(Replies, "release", held)
    visitor, conversation = await rig.open()
    worker = rig.worker(ScriptedResponder(closed=True))
    answers = asyncio.create_task(worker.answers.run())
    await rig.ask(visitor, conversation)
    async with asyncio.timeout(30):
        await giving_back.wait()
        drained = asyncio.create_task(worker.drain())
        await passed_over()
        go_on.set()
        await drained
    assert ((job := await the_job(rig)).status, job.tries) == ("queued", 0)
    await asyncio.gather(answers, return_exceptions=True)


async def test_a_drain_does_not_cut_off_a_failure_that_is_being_stored(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, go_on = asyncio.Event(), asyncio.Event()
    fail = Replies.fail

    async def held(replies: Replies, claim: Claim, error: str, *, is_final: bool = False) -> bool:
        failing.set()
        await go_on.wait()
        return await fail(replies, claim, error, is_final=is_final)

    monkeypatch.setattr(Replies, "fail", held)
    visitor, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder(fails_after=0))) as _, asyncio.timeout(30):
        await rig.ask(visitor, conversation)
        await failing.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert ((job := await the_job(rig)).status, job.tries, job.error) == ("queued", 1, "GenerationFailedError")


async def test_after_a_drain_another_worker_writes_the_same_text(rig: Product) -> None:
    first, second = ScriptedResponder(budget=5), ScriptedResponder()
    visitor, conversation = await rig.open()
    async with working(rig.worker(first)):
        await rig.ask(visitor, conversation)
        await text_seen(rig, conversation, "".join(words(ANSWER)[:5]))
    job = await the_job(rig)
    assert (job.status, job.tries) == ("queued", 0)
    async with working(rig.worker(second)):
        assert await rig.answered(conversation) == [ANSWER]
    assert second.requests[0].prefix_ids == (0, 1, 2, 3, 4)
    assert second.requests[0].prompt == first.requests[0].prompt
    assert first.cancelled == [first.requests[0].id]


async def test_a_claim_under_way_when_the_drain_begins_is_given_back(rig: Product) -> None:
    responder = ScriptedResponder(budget=0)
    worker: Worker = rig.worker(responder)
    visitor, conversation = await rig.open()
    await rig.ask(visitor, conversation)
    claiming = asyncio.create_task(worker.answers.run())
    await asyncio.sleep(0)  # the claim has begun
    await worker.drain()
    await asyncio.wait_for(claiming, 30)
    assert worker.answers.running == 0
    job = await the_job(rig)
    assert (job.status, job.tries) == ("queued", 0)
