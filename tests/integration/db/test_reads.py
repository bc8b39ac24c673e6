"""What people read: for their eyes only, in pages, and with an index behind it."""

from __future__ import annotations

from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import event, text

from app.db.log_id import rotate_log
from app.domain.conversation import Controller
from app.domain.people import Role, Staff, Visitor
from app.services.ids import new_id
from app.services.notifications import Notifications
from realtime.bus.frame import Frame
from realtime.bus.topic import inbox_topic
from realtime.ports import CommandError
from realtime.protocol import events
from realtime.protocol.commands import MAX_POSITION, NotificationCursor
from tests.integration.db.world import World


async def test_visitors_see_nothing_of_the_staffs(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    await world.desk.add_note(world.ada, conversation, uuid4(), "Secret note")
    await world.desk.update(world.ada, conversation, labels=["vip"], priority="urgent", draft="Dear")
    body = (await world.reads.snapshot(world.visitor, conversation)).body
    assert {"notes", "labels", "priority", "draft", "snooze_until"}.isdisjoint(body)
    assert set(body["customer"]) <= {"id", "verified", "name"}
    seen = await world.snapshot(world.ada, conversation)
    assert [note.text for note in seen.notes] == ["Secret note"]
    assert (seen.labels, seen.priority, seen.draft) == (["vip"], "urgent", "Dear")


async def test_a_note_has_its_key(world: World) -> None:
    conversation = await world.open()
    key = uuid4()
    first = await world.desk.add_note(world.ada, conversation, key, "Once")
    assert await world.desk.add_note(world.ada, conversation, key, "Once") == first
    assert await world.desk.add_note(world.ben, conversation, key, "Ben's") != first
    assert len((await world.snapshot(world.ada, conversation)).notes) == 2


async def test_an_update_that_changes_nothing_is_not_logged(world: World) -> None:
    conversation = await world.open()
    until = "2026-02-01T09:00:00+01:00"
    for _ in range(2):
        await world.desk.update(world.ada, conversation, labels=[" vip", "vip"], snooze_until=until)
    assert await world.types(conversation) == ["conversation.updated"]
    await world.desk.update(world.ada, conversation, snooze_until=None)
    assert (await world.snapshot(world.ada, conversation)).snooze_until is None
    for wrong in ("soon", "2026-02-01T09:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(CommandError) as refused:
            await world.desk.update(world.ada, conversation, snooze_until=wrong)
        assert refused.value.code == "bad_frame"


async def test_receipts_only_grow_and_stay_within_the_log(world: World) -> None:
    conversation = await world.open()
    for _ in range(3):
        await world.ask(conversation)
    for seq in (2, 1, 2, 99, 99):
        await world.desk.mark_read(world.ada, conversation, seq)
    assert (await world.types(conversation))[3:] == ["receipt", "receipt"]
    (receipt,) = (await world.snapshot(world.visitor, conversation)).receipts
    assert (receipt.participant.name, receipt.read) == ("Ada", 3)
    await world.desk.mark_read(world.viewer, conversation, 5)
    assert len(await world.types(conversation)) == 5


async def test_thumbs_are_for_replies_of_the_bot(world: World) -> None:
    conversation = await world.open()
    sent = await world.ask(conversation)
    with pytest.raises(CommandError, match="no such reply"):
        await world.desk.give_feedback(world.visitor, conversation, sent.message, "up")
    claim = await world.begin("Hello")
    await world.finish(claim, "Hello")
    for value in ("up", "down"):
        await world.desk.give_feedback(world.visitor, conversation, claim.reply.id, value)


async def test_strangers_get_the_same_answer_as_for_what_is_not_there(world: World) -> None:
    conversation = await world.open()
    for actor in (Visitor(new_id(), world.shop), Staff(new_id(), new_id(), "Eve", Role.OWNER)):
        for read in (world.reads.check_watch, world.reads.snapshot, world.reads.messages):
            with pytest.raises(CommandError) as refused:
                await read(actor, conversation)
            assert (refused.value.code, refused.value.message) == ("not_found", "there is no such conversation")
            with pytest.raises(CommandError):
                await read(actor, uuid4())
    await world.reads.check_watch(world.viewer, conversation)


async def test_the_log_is_read_in_pages(world: World) -> None:
    conversation = await world.open()
    for _ in range(5):
        await world.ask(conversation)
    page = await world.reads.read_log(conversation, 1, 2)
    assert ([frame.seq for frame in page.frames], page.last_seq) == ([2, 3], 5)
    other = await world.reads.last_seqs([conversation, uuid4()])
    assert other == {conversation: (page.log, 5)}
    with pytest.raises(ValueError, match="at most 1000"):
        await world.reads.last_seqs([uuid4()] * 1001)


async def test_a_page_of_the_log_tells_epoch_and_running_reply(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    page = await world.reads.read_log(conversation, 10, 1)
    assert (page.epoch, page.running) == (1, claim.reply.id)
    await world.control.take(world.ada, conversation)
    page = await world.reads.read_log(conversation, 10, 1)
    assert (page.epoch, page.running) == (2, None)


async def test_after_a_restore_the_log_is_another(world: World) -> None:
    conversation = await world.open()
    before = (await world.reads.read_log(conversation, 0, 1)).log
    rotated = await rotate_log(world.database)
    assert rotated != before
    assert (await world.reads.read_log(conversation, 0, 1)).log == rotated
    assert (await world.snapshot(world.visitor, conversation)).log == rotated


async def test_messages_are_read_back_in_pages(world: World) -> None:
    conversation = await world.open()
    for count in range(55):
        await world.ask(conversation, f"Message {count}")
    snapshot = await world.snapshot(world.visitor, conversation)
    assert (len(snapshot.messages), snapshot.more) == (50, True)
    older = await world.reads.messages(world.visitor, conversation, before=snapshot.messages[0].seq, limit=3)
    assert ([one.text for one in older.messages], older.before) == (["Message 2", "Message 3", "Message 4"], 3)
    oldest = await world.reads.messages(world.visitor, conversation, before=older.before, limit=3)
    assert ([one.text for one in oldest.messages], oldest.before) == (["Message 0", "Message 1"], None)


async def test_queues_hold_what_they_say(world: World) -> None:
    mine, unassigned, bots = [await _talk(world) for _ in range(3)]
    await world.control.take(world.ada, mine)
    await world.control.take(world.ada, unassigned)
    await world.control.release(world.ada, unassigned, Controller.QUEUE)
    closed = await _talk(world)
    await world.control.close(world.ada, closed)
    await world.open()  # nobody has written in it yet
    queues = {
        queue: {str(one["id"]) for one in await world.reads.inbox(world.ada, queue)}
        for queue in ("mine", "unassigned", "bot", "all")
    }
    assert queues == {
        "mine": {str(mine)},
        "unassigned": {str(unassigned)},
        "bot": {str(bots)},
        "all": {str(mine), str(unassigned), str(bots)},
    }


async def test_conversations_are_listed_in_pages_and_searched(world: World) -> None:
    opened = []
    for count in range(5):
        world.clock.advance(minutes=count % 2)  # some share their time
        opened.append(await _talk(world, f"About parcel_{count}"))
    seen, cursor = [], None
    while True:
        page = await world.reads.conversations(world.viewer, cursor=cursor, limit=2)
        seen += [one.id for one in page.conversations]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert set(seen) == set(opened)
    found = await world.reads.conversations(world.viewer, q="PARCEL_3")
    assert [one.id for one in found.conversations] == [opened[3]]
    with pytest.raises(CommandError, match="cursor"):
        await world.reads.conversations(world.viewer, cursor="bm9uZQ==")


async def test_a_summary_follows_every_change(world: World) -> None:
    heard: list[Frame] = []
    await world.bus.subscribe(inbox_topic(world.shop), lambda _, frame: heard.append(frame))
    conversation = await world.open()
    await world.ask(conversation, "Where is it?")
    await world.control.take(world.ada, conversation)
    changed = [msgspec.json.decode(frame.body, type=events.InboxChanged).summary for frame in heard]
    assert [one.seq for one in changed] == [1, 3]
    last = changed[-1]
    assert last.holder is not None
    assert last.last_message is not None
    assert (last.holder.name, last.unread, last.last_message.text) == ("Ada", 1, "Where is it?")
    (listed,) = await world.reads.inbox(world.ada, "mine")
    assert msgspec.convert(listed, type(last)) == last


async def _talk(world: World, about: str = "Hi") -> UUID:
    world.visitor = Visitor(new_id(), world.shop, "Ana")
    conversation = await world.open()
    await world.ask(conversation, about)
    return conversation


async def test_lines_are_read_by_their_ids_whatever_list_they_are_in(world: World) -> None:
    conversation = await world.open()
    await world.control.close(world.ada, conversation)
    (line,) = await world.reads.summaries([conversation, new_id()])
    assert (line["id"], line["status"]) == (str(conversation), "closed")
    assert (await world.reads.last_seqs([conversation]))[conversation][1] == line["seq"]


async def test_after_a_position_of_the_far_future_there_is_nothing(world: World) -> None:
    conversation = await world.open()
    await world.ask(conversation)
    page = await world.reads.read_log(conversation, MAX_POSITION, 10)
    assert (list(page.frames), page.last_seq > 0) == ([], True)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_hot_queries_use_their_index(world: World) -> None:
    """With sequential scans made expensive, a plan that still has one has no index to use."""
    conversation = await world.open()
    await world.ask(conversation)
    claim = await world.begin("It is")
    await world.finish(claim, "It is")
    queries: list[tuple[str, object]] = []
    engine = world.database.engine.sync_engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _cursor, sql, parameters, *_: queries.append((sql, parameters))
    )
    await world.reads.read_log(conversation, 0, 10)
    await world.reads.last_seqs([conversation])
    await world.reads.messages(world.ada, conversation, before=9)
    for queue in ("mine", "unassigned", "bot", "all"):
        await world.reads.inbox(world.ada, queue)
    await world.active_reply(conversation)
    await world.replies.claim(world.worker, 1)
    told = Notifications(world.store, world.publisher, world.clock)
    cursor = NotificationCursor(after=new_id(), unread=[new_id()])
    await told.missed(world.ada.id, cursor)
    await told.page(world.ada.id, unread=False, before=new_id(), limit=10)
    await told.unread([world.ada.id, world.ben.id])
    await told.own(world.ada.id, [new_id()])
    explained = 0
    async with world.database.read_session() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        connection = await session.connection()
        for sql, parameters in list(queries):
            if not sql.lstrip().upper().startswith("SELECT"):
                continue
            plan = (await connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)).scalars().all()  # type: ignore[arg-type]
            scans = [line for line in plan if "Seq Scan on" in line and "users" not in line and "meta" not in line]
            assert scans == [], sql
            explained += 1
    assert explained >= 15
