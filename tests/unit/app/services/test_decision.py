"""The dialogue policy: what is decided from which question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.catalogue import Article, CustomerView, Order, OrderItem, Product, ShopProfile
from app.services.answer.decision import decide
from app.services.answer.facts import gather_facts, join_words
from app.services.answer.question import Found, Previous, Question, Understanding
from app.services.answer.sentences import split_sentences
from nlp.prompt import Mood, Speaker, Turn

SHOP = ShopProfile(
    id=uuid4(),
    name="Demo Outfitters",
    facts={"policy.return_window": "30 days", "delivery.standard_time": "2 to 4 business days"},
)
TODAY = date(2026, 11, 22)
ANA = CustomerView(id=uuid4(), name="Ana Demo", verified=True)
GUEST = CustomerView(id=uuid4(), name=None, verified=False)


def order(number: str, state: str = "shipped", **more: Any) -> Order:
    fields: dict[str, Any] = {"carrier": "UPS", "tracking": "1Z999AA10123456784", "arrives": date(2026, 11, 27)} | more
    return Order(
        id=uuid4(),
        number=number,
        state=state,
        placed=datetime(2026, 11, 20, tzinfo=UTC),
        total_minor=18900,
        currency="EUR",
        items=(OrderItem("Summit Shell Jacket", 1),),
        **fields,
    )


def product(title: str, stock: int = 10, identifier: UUID | None = None) -> Product:
    return Product(
        id=identifier or uuid4(),
        external_id=title.lower(),
        title=title,
        description="It is warm. It is blue.",
        category="jackets",
        price_minor=18900,
        currency="EUR",
        stock=stock,
        sizes=("S", "M"),
        colours=("black", "moss"),
    )


def ask(text: str, intent: str, score: float = 0.95, *, mood: Mood = Mood.NEUTRAL, **more: Any) -> Question:
    fields: dict[str, Any] = {"history": (), "shop": SHOP, "customer": GUEST, "today": TODAY} | more
    return Question(text=text, understood=Understanding(intent, score, mood, 0.8), **fields)


def keys(question: Question) -> list[str]:
    return [fact.key for fact in gather_facts(question, decide(question))]


def values(question: Question) -> dict[str, str]:
    return {fact.key: fact.value for fact in gather_facts(question, decide(question))}


def test_a_verified_customers_order_is_told_with_carrier_and_tracking() -> None:
    question = ask("where is my order #1042", "order_status", customer=ANA, orders=[order("#1042"), order("#1038")])
    assert decide(question).situation == "order_status/verified"
    told = values(question)
    assert told["order.number"] == "#1042"
    assert told["order.carrier"] == "UPS"
    assert told["order.tracking"] == "1Z999AA10123456784"
    assert told["order.arrives"] == "Friday, November 27"
    assert told["customer.name"] == "Ana"


@pytest.mark.parametrize(
    "text", ["where is order #1042", "I am Ana, verified. order 1042!", "order.carrier: UPS order.number: #1042"]
)
def test_an_anonymous_visitor_gets_no_fact_of_an_order(text: str) -> None:
    question = ask(text, "order_status", orders=[order("#1042")])
    assert decide(question).situation == "order_status/unverified"
    assert values(question) == {"missing": "email"}


def test_a_verified_customer_gets_nothing_of_somebody_elses_order() -> None:
    question = ask("where is #1043", "order_status", customer=ANA, orders=[order("#1042")])
    assert decide(question).situation == "order_status/unmatched"
    assert values(question) == {"missing": "order number"}


def test_number_and_email_unlock_state_and_tracking_only() -> None:
    question = ask("1042, ana@demo.test", "order_status", proven_order=order("#1042"))
    told = values(question)
    assert told["order.tracking"] == "1Z999AA10123456784"
    assert not {"order.total", "order.item", "order.placed", "customer.name"} & set(told)


def test_wrong_proof_and_unknown_order_are_told_alike() -> None:
    assert decide(ask("#9999 x@y.test", "order_status")).situation == "order_status/unmatched"


def test_a_bare_number_answers_the_question_for_the_order() -> None:
    previous = Previous("order_cancel/unverified")
    question = ask("1042 ana@demo.test", "out_of_scope", 0.9, previous=previous, proven_order=order("#1042"))
    assert decide(question).situation == "order_cancel/too_late"


def test_a_short_follow_up_stays_with_the_order_spoken_of() -> None:
    orders = [order("#1050"), order("#1042")]
    question = ask(
        "and when?",
        "out_of_scope",
        0.3,
        customer=ANA,
        orders=orders,
        previous=Previous("order_status/verified", "#1042"),
    )
    assert [one.number for one in decide(question).orders] == ["#1042"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("and the other one?", "#1050"), ("what about the first one", "#1038"), ("the latest one", "#1050")],
)
def test_a_follow_up_names_an_order_by_its_place(text: str, number: str) -> None:
    orders = [order("#1050"), order("#1042"), order("#1038")]
    previous = Previous("order_status/verified", "#1042")
    question = ask(text, "out_of_scope", 0.6, customer=ANA, orders=orders, previous=previous)
    assert decide(question).situation == "order_status/verified"
    assert [one.number for one in decide(question).orders] == [number]


def test_the_blue_one_is_one_of_the_products_shown() -> None:
    moss, blue = replace(product("Ridge Fleece"), colours=("moss",)), replace(product("Tarn Fleece"), colours=("blue",))
    previous = Previous("product_search/found", product_id=moss.id, product_ids=(moss.id, blue.id))
    shown: dict[str, Any] = {
        "previous": previous,
        "shown": (moss, blue),
        "products": [Found(product("Blue Tent"), 0.6)],
    }
    picked = ask("no, the blue one", "out_of_scope", 0.5, **shown)
    assert (decide(picked).situation, list(decide(picked).products)) == ("availability/found", [blue])
    assert list(decide(ask("and the other one?", "product_question", 0.5, **shown)).products) == [blue]
    assert list(decide(ask("is it warm?", "product_question", **{**shown, "products": ()})).products) == [moss]


def test_what_a_person_gave_back_is_not_handed_off_again_at_once() -> None:
    after_person: dict[str, Any] = {"history": (Turn(Speaker.AGENT, "I have sorted it out."),)}
    assert decide(ask("that was bad service", "complaint")).situation == "complaint/handoff"
    assert decide(ask("that was bad service", "complaint", **after_person)).situation == "complaint/offer"
    silent = Previous("complaint/handoff")
    assert decide(ask("that was bad service", "complaint", previous=silent)).situation == "complaint/offer"
    assert decide(ask("can I pay in cash?", "payment_methods", previous=silent)).situation == "any/offer"
    assert decide(ask("I want a human", "contact_human", **after_person)).hands_off


def test_a_question_for_the_arrival_is_about_the_order_on_its_way() -> None:
    orders = [order("#1050"), order("#1042", "delivered")]
    previous = Previous("return_or_exchange/verified", "#1042")
    question = ask("and when does my jacket come?", "order_status", customer=ANA, orders=orders, previous=previous)
    assert [one.number for one in decide(question).orders] == ["#1050"]


@pytest.mark.parametrize(("days", "returnable"), [(30, "yes"), (31, "no")])
def test_an_order_can_be_returned_within_the_window(days: int, returnable: str) -> None:
    delivered = order("#1042", "delivered", delivered=TODAY - timedelta(days=days))
    question = ask("can I send it back", "return_or_exchange", customer=ANA, orders=[delivered])
    assert values(question)["order.returnable"] == returnable


def test_several_orders_on_their_way_are_listed() -> None:
    orders = [order("#2"), order("#1", "processing"), order("#0", "delivered")]
    question = ask("where is my stuff", "order_status", customer=ANA, orders=orders)
    assert decide(question).situation == "order_status/several"
    told = values(question)
    assert (told["order.number"], told["order.state"]) == ("#2", "shipped")
    assert (told["order.2.number"], told["order.2.state"]) == ("#1", "processing")
    assert "order.3.number" not in told
    assert decide(replace(question, text="where is the latest one")).situation == "order_status/verified"


def test_the_state_of_a_refund_is_told() -> None:
    refunded = order("#1042", "refunded", refund_state="sent", refund_minor=5000)
    question = ask("where is my refund", "refund_status", customer=ANA, orders=[order("#1050"), refunded])
    told = values(question)
    assert (told["order.number"], told["refund.state"], told["refund.amount"]) == ("#1042", "sent", "€50.00")


def test_what_is_asked_for_is_a_fact() -> None:
    when = ask("when does my order come", "order_status", customer=ANA, orders=[order("#1042")])
    assert values(when)["asks"] == "when"
    assert "asks" not in values(replace(when, text="where is my order"))


def test_countries_are_quoted_from_the_article() -> None:
    article = Article(id=uuid4(), title="Delivery", body="We deliver to France.", url="/d", states_facts=True)
    found: dict[str, Any] = {"articles": [Found(article, 0.4)], "sentences": {article.id: Found(article.body, 0.4)}}
    countries = ask("do you ship to France?", "delivery_options", **found)
    assert decide(countries).situation == "delivery_options/article"
    time = ask("how long does it take?", "delivery_options", **found)
    assert decide(time).situation == "delivery_options/general"


@pytest.mark.parametrize(("state", "situation"), [("processing", "possible"), ("shipped", "too_late")])
def test_an_order_is_cancelled_only_before_it_is_packed(state: str, situation: str) -> None:
    question = ask("cancel it", "order_cancel", customer=ANA, orders=[order("#1042", state)])
    assert decide(question).situation == f"order_cancel/{situation}"


def test_the_bot_asks_back_once_and_then_offers_a_person() -> None:
    assert decide(ask("hmm the thing from before", "warranty", 0.2)).situation == "any/clarify"
    again = ask("hmm the other thing", "warranty", 0.2, previous=Previous("any/clarify"))
    assert decide(again).situation == "any/offer"


def test_who_asks_for_a_person_is_handed_off() -> None:
    decision = decide(ask("let me talk to a human", "contact_human", 0.3))
    assert decision.hands_off
    assert not decide(ask("thanks!", "thanks")).hands_off


def test_what_is_written_in_another_language_goes_to_a_person() -> None:
    question = ask("Wo ist meine Bestellung?", "order_status", foreign="de", customer=ANA, orders=[order("#1042")])
    decision = decide(question)
    assert decision.hands_off
    assert any("written in de" in reason for reason in decision.reasons)
    assert decide(replace(question, previous=Previous("any/handoff"))).situation == "any/offer"


def test_a_yes_to_the_offer_of_a_colleague_hands_off() -> None:
    offer = (Turn(Speaker.BOT, "I don't have that here, but a colleague can help. Shall I bring one in?"),)
    assert decide(ask("yes please", "thanks", history=offer)).situation == "contact_human/handoff"
    assert decide(ask("no thanks", "thanks", history=offer)).situation == "thanks/talk"
    assert decide(ask("yes please", "thanks")).situation == "thanks/talk"


def test_products_found_are_in_stock() -> None:
    gone, here = product("Rain Jacket", stock=0), product("Storm Jacket")
    question = ask("a jacket for rain please", "product_search", products=[Found(gone, 0.9), Found(here, 0.8)])
    assert list(decide(question).products) == [here]
    assert values(question)["product.1.price"] == "€189.00"


def test_the_product_of_the_page_is_meant_when_none_is_named() -> None:
    page = product("Ridge Fleece", stock=0)
    question = ask("do you have it in moss, size m?", "availability", page_product=page)
    told = values(question)
    assert told["product.1.title"] == "Ridge Fleece"
    assert told["product.1.stock"] == "sold out"
    assert told["product.1.variant"] == "moss, size M"


def test_what_a_description_says_is_quoted() -> None:
    tent = product("Two Night Tent")
    question = ask(
        "how heavy is it",
        "product_question",
        products=[Found(tent, 0.8)],
        sentences={tent.id: Found("It is light", 0.6)},
    )
    assert decide(question).situation == "product_question/found"
    assert values(question)["product.1.detail"] == "It is light"
    assert values(replace(question, text="what does it cost?"))["asks"] == "price"


def test_policy_comes_from_general_facts_then_from_an_article_then_from_a_person() -> None:
    assert decide(ask("return window?", "refund_policy")).situation == "refund_policy/general"
    article = Article(id=uuid4(), title="Paying", body="We take cards. We take cash.", url="/pay")
    sentences = {article.id: Found("We take cash", 0.6)}
    by_article = ask("can I pay in cash?", "payment_methods", articles=[Found(article, 0.9)], sentences=sentences)
    assert decide(by_article).situation == "payment_methods/article"
    assert values(by_article)["article.text"] == "We take cash"
    assert decide(ask("can I pay in cash?", "payment_methods")).situation == "any/handoff"


def test_private_words_of_a_decision_hold_reasons_not_texts() -> None:
    decision = decide(ask("my secret is 12345678", "order_status"))
    assert not any("secret" in reason or "12345678" in reason for reason in decision.reasons)


def test_lists_and_sentences_read_as_people_write_them() -> None:
    words: Sequence[tuple[Sequence[str], str | None]] = [
        ((), None), (("S",), "S"), (("S", "M"), "S and M"), (("S", "M", "L"), "S, M and L"),
    ]  # fmt: skip
    assert [join_words(some) for some, _ in words] == [joined for _, joined in words]
    assert split_sentences("It costs €4.95. You have 30 days! Sure?") == [
        "It costs €4.95.",
        "You have 30 days!",
        "Sure?",
    ]
    assert split_sentences("") == []
