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
    "▁Sor", "ry", "▁Bye", "▁find us",
]  # fmt: skip
LETTERS = sorted(set("Our number is You'll find us at Sorry Bye") - {" "})  # every vocabulary has them
END, PHONE = 0, PIECES.index("<extra_id_2>")
GROUPS = (("Our number is <extra_id_2>.", "You'll find us at <extra_id_5>."), ("Bye.",))
WHOLE = {"Our number is <extra_id_2>.", "You'll find us at <extra_id_5>."}


def constraint(pieces: Sequence[str] = PIECES) -> SentenceConstraint:
    vocabulary = Vocabulary(dict(enumerate(pieces)), [END], len(pieces), END, keeps_spaces=True)
    return SentenceConstraint(None, GROUPS, PieceBook(vocabulary), ("Sorry.",))


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
    said = text.strip().removeprefix("Sorry.").strip().removesuffix("Bye.").strip()
    assert said in WHOLE


def test_a_sentence_ends_with_its_own_literal() -> None:
    rule = constraint()
    assert free(rule) == {"▁Our", "▁You'll", "▁Sor", "▁"}
    say(rule, "▁Our", "▁number", "▁is", "▁")
    assert free(rule) == {"<extra_id_2>"}
    say(rule, "<extra_id_2>", ".")
    assert free(rule) == {"</s>", "▁Bye", "▁"}


def test_an_opening_is_no_answer_and_comes_once() -> None:
    rule = constraint()
    say(rule, "▁Sor", "ry", ".")
    assert free(rule) == {"▁Our", "▁You'll", "▁"}
    say(rule, "▁You'll", "▁find us", "▁at", "▁", "<extra_id_5>", ".", "▁Bye", ".")
    assert free(rule) == {"</s>"}


def test_a_prefix_of_another_making_ends_the_constraint() -> None:
    rule = constraint()
    rule.advance(PIECES.index("▁number"))
    assert not rule.banned().any()
