"""A message with two questions gets two answers in one reply, each from its own facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.services.answer.decision import Decision, decide
from app.services.answer.question import Previous, Question
from app.services.answer.reading import intent_of
from app.services.answer.topics import TALK_INTENTS
from nlp.prompt import Act, Mood

_NOT_COMPOUND = TALK_INTENTS | {"out_of_scope", "contact_human", "complaint", "unclear"}
_ASKS_BACK = frozenset({Act.ASK_ORDER, Act.ASK_DETAIL, Act.NOT_FOUND})
_SAYS_NOTHING = frozenset({Act.CLARIFY, Act.OFFER_PERSON, Act.DECLINE, Act.SMALL_TALK})
_LAST = frozenset({Act.ASK_ORDER, Act.ASK_DETAIL, Act.NOT_FOUND, Act.HANDOFF})  # what the customer is to react to


def two_questions(parts: Sequence[Question]) -> Sequence[Question]:
    """Return the first two that were understood and want different things, else nothing."""
    read = [(one, intent_of(one)[0]) for one in parts]
    clear = [(one, intent) for one, intent in read if intent not in _NOT_COMPOUND]
    if len(clear) < 2:
        return ()
    first, wanted = clear[0]
    second = next((one for one, intent in clear[1:] if intent != wanted), None)
    return (first, second) if second is not None else ()


def decide_both(first: Question, second: Question) -> list[tuple[Question, Decision]]:
    """Decide both questions; the answer that the customer is to react to comes last. One remains if the other adds
    nothing: a second question for the order, a second hand-off, or one that was not understood."""
    one = decide(first)
    if one.order_number is not None or one.product_id is not None:
        spoken_of = Previous(one.situation, one.order_number, one.product_id, label=one.intent)
        second = replace(second, previous=spoken_of, shown=one.products)
    other = decide(replace(second, understood=replace(second.understood, mood=Mood.NEUTRAL)))
    if other.act in _SAYS_NOTHING or _say_the_same(one, other):
        return [(first, one)]
    if one.act in _SAYS_NOTHING:
        return [(second, other)]
    both = [(first, one), (second, other)]
    return both[::-1] if one.act in _LAST and other.act not in _LAST else both


def _say_the_same(one: Decision, other: Decision) -> bool:
    asks_twice = one.act in _ASKS_BACK and other.act in _ASKS_BACK
    hands_off_twice = one.hands_off and other.hands_off
    return asks_twice or hands_off_twice or (one.situation == other.situation and one.orders == other.orders)
