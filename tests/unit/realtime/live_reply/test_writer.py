"""The writer, one trouble at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from realtime.bus.frame import Frame, Kind
from realtime.bus.memory import MemoryBus
from realtime.bus.topic import conversation_topic
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import Begun, LiveReplyUnavailableError
from realtime.live_reply.writer import ReplyEnded, ReplyWriter, StoredTextDiffersError, StoreIsAhead
from tests.fixtures.bus_ear import BusEar

MESSAGE = UUID(int=1)
OWNER = (MESSAGE, 1, 1)


class FailingLiveReply(MemoryLiveReply):
    """Refuses so many appends; `applies` says whether each was carried out and only its answer lost."""

    failures = 0
    applies = False

    async def append(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, start: int, text: str, ids: Sequence[int]
    ) -> int:
        fails = self.failures > 0
        self.failures -= fails
        if fails and not self.applies:
            raise LiveReplyUnavailableError("away")
        end = await super().append(conversation, message, epoch, attempt, start=start, text=text, ids=ids)
        if fails:
            raise LiveReplyUnavailableError("answer lost")
        return end


class Desk:
    """A worker's surroundings: store, what the database says, and what was published."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.live = FailingLiveReply(self.bus)
        self.conversation = uuid4()
        self.is_running = True
        self.is_valid = True
        self.asked: list[UUID | str | None] = []
        self.ear = BusEar(self.bus, conversation_topic(self.conversation))

    async def writer(self, coalesce_ms: float = 0, attempt: int = 1) -> ReplyWriter:
        begun = await self.live.begin(self.conversation, MESSAGE, 1, attempt)
        self.ear = await BusEar.open(self.bus, conversation_topic(self.conversation))
        return self.new_writer(begun, coalesce_ms, attempt)

    def new_writer(self, begun: Begun, coalesce_ms: float = 0, attempt: int = 1) -> ReplyWriter:
        return ReplyWriter(
            self.live,
            self.conversation,
            MESSAGE,
            1,
            attempt,
            begun,
            coalesce_ms,
            revalidate=self.revalidate,
            fenced=self.fenced,
            valid=lambda: self.is_valid,
            backoff_s=(0.001, 0.002),
        )

    async def revalidate(self) -> bool:
        self.asked.append("database")
        return self.is_running

    async def fenced(self, cut_id: UUID | None) -> bool:
        self.asked.append(cut_id)
        return self.is_running

    def deltas(self) -> list[tuple[int, int]]:
        return [(frame.start, frame.end) for frame in self.ear.frames if frame.kind is Kind.DELTA]

    async def stored(self) -> tuple[str, tuple[int, ...]]:
        live = await self.live.read(self.conversation)
        assert live is not None
        return live.text, live.ids


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_the_first_token_goes_at_once_and_later_ones_are_merged(desk: Desk) -> None:
    writer = await desk.writer(coalesce_ms=60_000)
    await writer.write("Grüße", [1])
    await turns()
    assert desk.deltas() == [(0, 7)]
    for number, text in enumerate([" an", " ", "🙂"]):
        await writer.write(text, [2 + number])
        await turns()
    assert desk.deltas() == [(0, 7)]
    await writer.flush()
    assert desk.deltas() == [(0, 7), (7, 15)]
    assert writer.end == 15
    assert await desk.stored() == ("Grüße an 🙂", (1, 2, 3, 4))


async def test_merged_tokens_go_out_by_themselves_when_the_window_ends(desk: Desk) -> None:
    writer = await desk.writer(coalesce_ms=30)
    loop = asyncio.get_running_loop()
    began = loop.time()
    arrived: asyncio.Future[float] = loop.create_future()

    def note_time(topic: str, frame: Frame) -> None:
        if frame.start > 0:
            arrived.set_result(loop.time())

    await desk.bus.subscribe(conversation_topic(desk.conversation), note_time)
    await writer.write("one", [1])
    await turns()
    await writer.write(" two", [2])
    await writer.write(" three", [3])
    assert await arrived - began >= 0.029
    assert desk.deltas() == [(0, 3), (3, 13)]


