from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.close_codes import CloseCode
from realtime.protocol.commands import ControlTake, VisitorHello
from realtime.protocol.connection import MAX_PENDING, Connection, State
from realtime.protocol.errors import BadFrameError, CloseError, RefusedError

HELLO = json.dumps({"type": "hello", "id": "1", "widget_key": "wk"})


def typing(request_id: str = "2") -> str:
    return json.dumps({"type": "typing", "id": request_id, "conversation": str(uuid4()), "on": True})


def message(text: str, **fields: Any) -> str:
    command = {"type": "message.send", "id": "3", "conversation": str(uuid4()), "client_id": str(uuid4()), "text": text}
    return json.dumps({**command, **fields})


def open_connection(*, staff: bool = False, **limits: int) -> Connection:
    connection = Connection(staff=staff, started_at=0.0, **limits)
    connection.receive(HELLO, 0.0)
    connection.opened(None)
    connection.answered()
    return connection


def test_hello_comes_first_and_once() -> None:
    connection = Connection(staff=False, started_at=0.0)
    with pytest.raises(BadFrameError) as early:
        connection.receive(typing(), 0.0)
    assert (early.value.code, early.value.request_id) == ("unauthorized", "2")
    assert isinstance(connection.receive(HELLO, 0.1), VisitorHello)
    with pytest.raises(BadFrameError, match="hello was said before"):
        connection.receive(HELLO, 0.2)


def test_hello_must_come_within_ten_seconds() -> None:
    connection = Connection(staff=False, started_at=100.0)
    assert connection.deadline == 110.0
    connection.check(109.99)
    with pytest.raises(CloseError) as late:
        connection.check(110.0)
    assert late.value.code == CloseCode.PROTOCOL


def test_a_hello_that_is_being_checked_has_no_deadline() -> None:
    connection = Connection(staff=False, started_at=0.0)
    connection.receive(HELLO, 9.0)
    assert connection.deadline is None
    connection.check(60.0)


def test_session_ends_with_its_token_unless_refreshed() -> None:
    connection = open_connection()
    connection.extended(50.0)
    connection.check(49.0)
    connection.extended(80.0)
    connection.check(79.0)
    with pytest.raises(CloseError) as expired:
        connection.check(80.0)
    assert expired.value.code == CloseCode.UNAUTHORIZED


def test_commands_per_minute_at_n_and_n_plus_one() -> None:
    connection = open_connection(commands_per_minute=5)
    for _ in range(5):
        connection.receive(typing(), 1.0)
        connection.answered()
    with pytest.raises(RefusedError) as refused:
        connection.receive(typing("9"), 1.0)
    assert not isinstance(refused.value, BadFrameError)
    assert (refused.value.code, refused.value.request_id) == ("rate_limited", "9")
    assert refused.value.retry_after_ms is not None
    wait = refused.value.retry_after_ms / 1000
    assert 11.9 < wait < 12.1
    connection.receive(typing(), 1.0 + wait)


def test_twenty_bad_frames_in_a_minute_close() -> None:
    connection = open_connection()
    for number in range(19):
        with pytest.raises(BadFrameError):
            connection.receive("{", float(number))
    with pytest.raises(CloseError) as closed:
        connection.receive("{", 59.0)
    assert closed.value.code == CloseCode.PROTOCOL
    assert closed.value.error is not None
    assert closed.value.error.code == "bad_frame"


def test_bad_frames_are_forgotten_after_a_minute() -> None:
    connection = open_connection()
    for number in range(60):
        with pytest.raises(BadFrameError):
            connection.receive_binary(number * 3.2)


def test_refusals_are_not_bad_frames() -> None:
    connection = open_connection()
    for _ in range(60):
        with pytest.raises(RefusedError, match="for staff") as refused:
            connection.receive(json.dumps({"type": "control.take", "id": "1", "conversation": str(uuid4())}), 1.0)
        assert refused.value.code == "forbidden"


def test_staff_commands_are_for_staff_and_visitor_commands_for_visitors() -> None:
    take = json.dumps({"type": "control.take", "id": "4", "conversation": str(uuid4())})
    assert isinstance(open_connection(staff=True).receive(take, 1.0), ControlTake)
    with pytest.raises(RefusedError) as refused:
        open_connection(staff=True).receive(json.dumps({"type": "conversation.open", "id": "4"}), 1.0)
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize("text", ["", "   ", "\n\t\u2003"])
def test_empty_messages_are_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="`text` is empty"):
        open_connection().receive(message(text), 1.0)


def test_a_file_needs_no_text() -> None:
    connection = open_connection()
    connection.receive(message("", attachments=[str(uuid4())]), 1.0)
    assert connection.pending == 1


def test_message_length_at_n_and_n_plus_one() -> None:
    connection = open_connection(message_chars=10)
    connection.receive(message("😀" * 10), 1.0)
    with pytest.raises(RefusedError) as refused:
        connection.receive(message("a" * 11), 1.0)
    assert refused.value.code == "too_large"


def test_commands_that_wait_are_bounded() -> None:
    connection = open_connection(commands_per_minute=1000)
    for _ in range(MAX_PENDING):
        connection.receive(typing(), 1.0)
    with pytest.raises(RefusedError) as refused:
        connection.receive(typing(), 1.0)
    assert refused.value.code == "rate_limited"
    connection.answered()
    connection.receive(typing(), 1.0)


def test_an_answer_needs_a_command() -> None:
    connection = open_connection()
    with pytest.raises(ValueError, match="there is none"):
        connection.answered()


def test_opening_twice_is_a_mistake_of_the_driver() -> None:
    connection = open_connection()
    with pytest.raises(ValueError, match="expected a connection hello received"):
        connection.opened(None)


FRAMES = st.sampled_from([HELLO, typing(), message("hi"), message(""), "{", '{"type":"x","id":"1"}', "[]"])


@given(st.lists(st.tuples(FRAMES, st.floats(0, 20), st.booleans()), max_size=80))
def test_every_frame_is_accepted_once_or_refused_or_closes(steps: list[tuple[str, float, bool]]) -> None:
    connection = Connection(staff=False, started_at=0.0)
    now, accepted, answered, greeted = 0.0, 0, 0, False
    for frame, pause, answer in steps:
        now += pause
        try:
            command = connection.receive(frame, now)
        except RefusedError:
            pass
        except CloseError:
            break
        else:
            accepted += 1
            assert isinstance(command, VisitorHello) is not greeted
            greeted = True
        if answer and connection.pending:
            connection.answered()
            answered += 1
        assert connection.pending == accepted - answered <= MAX_PENDING
        assert (connection.state is State.NEW) is not greeted
