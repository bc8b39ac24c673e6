"""How the models fare: measured once a day per shop, drift against the weeks before, and read over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.db import models
from app.db.model_log import SqlModelLog
from app.domain.people import Role
from app.services.clock import SystemClock
from app.services.model_health import FEWEST, MeasureModels, stability_index
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, working

VERSIONS = {"intent": "head-1", "sentiment": "head-2", "responder": "t5-3"}
TODAY = datetime(2026, 11, 20, tzinfo=UTC)
YESTERDAY, WEEKS_AGO = TODAY - timedelta(hours=5), TODAY - timedelta(days=9)


def test_the_index_is_zero_without_drift_and_grows_with_it() -> None:
    before = {"a": 500, "b": 300, "c": 200}
    assert stability_index(before, {"a": 50, "b": 30, "c": 20}) == pytest.approx(0.0)
    assert stability_index(before, {"a": 45, "b": 35, "c": 20}) < 0.1
    assert stability_index(before, {"a": 5, "b": 5, "c": 5, "new": 85}) > 0.25
    # By hand: shares .5/.5 and .75/.25: .25 * ln 1.5 - .25 * ln .5
    assert stability_index({"a": 50, "b": 50}, {"a": 75, "b": 25}) == pytest.approx(0.27465, abs=1e-5)


async def said(rig: Product, when: datetime, labels: list[str]) -> None:
    """Put analysed messages of a customer into a conversation, at a time."""
    visitor, conversation = await rig.open()
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    for label in labels:
        await rig.ask(visitor, conversation, "something")
        newest = (await rig.messages(conversation))[-1].id
        async with rig.core.database.write_session() as session:
            scores = {"intent_label": label, "intent_score": 0.8, "sentiment_label": "neutral", "sentiment_score": 0.6}
            row = update(models.Message).where(models.Message.id == newest)
            await session.execute(row.values(created_at=when, **scores))
            await session.commit()


def measuring(rig: Product) -> MeasureModels:
    return MeasureModels(SqlModelLog(rig.core.database), VERSIONS, SystemClock())


async def values(rig: Product) -> dict[tuple[str, str], float]:
    found = await measuring(rig).measure(rig.mine.shop.id, TODAY)
    return {(one.task, one.metric): one.value for one in found}


async def test_a_day_is_measured_against_the_weeks_before(rig: Product) -> None:
    await said(rig, WEEKS_AGO, ["order_status"] * FEWEST)
    await said(rig, YESTERDAY, ["order_status"] * 2 + ["refund_request"] * (FEWEST - 2))
    found = await values(rig)
    assert found["intent", "messages"] == FEWEST
    assert found["intent", "confidence"] == pytest.approx(0.8)
    assert found["intent", "drift"] > 1
    assert found["sentiment", "drift"] == pytest.approx(0.0)
    assert found["intent", "corrected"] == 0


async def test_few_messages_say_nothing_about_drift(rig: Product) -> None:
    await said(rig, WEEKS_AGO, ["order_status"] * FEWEST)
    await said(rig, YESTERDAY, ["refund_request"] * (FEWEST - 1))
    assert ("intent", "drift") not in await values(rig)


async def test_thumbs_and_corrections_count(rig: Product) -> None:
    async with working(rig.worker(ScriptedResponder())):
        for value in ("up", "up", "down"):
            visitor, conversation = await rig.open()
            await rig.ask(visitor, conversation)
            await rig.answered(conversation)
            bot = (await rig.messages(conversation))[-1].id
            await rig.parts.cases.desk.give_feedback(visitor, conversation, bot, value)
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Message).values(created_at=YESTERDAY, intent_label="thanks"))
        await session.commit()
    message = next(row for row in await rig.rows(models.Message) if row.sender_kind == "customer")
    async with rig.core.database.write_session() as session:
        scores = {"intent_score": 1.0, "sentiment_label": "neutral", "sentiment_score": 1.0}
        await session.execute(update(models.Message).where(models.Message.id == message.id).values(**scores))
        await session.commit()
    agent = rig.mine.staff[Role.AGENT]
    await rig.parts.cases.desk.correct_intent(agent, message.conversation_id, message.id, "invoice")
    found = await values(rig)
    assert found["responder", "answers"] == 3
    assert found["responder", "liked"] == pytest.approx(2 / 3)
    assert found["intent", "corrected"] == pytest.approx(1 / 3)


async def test_a_day_measured_twice_is_kept_once_and_read_by_its_shop_alone(rig: Product) -> None:
    await said(rig, YESTERDAY, ["thanks"] * 3)
    log = SqlModelLog(rig.core.database)
    for _ in range(2):
        await log.keep(rig.mine.shop.id, await measuring(rig).measure(rig.mine.shop.id, TODAY))
    query = {"from": "2026-11-19", "to": "2026-11-21"}
    async with await rig.signed_in() as client:
        metrics = (await client.get("/api/analytics/model_metrics/", params=query)).json()["metrics"]
    assert [one["value"] for one in metrics if (one["task"], one["metric"]) == ("intent", "messages")] == [3.0]
    assert {one["model"] for one in metrics} == set(VERSIONS.values())
    async with await rig.signed_in(tenant=rig.other) as client:
        assert (await client.get("/api/analytics/model_metrics/", params=query)).json()["metrics"] == []
