"""Who is here and who is typing: refreshed, with grace, and gone without a word when the node was killed."""

from uuid import UUID, uuid4

import pytest

from realtime.presence import MemoryPresence, PresenceUnavailableError
from realtime.presence_redis import RedisPresence, presence_keys, typing_key
from realtime.protocol.shapes import PresentParticipant
from tests.contract.presence.conftest import GRACE_S, TTL_S, TYPING_TTL_S, Store
from tests.fixtures.redis_server import RedisServer

ANN, BOB = UUID(int=1), UUID(int=2)
FIRST_TAB, SECOND_TAB, DESK = UUID(int=11), UUID(int=12), UUID(int=13)
CUSTOMER = PresentParticipant(kind="customer", id=ANN, state="online", name="Ann")
CUSTOMER_AWAY = PresentParticipant(kind="customer", id=ANN, state="away", name="Ann")
AGENT = PresentParticipant(kind="agent", id=BOB, state="online", name="Bob")


@pytest.fixture
def conversation() -> UUID:
    return uuid4()


async def test_a_connection_is_present_until_its_time_ends(store: Store, conversation: UUID) -> None:
    assert await store.presence.touch(conversation, FIRST_TAB, CUSTOMER) == (CUSTOMER,)
    store.let_pass(conversation, TTL_S - 1)
    assert await store.presence.participants(conversation) == (CUSTOMER,)
    store.let_pass(conversation, 2)
    assert await store.presence.participants(conversation) == ()


