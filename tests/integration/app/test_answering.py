"""Replies from claim to end, with a responder that is slow, broken or gone at the wrong moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from app import metrics
from app.db import models
from app.domain.conversation import Controller
from app.domain.people import Role
from app.services.worker.reply_run import EMPTY_ANSWER
from app.services.worker.validity import Validity
from nlp.engine.request import Chunk, Finished, FinishReason, GenerationRequest
from realtime.bus.frame import Frame, Kind
from realtime.bus.topic import conversation_topic
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import LiveReplyUnavailableError
from tests.integration.app.responder import ANSWER, ScriptedResponder, words
from tests.integration.app.rig import Product, working
from tests.integration.db.world import expire_leases

PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def retry_at_once(rig: Product, kind: str = "answer") -> None:
    """Let jobs that wait for another try be due now."""
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Job).where(models.Job.status == "queued").values(run_at=PAST))
        await session.commit()


async def the_reply(rig: Product) -> models.Response:
    (reply,) = await rig.rows(models.Response)
    assert isinstance(reply, models.Response)
    return reply


async def the_job(rig: Product) -> models.Job:
    (job,) = await rig.rows(models.Job, lane="answer")
    assert isinstance(job, models.Job)
    return job


def counted(reason: str) -> float:
    return metrics.REGISTRY.get_sample_value("assistify_fallbacks_total", {"reason": reason}) or 0.0


async def test_an_answer_is_written_and_stored(rig: Product) -> None:
    responder = ScriptedResponder()
    visitor, conversation = await rig.open()
    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        assert await rig.answered(conversation) == [ANSWER]
    reply = await the_reply(rig)
    assert (reply.status, reply.model_hash, reply.finish_reason) == ("done", "model-1", "stop")
    assert len(reply.checkpoint_ids) == len(words(ANSWER))
    assert [request.prompt for request in responder.requests] == [reply.prompt]
    assert responder.cancelled == []
    assert (await the_job(rig)).status == "done"


async def test_a_failing_engine_is_tried_again_and_finally_a_person_is_asked(rig: Product) -> None:
    responder = ScriptedResponder(fails_after=0)
    visitor, conversation = await rig.open()

    async def handed_off() -> bool:
        return (await rig.record(conversation)).control.controller is Controller.QUEUE

    async def keep_due() -> None:
        while True:
            await retry_at_once(rig)
            await asyncio.sleep(0.05)

    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        hurrying = asyncio.create_task(keep_due())
        await rig.until(conversation, handed_off)
        hurrying.cancel()
    job = await the_job(rig)
    assert len(responder.requests) == job.max_tries == job.tries
    assert (job.status, job.error) == ("dead", "GenerationFailedError")
    assert (await the_reply(rig)).status == "failed"
    types = [row.type for row in await rig.rows(models.Event, conversation_id=conversation)]
    assert types.count("reply.failed") == 1


async def test_a_try_goes_on_where_the_failed_one_was(rig: Product) -> None:
    responder = ScriptedResponder(fails_after=4)
    visitor, conversation = await rig.open()
    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        await responder.until(lambda: responder.requests)
        responder.fails_after = None

        async def hurry() -> None:
            while True:
                await retry_at_once(rig)
                await asyncio.sleep(0.05)

        hurrying = asyncio.create_task(hurry())
        assert await rig.answered(conversation) == [ANSWER]
        hurrying.cancel()
    assert responder.requests[-1].prefix_ids in [(), (0, 1, 2, 3)]


async def test_an_overloaded_engine_costs_no_try(rig: Product) -> None:
    responder = ScriptedResponder(overloaded=8)
    visitor, conversation = await rig.open()
    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        assert await rig.answered(conversation) == [ANSWER]
    job = await the_job(rig)
    assert responder.overloaded == 0
    assert (job.status, job.tries) == ("done", 1)


class Refusing(ScriptedResponder):
    """Notes when it was asked."""

    def __init__(self) -> None:
        super().__init__(overloaded=1_000_000)
        self.asked_at: list[float] = []

    async def submit(self, request: GenerationRequest) -> AsyncIterator[Chunk | Finished]:
        self.asked_at.append(time.monotonic())
        return await super().submit(request)


async def test_an_overloaded_engine_is_not_asked_without_a_pause(rig: Product) -> None:
    responder = Refusing()
    visitor, conversation = await rig.open()
    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        await responder.until(lambda: len(responder.asked_at) >= 5)
        responder.overloaded = 0
        await rig.answered(conversation)
    pauses = [after - before for before, after in pairwise(responder.asked_at)]
    assert min(pauses) >= 0.0099  # each asks for 10 ms


async def text_seen(rig: Product, conversation: object, text: str) -> None:
    """Wait until the live reply shows a text."""
    async with asyncio.timeout(30):
        while True:
            live = await rig.core.live.read(conversation)  # type: ignore[arg-type]
            if live is not None and live.text == text:
                return
            await asyncio.sleep(0.01)


async def test_a_takeover_in_mid_answer_ends_the_run(rig: Product) -> None:
    responder = ScriptedResponder(budget=4)
    visitor, conversation = await rig.open()
    heard: list[Frame] = []
    await rig.core.bus.subscribe(conversation_topic(conversation), lambda _, frame: heard.append(frame))
    worker = rig.worker(responder)
    async with working(worker):
        await rig.ask(visitor, conversation)
        said = "".join(words(ANSWER)[:4])
        await text_seen(rig, conversation, said)
        taken = await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
        assert taken.cut is not None
        assert taken.cut["text"] == said
        after = len(heard)
        responder.allow(None)
        await responder.until(lambda: responder.cancelled)
        await eventually(lambda: worker.answers.running == 0)
    assert responder.cancelled == [responder.requests[0].id]
    assert [frame for frame in heard[after:] if frame.kind is Kind.DELTA] == []
    assert [row.text for row in await rig.messages(conversation) if row.sender_kind == "bot"] == [said]
    assert (await the_reply(rig)).status == "taken_over"


async def test_another_model_ends_the_reply_and_answers_anew(rig: Product) -> None:
    first, second = ScriptedResponder(budget=5), ScriptedResponder(model_hash="model-2")
    visitor, conversation = await rig.open()
    async with working(rig.worker(first)):
        await rig.ask(visitor, conversation)
        await text_seen(rig, conversation, "".join(words(ANSWER)[:5]))
    async with working(rig.worker(second)):
        assert await rig.answered(conversation) == [ANSWER]
    old, new = sorted(await rig.rows(models.Response), key=lambda row: row.created_at)
    assert (old.status, new.status) == ("failed", "done")
    assert new.id != old.id
    assert second.requests[0].prefix_ids == ()
    types = [row.type for row in await rig.rows(models.Event, conversation_id=conversation)]
    assert "reply.failed" in types


async def test_an_empty_answer_is_replaced_counted_and_handed_off(rig: Product) -> None:
    before = counted("empty")
    visitor, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder(script=lambda request: ""))):
        await rig.ask(visitor, conversation)
        assert await rig.answered(conversation) == [EMPTY_ANSWER]
    assert counted("empty") == before + 1
    record = await rig.record(conversation)
    assert record.control.controller is Controller.QUEUE
    assert record.handoff_reason == "no answer"


async def test_an_answer_with_numbers_of_its_own_goes_to_a_person(rig: Product) -> None:
    before = counted("unfounded")
    visitor, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder(script=lambda request: "Your refund is €4711.00 today."))):
        await rig.ask(visitor, conversation)
        await rig.answered(conversation)
    assert counted("unfounded") == before + 1
    assert (await rig.record(conversation)).handoff_reason == "unfounded answer"


async def test_an_answer_that_is_cut_off_by_its_length_says_so(rig: Product) -> None:
    visitor, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder(reason=FinishReason.LENGTH))):
        await rig.ask(visitor, conversation)
        await rig.answered(conversation)
    assert (await rig.messages(conversation))[-1].finish_reason == "length"


async def test_a_checkpoint_holds_what_the_store_confirmed(rig: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that customers have not seen must not be in the row: a takeover would show it as said."""
    monkeypatch.setattr("app.services.worker.answering.HEARTBEAT_S", 0.05)
    responder = ScriptedResponder(budget=4)
    visitor, conversation = await rig.open()
    async with working(rig.worker(responder, coalesce_ms=600_000)):
        await rig.ask(visitor, conversation)
        await text_seen(rig, conversation, words(ANSWER)[0])
        await eventually(lambda: responder.budget == 0)  # the others wait for their window
        async with asyncio.timeout(30):
            while (reply := await the_reply(rig)).checkpoint_text == "":  # noqa: ASYNC110 - the row is another's
                await asyncio.sleep(0.02)
        assert (reply.checkpoint_text, reply.checkpoint_ids) == (words(ANSWER)[0], [0])
        responder.allow(None)
        assert await rig.answered(conversation) == [ANSWER]


