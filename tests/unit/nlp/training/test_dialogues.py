"""The generated dialogues: every situation, only facts of the prompt, nothing held out in the training."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from nlp.grounding import POINTERS, SENTINEL, Fact, fill, unfounded_literals
from nlp.prompt import question_of
from nlp.situations import INTENTS, SITUATIONS
from nlp.training.responder.dialogues import Example, Generator, is_held_out, scenes

KEYS = {number: key for key, number in POINTERS.items()}


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(Generator(11).examples(6_000))


def test_every_situation_has_a_scene_and_is_drawn(examples: list[Example]) -> None:
    assert {scene.situation for scene in scenes()} == SITUATIONS.keys()
    assert {example.situation for example in examples} == SITUATIONS.keys()


def test_every_intent_is_drawn(examples: list[Example]) -> None:
    assert {example.prompt.split(" ")[1] for example in examples} == set(INTENTS)


def test_answers_point_only_at_facts_of_their_prompt(examples: list[Example]) -> None:
    for example in examples:
        assert {int(number) for number in SENTINEL.findall(example.answer)} <= example.literals.keys(), example


def test_answers_hold_no_digit_of_their_own(examples: list[Example]) -> None:
    for example in examples:
        assert not re.search(r"\d", SENTINEL.sub("", example.answer)), example


def test_facts_follow_the_row_of_their_situation(examples: list[Example]) -> None:
    for example in examples:
        assert {KEYS[number] for number in example.literals} <= set(SITUATIONS[example.situation].keys), example


def test_orders_are_never_named_to_the_unverified(examples: list[Example]) -> None:
    for example in examples:
        if example.situation.endswith(("/unverified", "/unmatched")):
            assert not any(KEYS[number].startswith("order.") for number in example.literals), example


def test_answers_are_clean_text(examples: list[Example]) -> None:
    for example in examples:
        said = SENTINEL.sub("X", example.answer)
        assert not re.search(r"[{}|]|  |\?\?|\.\.| [.,!?]|=|\b(\w+) \1\b", said), example
        assert said[0].isupper(), example
        assert said[-1] in ".!?X", example


def test_a_mood_is_taken_up_in_one_clause_at_most(examples: list[Example]) -> None:
    sorry = re.compile(r"\bsorry\b", re.IGNORECASE)
    assert max(len(sorry.findall(example.answer)) for example in examples) == 1


def test_answers_are_short(examples: list[Example]) -> None:
    lengths = sorted(len(example.answer.split()) for example in examples)
    assert lengths[len(lengths) // 2] <= 25
    assert lengths[-1] <= 60


def test_the_same_seed_gives_the_same_dialogues() -> None:
    assert list(Generator(5).examples(50)) == list(Generator(5).examples(50))
    assert list(Generator(5).examples(50)) != list(Generator(6).examples(50))


def test_held_out_shops_and_ways_of_asking_are_not_trained_on(examples: list[Example]) -> None:
    held_out = list(Generator(11, held_out=True).examples(1_500))
    trained = {example.literals[1] for example in examples if 1 in example.literals}
    assert trained.isdisjoint(example.literals[1] for example in held_out if 1 in example.literals)
    asks = [ask for scene in scenes() for ask in scene.asks]
    assert 0.03 < Counter(map(is_held_out, asks))[True] / len(asks) < 0.15


def test_what_is_asked_back_is_not_known_already(examples: list[Example]) -> None:
    for example in examples:
        question = question_of(example.prompt)
        if example.situation in ("any/clarify", "any/offer"):
            assert not re.search(r"order|return|\d", question), example
        before = "\n".join(example.prompt.split("\n")[1:-1])
        if example.situation in ("product_search/vague", "availability/which", "product_question/which"):
            assert not re.search(r"bot: .*(?:suggest|recommend|in stock)", before), example


def test_an_order_holds_what_the_customer_calls_it() -> None:
    for example in Generator(12, held_out=True).examples(1_500):
        item = example.literals.get(POINTERS["order.item"])
        named = re.search(
            r"\b(poncho|thermos|duffel|cardigan|lantern|apron|toolbox)\b", question_of(example.prompt), re.I
        )
        if item and named and example.situation.startswith(("refund_request", "return_or_exchange", "order_")):
            assert named[1].lower() in item.lower() or "another" in example.prompt, example


def test_reference_answers_pass_the_check_after_the_stream(examples: list[Example]) -> None:
    for example in examples[:1_000]:
        text = fill(example.answer, example.literals)
        assert not unfounded_literals(text, [Fact(KEYS[n], value) for n, value in example.literals.items()]), text


def test_what_was_said_before_agrees_with_the_facts(examples: list[Example]) -> None:
    for example in examples:
        before = "\n".join(example.prompt.split("\n")[1:-1])
        if example.situation == "discount/general" and "discount.code" not in example.prompt:
            assert not re.search(r"code (?:HELLO|SAVE|SPRING)", before), example
        if example.situation == "contact_info/general" and POINTERS["shop.phone"] not in example.literals:
            assert not re.search(r"call us on|phone number is", before), example
