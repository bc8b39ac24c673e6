"""Answers of given sentences, however the text is cut into pieces."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.engine.sentences import PieceBook, SentenceConstraint
from nlp.engine.vocabulary import Vocabulary

PIECES = [
    "</s>", "▁Our", "▁number", "▁is", "▁", "<extra_id_2>", "<extra_id_5>", ".", "▁You'll", "▁find", "▁us", "▁at",
    "▁Sor", "ry", "▁Bye", "▁find us", "▁Is", "?",
]  # fmt: skip
LETTERS = sorted(set("Our number is You'll find us at Sorry Bye Is?") - {" "})  # every vocabulary has them
END, PHONE = 0, PIECES.index("<extra_id_2>")
TOLD = ("Our number is <extra_id_2>.", "You'll find us at <extra_id_5>.")
GROUPS = ((*TOLD, *(f"Sorry. {one}" for one in TOLD), "Is number <extra_id_2> Our?"), ("Bye.", "Our <extra_id_2>."))


def constraint(pieces: Sequence[str] = PIECES) -> SentenceConstraint:
    vocabulary = Vocabulary(dict(enumerate(pieces)), [END], len(pieces), END, keeps_spaces=True)
    return SentenceConstraint(None, GROUPS, PieceBook(vocabulary))


def free(rule: SentenceConstraint) -> set[str]:
    return {PIECES[token] for token in np.flatnonzero(~rule.banned())}


def say(rule: SentenceConstraint, *pieces: str) -> None:
    for piece in pieces:
        assert not rule.banned()[PIECES.index(piece)], piece
        rule.advance(PIECES.index(piece))


@given(st.randoms(use_true_random=False))
def test_whatever_is_wanted_whole_sentences_are_said(random: Random) -> None:
    pieces = [*PIECES, *LETTERS]
    rule, text = constraint(pieces), ""
    while (token := random.choice(np.flatnonzero(~rule.banned()).tolist())) != END:
        rule.advance(token)
        text += pieces[token].replace("▁", " ")
    first = next(one for one in sorted(GROUPS[0], key=len, reverse=True) if text.strip().startswith(one))
    assert text.strip().removeprefix(first).strip() in {"", *GROUPS[1]}


def test_a_sentence_ends_with_its_own_literal() -> None:
    rule = constraint()
    assert free(rule) == {"▁Our", "▁You'll", "▁Sor", "▁Is", "▁"}
    say(rule, "▁Our", "▁number", "▁is", "▁")
    assert free(rule) == {"<extra_id_2>"}


def test_what_was_told_is_not_told_again() -> None:
    rule = constraint()
    say(rule, "▁Our", "▁number", "▁is", "▁", "<extra_id_2>", ".")
    assert free(rule) == {"</s>", "▁Bye", "▁"}
    other = constraint()
    say(other, "▁You'll", "▁find us", "▁at", "▁", "<extra_id_5>", ".")
    assert free(other) == {"</s>", "▁Bye", "▁Our", "▁"}


def test_an_opening_is_no_answer() -> None:
    rule = constraint()
    say(rule, "▁Sor", "ry", ".")
    assert free(rule) == {"▁Our", "▁You'll", "▁"}
    say(rule, "▁You'll", "▁find us", "▁at", "▁", "<extra_id_5>", ".", "▁Bye", ".")
    assert free(rule) == {"</s>"}


def test_nothing_follows_a_question() -> None:
    rule = constraint()
    say(rule, "▁Is", "▁number", "▁", "<extra_id_2>", "▁Our", "?")
    assert free(rule) == {"</s>"}


def test_a_prefix_of_another_making_ends_the_constraint() -> None:
    rule = constraint()
    rule.advance(PIECES.index("▁number"))
    assert not rule.banned().any()
