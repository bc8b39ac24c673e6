"""Messages that share a transaction while the database fails under it: each is stored once, and waits for no other."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

import app.db.database
import app.db.sqlite
from app.db import models
from app.db.database import MAX_OVERFLOW, Database
from app.db.import_store import bump_catalogue
from app.db.store import SqlStore
from app.domain.people import Visitor
from app.services.ids import new_id
from app.services.ports import Transaction
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.jump import Jump, jump
from tests.fixtures.mortals import Mortals
from tests.fixtures.wire_units import Unit
from tests.integration.db.crowd import Commit, Crowd
from tests.integration.db.dying_crowd import DEATHS, KEY
from tests.integration.db.world import World, together

SOON_S = 20  # nobody else's lock is let go before that
SPOILING = """
CREATE SEQUENCE spoilt;
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.text LIKE 'always %' OR NEW.text LIKE 'once %' AND nextval('spoilt') = 1 THEN
    RAISE EXCEPTION USING ERRCODE = right(NEW.text, 5), MESSAGE = 'spoilt';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER spoil BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION spoil();
"""
HEALING = "DROP TRIGGER spoil ON messages; DROP FUNCTION spoil; DROP SEQUENCE spoilt;"

__all__ = ["jump"]

on_postgresql = pytest.mark.parametrize("backend", ["postgresql"])


@pytest.fixture
def crowd(world: World) -> Crowd:
    return Crowd(world)


@pytest.fixture
async def spoiling(database: Database) -> AsyncIterator[None]:
    """The server fails with the code that ends a message: with `once` the first time, or `always`."""
    async with database.driver() as driver:
        await driver.execute(SPOILING)
    yield
    async with database.driver() as driver:
        await driver.execute(HEALING)


async def check(crowd: Crowd, conversation: UUID, texts: Sequence[str]) -> None:
    """Check that these messages, and nothing else, were stored, and that an answer is due."""
    assert await crowd.texts(conversation) == list(texts)
    assert await crowd.world.types(conversation) == ["message.created"] * len(texts)
    reply = await crowd.world.active_reply(conversation)
    assert (None if reply is None else reply.covers_seq) == (len(texts) or None)


@on_postgresql
async def test_whom_another_process_has_locked_keeps_nobody_waiting(crowd: Crowd) -> None:
    first, second, held, *others = await crowd.open(6)
    async with crowd.world.store.write() as tx:
        await tx.conversations.lock(held)
        said = await crowd.say_together([(one, "0") for one in (first, second, held, *others)])
        late = [said.pop(2), *(asyncio.create_task(crowd.say(held, number)) for number in "12")]
        async with asyncio.timeout(SOON_S):
            await asyncio.gather(*said)
            for number in "12":
                await asyncio.gather(*(crowd.say(one, number) for one in (first, second, *others)))
        assert not any(task.done() for task in late)
    await asyncio.gather(*late)
    for conversation in (first, second, held, *others):
        await check(crowd, conversation, "012")


@on_postgresql
async def test_who_holds_a_conversation_and_does_nothing_loses_it(
    crowd: Crowd, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process does that froze, or whose packets vanish."""
    monkeypatch.setattr(app.db.database, "IDLE_S", 1)
    (conversation,) = await crowd.open(1)
    frozen = Database(database_url)
    async with SqlStore(frozen).write() as tx:
        await tx.conversations.lock(conversation)
        async with asyncio.timeout(SOON_S):
            await crowd.say(conversation, "Hi")
        with pytest.raises(DBAPIError):
            await tx.conversations.lock(conversation)
    await frozen.aclose()
    await check(crowd, conversation, ["Hi"])


