"""Forbidden phrases, however the text is cut into pieces."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.engine.phrases import PhraseBook, PhraseConstraint
from nlp.engine.vocabulary import Vocabulary

PIECES = ["</s>", "▁out", "▁of", "▁st", "ock", "▁stock", "▁Out", "o", "u", "t", "▁", "f", "s", "c", "k", "<extra_id_0>"]
END = 0
SENTINEL = len(PIECES) - 1


def vocabulary() -> Vocabulary:
    return Vocabulary(dict(enumerate(PIECES)), [END], len(PIECES), END, keeps_spaces=True)


@given(st.lists(st.integers(min_value=1, max_value=SENTINEL), max_size=40))
def test_a_phrase_is_never_finished(wanted: list[int]) -> None:
    constraint = PhraseConstraint(None, ("out of stock", "OFF"), PhraseBook(vocabulary()))
    text = ""
    for token in wanted:
        if constraint.banned()[token]:
            continue
        constraint.advance(token)
        text += PIECES[token].replace("▁", " ") if token != SENTINEL else "|"
    assert "out of stock" not in text.lower()
    assert "off" not in text.lower()


def test_only_the_last_piece_is_banned_and_the_end_never() -> None:
    constraint = PhraseConstraint(None, ("out of stock",), PhraseBook(vocabulary()))
    for piece in ("▁Out", "▁of"):
        assert not constraint.banned()[PIECES.index(piece)]
        constraint.advance(PIECES.index(piece))
    banned = constraint.banned()
    assert [PIECES[token] for token in np.flatnonzero(banned)] == ["▁stock"]
    constraint.advance(PIECES.index("▁st"))
    assert [PIECES[token] for token in np.flatnonzero(constraint.banned())] == ["ock"]


def test_a_piece_that_holds_the_whole_phrase_is_banned_from_the_start() -> None:
    constraint = PhraseConstraint(None, ("stock",), PhraseBook(vocabulary()))
    assert [PIECES[token] for token in np.flatnonzero(constraint.banned())] == ["▁stock"]


def test_a_literal_in_between_breaks_the_phrase() -> None:
    constraint = PhraseConstraint(None, ("out of stock",), PhraseBook(vocabulary()))
    for token in (PIECES.index("▁out"), SENTINEL, PIECES.index("▁of")):
        constraint.advance(token)
    assert not constraint.banned().any()
