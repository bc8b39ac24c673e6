"""An answer begins as its news and the customer's mood allow."""

from __future__ import annotations

import pytest

from nlp.grounding import Fact
from nlp.prompt import Mood
from nlp.registry import STARTER_RESPONDER
from nlp.sentences import Sentences
from nlp.tone import goes_before, is_yes_no_question, offered_later

GOOD, BAD = "You can call us on <extra_id_2>.", "We have not received the payment for order <extra_id_40> yet."


def begun(situation: str, mood: Mood, question: str = "", **facts: str) -> list[str]:
    found = [Fact(key.replace("__", "."), value) for key, value in facts.items()]
    allowed = Sentences.load(STARTER_RESPONDER).allowed(situation, found, mood=mood, question=question)
    return list(allowed.groups[0])


def test_cheer_goes_before_good_news_alone() -> None:
    assert goes_before("Happy to help!", Mood.POSITIVE, "contact_info/general", GOOD)
    assert not goes_before("Happy to help!", Mood.POSITIVE, "order_status/verified", BAD)
    assert not goes_before("Happy to help!", Mood.POSITIVE, "refund_request/unverified", "Let me look that up.")
    assert not goes_before("Happy to help!", Mood.NEUTRAL, "contact_info/general", GOOD)


def test_an_apology_goes_to_the_unhappy_and_before_no_other_one() -> None:
    assert goes_before("I'm sorry for the trouble.", Mood.NEGATIVE, "contact_info/general", GOOD)
    assert not goes_before("I'm sorry for the trouble.", Mood.POSITIVE, "contact_info/general", GOOD)
    assert goes_before("I'm sorry for the trouble.", Mood.NEGATIVE, "order_status/verified", "I'm afraid not.")
    assert not goes_before("I'm sorry for the trouble.", Mood.NEGATIVE, "order_status/verified", "Sorry, we are out.")


def test_the_answers_of_the_starter_begin_by_these_rules() -> None:
    assert any(one.startswith("Happy") for one in begun("contact_info/general", Mood.POSITIVE, shop__phone="1"))
    unpaid = {"order__number": "#1", "order__state": "awaiting payment"}
    assert not any(one.startswith(("Happy", "Glad")) for one in begun("order_status/verified", Mood.POSITIVE, **unpaid))
    assert not any(" sorry " in one for one in begun("contact_info/general", Mood.NEUTRAL, shop__phone="1"))


def test_yes_is_said_only_to_what_can_be_answered_by_it() -> None:
    facts = {"asks": "express", "delivery__express_time": "2 days", "delivery__express_cost": "€9.00"}
    asked = begun("delivery_options/general", Mood.NEUTRAL, "is there an express option?", **facts)
    assert asked
    assert all(one.startswith("Yes") for one in asked)
    how_much = begun("delivery_options/general", Mood.NEUTRAL, "how much is express?", **facts)
    assert how_much
    assert not any(one.startswith("Yes") for one in how_much)
    sold_out = begun("availability/found", Mood.NEUTRAL, "is it sold out?", product__1__title="Mug",
                     product__1__stock="in stock")  # fmt: skip
    assert sold_out
    assert not any(one.startswith("Yes") for one in sold_out)


def test_whether_there_is_a_fee_and_whether_it_is_free_read_the_same_words() -> None:
    facts = {"policy__cancellation": "fee", "policy__cancel_fee": "€5.00"}
    for question in ("is there a fee?", "is it free?"):
        answers = begun("cancellation_fee/general", Mood.NEUTRAL, question, **facts)
        assert answers
        assert not any(one.startswith(("Yes", "No")) for one in answers)


def test_a_refusal_to_the_unhappy_is_one_clause_of_regret() -> None:
    facts = {"confirms": "no", "asks": "countries", "delivery__countries": "Spain"}
    answers = begun("delivery_options/general", Mood.NEGATIVE, "do you ship to Norway?", **facts)
    assert answers
    assert all(one.startswith("I'm sorry, but we don't") for one in answers)
    plain = begun("delivery_options/general", Mood.NEUTRAL, "do you ship to Norway?", **facts)
    assert all(one.startswith("I'm afraid we don't") for one in plain)


