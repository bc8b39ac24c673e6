"""The grammar: what an answer says follows from the facts at hand."""

from __future__ import annotations

import random

import pytest

from nlp.training.responder.grammar import NoAnswerError, answer_text, maybe, names_of, pick_alternatives, say

RNG = random.Random(1)
SHIPPED = say(
    "Your order is on its way.",
    "Order {order.number} is on its way.",
    "Order {order.number} is on its way with {order.carrier}.",
)


def test_every_alternative_is_picked_and_leaves_no_gap() -> None:
    said = {pick_alternatives(RNG, "(Hi|Hello) there(| now) !") for _ in range(200)}
    assert said == {"Hi there!", "Hello there!", "Hi there now!", "Hello there now!"}


def test_nested_alternatives_are_resolved_from_inside() -> None:
    assert {pick_alternatives(RNG, "(a (b|c)|d)") for _ in range(100)} == {"a b", "a c", "d"}


def test_brackets_without_alternatives_stay() -> None:
    assert pick_alternatives(RNG, "order {order.number} ({order.item})") == "order {order.number} ({order.item})"


def test_names_of_a_template() -> None:
    assert names_of("{order.2.number} and {policy.refund_time}") == ["order.2.number", "policy.refund_time"]


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({}, "Your order is on its way."),
        ({"order.carrier": "UPS"}, "Your order is on its way."),
        ({"order.number": "#1"}, "Order <extra_id_40> is on its way."),
        ({"order.number": "#1", "order.carrier": "UPS"}, "Order <extra_id_40> is on its way with <extra_id_42>."),
    ],
)
def test_the_template_that_names_most_of_the_facts_at_hand_is_taken(facts: dict[str, str], answer: str) -> None:
    assert answer_text(RNG, (SHIPPED,), facts) == answer


def test_a_condition_chooses_by_a_word_fact() -> None:
    slot = say(
        "policy.return_shipping=free? It is free.", "policy.return_shipping=paid? It costs {policy.return_cost}."
    )
    assert answer_text(RNG, (slot,), {"policy.return_shipping": "free", "policy.return_cost": "x"}) == "It is free."
    paid = {"policy.return_shipping": "paid", "policy.return_cost": "x"}
    assert answer_text(RNG, (slot,), paid) == "It costs <extra_id_9>."


def test_an_optional_slot_is_left_out_and_a_needed_one_is_an_error() -> None:
    tracking = ("The number is {order.tracking}.",)
    assert answer_text(RNG, (SHIPPED, maybe(*tracking)), {}) == "Your order is on its way."
    with pytest.raises(NoAnswerError):
        answer_text(RNG, (SHIPPED, say(*tracking)), {})
