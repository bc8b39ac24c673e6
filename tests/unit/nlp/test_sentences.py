"""Which sentences the facts allow, on those that the starter was taught."""

from __future__ import annotations

import pytest

from nlp.grounding import Fact
from nlp.prompt import facts_in, mood_of, question_of
from nlp.registry import STARTER_RESPONDER
from nlp.sentences import Allowed, Said, SentenceGroup, Sentences, is_made_of
from nlp.situations import SITUATIONS
from nlp.training.responder.dialogues import Generator
from nlp.training.responder.sentences import taught_sentences

CONTACT = {"shop.email": "a@b.test", "shop.hours": "Monday to Friday", "shop.address": "1 Mill Lane"}


def allowed(situation: str, **facts: str) -> Allowed:
    found = [Fact(key.replace("__", "."), value) for key, value in facts.items()]
    return Sentences.load(STARTER_RESPONDER).allowed(situation, found)


def text_of(one: Allowed) -> str:
    return " ".join(sentence for group in one.groups for sentence in group)


def test_the_shipped_sentences_are_those_of_the_grammar() -> None:
    assert Sentences.load(STARTER_RESPONDER).by_situation == taught_sentences()


def test_every_generated_answer_is_made_of_allowed_sentences() -> None:
    known = Sentences.load(STARTER_RESPONDER)
    for example in Generator(3).examples(400):
        facts = facts_in(example.prompt, example.literals)
        if "asks" in SITUATIONS[example.situation].keys and "asks" not in {fact.key for fact in facts}:
            continue  # these know from the question alone what is absent
        mood, question = mood_of(example.prompt), question_of(example.prompt)
        allowed = known.allowed(example.situation, facts, mood=mood, question=question)
        assert is_made_of(example.answer, allowed), (example.situation, example.answer)


@pytest.mark.parametrize("asks", ["phone", "email", "hours", "address"])
def test_what_is_absent_is_not_told_by_something_else(asks: str) -> None:
    facts = {key: value for key, value in CONTACT.items() if key != f"shop.{asks}"}
    found = Sentences.load(STARTER_RESPONDER).allowed(
        "contact_info/general", [Fact(key, value) for key, value in ({"asks": asks} | facts).items()]
    )
    assert "I don't have" in text_of(found) or "We don't have" in text_of(found)
    assert "Our address is" not in text_of(found)


def test_what_is_asked_for_is_told_when_it_is_there() -> None:
    facts = {"product__1__title": "Mug", "product__1__material": "steel", "product__1__detail": "It is blue"}
    assert all("<extra_id_75>" in one for one in allowed("product_question/found", asks="material", **facts).groups[0])


def test_a_state_is_told_by_its_own_sentences() -> None:
    facts = {"product__1__title": "Mug", "product__1__stock": "in stock"}
    assert "out of the" not in text_of(allowed("availability/found", **facts))
    assert "out of the" in text_of(allowed("availability/found", **facts | {"product__1__stock": "sold out"}))


def test_what_is_sold_out_is_said_to_be_with_its_price_and_its_details() -> None:
    facts = {
        "product__1__title": "Mug",
        "product__1__price": "€5",
        "product__1__sizes": "S",
        "product__1__detail": "It",
    }
    for asked in ({}, {"asks": "price"}, {"asks": "sizes"}):
        found = allowed("product_question/found", product__1__stock="sold out", **facts, **asked).groups[0]
        assert found
        assert all("out of" in one and "You can get" not in one for one in found)
        assert not any("out of" in one for one in allowed("product_question/found", **facts, **asked).groups[0])


def test_express_without_its_time_is_said_to_be_there_and_its_time_to_be_unknown() -> None:
    found = allowed("delivery_options/general", asks="express", delivery__express_cost="€9").groups[0]
    assert found
    assert all("express delivery for <extra_id_17>" in one and "don't know how long" in one for one in found)


def test_who_pays_is_answered_with_the_cost_and_nothing_else() -> None:
    facts = {"policy__return_shipping": "paid", "policy__return_cost": "€9", "policy__return_window": "21 days"}
    found = allowed("refund_policy/general", asks="cost", **facts)
    assert all("you pay" in one.lower() and "<extra_id_9>" in one for one in found.groups[0])
    assert "<extra_id_7>" not in text_of(found)


def test_no_sentence_without_a_beginning_and_no_limit_for_an_unknown_situation() -> None:
    only_later = SentenceGroup((), (Said("It is free."),), "later")
    assert Sentences({"delivery_options/general": [only_later]}).allowed("delivery_options/general", ()) == Allowed()
    assert Sentences({}).allowed("delivery_options/general", ()) == Allowed()


def test_only_what_is_missing_of_an_order_is_asked_for() -> None:
    assert "order number" not in text_of(allowed("order_cancel/unverified", missing="email"))
    assert "e-mail" not in text_of(allowed("order_cancel/unverified", missing="order number"))
    both = text_of(allowed("order_cancel/unverified"))
    assert "order number" in both
    assert "e-mail" in both


def test_a_cancellation_fee_is_named_whenever_it_applies() -> None:
    facts = {"order__number": "#1", "order__state": "processing", "order__cancellable": "yes"}
    found = allowed("order_cancel/possible", **facts, policy__cancellation="fee", policy__cancel_fee="€5.00")
    assert found.groups[0]
    assert all("fee" in one for one in found.groups[0])
    assert all("fee" in one for one in allowed("order_cancel/possible", **facts, policy__cancellation="fee").groups[0])


def test_who_is_not_understood_twice_hears_what_there_is_and_when_people_are_there() -> None:
    closed = allowed("any/offer", handoff__state="closed", shop__hours="Monday to Friday")
    assert all("orders, delivery, returns and our products" in one for one in closed.groups[0])
    assert "The team is available <extra_id_" in text_of(closed)
    assert "The team is available" not in text_of(allowed("any/offer", handoff__state="available", shop__hours="daily"))
    assert "colleague?" in text_of(allowed("any/offer", handoff__state="closed"))
