"""Yes or no only where the shop's records say it, two products side by side, and what no fact ever tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.catalogue import Article, Product
from app.services.answer.beyond import asks_beyond, asks_for_service
from app.services.answer.comparing import compared_products
from app.services.answer.confirming import (
    confirmed_country,
    confirmed_material,
    confirmed_payment,
    confirmed_property,
    missing_variant,
)
from app.services.answer.decision import decide
from app.services.answer.facts import gather_facts
from app.services.answer.question import Found, Previous, Question
from app.services.ids import new_id
from nlp.prompt import Speaker, Turn
from tests.unit.app.services.test_decision import ANA, SHOP, ask, order, product

CAP = replace(product("Trail Cap"), material="recycled nylon", tags=("summer", "waterproof"), sizes=("S", "36-38"))
COUNTRIES = "Germany, France and the United Kingdom"


def told(question: Question) -> dict[str, str]:
    return {fact.key: fact.value for fact in gather_facts(question, decide(question))}


@pytest.mark.parametrize(
    ("text", "detail", "named"),
    [
        ("is the Trail Cap waterproof?", None, "waterproof"),
        ("is the Trail Cap good for summer?", None, "good for summer"),
        ("is it machine washable", "It is machine washable", None),
        ("does the Trail Cap have pockets?", "Two inner pockets hold a phone", None),
    ],
)
def test_a_property_is_confirmed_by_a_tag_or_by_a_sentence(text: str, detail: str | None, named: str | None) -> None:
    found = confirmed_property(ask(text, "product_question"), CAP, detail)
    assert found is not None
    assert (found.yes, found.named) == (True, named)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("is the Trail Cap windproof?", "It keeps you dry"),
        ("can I put it in the dryer?", "It keeps you dry"),
        ("is the Trail Cap machine washable?", "It is not machine washable"),
        ("is it not waterproof?", None),
        ("how waterproof is the Trail Cap?", None),
    ],
)
def test_what_no_record_says_is_neither_confirmed_nor_denied(text: str, detail: str | None) -> None:
    assert confirmed_property(ask(text, "product_question"), CAP, detail) is None


def test_a_material_is_confirmed_and_never_denied() -> None:
    wool = replace(CAP, material="wool and recycled polyester")
    assert confirmed_material(ask("is it made of nylon?", "product_question"), CAP) is not None
    assert confirmed_material(ask("is it synthetic?", "product_question"), CAP) is None
    assert confirmed_material(ask("is it pure wool?", "product_question"), wool) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("do you take paypal?", True),
        ("can I pay by credit card", True),
        ("is apple pay possible?", False),
        ("how can I pay?", None),
        ("visa or bitcoin?", None),
    ],
)
def test_a_way_to_pay_is_one_of_the_list_or_not(text: str, answer: bool | None) -> None:
    found = confirmed_payment(ask(text, "payment_methods"), "Visa, Mastercard and PayPal")
    assert (found.yes if found is not None else None) is answer


@pytest.mark.parametrize(
    ("text", "countries", "answer"),
    [
        ("do you ship to france?", COUNTRIES, True),
        ("and to the UK?", COUNTRIES, True),
        ("do you ship to spain?", COUNTRIES, False),
        ("do you ship to spain?", "the whole world", None),
        ("can you contact us", COUNTRIES, None),
        ("France or Spain?", COUNTRIES, None),
    ],
)
def test_a_country_is_one_of_the_list_or_not(text: str, countries: str, answer: bool | None) -> None:
    found = confirmed_country(ask(text, "delivery_options"), countries)
    assert (found.yes if found is not None else None) is answer


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("do you have it in XXL?", "size XXL"),
        ("in size 40", "size 40"),
        ("in pink please", "pink"),
        ("do you have it in size 37?", None),
        ("is it in stock in black?", None),
    ],
)
def test_a_size_or_colour_that_a_product_is_not_made_in_is_told(text: str, named: str | None) -> None:
    found = missing_variant(ask(text, "availability"), CAP)
    assert (found.named if found is not None else None) == named


def test_such_a_size_is_not_said_to_be_in_stock() -> None:
    question = ask("do you have the Trail Cap in XXL?", "availability", products=[Found(CAP, 0.9)])
    assert told(question)["confirms"] == "no"
    assert told(question)["product.1.variant"] == "size XXL"


def shelf() -> tuple[Product, Product, dict[str, Any]]:
    dear, cheap = product("Summit Shell Jacket"), replace(product("Drift Rain Jacket"), price_minor=9900)
    found = {"products": [Found(dear, 0.8), Found(cheap, 0.7)]}
    return dear, cheap, found


def test_two_named_products_are_compared_by_what_is_asked() -> None:
    dear, cheap, found = shelf()
    general = ask("what is the difference between the summit shell jacket and the drift rain jacket?",
                  "product_question", **found)  # fmt: skip
    assert decide(general).situation == "product_question/compared"
    assert decide(general).products == [dear, cheap]
    assert "asks" not in told(general)
    price = replace(general, text="which is cheaper, the Summit Shell Jacket or the Drift Rain Jacket?")
    assert decide(price).products == [cheap, dear]
    assert told(price)["asks"] == "price"


def test_a_property_is_compared_by_the_sentences_that_speak_of_it() -> None:
    dear, cheap, found = shelf()
    found |= {"sentences": {cheap.id: Found("It weighs as much as an apple", 0.6), dear.id: Found("It is blue", 0.1)}}
    question = ask("which is lighter, the Summit Shell Jacket or the Drift Rain Jacket?", "product_question", **found)
    facts = told(question)
    assert facts["product.1.title"] == "Drift Rain Jacket"
    assert facts["product.1.detail"] == "It weighs as much as an apple"
    assert "product.2.detail" not in facts


def test_what_was_shown_last_is_compared_by_a_short_question() -> None:
    dear, cheap, _ = shelf()
    question = ask("which one is warmer?", "product_search", shown=[dear, cheap],
                   previous=Previous("product_search/found", product_ids=(dear.id, cheap.id)))  # fmt: skip
    assert decide(question).situation == "product_question/compared"
    assert not compared_products(replace(question, text="which one do you have in black?", shown=[dear]))


def test_what_general_facts_never_tell_is_answered_by_an_article_or_not_at_all() -> None:
    question = ask("can I pick up my order in your store?", "delivery_options")
    assert decide(question).situation == "any/unknown"
    article = Article(new_id(), "Lockers", "You can choose a locker.", states_facts=True)
    by_article = replace(
        question, articles=[Found(article, 0.4)], sentences={article.id: Found("You can choose a locker", 0.5)}
    )
    assert decide(by_article).situation == "delivery_options/article"
    unrelated = replace(by_article, sentences={article.id: Found("You can choose a locker", 0.3)})
    assert decide(unrelated).situation == "any/unknown"
    assert decide(ask("how long does delivery take?", "delivery_options")).situation == "delivery_options/general"


@pytest.mark.parametrize("text", ["do you offer gift wrapping?", "can you engrave a name", "do you sell wholesale"])
def test_a_service_nobody_wrote_of_is_not_known(text: str) -> None:
    assert asks_for_service(text)
    assert decide(ask(text, "out_of_scope")).situation == "any/unknown"
    assert decide(ask(text, "product_question", 0.3)).situation == "any/unknown"


def test_only_what_lies_beyond_the_facts_is_beyond_them() -> None:
    assert asks_beyond("do you deliver on saturdays?", "delivery_options")
    assert not asks_beyond("do you deliver to France?", "delivery_options")
    assert not asks_beyond("do you deliver on saturdays?", "greeting")


def test_who_asks_for_a_person_or_a_robot_hears_which_it_is() -> None:
    assert decide(ask("are you a robot?", "out_of_scope", shop=SHOP)).situation == "out_of_scope/assistant"
    assert decide(ask("hmm it's about the thing", "out_of_scope")).situation == "any/clarify"
    assert decide(ask("who won the world cup", "out_of_scope")).situation == "out_of_scope/decline"


def test_a_size_alone_is_asked_of_the_product_spoken_of() -> None:
    question = ask("and in size 37?", "out_of_scope", shown=[CAP],
                   previous=Previous("availability/found", product_id=CAP.id))  # fmt: skip
    assert decide(question).situation == "availability/found"
    assert decide(question).products == (CAP,)
    assert decide(replace(question, text="how are you?")).situation == "out_of_scope/decline"


def test_both_products_of_a_comparison_are_still_compared() -> None:
    dear, cheap, _ = shelf()
    previous = Previous("product_question/compared", product_id=dear.id, product_ids=(dear.id, cheap.id))
    question = ask("what are they made of", "product_question", shown=[dear, cheap], previous=previous)
    assert decide(question).situation == "product_question/compared"
    assert told(question)["asks"] == "material"


def test_what_was_told_to_be_delivered_and_is_not_there_is_lost() -> None:
    delivered = order("#1019", "delivered")
    question = ask("i never got it", "complaint", 0.5, customer=ANA, orders=[delivered],
                   previous=Previous("order_status/verified", order_number="#1019"))  # fmt: skip
    assert decide(question).situation == "order_status/verified"
    assert told(question)["asks"] == "lost"


def test_an_offer_in_a_statement_is_accepted_too() -> None:
    offer = Turn(Speaker.BOT, "Please ask your neighbours first. If it isn't there, I can bring in a colleague.")
    assert decide(ask("yes please", "goodbye", history=[offer])).situation == "contact_human/handoff"
    told_only = Turn(Speaker.BOT, "A colleague will reply here.")
    assert decide(ask("yes please", "goodbye", history=[told_only])).situation == "any/clarify"


def test_a_return_of_what_no_order_holds_is_answered_in_general() -> None:
    delivered = order("#1019", "delivered")
    question = ask("the boots are too small, can I swap them", "return_or_exchange", customer=ANA, orders=[delivered],
                   names_kind=True)  # fmt: skip
    assert decide(question).situation == "return_or_exchange/general"
    assert decide(replace(question, text="can I return the jacket")).situation == "return_or_exchange/verified"


def test_of_articles_that_answer_alike_the_one_about_the_matter_is_quoted() -> None:
    paying, cards = (Article(new_id(), title, "It is so.", states_facts=False) for title in ("Paying", "Gift cards"))
    articles = [Found(paying, 0.4), Found(cards, 0.5)]
    question = ask("can I get money for my gift card", "out_of_scope", 0.95, articles=articles,
                   sentences={paying.id: Found("It is so", 0.70), cards.id: Found("It is so", 0.66)})  # fmt: skip
    assert decide(question).article == cards
