"""Splitting: nothing is lost, nothing is too long, no literal and no grapheme is cut."""

from __future__ import annotations

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from app.domain.split import TextLimit, Unit, split

WORDS = st.sampled_from(
    ["Your", "order", "is", "on", "its", "way.", "Thanks!", "#1042", "https://shop.test/a?b=1&c=2", "12.50", "EUR"]
)
LIMITS = st.builds(TextLimit, st.integers(30, 90), st.sampled_from(list(Unit)))


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.text(), st.builds(TextLimit, st.integers(12, 40), st.sampled_from(list(Unit))))
def test_parts_are_the_text_and_fit(text: str, limit: TextLimit) -> None:
    parts = split(text, limit)
    assert squeezed("".join(part.text for part in parts)) == squeezed(text)
    assert all(limit.fits(part.text) and part.text for part in parts)
    assert [part.end for part in parts] == sorted({part.end for part in parts})
    assert not parts or parts[-1].end <= len(text.encode())


@given(st.lists(WORDS, max_size=60).map(" ".join), LIMITS)
def test_no_word_is_cut(text: str, limit: TextLimit) -> None:
    assert " ".join(part.text for part in split(text, limit)).split() == text.split()


@given(st.lists(st.sampled_from(["👩‍👩‍👧", "é", "🇪🇸", "👍🏽", "각", "a"]), max_size=40).map("".join))
def test_no_grapheme_is_cut(text: str) -> None:
    parts = split(text, TextLimit(30))
    whole = regex.findall(r"\X", text)
    assert [one for part in parts for one in regex.findall(r"\X", part.text)] == whole


def test_a_sentence_end_is_the_place_to_cut() -> None:
    text = "Your parcel left on Monday. It should be with you soon. Tell us if it is not."
    assert [part.text for part in split(text, TextLimit(60))] == [
        "Your parcel left on Monday. It should be with you soon.",
        "Tell us if it is not.",
    ]


def test_the_end_of_a_part_is_a_place_in_the_text() -> None:
    text = "Größe 42 ist da. Sie kostet weniger."
    first = split(text, TextLimit(20))[0]
    assert text.encode()[: first.end].decode() == first.text == "Größe 42 ist da."


@pytest.mark.parametrize(
    "literal",
    [
        "https://shop.test/orders/1042?token=abc",
        "No. 1042",
        "12.50 EUR",
        "1Z 999 AA1 0123",
        "#1042",
        "€ 20",
        "a@b.test",
    ],
)
@pytest.mark.parametrize("length", range(18, 60))
def test_a_literal_stays_whole(literal: str, length: int) -> None:
    text = f"We have looked at it and here it is {literal} so that you know it now."
    limit = TextLimit(max(length, len(literal) + 8))
    assert [part for part in split(text, limit) if literal in part.text]


def test_what_cannot_fit_is_cut_all_the_same() -> None:
    parts = split("x" * 25, TextLimit(10))
    assert [len(part.text) for part in parts] == [10, 10, 5]


def test_bytes_count_where_the_channel_may_count_them() -> None:
    assert len(split("ä" * 8, TextLimit(8))) == 1
    assert len(split("ä" * 8, TextLimit(8, Unit.UTF8))) == 2
