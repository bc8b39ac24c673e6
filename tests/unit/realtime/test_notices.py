"""Notices of a connection: whatever is told while it says hello, and whenever that is read, comes once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from realtime.notices import TOLD_KEPT, Notices
from realtime.ports import UNREAD_MAX, Missed
from realtime.protocol.commands import NotificationCursor
from realtime.protocol.events import Notification, encode

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ids = st.integers(1, 6).map(lambda number: UUID(int=number))
steps = st.lists(st.tuples(st.sampled_from(["tell", "mark"]), ids), max_size=12)


def shown(one: UUID, is_read: bool) -> Notification:
    return Notification(id=one, kind="mention", at=AT, read=is_read)


class Server:
    """What is stored of one member, and what is published of it."""

    def __init__(self) -> None:
        self.is_read: dict[UUID, bool] = {}

    def do(self, what: str, one: UUID) -> bytes | None:
        """Carry a step out; return what is published."""
        is_mark = what == "mark"
        if is_mark == (one not in self.is_read) or self.is_read.get(one, False):
            return None
        self.is_read[one] = is_mark
        return encode(shown(one, is_mark))

    @property
    def unread(self) -> set[UUID]:
        return {one for one, is_read in self.is_read.items() if not is_read}

    def checked(self, notices: Notices) -> list[bytes]:
        """Return what a check sends to a connection."""
        asked = notices.in_doubt(sorted(self.unread, reverse=True))
        return notices.looked_at(asked, [shown(one, self.is_read[one]) for one in asked if one in self.is_read])

    def missed(self, cursor: NotificationCursor | None) -> Missed:
        unread = [one for one, is_read in self.is_read.items() if not is_read]
        if cursor is None:
            return Missed([shown(one, False) for one in unread])
        held = set(cursor.unread)
        return Missed([shown(one, False) for one in unread if one not in held], [one for one in unread if one in held])


class Console:
    """A client, by the rules of the wire."""

    def __init__(self) -> None:
        self.is_read: dict[UUID, bool] = {}

    def cursor(self) -> NotificationCursor | None:
        if not self.is_read:
            return None
        return NotificationCursor(after=max(self.is_read), unread=sorted(self.unread))

    @property
    def unread(self) -> set[UUID]:
        return {one for one, is_read in self.is_read.items() if not is_read}

    def welcome(self, missed: Missed) -> None:
        if missed.unread is not None:
            self.is_read.update(dict.fromkeys(self.unread - set(missed.unread), True))

    def take_all(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            self.take(body)

    def take(self, body: bytes) -> None:
        frame = json.loads(body)
        one, is_read = UUID(frame["id"]), frame.get("read", False)
        assert one not in self.unread or is_read, "told twice"
        assert not self.is_read.get(one, False), "told though it was read"
        self.is_read[one] = is_read


@given(st.lists(st.tuples(steps, steps, steps, steps), min_size=1, max_size=4))
def test_everything_is_told_once_over_any_number_of_hellos(hellos: list[tuple[list[tuple[str, UUID]], ...]]) -> None:
    server, console = Server(), Console()
    for away, before, after, live in hellos:
        for what, one in away:
            server.do(what, one)
        notices, cursor = Notices(), console.cursor()
        kept = [body for step in before if (body := server.do(*step)) is not None]
        missed = server.missed(cursor)
        kept += [body for step in after if (body := server.do(*step)) is not None]
        assert not any(notices.pass_on(body) for body in kept)
        console.welcome(missed)
        for body in notices.opened(missed, cursor):
            console.take(body)
        for step in live:
            told = server.do(*step)
            if told is not None and notices.pass_on(told):
                console.take(told)
        assert console.unread == {one for one, is_read in server.is_read.items() if not is_read}


@given(st.lists(st.tuples(steps, st.booleans()), max_size=8), st.lists(ids, unique=True, max_size=3))
def test_a_check_brings_what_was_lost_and_nothing_twice(
    live: list[tuple[list[tuple[str, UUID]], bool]], erased: list[UUID]
) -> None:
    server, console, notices = Server(), Console(), Notices()
    assert notices.opened(server.missed(None), None) == []
    for some, is_lost in live:
        bodies = [body for step in some if (body := server.do(*step)) is not None]
        console.take_all(body for body in bodies if not is_lost and notices.pass_on(body))
        console.take_all(server.checked(notices))
        assert console.unread == server.unread
        assert server.checked(notices) == []
    for one in erased:
        server.is_read.pop(one, None)
    assert server.checked(notices) == []
    assert notices.in_doubt(sorted(server.unread)) == []


def test_of_very_many_unread_those_older_than_what_is_compared_are_left_alone() -> None:
    notices = Notices()
    stored = [UUID(int=number) for number in range(1, UNREAD_MAX + 2)]
    notices.opened(Missed([shown(one, False) for one in stored]), None)
    assert notices.in_doubt(stored[1:]) == []
    assert notices.in_doubt(stored[1:-1]) == [stored[0], stored[-1]]


def test_what_is_remembered_of_a_connection_is_bounded() -> None:
    notices = Notices()
    notices.opened(Missed([]), None)
    many = [UUID(int=number) for number in range(1, TOLD_KEPT + 2)]
    assert all(notices.pass_on(encode(shown(one, False))) for one in many)
    assert not notices.pass_on(encode(shown(many[-1], False)))
    assert notices.in_doubt([many[0], many[1]])[:1] == [many[0]]


def test_what_is_no_notification_waits_for_the_welcome_and_passes() -> None:
    notices = Notices()
    other = b'{"type":"suggestion.delta","conversation":"00000000-0000-0000-0000-000000000001","text":"x"}'
    assert not notices.pass_on(other)
    assert notices.opened(Missed([]), None) == [other]
    assert notices.pass_on(other)
    assert notices.pass_on(b'{"type":7,"id":"not a UUID"}')
    assert Notices().opened(None, None) == []
