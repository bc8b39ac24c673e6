"""What is meant by questions that lean on what was said before, and which products a search shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.domain.catalogue import Article, OrderItem, Product
from app.services.answer.decision import decide
from app.services.answer.following import asked_of_another, other_one_named
from app.services.answer.question import Found, Previous, Question
from nlp.prompt import Speaker, Turn
from tests.unit.app.services.test_decision import ANA, SHOP, ask, order, product, values


def jacket(title: str, price: int, *tags: str, **more: Any) -> Product:
    return replace(product(title), price_minor=price, tags=tags, **more)


def test_it_is_the_order_spoken_of() -> None:
    orders = [order("#1042"), order("#1019", "delivered")]
    spoken: dict[str, Any] = {"customer": ANA, "orders": orders, "previous": Previous("order_status/verified", "#1042")}
    back = ask("can I still return it?", "return_or_exchange", **spoken)
    assert decide(back).order_number == "#1042"
    assert values(back)["order.returnable"] == "yes"  # once it has come
    assert decide(ask("is it possible to return my order?", "return_or_exchange", **spoken)).order_number == "#1019"


@pytest.mark.parametrize(
    ("text", "intent", "asks"),
    [
        ("and how much was it?", "product_question", "total"),
        ("what did I pay?", "payment_problem", "total"),
        ("who delivers it", "delivery_options", "carrier"),
        ("when did I order it", "order_status", "placed"),
        ("how long does it take", "product_question", "when"),
    ],
)
def test_a_question_without_a_topic_is_about_the_order_spoken_of(text: str, intent: str, asks: str) -> None:
    previous = Previous("order_status/verified", "#1042")
    question = ask(text, intent, customer=ANA, orders=[order("#1050"), order("#1042")], previous=previous)
    assert (decide(question).situation, decide(question).order_number) == ("order_status/verified", "#1042")
    assert values(question)["asks"] == asks


def test_an_order_is_named_by_what_is_in_it() -> None:
    boots = replace(order("#1019", "delivered"), items=(OrderItem("Ridge Trail Boot", 1),))
    orders = [order("#1030", "delivered"), boots]
    question = ask("can I send the boots back", "return_or_exchange", customer=ANA, orders=orders)
    assert decide(question).order_number == "#1019"


def test_both_orders_are_listed_and_the_older_one_is_another() -> None:
    orders = [order("#2"), order("#1", "delivered")]
    both = ask("both my orders please", "order_status", customer=ANA, orders=orders)
    assert decide(both).situation == "order_status/several"
    previous = Previous("order_status/verified", "#2")
    older = ask("where is the older one", "order_status", customer=ANA, orders=orders, previous=previous)
    assert decide(older).order_number == "#1"


def test_a_search_keeps_to_the_kind_the_price_and_the_properties_named() -> None:
    shell, wind = jacket("Summit Shell", 18900, "waterproof"), jacket("Breeze", 7900, "wind")
    bottle = replace(product("Wash-In"), price_minor=1400)
    found: dict[str, Any] = {
        "products": [Found(bottle, 0.9)], "of_kind": [Found(shell, 0.5), Found(wind, 0.4)], "names_kind": True,
    }  # fmt: skip
    assert list(decide(ask("a jacket under 150", "product_search", **found)).products) == [wind]
    assert list(decide(ask("a waterproof jacket", "product_search", **found)).products) == [shell]
    assert decide(ask("a waterproof jacket under 150", "product_search", **found)).situation == (
        "product_search/unmatched"
    )


def test_a_property_counts_once_in_title_or_tags() -> None:
    shell, drift = jacket("Summit Shell", 18900, "rain"), jacket("Drift Rain", 11900, "rain")
    of_kind: dict[str, Any] = {"of_kind": [Found(shell, 0.5), Found(drift, 0.4)], "names_kind": True}
    assert list(decide(ask("a rain jacket under 120 euros", "product_search", **of_kind)).products) == [drift]
    assert list(decide(ask("do you have a rain jacket?", "product_search", **of_kind)).products) == [shell, drift]


def test_a_search_is_narrowed_by_price_colour_and_size() -> None:
    dear, cheap = jacket("Summit", 18900), jacket("Breeze", 7900, colours=("coral",), sizes=("XL",))
    previous = Previous("product_search/found", product_id=dear.id, product_ids=(dear.id,))
    goes_on: dict[str, Any] = {
        "previous": previous, "shown": (dear,), "of_kind": [Found(dear, 0.5), Found(cheap, 0.4)], "names_kind": True,
        "search_text": "a jacket",
    }  # fmt: skip
    cheaper = ask("anything cheaper?", "product_search", **goes_on)
    assert list(decide(cheaper).products) == [cheap]
    coloured = ask("and in coral?", "out_of_scope", **goes_on | {"search_text": "a jacket and in coral?"})
    assert list(decide(coloured).products) == [cheap]
    sized = ask("in XL please", "availability", **goes_on | {"search_text": "a jacket in XL please"})
    assert list(decide(sized).products) == [cheap]


def test_a_search_that_goes_on_keeps_its_limit() -> None:
    dear, cheap = jacket("Summit", 18900), jacket("Breeze", 7900, colours=("coral",))
    goes_on: dict[str, Any] = {
        "previous": Previous("product_search/unmatched"), "of_kind": [Found(dear, 0.5), Found(cheap, 0.4)],
        "names_kind": True, "search_text": "a jacket under 150 anything cheaper?",
    }  # fmt: skip
    assert list(decide(ask("anything cheaper?", "product_search", **goes_on)).products) == [cheap]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("under 150", 15000), ("max 40 euros", 4000), ("not over €90", 9000), ("100 euros or less", 10000),
        ("size 43", None), ("30 or 40", None),
    ],
)  # fmt: skip
def test_a_price_limit_is_read(text: str, limit: int | None) -> None:
    assert ask(text, "product_search").price_limit_minor == limit


def test_what_the_shop_does_not_say_of_a_product_is_not_answered_by_something_else() -> None:
    mug = replace(product("Enamel Mug"), category="cooking", tags=("camping", "mug"))
    said = Found("It can go on the fire", 0.2)
    question = ask(
        "does the mug go in the dishwasher?", "product_question", products=[Found(mug, 0.7)], sentences={mug.id: said}
    )
    assert "product.1.detail" not in values(question)
    assert values(replace(question, text="tell me about the mug"))["product.1.detail"] == "It can go on the fire"
    assert "camping" in values(replace(question, text="is the mug for camping trips too?"))["product.1.detail"]


def test_an_article_answers_what_the_product_does_not() -> None:
    layer = product("Merino Base Layer")
    care = Article(id=uuid4(), title="Washing and care", body="Merino is washed cold.", url="/care")
    question = ask(
        "how do I wash the merino base layer?", "product_question",
        products=[Found(layer, 0.7)], articles=[Found(care, 0.3)],
        sentences={layer.id: Found("It is soft", 0.3), care.id: Found("Merino is washed cold", 0.6)},
    )  # fmt: skip
    assert decide(question).situation == "product_question/article"


def test_and_is_that_free_goes_on_with_the_return() -> None:
    question = ask("and is that free?", "product_question", 0.5, previous=Previous("refund_policy/general"))
    assert decide(question).situation == "refund_policy/general"
    quoted = Previous("product_question/article", label="refund_policy")
    assert decide(ask("do I pay the shipping?", "delivery_options", previous=quoted)).intent == "refund_policy"
    known: dict[str, Any] = {"customer": ANA, "orders": [order("#1", "delivered")]}
    of_return = ask(
        "do I pay the shipping?", "delivery_options", previous=Previous("return_or_exchange/verified"), **known
    )
    assert decide(of_return).situation == "refund_policy/general"


def test_money_taken_twice_and_unknown_discounts_go_to_people() -> None:
    assert decide(ask("the website charged me twice", "payment_problem")).hands_off
    assert decide(ask("is there a student discount for students", "discount")).situation == "any/unknown"


def test_a_goodbye_of_many_words_is_asked_about() -> None:
    question = ask("that is too late, I really need it tomorrow", "goodbye", 0.53)
    assert decide(question).situation == "any/clarify"


ASKED = Previous("order_status/unverified")


def said(*texts: str) -> list[Turn]:
    return [Turn(Speaker.CUSTOMER, text) for text in texts]


def test_a_number_and_an_address_given_one_after_the_other_are_both_given() -> None:
    wrong = ask("ana@demo.test", "out_of_scope", previous=ASKED, history=said("1043"))
    assert decide(wrong).situation == "order_status/unmatched"
    assert decide(replace(wrong, history=())).missing == "order number"
    corrected = ask("sorry wrong one, 1042", "damaged_or_wrong_item", previous=ASKED, proven_order=order("#1042"))
    assert decide(corrected).situation == "order_status/verified"
    wants_else = ask("cancel 1042", "order_cancel", previous=ASKED)
    assert decide(wants_else).situation == "order_cancel/unverified"


@pytest.mark.parametrize("text", ["i dont have the number", "can't find it", "I lost the number", "no idea"])
def test_who_cannot_tell_the_number_is_not_asked_again(text: str) -> None:
    assert decide(ask(text, "out_of_scope", previous=ASKED)).situation == "any/unproven"
    assert decide(ask(text, "out_of_scope")).situation != "any/offer"


def test_a_message_with_the_shops_code_is_about_discounts() -> None:
    shop = replace(SHOP, facts={"discount.code": "TRAIL10", "discount.amount": "10%"})
    assert decide(ask("trail10 doesnt work", "out_of_scope", shop=shop)).situation == "discount/general"
    assert decide(ask("my code doesnt work", "out_of_scope", shop=shop)).situation == "out_of_scope/decline"


def test_an_article_that_is_named_needs_no_surer_sentence() -> None:
    cards = Article(id=uuid4(), title="Gift cards", body="It is valid for three years.")
    known: dict[str, Any] = {
        "articles": [Found(cards, 0.6)], "sentences": {cards.id: Found("It is valid for three years", 0.5)},
    }  # fmt: skip
    assert decide(ask("how long does a gift card last", "out_of_scope", **known)).article == cards
    assert decide(ask("how long does a cold last", "out_of_scope", **known)).article is None


def test_the_price_of_a_product_shown_is_no_new_search() -> None:
    ember = jacket("Ember Jacket", 15900, "warm")
    known: dict[str, Any] = {
        "shown": [ember], "products": [Found(replace(ember, colours=("ember",)), 0.9)],
        "previous": Previous("product_search/found", product_id=ember.id),
    }  # fmt: skip
    assert decide(ask("how much is the ember", "product_question", **known)).situation == "product_question/found"
    assert decide(ask("in black?", "product_question", **known)).situation == "product_search/unmatched"


NARROW: tuple[tuple[str, float], ...] = (("out_of_scope", 0.5), ("delivery_options", 0.3), ("greeting", 0.1))


@pytest.mark.parametrize(
    ("previous", "situation"),
    [
        ("delivery_options/general", "delivery_options/general"),
        ("order_status/unverified", "delivery_options/general"),  # a matter that goes with it
        ("password_reset/general", "any/clarify"),  # none that does
        ("any/unknown", "delivery_options/general"),
        ("thanks/talk", "delivery_options/general"),
        ("out_of_scope/decline", "out_of_scope/decline"),
    ],
)
def test_what_is_hardly_foreign_is_read_by_what_is_spoken_of(previous: str, situation: str) -> None:
    question = ranked(ask("is there no other way", "out_of_scope", previous=Previous(previous)), NARROW)
    assert decide(question).situation == situation


def test_what_is_clearly_foreign_is_declined_in_every_conversation() -> None:
    previous = Previous("delivery_options/general")
    clear = (("out_of_scope", 0.97), ("delivery_options", 0.02))
    capital = ask("what is the capital of france", "out_of_scope", previous=previous)
    assert decide(ranked(capital, clear)).situation == "out_of_scope/decline"
    assert decide(ask("and to france", "out_of_scope", 0.9, previous=previous)).situation == "delivery_options/general"
    first = ask("is there no other way", "out_of_scope")
    assert decide(ranked(first, NARROW)).situation == "out_of_scope/decline"
    on_page = replace(first, page_product=product("Tent"))
    assert decide(ranked(on_page, NARROW)).situation == "delivery_options/general"
    robot = ask("are you a robot", "out_of_scope", previous=previous)
    assert decide(ranked(robot, NARROW)).situation == "out_of_scope/assistant"


def ranked(question: Question, ranking: tuple[tuple[str, float], ...]) -> Question:
    label, score = ranking[0]
    understood = replace(question.understood, intent=label, intent_score=score, ranking=ranking)
    return replace(question, understood=understood)


OFFERED = (Turn(Speaker.BOT, "I don't have that here, but a colleague can tell you. Shall I bring one in?"),)


@pytest.mark.parametrize(
    ("text", "intent", "situation"),
    [
        ("ok thanks bye", "goodbye", "goodbye/talk"),
        ("ok never mind", "thanks", "thanks/talk"),
        ("ok where is my order", "order_status", "order_status/unverified"),
        ("yes please", "goodbye", "contact_human/handoff"),
        ("sure, go ahead", "goodbye", "contact_human/handoff"),
        ("ok thanks", "thanks", "contact_human/handoff"),
    ],
)
def test_an_offered_person_comes_for_a_yes_alone(text: str, intent: str, situation: str) -> None:
    question = ask(text, intent, history=OFFERED, previous=Previous("any/unknown"))
    assert decide(question).situation == situation


@pytest.mark.parametrize(
    ("text", "previous", "situation"),
    [
        ("fine, exchange then", "order_cancel/too_late", "return_or_exchange/general"),
        ("ok and the money", "refund_policy/general", "refund_policy/general"),
        ("so why that", "password_reset/general", "any/clarify"),
        ("ok fine", "refund_policy/general", "goodbye/talk"),
        ("have a nice day", "refund_policy/general", "goodbye/talk"),
    ],
)
def test_who_wants_something_has_not_said_goodbye(text: str, previous: str, situation: str) -> None:
    assert decide(ask(text, "goodbye", previous=Previous(previous))).situation == situation


def test_the_word_order_alone_is_the_latest_order_of_who_has_one() -> None:
    known: dict[str, Any] = {"customer": ANA, "orders": [order("#3", "delivered"), order("#2"), order("#1")]}
    alone = ask("order?", "order_place", **known)
    assert (decide(alone).situation, decide(alone).order_number) == ("order_status/verified", "#3")
    assert decide(replace(alone, text="orders?")).situation == "order_status/several"
    assert decide(replace(alone, previous=Previous("order_status/verified", "#2"))).order_number == "#2"
    shop = replace(SHOP, facts={"link.products": "/"})
    assert decide(replace(alone, text="how do I order?", shop=shop)).situation == "order_place/general"
    assert decide(ask("order?", "order_place", shop=shop)).situation == "order_place/general"


def test_the_older_one_is_the_earlier_of_the_orders_listed() -> None:
    listed = (Turn(Speaker.BOT, "You have two recent orders: #1042 is on its way, and #1019 has been delivered."),)
    known: dict[str, Any] = {
        "customer": ANA, "orders": [order("#1042"), order("#1019", "delivered"), order("#1007", "delivered")],
        "previous": Previous("order_status/several"), "history": listed,
    }  # fmt: skip
    assert decide(ask("the older one", "product_question", 0.7, **known)).order_number == "#1019"
    assert decide(ask("older one", "product_search", 0.4, **known)).order_number == "#1019"
    assert decide(ask("the newer one", "product_search", 0.4, **known)).order_number == "#1042"
    assert decide(ask("I want to return the older one", "return_or_exchange", **known)).order_number == "#1019"


def test_what_was_sent_comes_when_it_comes_and_not_by_express() -> None:
    shop = replace(SHOP, facts={"delivery.express_time": "1 business day", "delivery.express_cost": "€12.90"})
    known: dict[str, Any] = {"customer": ANA, "shop": shop, "previous": Previous("order_status/verified", "#1042")}
    sent = ask("can i get it faster", "delivery_options", orders=[order("#1050"), order("#1042")], **known)
    assert (decide(sent).situation, decide(sent).order_number) == ("order_status/verified", "#1042")
    assert values(sent)["asks"] == "when"
    assert decide(replace(sent, text="how much is faster delivery")).situation == "delivery_options/general"
    assert decide(replace(sent, orders=[order("#1042", "processing")])).situation == "delivery_options/general"
    assert decide(replace(sent, previous=None)).situation == "delivery_options/general"


@pytest.mark.parametrize(
    ("text", "taken_for", "asks"),
    [
        ("which sizes?", "product_search", "sizes"),
        ("which sizes?", "product_question", "sizes"),
        ("which sizes do they come in", "availability", "sizes"),
        ("what colours are there", "out_of_scope", "colours"),
        ("which colours are there?", "availability", "colours"),
        ("are they waterproof?", "product_search", None),
        ("and is it on sale?", "discount", "price"),
    ],
)
def test_what_those_shown_are_like_is_no_new_search(text: str, taken_for: str, asks: str | None) -> None:
    gloves, others = jacket("Liner Gloves", 2900), jacket("Storm Mitts", 5900)
    known: dict[str, Any] = {
        "previous": Previous("product_search/found", product_id=gloves.id, product_ids=(gloves.id,)),
        "shown": (gloves,), "of_kind": [Found(others, 0.6), Found(gloves, 0.5)], "names_kind": True,
        "search_text": f"I'm looking for black gloves {text}",
    }  # fmt: skip
    question = ask(text, taken_for, 0.9, **known)
    assert (decide(question).situation, decide(question).product_id) == ("product_question/found", gloves.id)
    assert values(question).get("asks") == asks
    anew = ask("do you have mittens, are they waterproof?", "product_search", **known | {"search_text": None})
    assert decide(anew).situation == "product_search/found"


def test_what_is_reduced_is_told_with_both_prices_and_else_denied() -> None:
    reduced, usual = jacket("Drift", 11900, old_price_minor=14900), jacket("Summit", 18900)
    told = values(ask("is it on sale?", "discount", page_product=reduced))
    assert (told["product.1.price"], told["product.1.old_price"]) == ("€119.00", "€149.00")
    denied = values(ask("is it on sale?", "discount", page_product=usual))
    assert (denied["confirms"], denied["product.1.price"]) == ("no", "€189.00")
    assert "product.1.old_price" not in values(ask("is it warm?", "product_question", page_product=reduced))


def test_of_the_page_and_a_search_it_is_what_was_found_last() -> None:
    page, found = jacket("Drift", 11900), jacket("Summit", 18900)
    searched = Previous("product_search/found", product_id=found.id, product_ids=(found.id,))
    asked: dict[str, Any] = {"page_product": page, "shown": (found,)}
    assert decide(ask("how much?", "product_question", previous=searched, **asked)).product_id == found.id
    told = Previous("product_question/found", product_id=found.id, product_ids=(found.id,))
    assert decide(ask("how much?", "product_question", previous=told, **asked)).product_id == page.id


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        ("how heavy is the Tour Pack 45?", "how heavy is the day pack?"),
        ("how heavy is your tour pack", "how heavy is the day pack"),
        ("is it waterproof?", "is the day pack waterproof?"),
        ("what does that cost", "what does the day pack cost"),
        ("which sizes?", "which sizes? the day pack"),
    ],
)
def test_the_question_before_is_asked_of_another_product(before: str, asked: str) -> None:
    other = other_one_named("and the day pack?")
    assert other == "the day pack"
    assert asked_of_another(before, "Tour Pack 45", other) == asked


@pytest.mark.parametrize(
    "text",
    [
        "the day pack",
        "is the day pack blue?",
        "and is the day pack blue?",
        "and how heavy is the mat",
        "and",
        "thanks and bye",
    ],
)
def test_what_says_more_than_a_name_is_a_question_of_its_own(text: str) -> None:
    assert other_one_named(text) is None


@pytest.mark.parametrize("taken_for", ["refund_request", "order_status", "product_question"])
def test_another_way_to_pay_is_no_other_order(taken_for: str) -> None:
    shop = replace(SHOP, facts={"payment.methods": "Visa and PayPal"})
    orders = [order("#2", "awaiting payment"), order("#1", "delivered")]
    previous = Previous("order_status/verified", "#2")
    known: dict[str, Any] = {"customer": ANA, "orders": orders, "shop": shop, "previous": previous}
    assert decide(ask("can I pay for it another way?", taken_for, 0.6, **known)).situation == "payment_methods/general"
    assert not ask("is there another address", taken_for).means_other
    assert ask("and the other order", taken_for).means_other


def test_money_is_asked_after_of_the_return_spoken_of_and_not_of_another_order() -> None:
    orders = [order("#2", "delivered"), replace(order("#1", "returned"), refund_state="sent")]
    known: dict[str, Any] = {"customer": ANA, "orders": orders}
    text = "when will I have my money?"
    for spoken_of, situation in (("#2", "refund_policy/general"), ("#1", "refund_status/verified")):
        previous = Previous("refund_policy/general", told_orders=(spoken_of,))
        assert decide(ask(text, "refund_status", previous=previous, **known)).situation == situation
    assert decide(ask(text, "refund_status", **known)).order_number == "#1"
