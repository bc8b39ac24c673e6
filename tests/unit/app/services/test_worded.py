"""Words that leave no doubt: what is read whichever of two close intents the classifier took a message for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.domain.catalogue import Article, OrderItem
from app.services.answer.decision import decide
from app.services.answer.feeling import clear_mood
from app.services.answer.following import asks_if_it_holds, names_no_matter, names_only_which
from app.services.answer.question import Found, Previous, Understanding
from app.services.answer.reading import intent_of, named_products
from nlp.prompt import Mood, Speaker, Turn
from tests.unit.app.services.test_decision import ANA, SHOP, ask, order, product

JULY, OCTOBER = datetime(2026, 7, 3, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC)
OFFER = [Turn(Speaker.BOT, "I don't have that here, but a colleague can tell you. Shall I bring one in?")]


def article(title: str, topic: str) -> Article:
    return Article(id=uuid4(), title=title, body="It says so.", topic=topic)


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("do I have to pay for it?", True),
        ("and how long does that take?", True),
        ("until when is it valid", True),
        ("do I have to pay for the tent?", False),
        ("where is my order", False),
        ("", False),
    ],
)
def test_words_that_go_with_any_matter(text: str, is_so: bool) -> None:
    assert names_no_matter(text) is is_so


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("oh it was the order from October", True),
        ("no, the other one please", True),
        ("I mean 1042", True),
        ("can I cancel the other one", False),
        ("may I", False),
    ],
)
def test_words_that_only_say_which_order(text: str, is_so: bool) -> None:
    assert names_only_which(text) is is_so


@pytest.mark.parametrize("taken_for", ["payment_methods", "discount", "refund_status", "product_question"])
@pytest.mark.parametrize("topic", ["warranty", "delivery_options", "return_or_exchange"])
def test_a_question_without_a_matter_is_about_the_last_one(topic: str, taken_for: str) -> None:
    question = ask(
        "do I have to pay for it?", taken_for, 0.7, previous=Previous(f"{topic}/general"), goes_on_with="a question"
    )
    assert intent_of(question)[0] == topic


def test_thanks_without_a_matter_are_thanks() -> None:
    question = ask("ok great, thanks", "thanks", previous=Previous("warranty/general"), goes_on_with="a question")
    assert decide(question).situation == "thanks/talk"


def test_an_article_has_the_topic_that_was_understood() -> None:
    assert Previous("product_question/article", label="warranty").topic == "warranty"
    assert Previous("delivery_options/general", label="unclear").topic == "delivery_options"


@pytest.mark.parametrize(
    ("topic", "text", "taken_for"),
    [
        ("delivery_options", "what about Austria?", "out_of_scope"),
        ("payment_methods", "and with American Express?", "delivery_options"),
        ("password_reset", "I did not get the mail", "order_status"),
    ],
)
def test_a_short_message_goes_on_with_the_topic_it_names_a_word_of(topic: str, text: str, taken_for: str) -> None:
    assert intent_of(ask(text, taken_for, 1.0, previous=Previous(f"{topic}/general")))[0] == topic
    assert intent_of(ask(text, taken_for, 1.0))[0] == taken_for


def test_the_order_of_a_month_is_meant_in_the_matter_of_the_last_answer() -> None:
    orders = [order("#3"), replace(order("#2", "delivered"), placed=OCTOBER), replace(order("#1"), placed=JULY)]
    shop = replace(SHOP, facts={"link.orders": "/orders"})
    known: dict[str, Any] = {"customer": ANA, "orders": orders, "shop": shop}
    picked = decide(
        ask("the one from October please", "order_status", 0.6, **known, previous=Previous("invoice/verified", "#3"))
    )
    assert (picked.situation, picked.order_number) == ("invoice/verified", "#2")
    asked = decide(ask("I want to return my order from july", "return_or_exchange", **known))
    assert asked.order_number == "#1"


@pytest.mark.parametrize("taken_for", ["contact_info", "availability", "product_question", "order_status"])
def test_the_tracking_number_is_that_of_an_order(taken_for: str) -> None:
    question = ask("can I have the tracking number", taken_for, 0.42, customer=ANA, orders=[order("#1042")])
    assert decide(question).situation == "order_status/verified"


def test_what_was_ordered_is_asked_after_though_it_is_a_product_too() -> None:
    mine = replace(order("#1042"), items=(OrderItem("Summit Shell Jacket", 1),))
    question = ask("hi, is my jacket on its way?", "availability", 0.5, customer=ANA, orders=[mine])
    assert decide(question).order_number == "#1042"
    assert intent_of(replace(question, text="is the jacket here in blue?"))[0] == "availability"


def test_who_chose_wrongly_was_sent_nothing_wrong() -> None:
    assert intent_of(ask("I ordered yesterday but chose the wrong size", "damaged_or_wrong_item"))[0] == "order_change"
    came = ask("it arrived but I picked the wrong size", "damaged_or_wrong_item")
    assert intent_of(came)[0] == "return_or_exchange"
    assert intent_of(ask("you sent the wrong size", "damaged_or_wrong_item"))[0] == "damaged_or_wrong_item"


def test_a_product_is_named_by_its_own_words_where_another_is_spoken_of() -> None:
    cap, jacket = product("Trail Cap"), product("Hearth Down Jacket")
    question = ask("is it machine washable?", "product_question", products=[Found(cap, 0.6)])
    assert named_products(replace(question, page_product=jacket)) == []
    assert decide(replace(question, page_product=jacket)).products == (jacket,)
    assert named_products(question) == [cap]
    two = [Found(product("Day Pack 22"), 0.7), Found(product("Tour Pack 45"), 0.6)]
    assert (
        named_products(ask("does the tour pack fit a laptop?", "product_question", products=two))[0].title
        == "Tour Pack 45"
    )


@pytest.mark.parametrize(
    ("text", "accepts"),
    [("ok and the price?", False), ("yes please", True), ("ok, can you bring one in?", True), ("sure, do that", True)],
)
def test_a_yes_that_asks_for_something_else_brings_nobody(text: str, accepts: bool) -> None:
    assert (intent_of(ask(text, "discount", 0.6, history=OFFER))[0] == "contact_human") is accepts


def test_why_an_order_is_late_stands_in_no_record() -> None:
    spoken: dict[str, Any] = {"customer": ANA, "orders": [order("#1042", "delayed")]}
    previous = Previous("order_status/verified", "#1042")
    why = decide(ask("why is it late?", "order_status", **spoken, previous=previous))
    assert (why.situation, why.order_number) == ("any/unknown", "#1042")
    assert decide(ask("why is my order late?", "order_status", **spoken)).situation == "order_status/verified"


def test_what_cannot_be_proven_and_an_unknown_number_have_answers_of_their_own() -> None:
    asked = Previous("order_status/unverified")
    assert decide(ask("I don't have the number", "order_status", previous=asked)).situation == "any/unproven"
    unknown = decide(ask("where is 4711", "order_status", customer=ANA, orders=[order("#1042")]))
    assert (unknown.situation, unknown.missing) == ("order_status/unmatched", "order number")
    assert decide(ask("4711 ana@demo.test", "order_status")).missing is None


def test_whether_english_is_spoken_is_answered_in_it() -> None:
    assert decide(ask("do you speak English?", "out_of_scope")).situation == "out_of_scope/english"
    assert decide(ask("do you speak German?", "out_of_scope")).situation == "any/language"


@pytest.mark.parametrize(
    ("text", "label", "read"),
    [
        ("asdkjh", "greeting", "unclear"),
        ("heyy", "greeting", "greeting"),
        ("is the river sandal available?", "product_question", "availability"),
        ("which colours is it available in?", "product_question", "product_question"),
        ("do you have a shop where I can try on jackets?", "product_search", "contact_info"),
    ],
)
def test_words_decide(text: str, label: str, read: str) -> None:
    assert intent_of(ask(text, label, 0.6))[0] == read


def test_the_return_of_an_order_that_was_proven_is_about_it() -> None:
    proven: dict[str, Any] = {"proven_order": order("#1042", "delivered")}
    previous = Previous("order_status/verified", "#1042")
    spoken = decide(ask("can I return that one?", "return_or_exchange", **proven, previous=previous))
    assert (spoken.situation, spoken.order_number) == ("return_or_exchange/verified", "#1042")
    assert decide(ask("how do returns work?", "return_or_exchange", **proven)).situation == "return_or_exchange/general"


def test_a_comparison_of_two_stays_with_them() -> None:
    parka, down, rain = product("Nordic Parka"), product("Hearth Down Jacket"), product("Drift Rain Jacket")
    compared: dict[str, Any] = {
        "previous": Previous("product_question/compared", product_id=parka.id, product_ids=(parka.id, down.id)),
        "shown": (parka, down), "products": [Found(rain, 0.6)],
    }  # fmt: skip
    for text in ("which one is better for rain?", "ok and the price?"):
        assert set(decide(ask(text, "product_question", **compared)).products) == {parka, down}


def test_come_earlier_names_no_earlier_order() -> None:
    orders = [order("#2"), order("#1")]
    assert not ask("can it come earlier", "order_status", customer=ANA, orders=orders).means_first
    assert ask("no, the earlier one", "order_status", customer=ANA, orders=orders).means_first


def test_an_article_on_something_else_does_not_answer_for_the_product_that_is_meant() -> None:
    jacket, care = product("Hearth Down Jacket"), article("Washing and care", "product_question")
    asked: dict[str, Any] = {
        "articles": [Found(care, 0.5)], "sentences": {care.id: Found("Merino is washed cold", 0.5)},
        "page_product": jacket,
    }  # fmt: skip
    meant = decide(ask("is it machine washable?", "product_question", **asked))
    assert (meant.situation, meant.products) == ("product_question/found", (jacket,))
    assert decide(ask("how do I wash merino?", "product_question", **asked)).article == care


def test_what_is_asked_on_is_answered_by_the_article_on_the_same_matter() -> None:
    repairs, cards = article("Warranty and repairs", "warranty"), article("Gift cards", "discount")
    shop = replace(SHOP, facts={"policy.warranty": "2 years", "discount.code": "TRAIL10"})
    asked: dict[str, Any] = {
        "shop": shop, "articles": [Found(repairs, 0.4), Found(cards, 0.6)], "goes_on_with": "how is it repaired?",
        "sentences": {repairs.id: Found("Repairs are free", 0.42), cards.id: Found("It is valid for long", 0.6)},
    }  # fmt: skip
    paid = decide(ask("do I have to pay for it?", "payment_methods", **asked, previous=Previous("warranty/general")))
    assert (paid.situation, paid.article) == ("warranty/article", repairs)
    code = ask("until when is it valid?", "refund_policy", **asked, previous=Previous("discount/general"))
    assert decide(code).situation == "discount/general"


@pytest.mark.parametrize(
    ("text", "label", "read"),
    [
        ("I want to know about order 1088", "order_place", "order_status"),
        ("how do I place an order", "order_place", "order_place"),
    ],
)
def test_an_order_with_a_number_was_placed(text: str, label: str, read: str) -> None:
    assert intent_of(ask(text, label))[0] == read


def test_a_question_taken_for_thanks_goes_on_with_the_matter() -> None:
    known: dict[str, Any] = {"previous": Previous("refund_policy/general"), "goes_on_with": "a question"}
    assert intent_of(ask("and how do I do that", "thanks", **known))[0] == "refund_policy"
    assert intent_of(ask("ok great", "thanks", **known))[0] == "thanks"
    spoken: dict[str, Any] = {"customer": ANA, "orders": [order("#1042")]}
    late = ask("why is that", "goodbye", **spoken, previous=Previous("order_status/verified", "#1042"))
    assert decide(late).situation == "any/unknown"


def test_a_refund_under_way_is_told_of() -> None:
    refunded = order("#1", "returned", refund_state="approved")
    asked = ask("what about my refund", "refund_request", customer=ANA, orders=[order("#2", "delivered"), refunded])
    assert (decide(asked).situation, decide(asked).order_number) == ("refund_status/verified", "#1")
    assert intent_of(replace(asked, orders=[order("#2", "delivered")]))[0] == "refund_request"


def test_three_words_that_ask_one_thing_do_not_ask_in_general() -> None:
    assert not ask("is it waterproof", "product_question").asks_in_general
    assert ask("the blue one", "product_question").asks_in_general


def test_what_holds_the_thing_that_is_named_is_not_asked_back() -> None:
    map_order = replace(order("#1"), items=(OrderItem("Trail Map", 1),))
    asked = decide(ask("has my map been sent?", "order_status", customer=ANA, orders=[order("#2"), map_order]))
    assert (asked.situation, asked.order_number) == ("order_status/verified", "#1")


def test_cheaper_ones_than_the_product_spoken_of_are_searched() -> None:
    poles, sticks = replace(product("Carbon Poles"), price_minor=11900), replace(product("Poles"), price_minor=4900)
    asked = ask(
        "any cheaper ones?", "discount", previous=Previous("product_question/found", product_id=poles.id),
        shown=(poles,), of_kind=[Found(poles, 0.6), Found(sticks, 0.5)], names_kind=True,
    )  # fmt: skip
    assert decide(asked).products == [sticks]


def test_a_refund_goes_on_being_asked_after() -> None:
    refunded = order("#1", "returned", refund_state="approved")
    known: dict[str, Any] = {
        "customer": ANA,
        "orders": [refunded],
        "previous": Previous("refund_status/verified", "#1"),
    }
    assert intent_of(ask("when will it be there", "availability", **known, goes_on_with="my refund?"))[0] in (
        "refund_status", "order_status",
    )  # fmt: skip


def test_sundays_after_the_hours_are_no_matter_of_delivery() -> None:
    asked = ask("also on sundays?", "out_of_scope", 0.6, previous=Previous("contact_info/general"))
    assert intent_of(asked)[0] != "delivery_options"


def test_what_is_better_of_two_that_are_named_is_a_comparison() -> None:
    ridge, cabin = product("Ridge Fleece"), product("Cabin Fleece")
    asked = ask(
        "what's better for hiking, the ridge fleece or the cabin fleece?", "product_search",
        products=[Found(ridge, 0.6), Found(cabin, 0.6)],
    )  # fmt: skip
    assert decide(asked).situation == "product_question/compared"


@pytest.mark.parametrize(
    ("text", "taken_for"),
    [
        ("help", "thanks"),
        ("hi, help", "greeting"),
        ("i need help", "order_status"),
        ("Can you help me?", "thanks"),
        ("what can you do?", "out_of_scope"),
        ("what can you help me with", "out_of_scope"),
    ],
)
def test_who_asks_for_help_hears_what_there_is(text: str, taken_for: str) -> None:
    assert decide(ask(text, taken_for)).situation == "any/help"


def test_need_of_help_is_no_wish_for_a_person() -> None:
    assert decide(ask("Need help please", "contact_human", 0.46)).situation == "any/help"
    assert decide(ask("I need help from a real person", "contact_human", 0.46)).hands_off


@pytest.mark.parametrize("text", ["can you help me with my order", "help me find a tent", "thanks for your help", "hi"])
def test_help_with_something_is_about_that(text: str) -> None:
    assert decide(ask(text, "greeting")).situation != "any/help"


@pytest.mark.parametrize(
    ("text", "taken_for", "score", "mood"),
    [
        ("bye bye", "goodbye", 0.68, Mood.NEUTRAL),
        ("bye bye", "goodbye", 0.85, Mood.NEUTRAL),
        ("can I pay half now and half later?", "payment_methods", 0.84, Mood.NEUTRAL),
        ("why is it always late?!", "order_status", 0.97, Mood.NEGATIVE),
        ("please unsubscribe me", "newsletter", 0.64, Mood.NEUTRAL),
        ("I'm still waiting for my package", "order_status", 0.8, Mood.NEGATIVE),
    ],
)
def test_only_who_is_clearly_unhappy_reads_that_we_are_sorry(
    text: str, taken_for: str, score: float, mood: Mood
) -> None:
    assert clear_mood(Understanding(taken_for, 0.95, Mood.NEGATIVE, score), text) is mood


@pytest.mark.parametrize(
    "text", ["does that count for zips too", "what about zips, does that count?", "is it valid for tents"]
)
def test_whether_it_holds_for_something_is_of_what_was_said(text: str) -> None:
    assert asks_if_it_holds(text)
    question = ask(text, "delivery_options", 0.7, previous=Previous("warranty/general"), goes_on_with="a question")
    assert intent_of(question)[0] == "warranty"


@pytest.mark.parametrize("text", ["does the tent weigh much", "is it raining", "do you count the pegs"])
def test_what_is_asked_of_a_thing_is_no_question_whether_it_holds(text: str) -> None:
    assert not asks_if_it_holds(text)


@pytest.mark.parametrize(
    ("text", "taken_for"),
    [
        ("and how fast do you answer", "delivery_options"),
        ("when will someone get back to me", "out_of_scope"),
        ("it's late, is anyone working?", "out_of_scope"),
        ("what's your response time", "delivery_options"),
    ],
)
def test_when_people_answer_is_told_by_their_hours(text: str, taken_for: str) -> None:
    shop = replace(SHOP, facts={"shop.hours": "Monday to Friday, 9:00 to 18:00", "shop.email": "hello@demo.test"})
    assert decide(ask(text, taken_for, 0.7, shop=shop)).situation == "contact_info/general"


def test_how_fast_a_parcel_comes_is_no_question_after_people() -> None:
    assert intent_of(ask("how fast do you deliver", "delivery_options"))[0] == "delivery_options"
