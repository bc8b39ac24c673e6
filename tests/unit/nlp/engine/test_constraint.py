"""No digit, address or link gets into a reply but as one of its literals has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.engine.constraint import MAX_REPEATS, Constraint, ConstraintMaker
from nlp.engine.detokenize import Detokenizer
from nlp.engine.vocabulary import Vocabulary
from tests.unit.nlp.engine.conftest import VOCAB, make_tokenizer

TOKENIZER = make_tokenizer()
VOCABULARY = Vocabulary.of(TOKENIZER, VOCAB, 1)
MAKER = ConstraintMaker(VOCABULARY)
LITERALS = ["AB-1234", "12", "12.50", "20 the 3rd", "https://a.de/x?y=2", "me@we.com", "½ kg", "blue", "日 7"]


def spell(constraint: Constraint, text: str) -> bool:
    """Feed a text character by character; return whether every one was allowed."""
    for character in text.replace(" ", "▁"):
        token = VOCABULARY.ids[character]
        if constraint.banned()[token]:
            return False
        constraint.advance(token)
    return True


def is_founded(text: str, place: int) -> bool:
    """Say whether a place of a text is inside a literal that stands there as a whole, or is cut by the end."""
    for literal in LITERALS:
        for start in range(max(0, place - len(literal) + 1), place + 1):
            part = text[start : start + len(literal)]
            cut = start + len(part) == len(text) and literal.startswith(part)
            after = text[start + len(part) : start + len(part) + 1]
            if (part == literal or cut) and not text[:start][-1:].isalnum() and not after.isalnum():
                return True
    return False


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["any", "guarded", "joining"])), max_size=40))
def test_whatever_a_model_wants_what_it_writes_is_founded(wishes: list[tuple[int, str]]) -> None:
    """Any allowed piece may be chosen; digits, addresses and links that result are all whole literals."""
    constraint = MAKER.literals(LITERALS)
    detokenizer = Detokenizer(VOCABULARY, {}, ())
    text = ""
    for number, kind in wishes:
        allowed = np.flatnonzero(~constraint.banned())
        assert allowed.size, "a reply must never be stuck"
        pieces = {int(t): VOCABULARY.pieces[int(t)] for t in allowed if t != VOCABULARY.eos_id}
        marks = "0123456789½@/." if kind == "guarded" else ".:,-/ "
        liked = [t for t, piece in pieces.items() if kind == "any" or any(mark in piece for mark in marks)]
        choice = (liked or list(pieces))[number % len(liked or pieces)]
        constraint.advance(choice)
        text += detokenizer.push(choice)
    for place, character in enumerate(text):
        before = text[place - 1] if place else ""
        link = (character == "/" and before and before in ":/") or (before == "." and character.isalpha())
        if character.isdigit() or character in "½@" or link:
            assert is_founded(text, place), (text, place)


@pytest.mark.parametrize("literal", LITERALS)
def test_every_literal_can_be_spelled_and_followed_by_text(literal: str) -> None:
    assert spell(MAKER.literals(LITERALS), f"is {literal}, by")
    assert spell(MAKER.literals(LITERALS), f"({literal}) {literal}.")


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "is 1 ",
        "is 123",
        "12x",
        "12.5 ",
        "-12",
        "3-12",
        "x12",
        "AB-12 ",
        "AB-1234a",
        "1234",
        "½ b",
        "http://",
        "a.de",
        "me@ ",
        "12.12",
        "b@",
        "20 the 3 ",
        "12,12",
    ],
)
def test_what_no_literal_says_cannot_be_spelled(text: str) -> None:
    assert not spell(MAKER.literals(LITERALS), text)


def test_an_answer_cannot_end_inside_a_literal() -> None:
    constraint = MAKER.literals(LITERALS)
    assert not constraint.banned()[VOCABULARY.eos_id]
    assert spell(constraint, "AB-12")
    assert constraint.banned()[VOCABULARY.eos_id]
    assert spell(constraint, "34")
    assert not constraint.banned()[VOCABULARY.eos_id]


def test_a_literal_that_the_vocabulary_cannot_spell_is_not_begun() -> None:
    assert not spell(MAKER.literals(["4ø5"]), "4")


def test_a_foreign_prefix_does_not_lock_a_reply_for_ever() -> None:
    """A prefix written under other facts may stop inside a number that these facts do not have."""
    constraint = MAKER.literals(["1234"])
    for character in "12x":
        constraint.advance(VOCABULARY.ids[character])
    assert spell(constraint, " we can")


def test_one_sentinel_comes_at_most_three_times() -> None:
    """A model in a loop is stopped; other sentinels and the end mark stay, and ids of a prefix count."""
    constraint = MAKER.pointers({3: "AB-1234", 7: "12 March"})
    code, day = VOCABULARY.sentinels[3], VOCABULARY.sentinels[7]
    for _ in range(MAX_REPEATS):
        assert not constraint.banned()[code]
        constraint.advance(code)
        constraint.advance(VOCABULARY.ids["▁is"])
    assert constraint.banned()[code]
    assert not constraint.banned()[day]
    assert not constraint.banned()[VOCABULARY.eos_id]
    assert not MAKER.pointers({3: "AB-1234"}).banned()[code], "another answer starts anew"