async def test_ids_without_text_go_with_the_next_text(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("", [1])
    await turns()
    assert desk.deltas() == []
    await writer.write("🙂", [2])
    await writer.write("", [3])
    await writer.finish()
    assert writer.text == "🙂"
    assert writer.ids == (1, 2, 3)
    assert writer.confirmed[0] == "🙂"
    assert await desk.live.read(desk.conversation) is None


@pytest.mark.parametrize("applies", [False, True], ids=["not carried out", "answer lost"])
async def test_an_append_is_repeated_until_it_is_answered(desk: Desk, applies: bool) -> None:
    desk.live.failures, desk.live.applies = 5, applies
    writer = await desk.writer()
    await writer.write("one", [1])
    await turns(2)
    await writer.write(" two", [2])
    await writer.flush()
    assert await desk.stored() == ("one two", (1, 2))
    assert desk.deltas() == [(0, 3), (3, 7)]
    assert desk.asked == []


async def test_a_lost_record_is_made_again_after_a_look_into_the_database(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    desk.live.clear()
    await writer.write(" two", [2])
    await writer.flush()
    assert desk.asked == ["database"]
    assert await desk.stored() == ("one two", (1, 2))
    assert desk.deltas() == [(0, 3), (3, 7)]


async def test_a_lost_record_of_an_ended_reply_stays_lost(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    desk.live.clear()
    desk.is_running = False
    await writer.write(" two", [2])
    with pytest.raises(ReplyEnded) as ended:
        await writer.flush()
    assert ended.value.cut_id is None
    with pytest.raises(ReplyEnded):
        await writer.write(" three", [3])
    assert await desk.live.read(desk.conversation) is None


async def test_a_cut_that_was_committed_ends_the_writer(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    desk.is_running, cut_id = False, uuid4()
    await desk.live.cut(desk.conversation, 2, cut_id)
    await writer.write(" two", [2])
    with pytest.raises(ReplyEnded) as ended:
        await writer.finish()
    assert ended.value.cut_id == cut_id
    assert desk.asked == [cut_id]
    assert desk.deltas() == [(0, 3)]


async def test_a_cut_that_was_rolled_back_is_taken_away(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    cut_id = uuid4()
    await desk.live.cut(desk.conversation, 2, cut_id)
    await writer.write(" two", [2])
    await writer.flush()
    assert desk.asked == [cut_id]
    assert await desk.stored() == ("one two", (1, 2))
    assert not await desk.live.uncut(desk.conversation, cut_id)


async def test_finishing_under_a_cut_asks_the_database_too(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    desk.is_running, cut_id = False, uuid4()
    await desk.live.cut(desk.conversation, 1, cut_id, message=MESSAGE)
    with pytest.raises(ReplyEnded):
        await writer.finish()
    assert desk.asked == [cut_id]


async def test_a_newer_attempt_ends_the_writer(desk: Desk) -> None:
    writer = await desk.writer()
    await desk.live.begin(desk.conversation, MESSAGE, 1, 2)
    desk.is_running = False
    await writer.write("one", [1])
    with pytest.raises(ReplyEnded):
        await writer.flush()
    assert desk.asked == [None]


async def test_nothing_is_sent_while_the_worker_is_not_valid(desk: Desk) -> None:
    desk.is_valid = False
    writer = await desk.writer()
    await writer.write("one", [1])
    await turns()
    await asyncio.sleep(0.01)
    assert desk.deltas() == []
    desk.is_valid = True
    await writer.flush()
    assert desk.deltas() == [(0, 3)]


async def test_a_writer_told_to_end_raises_and_sends_no_more(desk: Desk) -> None:
    desk.is_valid = False
    writer = await desk.writer()
    await writer.write("one", [1])
    await turns()
    flushing = asyncio.create_task(writer.flush())
    await turns()
    writer.end_now()
    with pytest.raises(ReplyEnded):
        await flushing
    desk.is_valid = True
    with pytest.raises(ReplyEnded):
        await writer.write(" two", [2])
    await writer.aclose()
    await writer.aclose()
    assert desk.deltas() == []


async def test_what_a_callback_raises_reaches_the_worker(desk: Desk) -> None:
    async def fail() -> bool:
        raise LookupError("no database")

    desk.revalidate = fail  # type: ignore[method-assign]
    writer = await desk.writer()
    desk.live.clear()
    await writer.write("one", [1])
    with pytest.raises(LookupError, match="no database"):
        await writer.flush()


async def test_an_adopted_reply_goes_on_where_it_was(desk: Desk) -> None:
    first = await desk.writer()
    await first.write("Grüße", [1, 2])
    await first.flush()
    second = await desk.writer(attempt=2)
    assert (second.text, second.ids, second.end) == ("Grüße", (1, 2), 7)
    await second.write("!", [3])
    await second.flush()
    assert await desk.stored() == ("Grüße!", (1, 2, 3))


async def test_own_text_that_the_store_has_already_is_not_sent_again(desk: Desk) -> None:
    """The append was carried out, its answer was lost, and then the record's owner had to begin again."""

    async def revalidate() -> bool:
        await desk.live.begin(desk.conversation, *OWNER, text="one two", ids=[1, 2])
        return True

    desk.revalidate = revalidate  # type: ignore[method-assign]
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    desk.live.clear()
    await writer.write(" two", [2])
    await writer.flush()
    await writer.write(" three", [3])
    await writer.flush()
    assert await desk.stored() == ("one two three", (1, 2, 3))
    assert desk.deltas() == [(0, 3), (7, 13)]


@pytest.mark.parametrize("said", [" two", " 2"], ids=["the same as the store's", "something else, not sent yet"])
async def test_more_text_in_the_store_than_was_sent_is_to_be_gone_on_from(desk: Desk, said: str) -> None:
    """An older owner, superseded and not aware of it yet, made the forgotten record again with what it had sent."""
    writer = await desk.writer(attempt=2)
    await writer.write("one", [1])
    await writer.flush()
    desk.live.clear()
    await desk.live.begin(desk.conversation, *OWNER, text="one two three", ids=[1, 2, 3])
    await writer.write(said, [2])
    with pytest.raises(StoreIsAhead) as ahead:
        await writer.flush()
    begun = ahead.value.begun
    assert (begun.text, begun.ids, begun.end) == ("one two three", (1, 2, 3), 13)
    assert writer.confirmed == ("one", (1,))
    following = desk.new_writer(begun, attempt=2)
    await following.write(" four", [4])
    await following.finish()
    assert desk.deltas() == [(0, 3), (13, 18)]


async def test_foreign_text_under_this_very_attempt_is_an_error(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.write("one", [1])
    await writer.flush()
    desk.live.clear()
    await desk.live.begin(desk.conversation, *OWNER, text="other text", ids=[9])
    await writer.write(" two", [2])
    with pytest.raises(StoredTextDiffersError):
        await writer.flush()
