"""The fence of every live reply: after a cut, not one character more."""

import asyncio
import random
from uuid import UUID, uuid4

import msgspec
import pytest

from realtime.bus.frame import Frame, Kind
from realtime.live_reply.port import STOPS_KEPT, CutText, FencedError, UnknownReplyError
from tests.contract.live_reply.conftest import Store
from tests.fixtures.effort import EFFORT

A, B = UUID(int=1), UUID(int=2)
RACES = 500 * EFFORT
RACES_AT_ONCE = 25


@pytest.fixture
def conversation() -> UUID:
    return uuid4()


async def refused(store: Store, conversation: UUID, message: UUID, epoch: int, attempt: int = 1) -> UUID | None:
    """Check that nothing of this owner is accepted; return the cut id that begin, append and finish all name."""
    cut_ids = set()
    for step in (
        store.here.begin(conversation, message, epoch, attempt, text="Hello", ids=[1]),
        store.here.append(conversation, message, epoch, attempt, start=5, text="x", ids=[2]),
        store.here.finish(conversation, message, epoch, attempt),
    ):
        with pytest.raises(FencedError) as error:
            await step
        cut_ids.add(error.value.cut_id)
    [cut_id] = cut_ids
    return cut_id


async def test_a_cut_returns_the_text_and_ends_it(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1, 2])
    ear = await store.listen(conversation)
    cut_id = uuid4()
    for _ in range(2):
        assert await store.there.cut(conversation, 2, cut_id) == CutText(A, "Hello", (1, 2))
    assert await refused(store, conversation, A, 1) == cut_id
    live = await store.here.read(conversation)
    assert live is not None
    assert (live.text, live.cut) == ("Hello", True)
    assert await ear.heard_all() == []


async def test_a_cut_without_a_reply_stands_all_the_same(store: Store, conversation: UUID) -> None:
    cut_id = uuid4()
    assert await store.there.cut(conversation, 2, cut_id) is None
    assert await refused(store, conversation, A, 1) == cut_id
    assert await store.here.read(conversation) is None


async def test_a_cut_does_not_touch_its_own_epoch(store: Store, conversation: UUID) -> None:
    await store.there.cut(conversation, 2, uuid4())
    await store.here.begin(conversation, A, 2, 1)
    assert await store.there.cut(conversation, 2, uuid4()) is None
    assert await store.here.append(conversation, A, 2, 1, start=0, text="x", ids=[1]) == 1


