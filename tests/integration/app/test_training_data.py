"""What people taught the models, as it is read to train on."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import update

from app.db import models
from app.db.training_data import SqlTrainingData
from app.domain.people import Role, Visitor
from app.services.ids import new_id
from tests.integration.app.responder import ANSWER, ScriptedResponder
from tests.integration.app.rig import Product, working


async def thumb(rig: Product, visitor: Visitor, conversation: UUID, value: str) -> None:
    bot = next(row for row in await rig.messages(conversation) if row.sender_kind == "bot")
    await rig.parts.cases.desk.give_feedback(visitor, conversation, bot.id, value)


async def test_liked_answers_are_learnt_from_and_others_are_not(rig: Product) -> None:
    async with working(rig.worker(ScriptedResponder())):
        for value in ("up", "down", None):
            visitor, conversation = await rig.open()
            await rig.ask(visitor, conversation)
            await rig.answered(conversation)
            if value is not None:
                await thumb(rig, visitor, conversation, value)
    (taught,) = await SqlTrainingData(rig.core.database).answers()
    assert taught.answer == ANSWER
    assert "Where is my parcel now?" in taught.prompt
    assert list(taught.names) == ["Ana"]


def asked(responder: ScriptedResponder, times: int) -> bool:
    return len(responder.requests) == times


async def test_what_an_agent_said_instead_of_the_bot_is_learnt_from(rig: Product) -> None:
    staff = rig.mine.staff[Role.AGENT]
    responder = ScriptedResponder(budget=0)
    async with working(rig.worker(responder)):
        for number, says in enumerate(("It waits for you at the corner shop.", None), start=1):
            visitor, conversation = await rig.open()
            await rig.ask(visitor, conversation)
            await responder.until(partial(asked, responder, number))
            await rig.parts.cases.control.take(staff, conversation)
            if says is None:  # the customer asks something else before anybody has answered
                await rig.ask(visitor, conversation, "Never mind. Do you sell socks?")
            await rig.parts.cases.sending.send(staff, conversation, str(new_id()), says or "Yes, we do.")
    taught = await SqlTrainingData(rig.core.database).answers()
    assert [one.answer for one in taught] == ["It waits for you at the corner shop."]


async def test_corrected_intents_are_read_unless_their_message_is_redacted(rig: Product) -> None:
    staff = rig.mine.staff[Role.AGENT]
    async with working(rig.worker(ScriptedResponder())):
        for _ in range(2):
            visitor, conversation = await rig.open()
            await rig.ask(visitor, conversation, "Can I have the paper for my tax office?")

            async def analysed(found: UUID = conversation) -> bool:
                return (await rig.messages(found))[0].intent_label is not None

            await rig.until(conversation, analysed)
            message = (await rig.messages(conversation))[0].id
            await rig.parts.cases.desk.correct_intent(staff, conversation, message, "invoice")
    async with rig.core.database.write_session() as session:
        gone = update(models.Message).where(models.Message.id == message)
        await session.execute(gone.values(redacted_at=models.Message.created_at))
        await session.commit()
    (taught,) = await SqlTrainingData(rig.core.database).intents()
    assert (taught.text, taught.label) == ("Can I have the paper for my tax office?", "invoice")