@on_postgresql
async def test_a_shop_that_is_locked_keeps_no_other_waiting(crowd: Crowd, database: Database) -> None:
    neighbour = World(database)
    await neighbour.populate()
    first, second, held = await crowd.open(3)
    *_, other = await crowd.open(1, neighbour.shop)
    await crowd.say(first, "0")
    async with database.write_session() as session:
        await session.execute(text("SELECT id FROM shops WHERE id = :id FOR UPDATE"), {"id": crowd.world.shop})
        said = await crowd.say_together([(one, "1") for one in (first, second, held, other)])
        async with asyncio.timeout(SOON_S):
            await said.pop()
        assert not any(task.done() for task in said)
    await asyncio.gather(*said)
    await check(crowd, held, ["1"])


async def test_a_catalogue_that_is_being_written_keeps_no_message_waiting(crowd: Crowd, database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("has one writer at a time")
    (conversation,) = await crowd.open(1)
    async with database.write_session() as session:
        await bump_catalogue(session, crowd.world.shop)
        await session.flush()
        async with asyncio.timeout(SOON_S):
            await crowd.say(conversation, "Hi")


@on_postgresql
@pytest.mark.parametrize("code", ["40001", "40P01", "57014", "53200", "55P03", "23514"])
async def test_a_transaction_that_the_server_refuses_costs_no_message(crowd: Crowd, spoiling: None, code: str) -> None:
    conversations = await crowd.open(6)
    said = [(one, f"once {code}" if number == 3 else "Hi") for number, one in enumerate(conversations)]
    await asyncio.gather(*await crowd.say_together(said))
    for conversation, words in said:
        await check(crowd, conversation, [words])


@on_postgresql
async def test_a_message_that_the_server_never_takes_fails_alone(crowd: Crowd, spoiling: None) -> None:
    conversations = await crowd.open(6)
    said = [(one, "always 23514" if number == 3 else "Hi") for number, one in enumerate(conversations)]
    results = await together(*await crowd.say_together(said))
    assert [number for number, result in enumerate(results) if isinstance(result, BaseException)] == [3]
    for conversation, words in said:
        await check(crowd, conversation, [words] if words == "Hi" else [])
    await crowd.say(conversations[3], "Hi")
    await check(crowd, conversations[3], ["Hi"])


async def test_a_limit_that_breaks_for_one_breaks_for_nobody_else(world: World) -> None:
    asked: Counter[UUID] = Counter()
    waited = asyncio.Event()

    async def limit(sender: UUID) -> int | None:
        asked[sender] += 1
        place = [one.id for one in process.of.values()].index(sender)
        if place == 3:
            raise ZeroDivisionError
        if place == 4:
            await asyncio.sleep(0)  # longer than the one who fails
            waited.set()
            return 1000
        return None

    process = Crowd(world, limit=limit)
    conversations = await process.open(7)
    results = await together(*await process.say_together([(one, "Hi") for one in conversations]))
    assert {number: type(one).__name__ for number, one in enumerate(results) if isinstance(one, Exception)} == {
        3: "ZeroDivisionError",
        4: "CommandError",
    }
    assert waited.is_set()
    for number, conversation in enumerate(conversations):
        await check(process, conversation, [] if number in (3, 4) else ["Hi"])


@pytest.mark.parametrize("commits", [True, False])
async def test_a_commit_whose_answer_is_lost_is_found_and_published(crowd: Crowd, *, commits: bool) -> None:
    conversations = await crowd.open(5)
    heard = [await crowd.world.watch(one) for one in conversations]

    async def breaking(commit: Commit, parts: Sequence[Transaction]) -> None:
        if commits:
            await commit(parts)
        raise ConnectionResetError

    crowd.store.at_commit = breaking
    sent = await asyncio.gather(*await crowd.say_together([(one, "Hi") for one in conversations]))
    assert [one.seq for one in sent] == [1] * 5
    for conversation, frames in zip(conversations, heard, strict=True):
        await check(crowd, conversation, ["Hi"])
        assert [frame.seq for frame in frames] == [1]


@on_postgresql
async def test_connections_that_end_in_mid_transaction_cost_no_message(world: World) -> None:
    async def limit(sender: UUID) -> None:
        """End all connections but one's own, once: those of the common transactions among them."""
        if sender in ending:
            ending.clear()
            async with world.database.engine.connect() as connection:
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )

    crowd = Crowd(world, limit=limit)
    conversations = await crowd.open(6)
    ending = {crowd.of[conversations[4]].id}
    await asyncio.gather(*await crowd.say_together([(one, "Hi") for one in conversations]))
    assert not ending
    for conversation in conversations:
        await check(crowd, conversation, ["Hi"])