async def test_without_the_database_writing_stops_within_the_validity(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0  # moved by hand
    monkeypatch.setattr("app.bootstrap.worker.Validity", lambda limit_s, monotonic: Validity(limit_s, lambda: now))
    monkeypatch.setattr("app.services.worker.answering.HEARTBEAT_S", 0.05)
    responder = ScriptedResponder(script=lambda request: " ".join(f"word{number}" for number in range(400)), budget=2)
    visitor, conversation = await rig.open()
    async with working(rig.worker(responder, reply_validity_s=2.0)):
        await rig.ask(visitor, conversation)
        await text_seen(rig, conversation, "word0 word1")
        # A writer that never lets go is a database that does not answer: heartbeats and claims hang.
        async with rig.core.database.write_session():
            now += 1.9
            responder.allow(1)
            await text_seen(rig, conversation, "word0 word1 word2")
            now += 0.1
            responder.allow(1)
            await eventually(lambda: responder.budget == 0)
            await asyncio.sleep(0.2)  # as many heartbeats as fit, and none succeeds
            await text_seen(rig, conversation, "word0 word1 word2")
        await text_seen(rig, conversation, "word0 word1 word2 word3")


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells of."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


async def test_a_pace_holds_tokens_back(rig: Product) -> None:
    visitor, conversation = await rig.open()
    async with working(rig.worker(ScriptedResponder(), reply_pace=40.0)):
        began = time.monotonic()
        await rig.ask(visitor, conversation)
        assert await rig.answered(conversation) == [ANSWER]
    assert time.monotonic() - began >= (len(words(ANSWER)) - 2) / 40.0


async def test_all_that_was_asked_while_the_bot_was_away_is_answered_together(rig: Product) -> None:
    responder = ScriptedResponder()
    visitor, conversation = await rig.open()
    await rig.ask(visitor, conversation, "Where is my parcel?")
    await rig.ask(visitor, conversation, "It should have come yesterday.")
    async with working(rig.worker(responder)):
        await rig.answered(conversation)
    assert len(responder.requests) == 1
    assert "It should have come yesterday." in responder.requests[0].prompt
    assert "Where is my parcel?" in responder.requests[0].prompt


async def test_a_worker_that_claims_its_own_reply_again_keeps_the_newer_run(rig: Product) -> None:
    """Its lease ran out while the database was away, say: the older run must not take the newer one's place along."""
    responder = ScriptedResponder(budget=2)
    visitor, conversation = await rig.open()
    worker = rig.worker(responder)
    async with working(worker):
        await rig.ask(visitor, conversation)
        await responder.until(lambda: responder.requests)
        reply = (await the_reply(rig)).id
        async with asyncio.timeout(20):
            while len(responder.requests) < 2:  # a heartbeat may be faster than the claim
                await expire_leases(rig.core.database)
                await asyncio.sleep(0.1)
        await responder.until(lambda: f"{reply}:1.1" in responder.cancelled)
        async with asyncio.timeout(20):
            while [task.get_name() for task in asyncio.all_tasks()].count(f"reply-{reply}") > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert worker.answers.running == 1
        responder.allow(None)
        assert await rig.answered(conversation) == [ANSWER]
    assert (await the_reply(rig)).attempt >= 2


async def test_a_worker_goes_on_in_the_same_try_from_more_text_than_it_had_sent(rig: Product) -> None:
    """The store forgot the reply, and one whose claim ran out made it again with what it alone had sent."""
    responder = ScriptedResponder(budget=2)
    visitor, conversation = await rig.open()
    deltas: list[int] = []
    await rig.core.bus.subscribe(
        conversation_topic(conversation),
        lambda _, frame: deltas.append(frame.start) if frame.kind is Kind.DELTA else None,
    )
    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        spoken = words(ANSWER)
        await text_seen(rig, conversation, "".join(spoken[:2]))
        reply, more = await the_reply(rig), "".join(spoken[:6])
        assert isinstance(rig.core.live, MemoryLiveReply)
        rig.core.live.clear()
        await rig.core.live.begin(conversation, reply.id, reply.epoch, 0, text=more, ids=range(6))
        deltas.clear()
        responder.allow(1)
        async with asyncio.timeout(30):
            while (live := await rig.core.live.read(conversation)) is None or live.attempt == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        responder.allow(1)
        await responder.until(lambda: len(responder.requests) == 2)
        responder.allow(None)
        assert await rig.answered(conversation) == [ANSWER]
    assert responder.requests[-1].prefix_ids == tuple(range(6))
    assert min(deltas) == len(more)
    job = await the_job(rig)
    assert (job.status, job.attempt) == ("done", 1)


async def test_a_store_that_goes_away_while_a_cut_is_taken_back_costs_no_try(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A takeover was rolled back, and its cut stands over the answer: the store is asked until it takes it away."""
    responder = ScriptedResponder(budget=2)
    visitor, conversation = await rig.open()
    live = rig.core.live
    uncut, away = live.uncut, iter((True, True))

    async def sometimes(conversation: UUID, cut_id: UUID) -> bool:
        if next(away, False):
            raise LiveReplyUnavailableError("away")
        return await uncut(conversation, cut_id)

    monkeypatch.setattr(live, "uncut", sometimes)
    async with working(rig.worker(responder)):
        await rig.ask(visitor, conversation)
        await text_seen(rig, conversation, "".join(words(ANSWER)[:2]))
        await live.cut(conversation, (await the_reply(rig)).epoch + 1, uuid4())
        responder.allow(None)
        assert await rig.answered(conversation) == [ANSWER]
    assert next(away, None) is None
    assert (await the_job(rig)).attempt == 1
