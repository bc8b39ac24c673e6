"""Messages with two questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.services.answer.clauses import questions_in
from app.services.answer.compound import decide_both, two_questions
from app.services.answer.question import Question
from nlp.prompt import Mood
from tests.unit.app.services.test_decision import ANA, ask, order


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "where is my order and can I still return the first one?",
            ["where is my order", "can I still return the first one?"],
        ),
        ("do you ship to canada? and how much is it?", ["do you ship to canada?", "and how much is it?"]),
        (
            "hi! wheres my package. also do u have discount codes",
            ["wheres my package.", "also do u have discount codes"],
        ),
        ("can i pay with paypal, and how long is delivery", ["can i pay with paypal", "how long is delivery"]),
        ("My jacket arrived broken. I want a refund.", []),
        ("I ordered a shirt and pants", []),
        ("I returned it last week and still no refund", []),
        ("cancel my order and refund me", []),
        ("", []),
    ],
)
def test_questions_of_a_message(text: str, parts: list[str]) -> None:
    assert questions_in(text) == parts


def situations(first: Question, second: Question) -> list[str]:
    return [decision.situation for _, decision in decide_both(first, second)]


def known(text: str, intent: str, **more: Any) -> Question:
    return ask(text, intent, customer=ANA, orders=[order("#1050"), order("#1042", "delivered")], **more)


def test_both_questions_are_answered_each_about_its_own_order() -> None:
    both = decide_both(
        known("where is my order", "order_status"), known("can I return the first one", "return_or_exchange")
    )
    assert [decision.situation for _, decision in both] == ["order_status/verified", "return_or_exchange/verified"]
    assert [decision.order_number for _, decision in both] == ["#1050", "#1042"]


def test_the_second_question_is_about_what_the_first_one_named() -> None:
    both = decide_both(known("where is #1050", "order_status"), known("can I cancel it", "order_cancel"))
    assert [decision.order_number for _, decision in both] == ["#1050", "#1050"]


def test_what_the_customer_is_to_react_to_comes_last() -> None:
    where, policy = ask("where is my order", "order_status"), ask("can I return things", "refund_policy")
    assert situations(where, policy) == ["refund_policy/general", "order_status/unverified"]
    assert situations(policy, where) == ["refund_policy/general", "order_status/unverified"]


def test_nothing_is_asked_twice() -> None:
    where, cancel = ask("where is my order", "order_status"), ask("can I cancel it", "order_cancel")
    assert situations(where, cancel) == ["order_status/unverified"]


def test_a_bad_mood_is_taken_up_once() -> None:
    angry = Mood.NEGATIVE
    both = decide_both(
        known("where is my order", "order_status", mood=angry),
        known("do you ship fast", "delivery_options", mood=angry),
    )
    assert [decision.mood for _, decision in both] == [Mood.NEGATIVE, Mood.NEUTRAL]


def test_only_two_clear_questions_for_different_things_are_two() -> None:
    where, policy = ask("where is it", "order_status"), ask("can I return it", "refund_policy")
    assert list(two_questions([where, policy])) == [where, policy]
    assert two_questions([where, where]) == ()
    assert two_questions([where, ask("what about the weather", "out_of_scope")]) == ()
    doubtful = replace(policy, understood=replace(policy.understood, intent_score=0.3))
    assert two_questions([where, doubtful]) == ()