@on_postgresql
async def test_without_a_free_connection_plain_messages_go_on(world: World, database_url: str) -> None:
    crowd = Crowd(world, database=Database(database_url, pool_size=1))
    conversations = await crowd.open(6)
    async with AsyncExitStack() as stack:
        for _ in range(1 + MAX_OVERFLOW):
            await stack.enter_async_context(crowd.database.write_session())
        async with asyncio.timeout(SOON_S):
            await asyncio.gather(*await crowd.say_together([(one, "Hi") for one in conversations]))
    for conversation in conversations:
        await check(crowd, conversation, ["Hi"])
    await crowd.database.aclose()


@on_postgresql
async def test_a_connection_that_falls_silent_is_given_up(database_url: str, world: World, jump: Jump) -> None:
    """Its packets vanish, those of all others arrive."""
    silent: set[object] = set()
    never = asyncio.Event()

    async def hold() -> None:
        await never.wait()

    def hush(connection: object, outgoing: bool, unit: Unit) -> Awaitable[None] | None:
        if outgoing and b"SKIP LOCKED" in unit.data and len(silent) < 2:
            silent.add(connection)
            jump(app.db.database.DRIVER_S)
        return hold() if connection in silent else None

    address = make_url(database_url)
    assert address.host is not None
    assert address.port is not None
    wire = FaultProxy((address.host, address.port), "bytes")
    through = address.set(port=await wire.start()).render_as_string(hide_password=False)
    wire.trap = hush
    crowd = Crowd(world, database=Database(through))
    try:
        conversations = await crowd.open(6)
        async with asyncio.timeout(SOON_S):
            await asyncio.gather(*await crowd.say_together([(one, "Hi") for one in conversations]))
        assert len(silent) == 2
        for conversation in conversations:
            await check(crowd, conversation, ["Hi"])
    finally:
        await crowd.database.aclose()
        await wire.aclose()


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_another_writer_of_the_file_costs_no_message(
    database_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.db.sqlite, "BUSY_TIMEOUT_S", 0.05)
    crowd = Crowd(world, database=Database(database_url))
    conversations = await crowd.open(5)
    said = [(one, "Hi") for one in conversations]
    path = make_url(database_url).database
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await together(*await crowd.say_together(said, key="the same"))
        assert {type(one).__name__ for one in results} == {"OperationalError"}
    await asyncio.gather(*await crowd.say_together(said, key="the same"))
    for conversation in conversations:
        await check(crowd, conversation, ["Hi"])
    await crowd.database.aclose()


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals("tests.integration.db.dying_crowd")
    yield mortals
    mortals.close()


@pytest.mark.parametrize("step", DEATHS)
async def test_a_process_that_dies_at_a_step_loses_and_doubles_nothing(
    world: World, database_url: str, tmp_path: Path, mortals: Mortals, step: str
) -> None:
    visitors = [Visitor(new_id(), world.shop, "Ana") for _ in range(6)]
    await mortals.die(tmp_path, step, database_url, str(world.shop), *(str(one.id) for one in visitors))
    crowd = Crowd(world)
    conversations = [await crowd.join(visitor) for visitor in visitors]
    if step in ("committed", "published"):
        for conversation in conversations[2:]:
            await check(crowd, conversation, [step])
    # Who was not answered says it again, under the same key.
    await asyncio.gather(*await crowd.say_together([(one, step) for one in conversations], KEY))
    for conversation in conversations:
        await check(crowd, conversation, [step])
    assert len(await world.all_of(models.Response)) == len(visitors)
    assert len(await world.all_of(models.Job)) == 2 * len(visitors)
