"""Who is told of what: once for each cause, with what caused it, and nobody of what is another's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import update

from app.db import models
from app.db.pruning import SqlOldNotifications
from app.domain.conversation import Controller
from app.domain.job import Lane, NewJob
from app.domain.people import Staff
from app.services.change import Change
from app.services.notifications import Notifications
from app.services.notifying import tell_broken, tell_failed, tell_team
from realtime.bus.frame import Frame
from realtime.bus.topic import user_topic
from realtime.protocol.events import Notification
from tests.integration.db.world import World, make_due


@pytest.fixture
def told(world: World) -> Notifications:
    return Notifications(world.store, world.publisher, world.clock)


async def unread(told: Notifications, staff: Staff) -> Sequence[Notification]:
    return (await told.missed(staff.id)).notifications


async def kinds(told: Notifications, staff: Staff) -> list[str]:
    return [one.kind for one in await unread(told, staff)]


async def hear(world: World, staff: Staff) -> list[Notification]:
    """Return a list that fills with what is published to a member."""
    heard: list[Notification] = []

    def listen(_: str, frame: Frame) -> None:
        heard.append(msgspec.json.decode(frame.body, type=Notification))

    await world.bus.subscribe(user_topic(staff.id), listen)
    return heard


async def test_a_hand_off_is_told_to_all_who_may_answer_and_stored(world: World, told: Notifications) -> None:
    heard, viewer = await hear(world, world.ada), await hear(world, world.viewer)
    conversation = await world.open()
    await world.control.request_handoff(world.visitor, conversation)
    await world.control.request_handoff(world.visitor, conversation)
    assert [(one.kind, one.conversation, one.customer, one.read) for one in heard] == [
        ("handoff", conversation, "Ana", False)
    ]
    assert list(await unread(told, world.ada)) == heard
    assert [await kinds(told, one) for one in (world.ben, world.boss, world.viewer)] == [["handoff"], ["handoff"], []]
    assert viewer == []


async def test_who_releases_to_the_queue_is_not_told_and_an_inactive_one_neither(
    world: World, told: Notifications
) -> None:
    async with world.database.write_session() as session:
        await session.execute(update(models.User).where(models.User.id == world.boss.id).values(active=False))
        await session.commit()
    conversation = await world.open()
    await world.control.take(world.ada, conversation)
    await world.control.release(world.ada, conversation, Controller.QUEUE)
    assert [await kinds(told, one) for one in (world.ada, world.ben, world.boss)] == [[], ["handoff"], []]


async def test_assigning_tells_the_other_and_not_oneself(world: World, told: Notifications) -> None:
    conversation = await world.open()
    await world.control.assign(world.ada, conversation, world.ada.id)
    await world.control.assign(world.ada, conversation, world.ben.id)
    await world.control.assign(world.ada, conversation, world.ben.id)
    assert await kinds(told, world.ada) == []
    (one,) = await unread(told, world.ben)
    assert one.by is not None
    assert (one.kind, one.conversation, one.by.name) == ("assigned", conversation, "Ada")


async def test_a_note_tells_those_it_names_once_for_its_key(world: World, told: Notifications) -> None:
    conversation, key = await world.open(), uuid4()
    for _ in range(2):
        await world.desk.add_note(world.ada, conversation, key, "@ben and @Ada, and @nobody: is this right?")
    assert [await kinds(told, one) for one in (world.ada, world.ben, world.boss)] == [[], ["mention"], []]


async def test_nobody_taking_a_hand_off_in_time_is_told(world: World, told: Notifications) -> None:
    conversation = await world.open()
    await world.control.request_handoff(world.visitor, conversation)
    await make_due(world.database, "handoff_timeout")
    (job,) = await world.jobs.claim(Lane.SYNC, world.worker, 10)
    await world.control.expire_handoff(job)
    await world.control.expire_handoff(job)
    assert await kinds(told, world.ben) == ["handoff", "waiting"]


async def test_whoever_takes_a_hand_off_calls_the_others_back(world: World, told: Notifications) -> None:
    first = await world.open()
    await world.control.request_handoff(world.visitor, first)
    await make_due(world.database, "handoff_timeout")
    (job,) = await world.jobs.claim(Lane.SYNC, world.worker, 10)
    await world.control.expire_handoff(job)
    await world.desk.add_note(world.ada, first, uuid4(), "@ben look at this")
    world.visitor = type(world.visitor)(uuid4(), world.shop, "Bea")
    await world.control.request_handoff(world.visitor, await world.open())
    for_ben, for_boss = await hear(world, world.ben), await hear(world, world.boss)
    await world.control.take(world.ada, first)
    await world.control.take(world.ada, first)
    for heard in (for_ben, for_boss):
        assert [(one.kind, one.conversation, one.customer, one.read) for one in heard] == [
            ("handoff", first, "Ana", True),
            ("waiting", first, "Ana", True),
        ]
    assert [await kinds(told, one) for one in (world.ada, world.ben, world.boss)] == [
        ["handoff"],
        ["mention", "handoff"],
        ["handoff"],
    ]


async def test_a_job_that_is_given_up_is_told_those_in_charge_once_an_hour_for_each_kind(
    world: World, told: Notifications
) -> None:
    conversation = await world.open()
    for_ada, for_boss = await hear(world, world.ada), await hear(world, world.boss)
    for kind in ("first kind", "first kind", "second kind"):
        await world.jobs.enqueue(
            NewJob(Lane.SYNC, kind, cause=str(uuid4()), shop=world.shop, conversation=conversation, max_tries=1)
        )
    await world.jobs.enqueue(NewJob(Lane.SYNC, "of no shop", cause="the operator's", max_tries=1))
    jobs = await world.jobs.claim(Lane.SYNC, world.worker, 10)
    assert len(jobs) == 4
    for job in jobs:
        assert await world.jobs.fail(job, "LookupError")
        assert await world.jobs.fail(job, "LookupError")
    assert [(one.kind, one.conversation, one.customer, one.read) for one in for_boss] == [
        ("job_dead", conversation, "Ana", False)
    ] * 2
    assert list(await unread(told, world.boss)) == for_boss
    assert for_ada == []
    world.clock.advance(hours=1)
    await world.jobs.enqueue(NewJob(Lane.SYNC, "first kind", cause="later", shop=world.shop, max_tries=1))
    await world.jobs.claim(Lane.SYNC, world.worker, 10)
    await make_due(world.database, "first kind")
    assert await world.jobs.claim(Lane.SYNC, world.worker, 10) == []
    assert [one.conversation for one in for_boss[2:]] == [None]


async def test_an_answer_that_is_given_up_calls_people_and_those_in_charge(world: World, told: Notifications) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    (claim,) = await world.replies.claim(world.worker, 1)
    assert await world.replies.fail(claim, "GenerationFailedError", is_final=True)
    assert [await kinds(told, one) for one in (world.ben, world.boss)] == [["handoff"], ["handoff", "job_dead"]]


async def test_a_low_rating_goes_to_who_handled_it_else_to_those_in_charge(world: World, told: Notifications) -> None:
    conversation = await world.open()
    await world.desk.rate(world.visitor, conversation, 3, None)
    await world.desk.rate(world.visitor, conversation, 2, "slow")
    await world.desk.rate(world.visitor, conversation, 1, "slow!")
    assert [await kinds(told, one) for one in (world.ada, world.boss)] == [[], ["csat_low"]]
    await world.sending.send(world.ada, conversation, str(uuid4()), "Hello")
    await world.control.release(world.ada, conversation, Controller.BOT)
    await world.control.close(world.ada, conversation)
    await world.desk.rate(world.visitor, conversation, 2, None)
    assert [await kinds(told, one) for one in (world.ada, world.boss)] == [["csat_low"], ["csat_low"]]


async def test_what_did_not_arrive_is_told_its_author_and_a_stopped_account_those_in_charge(
    world: World, told: Notifications
) -> None:
    conversation = await world.open()
    sent = await world.sending.send(world.ada, conversation, str(uuid4()), "Hello")

    async def step(change: Change) -> None:
        await tell_failed(change, sent.message)
        await tell_broken(change, world.shop)

    for _ in range(2):
        await world.changes.run(conversation, step)
    assert [await kinds(told, one) for one in (world.ada, world.boss)] == [["delivery_failed"], ["channel_broken"]]
    assert (await unread(told, world.boss))[0].conversation is None


async def test_a_change_that_is_rolled_back_tells_nobody(world: World, told: Notifications) -> None:
    heard, conversation = await hear(world, world.ada), await world.open()

    async def step(change: Change) -> None:
        await tell_team(change, "waiting", "a cause")
        raise RuntimeError("not after all")

    with pytest.raises(RuntimeError):
        await world.changes.run(conversation, step)
    assert (heard, await kinds(told, world.ada)) == ([], [])


async def test_the_same_cause_from_two_changes_at_once_tells_once(world: World, told: Notifications) -> None:
    heard = await hear(world, world.ada)
    conversations = [await world.open()]
    world.visitor = type(world.visitor)(uuid4(), world.shop, "Bea")
    conversations.append(await world.open())

    async def step(change: Change) -> None:
        await tell_team(change, "channel_broken", "one cause")

    await asyncio.gather(*(world.changes.run(one, step) for one in conversations))
    assert len(heard) == 1
    assert await kinds(told, world.ada) == ["channel_broken"]


async def test_only_ones_own_are_marked_and_told_to_all_connections(world: World, told: Notifications) -> None:
    await world.control.request_handoff(world.visitor, await world.open())
    heard = await hear(world, world.ada)
    (mine,), (bens,) = await unread(told, world.ada), await unread(told, world.ben)
    for _ in range(2):
        await told.mark_read(world.ada.id, [mine.id, bens.id, uuid4()])
    assert heard == [msgspec.structs.replace(mine, read=True)]
    assert [await kinds(told, one) for one in (world.ada, world.ben)] == [[], ["handoff"]]
    page = await told.page(world.ada.id, unread=False, before=None, limit=10)
    assert (page.notifications, page.cursor, page.unread) == (heard, None, 0)


async def test_pages_continue_where_the_last_one_ended(world: World, told: Notifications) -> None:
    conversation = await world.open()
    for number in range(5):
        await world.desk.add_note(world.ada, conversation, uuid4(), f"@Ben {number}")
    seen: list[UUID] = []
    cursor = None
    while True:
        page = await told.page(world.ben.id, unread=True, before=cursor, limit=2)
        assert page.unread == 5
        seen += [one.id for one in page.notifications]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [one.id for one in await unread(told, world.ben)][::-1]
    assert len(seen) == 5


async def test_staff_of_another_shop_is_told_nothing(world: World, told: Notifications) -> None:
    other = World(world.database)
    await other.populate()
    conversation = await world.open()
    await world.control.request_handoff(world.visitor, conversation)
    await world.desk.add_note(world.ada, conversation, uuid4(), "@Olive @Ben")
    assert [await kinds(told, one) for one in (other.ada, other.ben, other.boss)] == [[], [], []]


async def test_they_go_with_their_conversation_and_after_their_time(world: World, told: Notifications) -> None:
    first = await world.open()
    await world.control.request_handoff(world.visitor, first)
    async with world.store.write() as tx:
        counts = await tx.erasure.wipe_conversation(first)
        await tx.commit()
    assert counts["notifications"] == 3
    assert await kinds(told, world.ada) == []
    await world.control.assign(world.ada, first, world.ben.id)
    old = SqlOldNotifications(world.database)
    assert await old.prune(world.clock.now()) == 0
    assert await old.prune(world.clock.now() + timedelta(seconds=1)) == 1
    assert await kinds(told, world.ben) == []