async def test_a_refresh_prolongs_and_changes_nothing_to_see(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    for _ in range(3):
        store.let_pass(conversation, TTL_S - 1)
        assert await store.presence.touch(conversation, FIRST_TAB, CUSTOMER) is None
    assert await store.presence.participants(conversation) == (CUSTOMER,)


async def test_conversations_are_apart(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    assert await store.presence.participants(uuid4()) == ()


async def test_a_person_with_two_tabs_is_there_once_and_online_when_one_tab_is(
    store: Store, conversation: UUID
) -> None:
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await store.presence.touch(conversation, SECOND_TAB, CUSTOMER_AWAY)
    await store.presence.touch(conversation, DESK, AGENT)
    assert await store.presence.participants(conversation) == (AGENT, CUSTOMER)
    assert await store.presence.touch(conversation, FIRST_TAB, CUSTOMER_AWAY) == (AGENT, CUSTOMER_AWAY)
    assert await store.presence.participants(conversation) == (AGENT, CUSTOMER_AWAY)


async def test_a_reload_shows_no_leave(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await store.presence.leave(conversation, FIRST_TAB)
    store.let_pass(conversation, GRACE_S - 1)
    assert await store.presence.participants(conversation) == (CUSTOMER,)
    await store.presence.touch(conversation, SECOND_TAB, CUSTOMER)
    store.let_pass(conversation, GRACE_S)
    assert await store.presence.participants(conversation) == (CUSTOMER,)


async def test_who_leaves_is_gone_after_the_grace_time(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await store.presence.leave(conversation, FIRST_TAB)
    store.let_pass(conversation, GRACE_S + 1)
    assert await store.presence.participants(conversation) == ()


async def test_leaving_never_enters_and_never_prolongs(store: Store, conversation: UUID) -> None:
    await store.presence.leave(conversation, FIRST_TAB)
    assert await store.presence.participants(conversation) == ()
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    store.let_pass(conversation, TTL_S - 1)
    await store.presence.leave(conversation, FIRST_TAB)
    store.let_pass(conversation, 2)
    assert await store.presence.participants(conversation) == ()


async def test_a_ghost_is_reported_once_by_the_next_refresh_of_somebody_else(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    store.let_pass(conversation, TTL_S / 2)
    await store.presence.touch(conversation, DESK, AGENT)
    store.let_pass(conversation, TTL_S / 2 + 1)
    assert await store.presence.participants(conversation) == (AGENT,)  # reading does not hide it from the refresh
    assert await store.presence.touch(conversation, DESK, AGENT) == (AGENT,)
    assert await store.presence.touch(conversation, DESK, AGENT) is None


async def test_another_connection_of_somebody_who_is_there_is_no_news(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, DESK, AGENT)
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await store.presence.leave(conversation, FIRST_TAB)
    assert await store.presence.touch(conversation, SECOND_TAB, CUSTOMER) is None
    assert await store.presence.touch(conversation, FIRST_TAB, CUSTOMER_AWAY) is None
    store.let_pass(conversation, GRACE_S + 1)
    assert await store.presence.settle(conversation) is None


async def test_the_end_of_somebodys_grace_is_told_once(store: Store, conversation: UUID) -> None:
    await store.presence.touch(conversation, DESK, AGENT)
    await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await store.presence.leave(conversation, FIRST_TAB)
    assert await store.presence.settle(conversation) is None
    store.let_pass(conversation, GRACE_S + 1)
    assert await store.presence.settle(conversation) == (AGENT,)
    assert await store.presence.settle(conversation) is None
    await store.presence.leave(conversation, DESK)
    store.let_pass(conversation, GRACE_S + 1)
    assert await store.presence.settle(conversation) == ()
    assert await store.presence.touch(conversation, DESK, AGENT) == (AGENT,)


async def test_typing_starts_stops_and_ends_by_itself(store: Store, conversation: UUID) -> None:
    assert await store.presence.set_typing(conversation, ANN, True)
    assert not await store.presence.set_typing(conversation, ANN, True)
    assert await store.presence.set_typing(conversation, BOB, True)
    assert await store.presence.typing(conversation) == {ANN, BOB}
    assert await store.presence.set_typing(conversation, ANN, False)
    assert not await store.presence.set_typing(conversation, ANN, False)
    store.let_pass(conversation, TYPING_TTL_S - 1)
    assert await store.presence.typing(conversation) == {BOB}
    store.let_pass(conversation, 2)
    assert await store.presence.typing(conversation) == frozenset()
    assert await store.presence.set_typing(conversation, BOB, True)


async def test_memory_forgets_conversations_that_nobody_refreshes() -> None:
    now = 0.0
    presence = MemoryPresence(ttl_s=TTL_S, clock=lambda: now)
    for _ in range(1_000):
        await presence.touch(uuid4(), FIRST_TAB, CUSTOMER)
        await presence.set_typing(uuid4(), ANN, True)
    now = 2 * TTL_S
    await presence.touch(uuid4(), FIRST_TAB, CUSTOMER)
    assert len(presence._present) == 1
    assert len(presence._typing) == 0


async def test_redis_drops_the_keys_by_itself(redis_server: RedisServer, conversation: UUID) -> None:
    presence = RedisPresence(redis_server.url)
    await presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await presence.set_typing(conversation, ANN, True)
    with redis_server.client() as client:
        for key in (*presence_keys(conversation), typing_key(conversation)):
            left_ms = client.pttl(key)
            assert isinstance(left_ms, int)
            assert 0 < left_ms <= 2 * TTL_S * 1000
    await presence.aclose()


async def test_a_server_that_is_away_is_said_so_in_time(own_redis_server: RedisServer, conversation: UUID) -> None:
    presence = RedisPresence(own_redis_server.url, timeout_s=0.25)
    own_redis_server.freeze()
    with pytest.raises(PresenceUnavailableError):
        await presence.touch(conversation, FIRST_TAB, CUSTOMER)
    with pytest.raises(PresenceUnavailableError):
        await presence.typing(conversation)
    await presence.aclose()


async def test_nobody_where_nobody_was_is_no_news(store: Store, conversation: UUID) -> None:
    assert await store.presence.settle(conversation) is None
    assert await store.presence.touch(conversation, FIRST_TAB, CUSTOMER)
    await store.presence.leave(conversation, FIRST_TAB)
    store.let_pass(conversation, GRACE_S + 1)
    assert await store.presence.settle(conversation) == ()
    assert await store.presence.settle(conversation) is None
    assert await store.presence.touch(conversation, FIRST_TAB, CUSTOMER) == (CUSTOMER,)


async def test_memory_keeps_nothing_of_a_conversation_that_all_have_left() -> None:
    now = 0.0
    presence = MemoryPresence(ttl_s=TTL_S, clock=lambda: now)
    left = [uuid4() for _ in range(100)]
    for one in left:
        await presence.touch(one, FIRST_TAB, CUSTOMER)
    now = 2 * TTL_S
    await presence.touch(uuid4(), FIRST_TAB, CUSTOMER)
    for one in left:
        await presence.settle(one)
    assert len(presence._told) == 1
