from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.codec import MAX_FRAME_BYTES, decode_staff, decode_visitor
from realtime.protocol.commands import (
    MAX_HELD,
    MAX_POSITION,
    MAX_RESUME,
    AgentHello,
    ControlTake,
    ConversationAssign,
    ConversationUpdate,
    MessageSend,
    VisitorHello,
)
from realtime.protocol.errors import BadFrameError, RefusedError

CONVERSATION = str(uuid4())


def send(**fields: Any) -> str:
    command = {"type": "message.send", "id": "7", "conversation": CONVERSATION, "client_id": str(uuid4()), "text": "hi"}
    return json.dumps({**command, **fields})


def refused(text: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        decode_visitor(text)
    return caught.value


def test_hello_is_read_by_the_side_it_is_for() -> None:
    text = json.dumps({"type": "hello", "id": "1", "widget_key": "wk_1", "token": None, "resume": []})
    visitor = decode_visitor(text)
    assert isinstance(visitor, VisitorHello)
    assert visitor.widget_key == "wk_1"
    assert isinstance(decode_staff(text), AgentHello)


def test_resume_cursors_of_unknown_form_do_not_spoil_the_hello() -> None:
    cursors = [
        {"conversation": "not-a-uuid", "seq": 3},
        {"conversation": CONVERSATION, "live": {"message": "m", "to": 5}},
    ]
    hello = decode_visitor(json.dumps({"type": "hello", "id": "1", "widget_key": "k", "resume": cursors}))
    assert isinstance(hello, VisitorHello)
    assert [cursor.conversation for cursor in hello.resume] == ["not-a-uuid", CONVERSATION]
    assert hello.resume[1].live is not None
    assert hello.resume[1].live.to == 5


def test_unknown_fields_are_ignored() -> None:
    command = decode_staff(json.dumps({"type": "control.take", "id": "1", "conversation": CONVERSATION, "later": [1]}))
    assert isinstance(command, ControlTake)


def test_null_is_not_the_same_as_absent() -> None:
    absent = decode_staff(json.dumps({"type": "conversation.update", "id": "1", "conversation": CONVERSATION}))
    null = decode_staff(
        json.dumps({"type": "conversation.update", "id": "1", "conversation": CONVERSATION, "draft": None})
    )
    assert isinstance(absent, ConversationUpdate)
    assert isinstance(null, ConversationUpdate)
    assert absent.draft is not None
    assert null.draft is None


@pytest.mark.parametrize("text", ["{", "", "nul", '{"type":"typing"', "}{", '{"a":\x001}'])
def test_malformed_json_is_named_as_such(text: str) -> None:
    error = refused(text)
    assert (error.code, error.request_id) == ("bad_frame", None)
    assert "malformed JSON" in error.message


@pytest.mark.parametrize("text", ["[]", "1", '"hello"', "null"])
def test_json_that_is_no_object_is_a_bad_frame(text: str) -> None:
    error = refused(text)
    assert error.code == "bad_frame"
    assert "Expected `object`" in error.message


def test_unknown_type_has_its_own_code_and_keeps_the_id() -> None:
    error = refused('{"type":"conversation.explode","id":"9"}')
    assert (error.code, error.request_id) == ("unknown_type", "9")
    assert "conversation.explode" in error.message


def test_missing_type_and_wrong_type_of_type_are_bad_frames() -> None:
    assert refused('{"id":"9"}').message == "Object missing required field `type`"
    assert refused('{"type":5,"id":"9"}').code == "bad_frame"


@pytest.mark.parametrize("field", ["conversation", "client_id", "text"])
def test_missing_field_is_named(field: str) -> None:
    fields = json.loads(send())
    del fields[field]
    error = refused(json.dumps(fields))
    assert (error.code, error.request_id) == ("bad_frame", "7")
    assert f"`{field}`" in error.message


@pytest.mark.parametrize(
    ("field", "value"), [("text", 5), ("client_id", "no uuid"), ("conversation", 1), ("attachments", {})]
)
def test_wrong_field_is_named(field: str, value: object) -> None:
    error = refused(send(**{field: value}))
    assert isinstance(error, BadFrameError)
    assert (error.code, error.request_id) == ("bad_frame", "7")
    assert f"$.{field}" in error.message


@pytest.mark.parametrize("request_id", [1, None, "", "x" * 65])
def test_id_must_be_a_short_string(request_id: object) -> None:
    error = refused(send(id=request_id))
    assert (error.code, error.request_id) == ("bad_frame", None)


def test_an_id_of_the_wrong_form_is_not_found_and_no_bad_frame() -> None:
    error = refused(send(conversation="c1"))
    assert not isinstance(error, BadFrameError)
    assert (error.code, error.request_id) == ("not_found", "7")
    assert refused(send(attachments=["a1"])).code == "not_found"


def test_frame_size_is_counted_in_bytes() -> None:
    padding = MAX_FRAME_BYTES - len(send(text="").encode())
    assert isinstance(decode_visitor(send(text="a" * padding)), MessageSend)
    error = refused(send(text="a" * (padding + 1)))
    assert (error.code, error.request_id) == ("too_large", "7")
    wide = json.dumps(json.loads(send(text="é" * 33_000)), ensure_ascii=False)
    assert len(wide) < MAX_FRAME_BYTES
    assert refused(wide).code == "too_large"


@pytest.mark.parametrize("escape", [r"\ud800", r"a\udc00b", r"\ud83d", r"\ude00\ud83d"])
def test_lone_surrogates_are_refused_with_the_field(escape: str) -> None:
    error = refused(send().replace('"hi"', f'"{escape}"'))
    assert (error.code, error.request_id) == ("bad_frame", "7")
    assert error.message == "lone surrogate in `$.text`"


def test_surrogate_that_is_not_even_escaped_is_refused() -> None:
    assert refused(json.dumps({"type": "typing"})[:-1] + ',"x":"\ud800"}').code == "bad_frame"


def test_nul_is_refused_with_the_field() -> None:
    error = refused(send(text="a\x00b"))
    assert (error.code, error.request_id, error.message) == ("bad_frame", "7", "NUL character in `$.text`")


def test_the_letters_backslash_u0000_are_no_nul() -> None:
    command = decode_visitor(send(text="\\u0000"))
    assert isinstance(command, MessageSend)
    assert command.text == "\\u0000"


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧 ok", "שלום عليكم", "a\u200bb\u200d", "\u202eabc", "\ufeff", "𝕏", "e\u0301", "\x7f\u0085"]
)
def test_every_other_text_comes_through_as_it_is(text: str) -> None:
    for ascii_only in (True, False):
        command = decode_visitor(json.dumps(json.loads(send(text=text)), ensure_ascii=ascii_only))
        assert isinstance(command, MessageSend)
        assert command.text == text


