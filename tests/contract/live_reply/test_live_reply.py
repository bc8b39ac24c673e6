"""What every live reply does: append-only text, one owner, nothing created by an append."""

from uuid import UUID, uuid4

import msgspec
import pytest

from realtime.bus.frame import Frame, Kind
from realtime.live_reply.port import FencedError, UnknownReplyError
from tests.contract.live_reply.conftest import TTL_S, Store

TEXT = "Grüße 🙂!"  # bytes: Gr 2, ü 2, ß 2, e 1, space 1, smile 4, ! 1 = 13
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
def conversation() -> UUID:
    return uuid4()


def positions(frames: list[Frame]) -> list[tuple[str, int, int]]:
    return [(frame.kind.name, frame.start, frame.end) for frame in frames]


async def test_begin_of_nothing_creates_and_publishes_the_start(store: Store, conversation: UUID) -> None:
    ear = await store.listen(conversation)
    begun = await store.here.begin(conversation, A, 3, 2)
    assert (begun.text, begun.ids, begun.end) == ("", (), 0)
    [frame] = await ear.heard_all()
    assert (frame.kind, frame.epoch, frame.attempt, frame.message) == (Kind.STARTED, 3, 2, A)
    assert msgspec.json.decode(frame.body) == {
        "type": "reply.started",
        "conversation": str(conversation),
        "message": str(A),
        "epoch": 3,
    }


async def test_appends_are_published_as_deltas_in_bytes(store: Store, conversation: UUID) -> None:
    ear = await store.listen(conversation)
    await store.here.begin(conversation, A, 3, 2)
    assert await store.here.append(conversation, A, 3, 2, start=0, text="Grüße", ids=[5, 6]) == 7
    assert await store.here.append(conversation, A, 3, 2, start=7, text=" 🙂!", ids=[7]) == 13
    _, first, second = await ear.heard_all()
    assert (first.kind, first.epoch, first.attempt, first.message, first.start, first.end) == (
        Kind.DELTA,
        3,
        2,
        A,
        0,
        7,
    )
    assert msgspec.json.decode(second.body) == {
        "type": "reply.delta",
        "conversation": str(conversation),
        "message": str(A),
        "epoch": 3,
        "from": 7,
        "to": 13,
        "text": " 🙂!",
    }
    live = await store.there.read(conversation)
    assert live is not None
    assert (live.message, live.epoch, live.attempt) == (A, 3, 2)
    assert (live.start, live.end, live.text, live.ids, live.cut) == (0, 13, TEXT, (5, 6, 7), False)


async def test_the_same_append_again_changes_and_publishes_nothing(store: Store, conversation: UUID) -> None:
    ear = await store.listen(conversation)
    await store.here.begin(conversation, A, 1, 1)
    for _ in range(3):
        assert await store.here.append(conversation, A, 1, 1, start=0, text="Grüße", ids=[5]) == 7
    assert positions(await ear.heard_all()) == [("STARTED", 0, 0), ("DELTA", 0, 7)]
    live = await store.here.read(conversation)
    assert live is not None
    assert (live.text, live.ids) == ("Grüße", (5,))


@pytest.mark.parametrize(("start", "text"), [(4, "x"), (6, "xy"), (0, "a"), (0, "other")])
async def test_an_append_that_does_not_join_on_is_unknown(
    store: Store, conversation: UUID, start: int, text: str
) -> None:
    await store.here.begin(conversation, A, 1, 1, text="hello")
    ear = await store.listen(conversation)
    with pytest.raises(UnknownReplyError):
        await store.here.append(conversation, A, 1, 1, start=start, text=text, ids=[1])
    assert await ear.heard_all() == []


