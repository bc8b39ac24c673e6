"""Takeover and its kin: one winner, one cut text, and nothing of the bot after the acknowledgement."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from app.db import models
from app.db.database import Database
from app.domain.conversation import Controller
from app.domain.job import Lane
from app.domain.message import FinishReason
from app.domain.people import Role, Staff
from app.domain.reply import ReplyStatus
from app.services.change import Change
from app.services.fence import HeldText
from app.services.ids import new_id
from app.services.replies import Finished, ReplyEndedError
from realtime.bus.frame import Frame, Kind
from realtime.bus.topic import conversation_topic
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import CutText, FencedError, LiveReplyUnavailableError
from realtime.ports import CommandError
from tests.integration.db.world import World, make_due


async def test_a_takeover_keeps_exactly_what_was_said(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is on its w")
    taken = await world.control.take(world.ada, conversation)
    assert taken.cut == {"message": str(claim.reply.id), "text": "It is on its w"}
    last = (await world.messages(conversation))[-1]
    assert (last.id, last.text) == (claim.reply.id, "It is on its w")
    assert last.reply is not None
    assert last.reply.finish_reason == "taken_over"
    with pytest.raises(FencedError):
        await world.say(claim, "ay")
    with pytest.raises(ReplyEndedError):
        await world.replies.finish(claim, Finished("It is on its way.", (1,), FinishReason.STOP))
    assert await world.types(conversation) == ["message.created", "control.changed", "conversation.assigned"]


async def test_a_takeover_by_the_holder_is_acknowledged_again(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.begin("It is")
    first = await world.control.take(world.ada, conversation)
    events = await world.types(conversation)
    assert await world.control.take(world.ada, conversation) == first
    assert await world.types(conversation) == events


async def test_of_two_agents_one_wins_and_the_other_learns_who(world: World) -> None:
    conversation = await world.open()
    taken = await asyncio.gather(
        world.control.take(world.ada, conversation),
        world.control.take(world.ben, conversation),
        return_exceptions=True,
    )
    refused = [one for one in taken if isinstance(one, CommandError)]
    assert len(refused) == 1
    winner = world.ben if isinstance(taken[0], CommandError) else world.ada
    assert refused[0].code == "conflict"
    assert refused[0].fields == {"holder": {"id": str(winner.id), "name": winner.name}}


async def test_a_takeover_and_a_finish_at_once_end_the_reply_once(world: World) -> None:
    for turn in range(8):
        world.visitor = type(world.visitor)(new_id(), world.shop, "Ana")
        conversation = await world.open()
        await world.ask(conversation)
        claim = await world.begin("It is on its way.")
        work = [world.finish(claim, "It is on its way."), world.control.take(world.ada, conversation)]
        results = await asyncio.gather(*(work if turn % 2 else reversed(work)), return_exceptions=True)
        lost = [one for one in results if isinstance(one, ReplyEndedError | FencedError)]
        assert [one for one in results if isinstance(one, Exception)] == lost
        said = [one for one in await world.messages(conversation) if one.sender.kind == "bot"]
        assert [one.text for one in said] == ["It is on its way."]
        reply = said[0].reply
        assert reply is not None
        assert reply.finish_reason == ("taken_over" if lost else "stop")
        assert await world.active_reply(conversation) is None


async def test_the_cut_text_is_the_longest_known(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    world.memory_live.clear()
    held = HeldText(claim.reply.id, "It is on")
    taken = await world.control.take(world.ada, conversation, held=held)
    assert taken.cut is not None
    assert taken.cut["text"] == "It is on"


async def test_a_takeover_before_the_first_token_leaves_the_question_for_the_bots_return(world: World) -> None:
    conversation = await world.open()
    asked = await world.ask(conversation)
    taken = await world.control.take(world.ada, conversation)
    assert taken.cut is None
    assert await world.active_reply(conversation) is None
    await world.control.release(world.ada, conversation, Controller.BOT)
    reply = await world.active_reply(conversation)
    assert reply is not None
    assert reply.question == asked.message


async def test_after_an_agents_answer_the_bot_has_nothing_to_add(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.sending.send(world.ada, conversation, str(uuid4()), "I am looking into it.")
    await world.control.release(world.ada, conversation, Controller.BOT)
    assert await world.active_reply(conversation) is None


async def test_sending_takes_control_first_and_only_from_the_bot_or_nobody(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.begin("It is")
    key = str(uuid4())
    sent = await world.sending.send(world.ada, conversation, key, "Hello, Ada here.")
    assert await world.sending.send(world.ada, conversation, key, "Hello, Ada here.") == sent
    assert [one.sender.kind for one in await world.messages(conversation)] == ["customer", "bot", "agent"]
    with pytest.raises(CommandError) as refused:
        await world.sending.send(world.ben, conversation, str(uuid4()), "Me too")
    assert refused.value.fields == {"holder": {"id": str(world.ada.id), "name": "Ada"}}
    assert len(await world.messages(conversation)) == 3


async def test_rights(world: World) -> None:
    conversation = await world.open()
    with pytest.raises(CommandError, match="may not change") as refused:
        await world.control.take(world.viewer, conversation)
    assert refused.value.code == "forbidden"
    elsewhere = Staff(new_id(), new_id(), "Eve", Role.OWNER)
    with pytest.raises(CommandError, match="no such conversation"):
        await world.control.take(elsewhere, conversation)
    await world.control.take(world.ada, conversation)
    with pytest.raises(CommandError) as held:
        await world.control.release(world.ben, conversation, Controller.BOT)
    assert held.value.code == "conflict"
    await world.control.release(world.boss, conversation, Controller.QUEUE)
    assert (await world.record(conversation)).assignee is None


async def test_repeats_of_release_close_and_reopen_change_nothing(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.control.take(world.ada, conversation)
    epoch = await world.control.release(world.ada, conversation, Controller.QUEUE)
    assert await world.control.release(world.ada, conversation, Controller.QUEUE) == epoch
    closed = await world.control.close(world.ada, conversation)
    assert await world.control.close(world.ada, conversation) == closed
    opened = await world.control.reopen(world.ada, conversation)
    assert await world.control.reopen(world.ada, conversation) == opened
    assert (await world.record(conversation)).control.holder == world.ada.id


async def test_reopening_with_an_unseen_message_is_refused(world: World) -> None:
    conversation = await world.open()
    seen = await world.ask(conversation)
    newer = await world.ask(conversation, "One more thing")
    await world.control.close(world.ada, conversation)
    with pytest.raises(CommandError) as refusal:
        await world.control.reopen(world.ada, conversation, seen=seen.seq)
    assert refusal.value.code == "conflict"
    opened = await world.control.reopen(world.ada, conversation, seen=newer.seq)
    assert await world.control.reopen(world.ada, conversation, seen=seen.seq) == opened


async def test_closing_with_an_unseen_message_is_refused(world: World) -> None:
    conversation = await world.open()
    seen = await world.ask(conversation)
    newer = await world.ask(conversation, "One more thing")
    with pytest.raises(CommandError) as refused:
        await world.control.close(world.ada, conversation, seen=seen.seq)
    assert refused.value.code == "conflict"
    await world.control.close(world.ada, conversation, seen=newer.seq)


async def test_closing_cuts_the_reply_and_asks_for_a_rating(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    await world.control.close(world.visitor, conversation)
    assert (await world.types(conversation))[1:] == ["control.changed", "conversation.closed", "csat.requested"]
    with pytest.raises(FencedError):
        await world.say(claim, " on")
    await world.desk.rate(world.visitor, conversation, 5, "Great")
    await world.desk.rate(world.visitor, conversation, 5, "Great")
    assert (await world.types(conversation))[4:] == ["csat.rated"]


async def test_reopening_while_another_is_open_is_refused(world: World) -> None:
    first = await world.open()
    await world.control.close(world.visitor, first)
    await world.open()
    with pytest.raises(CommandError) as refused:
        await world.control.reopen(world.ada, first)
    assert refused.value.code == "conflict"


async def test_stop_keeps_control_and_text(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is on")
    epoch = (await world.record(conversation)).control.epoch
    assert await world.control.stop(world.visitor, conversation, claim.reply.id) == "It is on"
    assert await world.control.stop(world.visitor, conversation, claim.reply.id) == "It is on"
    record = await world.record(conversation)
    assert (record.control.epoch, record.control.controller) == (epoch, "bot")
    assert await world.active_reply(conversation) is None
    assert await world.types(conversation) == ["message.created", "message.created"]
    with pytest.raises(FencedError):
        await world.say(claim, " its way")
    await world.ask(conversation, "And now?")
    again = await world.begin("Yes")
    assert again.reply.id != claim.reply.id


async def test_stop_of_a_reply_elsewhere_is_not_found(world: World) -> None:
    conversation = await world.open()
    with pytest.raises(CommandError) as refused:
        await world.control.stop(world.visitor, conversation, uuid4())
    assert refused.value.code == "not_found"


class FailingChange(Exception):
    """Stands for a database that fails within the transaction."""


async def test_a_change_that_fails_takes_its_cut_back(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")

    async def step(change: Change) -> None:
        await change.change_control(change.conversation.control.take(world.ada.id))
        raise FailingChange

    with pytest.raises(FailingChange):
        await world.changes.run(conversation, step)
    await world.say(claim, " on its way.")
    await world.finish(claim, "It is on its way.")
    assert (await world.record(conversation)).control.controller == "bot"


class SilentLive(MemoryLiveReply):
    """A live reply whose store goes away."""

    away = False
    fails = 0  # how many of the next cuts meet nobody

    async def cut(self, conversation: UUID, epoch: int, cut_id: UUID, *, message: UUID | None = None) -> CutText | None:
        self.fails -= self.fails > 0
        if self.away or self.fails > 0:
            raise LiveReplyUnavailableError("gone")
        return await super().cut(conversation, epoch, cut_id, message=message)


async def test_without_a_confirmed_fence_the_acknowledgement_waits_for_the_worker_to_lapse(database: Database) -> None:
    world = World(database)
    live = SilentLive(world.bus)
    world = World(database, live=live, bus=world.bus)
    await world.populate()
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    live.away = True
    taken = await world.control.take(world.ada, conversation, held=HeldText(claim.reply.id, "It is on"))
    assert taken.cut == {"message": str(claim.reply.id), "text": "It is on", "replaces": True}
    assert sum(world.clock.sleeps) == pytest.approx(2.5)


async def test_the_acknowledgement_waits_no_longer_than_until_the_fence_stands(database: Database) -> None:
    world = World(database)
    live = SilentLive(world.bus)
    world = World(database, live=live, bus=world.bus)
    await world.populate()
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    live.fails = 8  # all tries before the commit, and the first after it
    taken = await world.control.take(world.ada, conversation, held=HeldText(claim.reply.id, "It is"))
    assert 0 < sum(world.clock.sleeps) < 1
    assert taken.cut == {"message": str(claim.reply.id), "text": "It is", "replaces": True}
    with pytest.raises(FencedError):
        await world.say(claim, " on its way.")


async def test_a_store_that_comes_back_at_once_costs_no_text(database: Database) -> None:
    world = World(database)
    live = SilentLive(world.bus)
    world = World(database, live=live, bus=world.bus)
    await world.populate()
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    live.fails = 2
    taken = await world.control.take(world.ada, conversation)
    assert taken.cut == {"message": str(claim.reply.id), "text": "It is"}
    assert world.clock.sleeps == []


async def test_a_worker_fenced_by_a_rolled_back_takeover_goes_on(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    cut_id = new_id()
    await world.live.cut(conversation, claim.reply.epoch + 1, cut_id)
    assert await world.replies.revalidate(claim, cut_id)
    await world.say(claim, " on its way.")
    await world.control.take(world.ada, conversation)
    assert not await world.replies.revalidate(claim, cut_id)


async def test_a_hand_off_request_queues_and_is_answered_in_time_or_resumed(world: World) -> None:
    conversation = await world.open()
    asked = await world.ask(conversation)
    await world.control.request_handoff(world.visitor, conversation)
    await world.control.request_handoff(world.visitor, conversation)
    record = await world.record(conversation)
    assert (record.control.controller, record.waiting_since) == ("queue", world.clock.now())
    assert await world.jobs.claim(Lane.SYNC, world.worker, 5) == []
    await make_due(world.database, "handoff_timeout")
    (job,) = await world.jobs.claim(Lane.SYNC, world.worker, 5)
    await world.control.expire_handoff(job)
    await world.control.expire_handoff(job)
    assert [one.sender.kind for one in await world.messages(conversation)] == ["customer", "system"]
    reply = await world.active_reply(conversation)
    assert reply is not None
    assert reply.question == asked.message


async def test_a_hand_off_that_was_taken_does_not_expire(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.control.request_handoff(world.visitor, conversation)
    await world.control.take(world.ada, conversation)
    await make_due(world.database, "handoff_timeout")
    (job,) = await world.jobs.claim(Lane.SYNC, world.worker, 5)
    await world.control.expire_handoff(job)
    assert len(await world.messages(conversation)) == 1
    assert (await world.record(conversation)).control.holder == world.ada.id


async def test_an_unanswered_hand_off_may_stay_in_the_queue(world: World) -> None:
    await world.set_rules(handoff_timeout="tell", handoff_timeout_text="Nobody is here now.")
    conversation = await world.open()
    await world.ask(conversation)
    await world.control.request_handoff(world.visitor, conversation)
    await make_due(world.database, "handoff_timeout")
    (job,) = await world.jobs.claim(Lane.SYNC, world.worker, 5)
    await world.control.expire_handoff(job)
    assert (await world.messages(conversation))[-1].text == "Nobody is here now."
    assert (await world.record(conversation)).control.controller == "queue"


async def test_assigning_moves_between_desks_and_not_out_of_the_shop(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.control.assign(world.boss, conversation, world.ben.id)
    await world.control.assign(world.boss, conversation, world.ben.id)
    assert (await world.types(conversation))[1:] == ["conversation.assigned"]
    assert [one["id"] for one in await world.reads.inbox(world.ben, "mine")] == [str(conversation)]
    assert await world.reads.inbox(world.ada, "mine") == []
    with pytest.raises(CommandError, match="no such user"):
        await world.control.assign(world.boss, conversation, uuid4())


async def test_a_cancelled_takeover_is_still_carried_out_whole(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.begin("It is")
    done = asyncio.Event()
    heard: list[Frame] = []

    def listen(_: str, frame: Frame) -> None:
        if frame.kind is Kind.EVENT:
            heard.append(frame)
        if len(heard) == 2:
            done.set()

    await world.bus.subscribe(conversation_topic(conversation), listen)
    task = asyncio.create_task(world.control.take(world.ada, conversation))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await done.wait()
    assert [frame.seq for frame in heard] == [2, 3]
    replies = await world.all_of(models.Response)
    assert [one.status for one in replies if isinstance(one, models.Response)] == [ReplyStatus.TAKEN_OVER]
