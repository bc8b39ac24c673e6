"""The life of a reply: attempts, checkpoints, deaths of workers, dead letters."""

from __future__ import annotations

import asyncio

import pytest

from app.db import models
from app.domain.job import Lane
from app.domain.message import FinishReason, Score
from app.domain.reply import Frozen, ReplyStatus
from app.services.ids import new_id
from app.services.replies import Claim, Finished, Progress, ReplyEndedError
from realtime.protocol import shapes
from tests.integration.db.world import World, expire_leases

FROZEN = Frozen(
    prompt="question: where is it?",
    facts={"order.carrier": "UPS"},
    literals={"3": "UPS"},
    model="starter",
    model_hash="abc",
    tokenizer_hash="def",
    decoding={"max_tokens": 96},
    seed=7,
)


async def asked(world: World) -> Claim:
    conversation = await world.open()
    await world.ask(conversation)
    return await world.begin()


async def test_the_next_worker_gets_a_higher_attempt_and_what_the_first_had(world: World) -> None:
    first = await asked(world)
    await world.replies.freeze(first, FROZEN)
    assert await world.replies.heartbeat(world.worker, [Progress(first, "It is", (5, 6))]) == {first.reply.id}
    assert await world.replies.claim(new_id(), 5) == []
    await expire_leases(world.database)
    (second,) = await world.replies.claim(new_id(), 5)
    assert second.reply.id == first.reply.id
    assert (first.attempt, second.attempt, second.reply.attempt) == (1, 2, 2)
    assert (second.reply.text, second.reply.ids, second.reply.frozen) == ("It is", (5, 6), FROZEN)
    assert await world.replies.heartbeat(world.worker, [Progress(first, "It is late", (5, 6, 7))]) == set()
    with pytest.raises(ReplyEndedError):
        await world.replies.finish(first, Finished("late", (1,), FinishReason.STOP))
    with pytest.raises(ReplyEndedError):
        await world.replies.fail(first, "Boom")
    assert not await world.replies.release(Progress(first, "x", ()))


async def test_what_was_frozen_stays(world: World) -> None:
    claim = await asked(world)
    await world.replies.freeze(claim, FROZEN)
    other = Frozen("other", {}, {}, "m", "h", "t", {})
    assert await world.replies.freeze(claim, other) == FROZEN
    await world.control.take(world.ada, claim.conversation.id)
    with pytest.raises(ReplyEndedError):
        await world.replies.freeze(claim, other)


async def test_one_heartbeat_serves_all_replies_of_a_worker_and_tells_which_are_lost(world: World) -> None:
    claims = []
    for _ in range(3):
        world.visitor = type(world.visitor)(new_id(), world.shop)
        claims.append(await asked(world))
    await world.control.take(world.ada, claims[1].conversation.id)
    progress = [Progress(claim, f"Text {claim.reply.id} ünï", (1, 2)) for claim in claims]
    owned = await world.replies.heartbeat(world.worker, progress)
    assert owned == {claims[0].reply.id, claims[2].reply.id}
    active = await world.active_reply(claims[2].conversation.id)
    assert active is not None
    assert (active.text, active.ids) == (f"Text {claims[2].reply.id} ünï", (1, 2))
    assert await world.replies.heartbeat(world.worker, []) == set()


async def test_finishing_twice_gives_one_message(world: World) -> None:
    claim = await asked(world)
    finished = Finished("It is on its way.", (1, 2), FinishReason.STOP)
    first = await world.replies.finish(claim, finished)
    assert await world.replies.finish(claim, finished) == first
    assert first.id == claim.reply.id
    said = (await world.messages(claim.conversation.id))[1:]
    assert [(one.text, one.reply) for one in said] == [
        ("It is on its way.", shapes.ReplyEnd(finish_reason="stop", to=17))
    ]
    (job,) = await world.all_of(models.Job, kind="reply")
    assert isinstance(job, models.Job)
    assert job.status == "done"


