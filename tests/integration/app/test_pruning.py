"""Old events are removed, and nobody notices but by a snapshot in place of the events: on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec import convert
from sqlalchemy import update

from app.db import models
from app.db.pruning import CONVERSATIONS, EVENTS, SqlPruning
from app.domain.job import ClaimedJob, Lane
from app.domain.people import Role
from app.services.clock import SystemClock
from app.services.worker.pruning import PRUNE_KIND, PruneEvents
from realtime.bus.frame import Audience
from realtime.bus.topic import conversation_topic
from realtime.protocol import shapes
from realtime.protocol.events import frame_of_logged
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.reducer import reduce, seen_by
from tests.fixtures.wire_client import VisitorClient
from tests.integration.app.rig import Product, product, serving
from tests.integration.app.test_postgresql import server, template

__all__ = ["server", "template"]

KEEP_DAYS = 30
LONG_AGO = datetime.now(UTC) - timedelta(days=KEEP_DAYS + 1)


@pytest.fixture(params=["sqlite", "postgresql"])
def changes(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Yield the settings of a product on one of the databases, both of them at the newest revision."""
    if request.param == "sqlite":
        request.getfixturevalue("folder")
        yield {}
        return
    postgres: PostgresServer = request.getfixturevalue("server")
    url = postgres.create_database(request.getfixturevalue("template"))
    yield {"database_url": url}
    postgres.drop_database(url)


@pytest.fixture
async def rig(changes: dict[str, str], tmp_path: Path) -> AsyncIterator[Product]:
    async with product(tmp_path, **changes) as opened:
        yield opened


async def prune(rig: Product) -> None:
    """Do the nightly job."""
    now = datetime.now(UTC)
    job = ClaimedJob(uuid4(), Lane.BATCH, PRUNE_KIND, "test", None, None, None, {}, 1, 1, 5, now)
    await PruneEvents(SqlPruning(rig.core.database), SystemClock(), keep_days=KEEP_DAYS)(job)


async def close(rig: Product, conversation: UUID, *, at: datetime = LONG_AGO) -> None:
    """Close a conversation, as if that had been at a time."""
    await rig.parts.cases.control.close(rig.mine.staff[Role.AGENT], conversation)
    async with rig.core.database.write_session() as session:
        await session.execute(
            update(models.Conversation).where(models.Conversation.id == conversation).values(closed_at=at)
        )
        await session.commit()


async def log(rig: Product, conversation: UUID) -> list[int]:
    return [frame.seq for frame in (await rig.parts.cases.reads.read_log(conversation, 0, 10_000)).frames]


async def snapshot(rig: Product, conversation: UUID) -> shapes.Snapshot:
    found = await rig.parts.cases.reads.snapshot(rig.mine.staff[Role.OWNER], conversation)
    return convert(found.body, shapes.Snapshot)


async def test_only_the_log_of_what_was_closed_long_ago_goes_and_nothing_else_changes(rig: Product) -> None:
    visitor, old = await rig.open()
    await rig.ask(visitor, old)
    await rig.ask(visitor, old, "And when?")
    await close(rig, old)
    still_open = (await rig.open())[1]
    lately_visitor, lately = await rig.open()
    await rig.ask(lately_visitor, lately)
    await close(rig, lately, at=datetime.now(UTC) - timedelta(days=KEEP_DAYS - 1))
    before, kept = await snapshot(rig, old), (await log(rig, lately), await log(rig, still_open))
    assert await log(rig, old) == list(range(1, before.seq + 1))
    await prune(rig)
    assert await log(rig, old) == []
    assert (await log(rig, lately), await log(rig, still_open)) == kept
    assert await snapshot(rig, old) == before
    assert len(await rig.messages(old)) == 2