async def test_an_append_carries_text(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    with pytest.raises(ValueError, match="carries text"):
        await store.here.append(conversation, A, 1, 1, start=0, text="", ids=[1])


async def test_an_append_never_creates_the_record(store: Store, conversation: UUID) -> None:
    ear = await store.listen(conversation)
    with pytest.raises(UnknownReplyError):
        await store.here.append(conversation, A, 1, 1, start=0, text="x", ids=[1])
    assert await store.here.read(conversation) is None
    assert await ear.heard_all() == []


async def test_after_losing_everything_the_reply_goes_on_from_its_whole_text(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    await store.here.append(conversation, A, 1, 1, start=0, text="Grüße", ids=[5])
    store.forget(conversation)
    ear = await store.listen(conversation)
    with pytest.raises(UnknownReplyError):
        await store.here.append(conversation, A, 1, 1, start=7, text=" 🙂", ids=[6])
    begun = await store.here.begin(conversation, A, 1, 1, text="Grüße", ids=[5])
    assert (begun.text, begun.ids, begun.end) == ("Grüße", (5,), 7)
    assert await store.here.append(conversation, A, 1, 1, start=7, text=" 🙂", ids=[6]) == 12
    assert positions(await ear.heard_all()) == [("STARTED", 0, 0), ("DELTA", 7, 12)]


async def test_a_newer_attempt_adopts_text_and_ids(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    await store.here.append(conversation, A, 1, 1, start=0, text="Grüße", ids=[5, 6])
    ear = await store.listen(conversation)
    begun = await store.there.begin(conversation, A, 1, 2, text="Gr", ids=[5])
    assert (begun.text, begun.ids, begun.end) == ("Grüße", (5, 6), 7)
    with pytest.raises(FencedError) as refused:
        await store.here.append(conversation, A, 1, 1, start=7, text="x", ids=[1])
    assert (refused.value.epoch, refused.value.cut_id) == (1, None)
    assert await store.there.append(conversation, A, 1, 2, start=7, text="!", ids=[7]) == 8
    frames = await ear.heard_all()
    assert [(frame.kind, frame.attempt) for frame in frames] == [(Kind.STARTED, 2), (Kind.DELTA, 2)]


async def test_begin_keeps_the_longer_of_stored_and_given(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1, text="He", ids=[1])
    begun = await store.here.begin(conversation, A, 1, 2, text="Hello", ids=[1, 2])
    assert (begun.text, begun.ids) == ("Hello", (1, 2))
    begun = await store.here.begin(conversation, A, 1, 3, text="Hello", ids=[1])
    assert (begun.text, begun.ids) == ("Hello", (1, 2))


async def test_a_repeated_begin_is_not_announced_again(store: Store, conversation: UUID) -> None:
    ear = await store.listen(conversation)
    await store.here.begin(conversation, A, 1, 1)
    await store.here.begin(conversation, A, 1, 1)
    assert positions(await ear.heard_all()) == [("STARTED", 0, 0)]


async def test_an_older_attempt_or_epoch_cannot_begin(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 2, 2)
    ear = await store.listen(conversation)
    for message, epoch, attempt in [(A, 2, 1), (A, 1, 9), (B, 1, 9)]:
        with pytest.raises(FencedError) as refused:
            await store.there.begin(conversation, message, epoch, attempt)
        assert (refused.value.epoch, refused.value.cut_id) == (2, None)
    assert await ear.heard_all() == []


async def test_the_next_reply_of_the_epoch_replaces_the_last(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 3, text="old", ids=[1])
    begun = await store.there.begin(conversation, B, 1, 1)
    assert begun.text == ""
    with pytest.raises(FencedError):
        await store.here.append(conversation, A, 1, 3, start=3, text="x", ids=[1])
    await store.there.append(conversation, B, 1, 1, start=0, text="new", ids=[2])


@pytest.mark.parametrize("owner", [(A, 2, 3), (A, 3, 1), (B, 3, 1)])
async def test_an_owner_that_has_not_begun_is_unknown(
    store: Store, conversation: UUID, owner: tuple[UUID, int, int]
) -> None:
    await store.here.begin(conversation, A, 2, 2)
    with pytest.raises(UnknownReplyError):
        await store.there.append(conversation, *owner, start=0, text="x", ids=[1])


async def test_reading_from_a_byte_goes_back_to_the_beginning_off_a_character(store: Store, conversation: UUID) -> None:
    assert await store.here.read(conversation) is None
    await store.here.begin(conversation, A, 1, 1, text=TEXT, ids=[1])
    data = TEXT.encode()
    whole = {3, 5, 9, 10, 11, 14, -1}  # inside ü, ß and the smile, or outside of the text
    for start in range(-1, 15):
        live = await store.here.read(conversation, start)
        assert live is not None
        expected = 0 if start in whole else start
        assert (live.start, live.end, live.text.encode()) == (expected, 13, data[expected:])


async def test_a_finished_reply_takes_no_text_and_is_not_read(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    await store.here.append(conversation, A, 1, 1, start=0, text="done", ids=[1])
    await store.here.finish(conversation, A, 1, 1)
    await store.here.finish(conversation, A, 1, 1)
    assert await store.there.read(conversation) is None
    with pytest.raises(UnknownReplyError):
        await store.here.append(conversation, A, 1, 1, start=4, text="x", ids=[2])
    begun = await store.here.begin(conversation, A, 1, 1)
    assert begun.text == "done"
    assert await store.here.append(conversation, A, 1, 1, start=4, text="!", ids=[2]) == 5


async def test_finishing_somebody_elses_reply_does_nothing(store: Store, conversation: UUID) -> None:
    await store.here.finish(conversation, A, 1, 1)
    await store.here.begin(conversation, A, 1, 2, text="mine", ids=[1])
    await store.there.finish(conversation, A, 1, 1)
    await store.there.finish(conversation, B, 1, 1)
    live = await store.here.read(conversation)
    assert live is not None
    assert live.text == "mine"


async def test_an_append_renews_the_record_and_its_end_forgets_it(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1)
    store.let_pass(conversation, TTL_S * 0.9)
    await store.here.append(conversation, A, 1, 1, start=0, text="one", ids=[1])
    store.let_pass(conversation, TTL_S * 0.9)
    assert await store.here.append(conversation, A, 1, 1, start=3, text="two", ids=[2]) == 6
    store.let_pass(conversation, TTL_S * 1.1)
    with pytest.raises(UnknownReplyError):
        await store.here.append(conversation, A, 1, 1, start=6, text="three", ids=[3])
    assert await store.here.read(conversation) is None
