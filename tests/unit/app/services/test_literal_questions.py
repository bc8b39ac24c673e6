"""What is literally asked is answered: how fast, by exchange, the invoice, by phone, and what still does not work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.domain.catalogue import Article
from app.services.answer.confirming import Confirmed, confirmed_speed
from app.services.answer.decision import decide
from app.services.answer.facts import gather_facts
from app.services.answer.question import Found, Previous, Question
from app.services.ids import new_id
from nlp.prompt import Speaker, Turn
from tests.unit.app.services.test_decision import ANA, SHOP, ask, order, product

FAST = {"delivery.standard_time": "2 to 4 business days", "delivery.express_time": "1 business day"}
SLOW = {"delivery.standard_time": "2 to 4 business days", "delivery.express_time": "3 to 5 business days"}


def told(question: Question) -> dict[str, str]:
    return {fact.key: fact.value for fact in gather_facts(question, decide(question))}


def with_facts(**facts: str) -> Mapping[str, str]:
    return dict(SHOP.facts) | {key.replace("__", "."): value for key, value in facts.items()}


@pytest.mark.parametrize(
    ("text", "known", "aspect", "answer"),
    [
        ("do you do next day delivery?", FAST, "soon", Confirmed(True)),
        ("can it be here tomorrow?", FAST, "soon", None),  # one business day may be two days away
        ("can it be here today?", FAST, "soon", Confirmed(False)),
        ("can it be here tomorrow?", SLOW, "soon", Confirmed(False)),
        ("can it be here by friday?", SLOW, "soon", None),
        ("can it be here tomorrow?", {}, "soon", None),
        ("can it be here tomorrow?", {"delivery.express_time": "24 hours"}, "soon", None),
        ("is express faster?", SLOW, "express", Confirmed(False)),
        ("is express faster?", FAST, "express", None),
        ("is express faster?", {"delivery.express_time": "1 business day"}, "express", None),
    ],
)
def test_a_speed_is_promised_or_denied_only_where_the_times_say_it(
    text: str, known: Mapping[str, str], aspect: str, answer: Confirmed | None
) -> None:
    assert confirmed_speed(ask(text, "delivery_options"), known, aspect) == answer


def test_an_exchange_is_answered_by_the_article_of_that_title_and_else_in_general() -> None:
    exchanges = Article(id=new_id(), title="Exchanging an item", body="Tell us the size you need.")
    returns = Article(id=new_id(), title="Returns", body="You can send it back.")
    articles = [Found(returns, 0.9), Found(exchanges, 0.2)]
    question = ask("can I exchange it for a bigger size?", "return_or_exchange", articles=articles)
    for one in (question, replace(question, customer=ANA, orders=[order("#1042", "delivered")])):
        assert decide(one).article == exchanges
    assert decide(replace(question, articles=articles[:1])).situation == "return_or_exchange/general"
    assert decide(replace(question, text="can I send it back?")).article != exchanges


def test_an_invoice_is_that_of_the_order_named_else_of_the_newest_where_the_page_is_known() -> None:
    shop = replace(SHOP, facts=with_facts(link__orders="https://shop.test/orders"))
    orders = [order("#1050"), order("#1042")]
    question = ask("can I get the invoice?", "invoice", shop=shop, customer=ANA, orders=orders)
    assert decide(question).order_number == "#1050"
    assert decide(replace(question, text="the invoice for 1042 please")).order_number == "#1042"
    assert decide(replace(question, orders=[])).situation == "invoice/unverified"
    assert decide(replace(question, shop=SHOP)).hands_off


@pytest.mark.parametrize(
    "text",
    [
        "I have a charge I don't recognise", "there is a payment I did not make", "an unknown charge on my card",
        "money was taken but there is no order", "I paid but nothing happened",
    ],
)  # fmt: skip
def test_money_that_went_wrong_is_looked_at_by_people(text: str) -> None:
    assert decide(ask(text, "payment_problem")).situation == "payment_problem/handoff"


def test_a_card_that_is_declined_gets_advice_first_and_then_a_person() -> None:
    shop = replace(SHOP, facts=with_facts(payment__methods="Visa and PayPal"))
    question = ask("my card was declined", "payment_problem", shop=shop)
    assert decide(question).situation == "payment_problem/general"
    again = replace(question, text="it still doesn't work", previous=Previous("payment_problem/general"))
    assert decide(again).situation == "payment_problem/handoff"


@pytest.mark.parametrize(("label", "score"), [("signup_problem", 0.9), ("out_of_scope", 0.4)])
def test_advice_on_signing_up_is_not_given_twice(label: str, score: float) -> None:
    previous = Previous("signup_problem/general")
    assert decide(ask("it still doesn't work", label, score, previous=previous)).situation == "any/handoff"
    assert decide(ask("thanks, I'll try again", "thanks", previous=previous)).situation == "thanks/talk"


def test_who_complains_about_the_offer_of_a_person_gets_the_person() -> None:
    history = (Turn(Speaker.AGENT, "We will look into it."),)
    question = ask("this is not good enough", "complaint", history=history)
    assert decide(question).situation == "complaint/offer"
    assert decide(replace(question, previous=Previous("complaint/offer"))).hands_off


def test_ordering_by_phone_is_answered_with_the_number_and_never_by_it_alone() -> None:
    links = {"link__products": "https://shop.test/products", "shop__phone": "+49 30 1234"}
    question = ask("can I order by phone?", "order_place", shop=replace(SHOP, facts=with_facts(**links)))
    assert told(question)["asks"] == "phone"
    assert told(question)["shop.phone"] == "+49 30 1234"
    only = replace(SHOP, facts=with_facts(shop__phone="+49 30 1234"))
    assert decide(replace(question, shop=only)).situation != "order_place/general"


def test_an_opinion_is_asked_for_and_what_is_known_stands_beside_it() -> None:
    cap = product("Trail Cap")
    found = told(ask("is the Trail Cap any good?", "product_question", products=[Found(cap, 0.7)]))
    assert found["asks"] == "opinion"
    assert found["product.1.detail"] == "It is warm"
