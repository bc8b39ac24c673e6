"""The table of situations names only facts that exist, and never an order's facts before the proof."""

from __future__ import annotations

import pytest

from nlp.grounding import POINTERS, WORDS
from nlp.prompt import Act
from nlp.situations import INTENTS, SITUATIONS


def test_every_key_is_a_fact() -> None:
    assert not {key for row in SITUATIONS.values() for key in row.keys} - POINTERS.keys() - WORDS.keys()


def test_every_intent_has_a_situation() -> None:
    assert set(INTENTS) == {name.partition("/")[0] for name in SITUATIONS} - {"any"}
    assert len(INTENTS) == len(set(INTENTS))


@pytest.mark.parametrize("name", [name for name in SITUATIONS if name.endswith(("/unverified", "/unmatched"))])
def test_nothing_of_an_order_or_customer_is_given_before_the_proof(name: str) -> None:
    assert not [key for key in SITUATIONS[name].keys if key.startswith(("order.", "refund.", "customer."))]


def test_wrong_and_unknown_numbers_have_the_same_answer() -> None:
    assert {SITUATIONS[name] for name in SITUATIONS if name.startswith("order_") and name.endswith("/unmatched")} == {
        SITUATIONS["order_status/unmatched"]
    }
    assert SITUATIONS["order_status/unmatched"].act is Act.NOT_FOUND
