"""A worker that finds more of its reply in the store than it had sent itself: the text never goes back."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from realtime.bus.frame import Kind
from realtime.live_reply.port import Begun
from realtime.live_reply.writer import ReplyWriter, StoreIsAhead
from tests.contract.live_reply.conftest import Store

MESSAGE = UUID(int=1)
SAID, IDS = "Grüße, liebe", (5, 6, 7)


async def yes(_: UUID | None = None) -> bool:
    return True


def writer(store: Store, conversation: UUID, begun: Begun) -> ReplyWriter:
    return ReplyWriter(
        store.there, conversation, MESSAGE, 3, 2, begun, coalesce_ms=0, revalidate=yes, fenced=yes, valid=lambda: True
    )


@pytest.mark.parametrize("known", [("", ()), ("Grüße", (5,))], ids=["nothing", "a checkpoint"])
@pytest.mark.parametrize("is_forgotten", [False, True], ids=["never reached the store", "began, and was forgotten"])
async def test_a_newer_worker_takes_over_the_longer_text_of_an_older_one(
    store: Store, known: tuple[str, tuple[int, ...]], is_forgotten: bool
) -> None:
    conversation = uuid4()
    text, ids = known
    begun = Begun(text, ids, len(text.encode()))
    if is_forgotten:
        begun = await store.there.begin(conversation, MESSAGE, 3, 2, text=text, ids=ids)
        store.forget(conversation)
    await store.here.begin(conversation, MESSAGE, 3, 1, text=SAID, ids=IDS)
    ear = await store.listen(conversation)
    newer = writer(store, conversation, begun)
    await newer.write("Gr" if not text else ", ", [5])
    with pytest.raises(StoreIsAhead) as ahead:
        await newer.flush()
    assert ahead.value.begun == Begun(SAID, IDS, len(SAID.encode()))
    following = writer(store, conversation, ahead.value.begun)
    await following.write(" Ana", [8])
    await following.finish()
    assert [(one.kind, one.attempt, one.start) for one in await ear.heard_all()] == [
        (Kind.STARTED, 2, 0),
        (Kind.DELTA, 2, len(SAID.encode())),
    ]
    cut = await store.here.cut(conversation, 4, uuid4())
    assert cut is not None
    assert (cut.text, cut.ids) == (f"{SAID} Ana", (*IDS, 8))
