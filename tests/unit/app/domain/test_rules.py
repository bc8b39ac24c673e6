"""Texts, jobs, replies and the shop's settings."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.job import pause_s
from app.domain.message import check_text
from app.domain.reply import ReplyStatus, longest
from app.domain.shop import DoubleTexting, HandoffTimeout, ShopRules
from realtime.ports import CommandError


@given(st.text())
def test_a_text_is_kept_as_it_is_or_refused(text: str) -> None:
    has_marks = any(one.isprintable() and not one.isspace() for one in text)
    with nullcontext() if has_marks and "\0" not in text else suppress(CommandError):
        assert check_text(text) == text
        assert text.encode()


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u202e\u00a0\n", "\0", "a\0", "\udc00", "a\ud800b"])
def test_what_cannot_be_seen_or_stored_is_refused(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        check_text(text)
    assert refused.value.code == "bad_frame"


def test_the_limit_counts_characters() -> None:
    assert check_text("🚚" * 10, 10)
    with pytest.raises(CommandError) as refused:
        check_text("a" * 11, 10)
    assert refused.value.code == "too_large"


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_are_capped_and_never_vanish(tries: int, draw: float) -> None:
    pause = pause_s(tries, draw)
    assert 0.5 <= pause <= 300
    assert pause_s(tries + 1, 0.0) >= pause_s(tries, 0.0)


def test_pauses_double() -> None:
    assert [pause_s(tries, 0.0) for tries in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]


def test_the_longest_text_is_the_one_known_best() -> None:
    assert longest([None, "It", "It is", ""]) == "It is"
    assert longest([None]) == ""


def test_only_queued_and_running_replies_are_active() -> None:
    assert [status.value for status in ReplyStatus if status.is_active] == ["queued", "running"]


def test_a_shop_without_settings_has_the_defaults() -> None:
    rules = ShopRules.of({})
    assert rules == ShopRules()
    assert rules.double_texting is DoubleTexting.MERGE


@pytest.mark.parametrize(
    "settings",
    [
        {"double_texting": "shout"},
        {"handoff_timeout": 3},
        {"handoff_timeout_s": "soon"},
        {"ask_csat": "yes"},
        {"reopen_within_h": None},
        {"handoff_timeout_text": " "},
    ],
    ids=str,
)
def test_wrong_settings_keep_the_default(settings: dict[str, Any]) -> None:
    assert ShopRules.of(settings) == ShopRules()


def test_settings_are_read() -> None:
    rules = ShopRules.of(
        {
            "double_texting": "queue",
            "handoff_timeout": "tell",
            "handoff_timeout_s": 20,
            "handoff_timeout_text": "Sorry.",
            "reopen_within_h": 1,
            "ask_csat": False,
        }
    )
    assert rules == ShopRules(
        DoubleTexting.QUEUE, HandoffTimeout.TELL, 20.0, "Sorry.", timedelta(hours=1), ask_csat=False
    )