@pytest.mark.parametrize(
    "text", ["[" * 60_000, '{"a":' * 12_000, '{"type":"typing","id":"1","x":' + "[" * 30_000 + "]" * 30_000 + "}"]
)
def test_deep_nesting_is_a_bad_frame(text: str) -> None:
    assert refused(text).code == "bad_frame"


def test_nobody_is_a_user_that_must_be_said() -> None:
    fields = {"type": "conversation.assign", "id": "1", "conversation": CONVERSATION}
    assert decode_staff(json.dumps({**fields, "user": None})) == ConversationAssign(
        id="1", conversation=UUID(CONVERSATION), user=None
    )
    with pytest.raises(BadFrameError, match="`user`"):
        decode_staff(json.dumps(fields))


def outcome(decode: Callable[[str], object], text: str) -> str:
    """Return the error code, or `ok`; any other exception fails the test."""
    try:
        decode(text)
    except RefusedError as error:
        return error.code
    return "ok"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_frame_is_a_command_or_a_refusal(text: str) -> None:
    assert outcome(decode_visitor, text) in {"bad_frame", "unknown_type"}


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.sampled_from([CONVERSATION, [], {}, [{}], [{"conversation": "c"}], {"a": ["\x00"]}]),
)
FIELDS = ("id", "conversation", "text", "client_id", "seq", "on", "score", "resume", "widget_key", "labels")
TYPES = ("hello", "message.send", "typing", "read", "control.take", "csat.rate", "conversation.update", "x")


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_any_object_is_a_command_or_a_refusal(kind: str, fields: dict[str, Any]) -> None:
    text = json.dumps({**fields, "type": kind})
    for decode in (decode_visitor, decode_staff):
        assert outcome(decode, text) in {"ok", "bad_frame", "unknown_type", "not_found"}


def resuming(count: int, seq: int = 0) -> str:
    cursors = [{"conversation": f"c{number}", "seq": seq} for number in range(count)]
    return json.dumps({"type": "hello", "id": "1", "widget_key": "wk", "resume": cursors})


def test_a_hello_resumes_so_many_conversations_and_not_one_more() -> None:
    hello = decode_visitor(resuming(MAX_RESUME))
    assert isinstance(hello, VisitorHello)
    assert len(hello.resume) == MAX_RESUME
    with pytest.raises(BadFrameError, match="resume"):
        decode_visitor(resuming(MAX_RESUME + 1))


def test_a_hello_holds_so_many_notifications_unread_and_not_one_more() -> None:
    def holding(count: int) -> str:
        cursor = {"after": str(uuid4()), "unread": [str(uuid4()) for _ in range(count)]}
        return json.dumps({"type": "hello", "id": "1", "notifications": cursor})

    hello = decode_staff(holding(MAX_HELD))
    assert isinstance(hello, AgentHello)
    assert hello.notifications is not None
    assert len(hello.notifications.unread) == MAX_HELD
    with pytest.raises(BadFrameError, match="unread"):
        decode_staff(holding(MAX_HELD + 1))


def test_the_largest_position_is_what_every_client_can_count_to() -> None:
    assert isinstance(decode_visitor(resuming(1, MAX_POSITION)), VisitorHello)
    with pytest.raises(BadFrameError, match="seq"):
        decode_visitor(resuming(1, MAX_POSITION + 1))