async def test_an_answer_brings_its_products_and_their_rows(world: World) -> None:
    claim = await asked(world)
    product, recommendation = new_id(), new_id()
    async with world.database.write_session() as session:
        session.add(
            models.Product(
                id=product, shop_id=world.shop, external_id="p1", title="Boots", price_minor=12900, currency="EUR"
            )
        )
        await session.commit()
    shown = {
        "id": str(product),
        "title": "Boots",
        "price": 12900,
        "currency": "EUR",
        "reason": "Often bought",
        "recommendation": str(recommendation),
    }
    finished = Finished("These?", (1,), FinishReason.STOP, products=[shown], sources=[{"title": "Sizes"}])
    await world.replies.finish(claim, finished)
    said = (await world.messages(claim.conversation.id))[-1]
    assert [one.recommendation for one in said.products] == [recommendation]
    assert said.sources == [shapes.Source(title="Sizes")]
    assert len(await world.all_of(models.Recommendation, message_id=said.id, product_id=product)) == 1


async def test_an_answer_may_end_with_a_hand_off(world: World) -> None:
    claim = await asked(world)
    finished = Finished("A colleague will help.", (1,), FinishReason.STOP, handoff_reason="contact_human")
    await world.replies.finish(claim, finished)
    record = await world.record(claim.conversation.id)
    assert (record.control.controller, record.handoff_reason) == ("queue", "contact_human")
    assert (await world.types(record.id))[1:] == ["message.created", "control.changed"]


async def test_a_silent_hand_off_covers_its_question(world: World) -> None:
    claim = await asked(world)
    await world.replies.hand_off(claim, "contact_human")
    assert await world.active_reply(claim.conversation.id) is None
    record = await world.record(claim.conversation.id)
    assert record.covered_seq == record.customer_seq


async def test_a_failing_answer_is_tried_again_and_then_people_take_over(world: World) -> None:
    claim = await asked(world)
    tries = 1
    while not await world.replies.fail(claim, "Boom"):
        assert await world.replies.claim(world.worker, 1) == []
        async with world.database.write_session() as session:
            queued = await session.get_one(models.Job, claim.job.id)
            assert queued.error == "Boom"
            queued.run_at = queued.created_at
            await session.commit()
        (claim,) = await world.replies.claim(world.worker, 1)
        tries += 1
    assert tries == 5
    (job,) = await world.all_of(models.Job, kind="reply")
    assert isinstance(job, models.Job)
    assert (job.status, job.attempt) == ("dead", 5)
    assert (await world.types(claim.conversation.id))[1:] == ["reply.failed", "control.changed"]
    record = await world.record(claim.conversation.id)
    assert (record.control.controller, record.handoff_reason) == ("queue", "failure")


async def test_a_reply_that_kills_its_workers_is_ended_too(world: World) -> None:
    claim = await asked(world)
    for _ in range(4):
        await expire_leases(world.database)
        assert len(await world.replies.claim(new_id(), 1)) == 1
    await expire_leases(world.database)
    assert await world.replies.claim(new_id(), 1) == []
    assert (await world.types(claim.conversation.id))[1:] == ["reply.failed", "control.changed"]


async def test_a_lease_that_runs_out_while_its_worker_lives_uses_no_try_up(world: World) -> None:
    claim = await asked(world)
    other = new_id()
    for _ in range(8):
        await expire_leases(world.database)
        (again,) = await world.replies.claim(other, 1)
        assert again.job.tries == 2
        assert await world.replies.heartbeat(world.worker, [Progress(claim, "It", (1,))]) == set()
        claim = again
        world.worker, other = other, world.worker
    (job,) = await world.all_of(models.Job, kind="reply")
    assert isinstance(job, models.Job)
    assert (job.status, job.attempt, job.tries) == ("running", 9, 1)


