"""Every limit on what clients may do has a test at n and at n + 1: a new limit fails here until it has one."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType

import pytest

from app.settings import Settings
from realtime.protocol import codec, commands, connection

ROOT = Path(__file__).parents[2]
LIMITS = "tests/integration/app/test_limits.py"
FILES = "tests/integration/app/test_visitor_files.py"
CONNECTION = "tests/unit/realtime/protocol/test_connection.py"
CODEC = "tests/unit/realtime/protocol/test_codec.py"

# What is limited, and where: the file and the test.
TESTED = {
    "connection_commands_per_minute": (LIMITS, "test_commands_of_one_connection"),
    "visitor_commands_per_minute": (LIMITS, "test_commands_of_one_visitor_over_all_connections"),
    "address_commands_per_minute": (LIMITS, "test_commands_from_one_address"),
    "shop_commands_per_minute": (LIMITS, "test_commands_to_one_shop_and_staff_gets_through"),
    "visitor_connections_per_minute": (LIMITS, "test_connections_of_one_visitor"),
    "address_connections_per_minute": (LIMITS, "test_connections_from_one_address"),
    "shop_connections_per_minute": (LIMITS, "test_connections_to_one_shop_and_staff_gets_through"),
    "visitor_conversations_per_minute": (LIMITS, "test_conversations_of_one_visitor"),
    "address_conversations_per_minute": (LIMITS, "test_conversations_from_one_address"),
    "shop_conversations_per_minute": (LIMITS, "test_conversations_of_one_shop"),
    "visitor_uploads_per_minute": (FILES, "test_uploads_of_one_visitor"),
    "address_uploads_per_minute": (FILES, "test_uploads_from_one_address"),
    "shop_uploads_per_minute": (FILES, "test_uploads_to_one_shop"),
    "messages_per_minute": ("tests/integration/app/test_http.py", "test_messages_of_one_visitor_are_limited"),
    "requests_per_minute": (
        "tests/integration/app/test_http.py",
        "test_requests_are_limited_at_the_limit_and_not_before",
    ),
    "login_attempts_per_minute": (
        "tests/integration/app/test_sign_in.py",
        "test_sign_in_attempts_are_limited_per_address",
    ),
    "message_chars": (CONNECTION, "test_message_length_at_n_and_n_plus_one"),
    "HELLO_TIMEOUT_S": (CONNECTION, "test_hello_must_come_within_ten_seconds"),
    "BAD_FRAMES_PER_MINUTE": (CONNECTION, "test_twenty_bad_frames_in_a_minute_close"),
    "MAX_PENDING": (CONNECTION, "test_commands_that_wait_are_bounded"),
    "MAX_FRAME_BYTES": (CODEC, "test_frame_size_is_counted_in_bytes"),
    "MAX_RESUME": (CODEC, "test_a_hello_resumes_so_many_conversations_and_not_one_more"),
    "MAX_HELD": (CODEC, "test_a_hello_holds_so_many_notifications_unread_and_not_one_more"),
    "MAX_POSITION": (CODEC, "test_the_largest_position_is_what_every_client_can_count_to"),
}


def _constants(module: ModuleType) -> set[str]:
    """Return the limits that a module of the protocol defines."""
    text = Path(str(module.__file__)).read_text("utf-8")
    named = [target for node in ast.parse(text).body if isinstance(node, ast.Assign) for target in node.targets]
    names = {target.id for target in named if isinstance(target, ast.Name)}
    return {name for name in names if name.startswith("MAX_") or name.endswith(("_PER_MINUTE", "_TIMEOUT_S"))}


def test_every_limit_is_in_the_table() -> None:
    settings = {name for name in Settings.model_fields if name.endswith(("_per_minute", "_chars"))}
    assert settings | _constants(connection) | _constants(codec) | _constants(commands) == TESTED.keys()


@pytest.mark.parametrize("limit", sorted(TESTED))
def test_it_has_its_test(limit: str) -> None:
    file, test = TESTED[limit]
    tests = {
        node.name
        for node in ast.parse((ROOT / file).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert test in tests