async def test_a_conversation_that_is_opened_again_goes_on_where_it_was(rig: Product) -> None:
    visitor, conversation = await rig.open()
    await rig.ask(visitor, conversation)
    await close(rig, conversation)
    await prune(rig)
    pruned = await snapshot(rig, conversation)
    await rig.parts.cases.control.reopen(rig.mine.staff[Role.AGENT], conversation)
    await prune(rig)
    page = await rig.parts.cases.reads.read_log(conversation, pruned.seq, 100)
    assert [frame.seq for frame in page.frames] == list(range(pruned.seq + 1, page.last_seq + 1)) != []
    reduced = pruned
    for event in seen_by(page.frames, staff=True):
        reduced = reduce(reduced, event)
    assert reduced == await snapshot(rig, conversation)
    await close(rig, conversation)
    await prune(rig)
    assert await log(rig, conversation) == []


async def test_many_and_long_ones_go_in_steps(rig: Product) -> None:
    visitor, longest = await rig.open()
    await rig.ask(visitor, longest)
    await close(rig, longest, at=LONG_AGO - timedelta(days=1))
    last = EVENTS + 50
    async with rig.core.database.write_session() as session:
        first = (await snapshot(rig, longest)).seq + 1
        for seq in range(first, last + 1):
            session.add(
                models.Event(
                    conversation_id=longest,
                    seq=seq,
                    shop_id=rig.mine.shop.id,
                    type="test",
                    staff=False,
                    epoch=0,
                    body='{"type":"test"}',
                )
            )
        await session.execute(
            update(models.Conversation).where(models.Conversation.id == longest).values(last_seq=last)
        )
        await session.commit()
    others = [(await rig.open())[1] for _ in range(CONVERSATIONS)]
    for other in others:
        await close(rig, other)
    pruning = SqlPruning(rig.core.database)
    assert await pruning.prune(datetime.now(UTC)) == CONVERSATIONS
    assert await log(rig, longest) == list(range(EVENTS + 1, last + 1))
    await prune(rig)
    assert [await log(rig, conversation) for conversation in (longest, *others)] == [[]] * (1 + len(others))
    assert await pruning.prune(datetime.now(UTC)) == 0


async def test_a_client_with_a_position_in_what_is_gone_gets_a_snapshot_and_never_a_gap(rig: Product) -> None:
    async with serving(rig) as url, VisitorClient(url, rig.mine.shop.widget_key) as widget:
        conversation = await widget.open()
        await widget.say(conversation, "Where is my parcel now?")
        view = widget.view(conversation)
        await widget.wait_for(lambda: view.texts("customer"))
        await widget.drop()
        behind = view.seq
        await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], UUID(conversation))
        await close(rig, UUID(conversation))
        await prune(rig)
        await widget.connect()
        [answer] = widget.welcome["conversations"]
        assert not answer["resumed"]
        assert (view.seq, view.status) == ((await snapshot(rig, UUID(conversation))).seq, "closed")
        assert view.seq > behind
        await widget.drop()
        await widget.connect()  # it stands at the end: nothing is missing, though nothing is left
        [answer] = widget.welcome["conversations"]
        assert (answer["resumed"], answer["events"]) == (True, [])
        await rig.parts.cases.control.reopen(rig.mine.staff[Role.AGENT], UUID(conversation))
        await widget.wait_for(lambda: view.status == "open")


async def test_a_node_that_missed_the_end_before_it_was_removed_tells_its_clients_to_resume(rig: Product) -> None:
    async with serving(rig) as url, VisitorClient(url, rig.mine.shop.widget_key) as widget:
        conversation = await widget.open()
        view = widget.view(conversation)
        async with rig.core.database.write_session() as session:  # by another node, whose publishes are lost
            found = await session.get_one(models.Conversation, UUID(conversation))
            found.status, found.closed_at, found.last_seq = "closed", LONG_AGO, found.last_seq + 3
            last = found.last_seq
            await session.commit()
        await prune(rig)
        late = frame_of_logged(Audience.ALL, last, 0, b'{"type":"test"}')  # the only one that came through
        await rig.core.bus.publish(conversation_topic(UUID(conversation)), late)
        await widget.wait_for(lambda: view.status == "closed")
        assert view.seq == (await snapshot(rig, UUID(conversation))).seq
        assert widget.of("resync") != []
