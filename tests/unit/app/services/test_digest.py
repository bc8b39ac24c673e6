"""Conversations taken together: nothing that is not in the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.services.digest import Answered, Said, Talk, digest
from nlp.labels import INTENTS

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def said(seq: int, intent: str | None, sentiment: str = "neutral", score: float = 0.9) -> Said:
    return Said(START + timedelta(minutes=seq), seq, intent, score, sentiment)


def answered(covers: int, text: str, facts: dict[str, str], **decision: object) -> Answered:
    return Answered(START + timedelta(minutes=covers, seconds=5), covers, decision, facts, text)


def talk(said_: list[Said], answers: list[Answered]) -> Talk:
    return Talk(uuid4(), uuid4(), said_, answers, None)


def test_only_facts_that_were_read_count_as_told() -> None:
    facts = {"order.arrives": "Friday, November 27", "order.tracking": "1Z999", "order.number": "#1042"}
    one = answered(1, "It comes on Friday, November 27.", facts, label="order_status", act="answer", order="#1042")
    found = digest(talk([said(1, "order_status")], [one]))
    assert [(told.fact, told.text, told.promise) for told in found.told] == [
        ("order.arrives", "Friday, November 27", True)
    ]
    assert all(told.text in one.text for told in found.told)
    assert found.orders == ["#1042"]
    assert found.wishes[0].meaning == INTENTS["order_status"]


def test_a_wish_is_told_once_with_what_came_of_it() -> None:
    asked = answered(1, "Which order?", {}, label="order_cancel", act="ask_order", order=None)
    handed = answered(3, "A colleague will do it.", {}, label="order_cancel", act="handoff", order=None)
    found = digest(talk([said(1, "order_cancel"), said(3, "order_cancel")], [asked, handed]))
    assert [(wish.intent, wish.act) for wish in found.wishes] == [("order_cancel", "handoff")]


def test_both_questions_of_a_message_are_wishes() -> None:
    both = answered(1, "Yes.", {}, label="refund_policy", act="answer", order=None, also={"label": "order_status"})
    assert {wish.intent for wish in digest(talk([], [both])).wishes} == {"refund_policy", "order_status"}


def test_what_nobody_answered_is_a_wish_without_an_act() -> None:
    found = digest(talk([said(1, "invoice"), said(2, "greeting"), said(3, "warranty", score=0.2)], []))
    assert [(wish.intent, wish.act) for wish in found.wishes] == [("invoice", None)]
    assert found.unanswered_since == START + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moods", "trend"),
    [
        (["neutral", "negative"], "falling"), (["negative", "positive"], "rising"), (["neutral"], "steady"),
        (["positive", "positive"], "steady"), ([], "steady"),
    ],
)  # fmt: skip
def test_the_trend_of_the_mood(moods: list[str], trend: str) -> None:
    found = digest(talk([said(number, None, mood) for number, mood in enumerate(moods, start=1)], []))
    assert found.trend == trend
    assert found.mood == (moods[-1] if moods else None)