def test_the_cost_of_cancelling_that_nobody_stated_is_said_to_be_unknown() -> None:
    answers = begun("cancellation_fee/general", Mood.NEUTRAL, "is that free?", asks="cost", policy__cancel_window="2 h")
    assert all("I don't know what cancelling costs" in one and "colleague" in one for one in answers)


def test_the_time_of_a_refund_is_not_left_out() -> None:
    facts = {"order__state": "delivered", "order__returnable": "yes", "policy__refund_time": "5 days"}
    answers = begun("refund_request/verified", Mood.NEUTRAL, "I want my money back", **facts)
    assert answers
    assert all("<extra_id_8>" in one for one in answers)


@pytest.mark.parametrize(
    "text", ["do you ship to Spain?", "hi is it waterproof", "any discounts?", "tell me if it fits"]
)
def test_yes_no_questions(text: str) -> None:
    assert is_yes_no_question(text)


@pytest.mark.parametrize("text", ["how much is it?", "where is my order", "can you tell me when it comes?", "price"])
def test_other_questions(text: str) -> None:
    assert not is_yes_no_question(text)


def test_the_unhappy_read_one_clause_of_regret_and_no_cheer() -> None:
    for situation in ("contact_info/general", "order_status/unverified", "goodbye/talk"):
        answers = begun(situation, Mood.NEGATIVE, shop__phone="1")
        assert answers
        assert all("sorry" in one.lower() or "I understand" in one for one in answers)
        assert not any("gladly" in one or "Happy" in one or "soon" in one for one in answers)
        assert not any("trouble" in one for one in begun(situation, Mood.NEUTRAL, shop__phone="1"))


def test_what_has_no_page_is_not_explained() -> None:
    for intent in ("account_create", "account_edit", "account_delete", "password_reset", "newsletter", "review"):
        assert all("I don't have" in one and "colleague" in one for one in begun(f"{intent}/general", Mood.NEUTRAL))
    assert all("I don't have" in one for one in begun("invoice/unverified", Mood.NEUTRAL))


@pytest.mark.parametrize("state", ["awaiting payment", "cancelled", "refunded", "returned"])
def test_no_parcel_and_no_tracking_number_are_said_to_be_none(state: str) -> None:
    order = {"order__number": "#1", "order__state": state}
    when = begun("order_status/verified", Mood.NEUTRAL, "when does it come?", asks="when", **order)
    assert all("parcel" in one or "can't give you a delivery date" in one for one in when)
    tracking = begun("order_status/verified", Mood.NEUTRAL, "tracking number?", asks="tracking", **order)
    assert all("track" in one for one in tracking)


def test_yes_is_not_said_to_how_many() -> None:
    stock = {"product__1__title": "Mug", "product__1__stock": "low stock", "product__1__sizes": "S"}
    for asked in ({"asks": "count"}, {}):
        found = begun("availability/found", Mood.NEUTRAL, "how many do you have left?", **stock | asked)
        assert found
        assert not any(one.startswith("Yes") for one in found)


def test_while_nobody_is_there_a_colleague_is_offered_for_later() -> None:
    known = Sentences.load(STARTER_RESPONDER)
    for situation in ("any/offer", "any/unknown", "any/unproven", "any/language", "complaint/offer"):
        for one in known.allowed(situation, (), is_closed=True).groups[0]:
            assert one.endswith(("Shall I pass this on to them?", "Shall I pass this on to a colleague?")), one
            assert "offline right now" in one
        assert not any("offline" in one for one in known.allowed(situation, ()).groups[0])
    assert offered_later("It costs <extra_id_1>. Shall I bring it?") == "It costs <extra_id_1>. Shall I bring it?"


def test_how_far_a_code_goes_is_no_question_for_a_yes() -> None:
    assert not is_yes_no_question("does the code work on orders under 60?")
    assert is_yes_no_question("do you have a discount code?")