async def test_an_uncut_lets_the_reply_go_on(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    cut_id = uuid4()
    await store.there.cut(conversation, 2, cut_id)
    assert await store.here.uncut(conversation, cut_id)
    assert not await store.here.uncut(conversation, cut_id)
    assert await store.here.append(conversation, A, 1, 1, start=5, text=" you", ids=[2]) == 9
    live = await store.here.read(conversation)
    assert live is not None
    assert not live.cut


async def test_an_uncut_of_another_cut_does_nothing(store: Store, conversation: UUID) -> None:
    first, second = uuid4(), uuid4()
    assert not await store.here.uncut(conversation, first)
    await store.here.cut(conversation, 2, first)
    await store.there.cut(conversation, 2, second)
    assert not await store.here.uncut(conversation, first)
    assert await refused(store, conversation, A, 1) == second


async def test_an_uncut_takes_back_all_that_was_written_under_its_id(store: Store, conversation: UUID) -> None:
    cut_id = uuid4()
    for message in (A, B):
        await store.here.cut(conversation, 1, cut_id, message=message)
    assert await store.there.uncut(conversation, cut_id)
    for message in (A, B):
        await store.here.begin(conversation, message, 1, 1)


async def test_an_uncut_brings_the_fence_below_back(store: Store, conversation: UUID) -> None:
    lower, higher = uuid4(), uuid4()
    await store.here.cut(conversation, 2, lower)
    await store.there.cut(conversation, 3, higher)
    assert await refused(store, conversation, A, 2) == higher
    assert await store.there.uncut(conversation, higher)
    assert await refused(store, conversation, A, 1) == lower
    await store.here.begin(conversation, A, 2, 1)


async def test_a_late_cut_of_a_lower_epoch_does_not_lower_the_fence(store: Store, conversation: UUID) -> None:
    lower, higher = uuid4(), uuid4()
    await store.there.cut(conversation, 3, higher)
    await store.here.cut(conversation, 2, lower)
    assert await refused(store, conversation, A, 2) == higher
    assert await store.there.uncut(conversation, higher)
    assert await refused(store, conversation, A, 1) == lower


async def test_a_stop_ends_one_message_and_not_the_next(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    cut_id = uuid4()
    assert await store.there.cut(conversation, 1, cut_id, message=A) == CutText(A, "Hello", (1,))
    assert await refused(store, conversation, A, 1) == cut_id
    assert await refused(store, conversation, A, 1, attempt=2) == cut_id
    live = await store.here.read(conversation)
    assert live is not None
    assert live.cut
    await store.here.begin(conversation, B, 1, 1)
    assert await store.here.append(conversation, B, 1, 1, start=0, text="next", ids=[1]) == 4
    assert await refused(store, conversation, A, 1) == cut_id


async def test_a_stop_of_another_message_returns_nothing(store: Store, conversation: UUID) -> None:
    await store.here.begin(conversation, B, 1, 1, text="Hello", ids=[1])
    assert await store.there.cut(conversation, 1, uuid4(), message=A) is None
    assert await store.here.append(conversation, B, 1, 1, start=5, text="!", ids=[1]) == 6


async def test_a_stop_can_be_taken_back(store: Store, conversation: UUID) -> None:
    other, cut_id = uuid4(), uuid4()
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    await store.there.cut(conversation, 1, other, message=B)
    await store.there.cut(conversation, 1, cut_id, message=A)
    assert await store.there.uncut(conversation, cut_id)
    assert await store.here.append(conversation, A, 1, 1, start=5, text="!", ids=[1]) == 6
    assert await refused(store, conversation, B, 1) == other


async def test_stops_are_remembered_up_to_a_number(store: Store, conversation: UUID) -> None:
    messages = [uuid4() for _ in range(STOPS_KEPT + 1)]
    cut_ids = [uuid4() for _ in messages]
    for message, cut_id in zip(messages, cut_ids, strict=True):
        await store.here.cut(conversation, 1, cut_id, message=message)
    for message, cut_id in list(zip(messages, cut_ids, strict=True))[1:]:
        assert await refused(store, conversation, message, 1) == cut_id
    await store.here.begin(conversation, messages[0], 1, 1)


async def test_a_finished_reply_can_still_be_cut(store: Store, conversation: UUID) -> None:
    """A takeover may get the row's lock between `finish` and the commit of the end."""
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    await store.here.finish(conversation, A, 1, 1)
    assert await store.there.cut(conversation, 2, uuid4()) == CutText(A, "Hello", (1,))


async def test_of_two_attempts_that_begin_together_the_lower_loses(store: Store) -> None:
    async def race(number: int) -> None:
        conversation = uuid4()

        async def begin(attempt: int) -> None:
            side = store.here if attempt == 1 else store.there
            await side.begin(conversation, A, 1, attempt)

        order = [1, 2] if number % 2 else [2, 1]
        results = await asyncio.gather(*(begin(attempt) for attempt in order), return_exceptions=True)
        assert all(result is None or isinstance(result, FencedError) for result in results)
        assert results[order.index(2)] is None
        with pytest.raises(FencedError):
            await store.here.append(conversation, A, 1, 1, start=0, text="x", ids=[1])
        assert await store.there.append(conversation, A, 1, 2, start=0, text="x", ids=[1]) == 1

    await asyncio.gather(*(race(number) for number in range(50)))


async def append_until_refused(store: Store, conversation: UUID, words: int, at: int, reached: asyncio.Event) -> None:
    """Write a reply of so many words and finish it, or meet the cut; say when word number `at` is about to come."""
    end = 0
    try:
        for number in range(words):
            if number == at:
                reached.set()
            text = f"wörd{number} "
            end = await store.here.append(conversation, A, 1, 1, start=end, text=text, ids=[number])
            await asyncio.sleep(0)
        reached.set()
        await store.here.finish(conversation, A, 1, 1)
    except FencedError:
        return


def text_of(frames: list[Frame]) -> str:
    """Put the deltas together as a client does."""
    data = b""
    for frame in frames:
        if frame.kind is Kind.DELTA:
            assert frame.start == len(data)
            data += msgspec.json.decode(frame.body)["text"].encode()
    return data.decode()


async def race_cut_and_append(store: Store, seed: int) -> None:
    random_source = random.Random(seed)
    conversation, cut_id = uuid4(), uuid4()
    ear = await store.listen(conversation)
    await store.here.begin(conversation, A, 1, 1)
    words, reached = random_source.randrange(1, 12), asyncio.Event()
    at = random_source.randrange(words + 1)
    writer = asyncio.create_task(append_until_refused(store, conversation, words, at, reached))
    await reached.wait()
    for _ in range(random_source.randrange(0, 8)):
        await asyncio.sleep(0)
    message = A if random_source.random() < 0.3 else None
    cut = await store.there.cut(conversation, 1 if message else 2, cut_id, message=message)
    assert cut is not None
    seen = text_of(await ear.heard_all())
    await writer
    assert cut.text == seen or (not store.publishes_within_the_step and cut.text.startswith(seen)), f"seed {seed}"
    assert cut.text == text_of(await ear.heard_all()), f"seed {seed}"
    ear.close()


async def test_after_a_cut_nothing_more_is_published_in_any_race(store: Store) -> None:
    for first in range(0, RACES, RACES_AT_ONCE):
        await asyncio.gather(*(race_cut_and_append(store, seed) for seed in range(first, first + RACES_AT_ONCE)))


async def test_after_losing_the_fence_a_begin_is_possible_and_an_append_is_not(
    store: Store, conversation: UUID
) -> None:
    """Why a begin needs a database read just before it: the store alone cannot remember for ever."""
    await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
    await store.there.cut(conversation, 2, uuid4())
    store.forget(conversation)
    with pytest.raises(UnknownReplyError):
        await store.here.append(conversation, A, 1, 1, start=5, text="x", ids=[2])
    await store.there.cut(conversation, 2, uuid4())
    with pytest.raises(FencedError):
        await store.here.begin(conversation, A, 1, 1, text="Hello", ids=[1])