async def test_a_try_that_could_not_be_given_back_does_not_count(world: World) -> None:
    claim = await asked(world)
    world.replies.lose(claim)
    for _ in range(2):
        await world.replies.heartbeat(world.worker, [])
    (job,) = await world.all_of(models.Job, kind="reply")
    assert isinstance(job, models.Job)
    assert job.tries == 0


async def test_a_claimed_reply_that_cannot_begin_does_not_cost_a_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    with monkeypatch.context() as patch:

        async def away(*_: object, **__: object) -> None:
            raise ConnectionError("the database went away")

        patch.setattr(world.changes, "run", away)
        assert await world.replies.claim(world.worker, 5) == []
    await world.replies.heartbeat(world.worker, [])
    (job,) = await world.all_of(models.Job, kind="reply")
    assert isinstance(job, models.Job)
    assert (job.status, job.tries) == ("running", 0)


async def test_draining_gives_back_uncounted_with_text_and_ids(world: World) -> None:
    claim = await asked(world)
    assert await world.replies.release(Progress(claim, "It is", (3, 4)))
    (again,) = await world.replies.claim(new_id(), 1)
    assert (again.attempt, again.job.tries, again.reply.text, again.reply.ids) == (2, 1, "It is", (3, 4))


async def test_another_model_ends_the_reply_and_starts_a_new_message(world: World) -> None:
    claim = await asked(world)
    await world.replies.restart(claim, "model changed")
    again = await world.begin("Hello")
    assert again.reply.id != claim.reply.id
    assert again.reply.question == claim.reply.question
    assert (await world.types(claim.conversation.id))[1:] == ["reply.failed"]


async def test_workers_that_claim_at_once_share_the_replies(world: World) -> None:
    for _ in range(6):
        world.visitor = type(world.visitor)(new_id(), world.shop)
        await world.ask(await world.open())
    shared = await asyncio.gather(*(world.replies.claim(new_id(), 2) for _ in range(3)))
    claimed = [claim.reply.id for claims in shared for claim in claims]
    left = await world.replies.claim(new_id(), 6)
    assert len(claimed) == len(set(claimed))
    assert len(claimed) + len(left) == 6


async def test_a_claim_of_a_reply_that_was_taken_over_meanwhile_comes_to_nothing(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    async with world.store.write() as tx:
        (job,) = await tx.jobs.claim(Lane.ANSWER, world.worker, 1, 10)
        await tx.commit()
    await world.control.take(world.ada, conversation)
    assert await world.replies.claim(world.worker, 1) == []
    async with world.store.read() as tx:
        assert not await tx.jobs.holds(job.id, job.attempt)


async def test_an_analysis_is_stored_once_and_shown_to_staff_only(world: World) -> None:
    conversation = await world.open()
    sent = await world.ask(conversation)
    (job,) = await world.jobs.claim(Lane.ANALYZE, world.worker, 5)
    assert job.payload == {"message": str(sent.message)}
    await world.desk.record_analysis(job, Score("order_status", 0.9), Score("neutral", 0.8))
    await world.desk.record_analysis(job, Score("thanks", 0.9), Score("positive", 0.8))
    seen = (await world.snapshot(world.ada, conversation)).messages[0]
    assert seen.intent == shapes.Scored(label="order_status", score=0.9)
    hidden = (await world.snapshot(world.visitor, conversation)).messages[0]
    assert (hidden.intent, hidden.sentiment) == (None, None)
    assert (await world.types(conversation))[1:] == ["message.analyzed"]


async def test_a_reply_counts_as_ended_in_one_place_only(world: World) -> None:
    claim = await asked(world)
    await world.control.stop(world.visitor, claim.conversation.id, claim.reply.id)
    (row,) = await world.all_of(models.Response)
    assert isinstance(row, models.Response)
    assert row.status == ReplyStatus.STOPPED
    assert await world.replies.heartbeat(world.worker, [Progress(claim, "x", (1,))]) == set()
