"""Facts for an answer: what the decision's situation may say, out of the shop's records, by the keys of nlp.grounding.

The values are written as the customer will read them. A fact that does not exist is left out, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from app.domain.catalogue import Article, Order, Product, format_date, format_money
from app.services.answer.comparing import COMPARED, answer_score
from app.services.answer.confirming import (
    Confirmed,
    confirmed_country,
    confirmed_material,
    confirmed_payment,
    confirmed_property,
    confirmed_speed,
    missing_variant,
)
from app.services.answer.decision import Decision
from app.services.answer.opening import hours_of_day
from app.services.answer.question import Question
from app.services.answer.reading import SENTENCE_HIT
from app.services.answer.sentences import split_sentences
from app.services.answer.wording import asks_for_sale
from nlp.aspects import aspect_of, compared_aspect
from nlp.grounding import MAX_ORDERS, MAX_PRODUCTS, WORDS, Fact, order_key, product_key
from nlp.retrieval import terms
from nlp.situations import SITUATIONS

LOW_STOCK = 5  # pieces
_DAYS = re.compile(r"(\d{1,3}) days?\b")


def gather_facts(question: Question, decision: Decision) -> tuple[Fact, ...]:
    """Return the facts of the situation that exist, in the order of its row."""
    known = _general_facts(question, decision)
    for index, order in enumerate(decision.orders[:MAX_ORDERS], start=1):
        known.update(_order_facts(order, index, with_private=question.customer.verified))
        known[order_key(index, "returnable")] = _yes_no(_is_returnable(order, question))
    for index, product in enumerate(decision.products[:MAX_PRODUCTS], start=1):
        known.update(_product_facts(product, index, question))
    if decision.situation == "product_question/compared":
        known.update(_compared_facts(decision.products, question))
    elif decision.situation == "product_question/found" and not question.asks_in_general:
        known.update(_asked_alone(question))
    if decision.article is not None:
        known.update(_article_facts(decision.article, question))
    aspect = _aspect(question, decision, known)
    if aspect is not None:
        known["asks"] = aspect
    if decision.situation == "contact_info/general" and aspect == "hours" and "shop.hours" in known:
        known["shop.hours"] = hours_of_day(known["shop.hours"], question.text) or known["shop.hours"]
    known.update(_confirmed(question, decision, known, aspect))
    return tuple(
        Fact(key, known[key])
        for key in SITUATIONS[decision.situation].keys
        if known.get(key) and (key not in WORDS or known[key] in WORDS[key])
    )


def _general_facts(question: Question, decision: Decision) -> dict[str, str]:
    """Return what the shop states, who asks and whether people are there."""
    known = dict(question.shop.facts)
    known["shop.name"] = question.shop.name
    known["handoff.state"] = "available" if question.shop.people_available else "closed"
    if not question.shop.people_available:
        known.pop("handoff.wait", None)
    if question.customer.verified and question.customer.name:
        known["customer.name"] = question.customer.name.split()[0]
    if decision.situation == "order_status/none":
        known["orders.found"] = "none"
    if decision.missing is not None:
        known["missing"] = decision.missing
    return known


def _aspect(question: Question, decision: Decision, known: Mapping[str, str]) -> str | None:
    if decision.situation == "product_question/compared":
        first, second = decision.products[:COMPARED]
        aspect = compared_aspect(question.text)
        return None if aspect == "price" and first.price_minor == second.price_minor else aspect
    if decision.situation == "order_status/verified" and question.wants_sooner:
        return "when"
    return aspect_of(decision.situation.partition("/")[0], question.text, known.get(order_key(1, "state")))


def _confirmed(question: Question, decision: Decision, known: Mapping[str, str], aspect: str | None) -> dict[str, str]:
    """Return what is said where the records answer by yes or no; a fact that is not to be said then is empty."""
    situation, said = decision.situation, None
    instead: dict[str, str] = {}
    if situation == "payment_methods/general" and "payment.methods" in known:
        said = confirmed_payment(question, known["payment.methods"])
    elif situation == "delivery_options/general":
        said = _confirmed_delivery(question, known, aspect)
    elif situation == "product_question/found" and aspect in ("price", "material"):
        product = decision.products[0]
        said = _not_reduced(question, product) if aspect == "price" else confirmed_material(question, product)
    elif situation == "product_question/found" and aspect is None:
        said = confirmed_property(question, decision.products[0], known.get(product_key(1, "detail")))
        if said is not None and said.named is not None:
            instead[product_key(1, "detail")] = ""
    elif situation == "availability/found":
        said = missing_variant(question, decision.products[0])
        if said is not None and (said.named or "").startswith("size"):
            instead[product_key(1, "colours")] = ""
        elif said is not None:
            instead[product_key(1, "sizes")] = ""
    if said is None:
        return {}
    return {"confirms": _yes_no(said.yes), product_key(1, "variant"): said.named or ""} | instead


def _not_reduced(question: Question, product: Product) -> Confirmed | None:
    """Tell that the price is the usual one; of a reduced product both prices are told."""
    return Confirmed(yes=False) if asks_for_sale(question.text) and product.old_price_minor is None else None


def _confirmed_delivery(question: Question, known: Mapping[str, str], aspect: str | None) -> Confirmed | None:
    if aspect == "countries" and "delivery.countries" in known:
        return confirmed_country(question, known["delivery.countries"])
    return confirmed_speed(question, known, aspect) if aspect in ("express", "soon") else None


def _order_facts(order: Order, index: int, *, with_private: bool) -> dict[str, str]:
    """`with_private` adds what only a verified customer may read; number and e-mail alone unlock state and tracking."""
    values: dict[str, str | None] = {
        "number": f"#{order.number.lstrip('#')}",
        "state": order.state,
        "carrier": order.carrier,
        "tracking": order.tracking,
        "arrives": _day(order.arrives) if order.is_open else None,
        "shipped": _day(order.shipped),
        "delivered": _day(order.delivered),
        "cancellable": _yes_no(order.is_unpacked),
        "changeable": _yes_no(order.is_unpacked),
    }
    if with_private:
        values["item"] = _items(order)
        values["placed"] = format_date(order.placed.date())
        values["total"] = format_money(order.total_minor, order.currency)
        values["link"] = order.tracking_url
    facts = {order_key(index, field): value for field, value in values.items() if value}
    if index == 1:
        facts["refund.state"] = order.refund_state or "none"
        if with_private and order.refund_minor is not None:
            facts["refund.amount"] = format_money(order.refund_minor, order.currency)
        if order.refund_expected is not None:
            facts["refund.expected"] = format_date(order.refund_expected)
    return facts


def _is_returnable(order: Order, question: Question) -> bool:
    """Whether an order is within the shop's return window, or will be once it has come.

    A window that is not in days is left to people.
    """
    if order.is_open:
        return True
    if order.state != "delivered":
        return False
    window = _DAYS.match(question.shop.facts.get("policy.return_window", ""))
    if window is None or order.delivered is None:
        return True
    return order.delivered + timedelta(days=int(window.group(1))) >= question.today


def _items(order: Order) -> str | None:
    if not order.items:
        return None
    first = order.items[0].title
    others = len(order.items) - 1
    return first if not others else f"{first} and {others} more {'item' if others == 1 else 'items'}"


def _product_facts(product: Product, index: int, question: Question) -> dict[str, str]:
    values: dict[str, str | None] = {
        "title": product.title,
        "price": format_money(product.price_minor, product.currency),
        "old_price": format_money(product.old_price_minor, product.currency) if product.old_price_minor else None,
        "stock": "sold out" if product.stock <= 0 else "low stock" if product.stock <= LOW_STOCK else "in stock",
        "sizes": join_words(product.sizes),
        "colours": join_words(product.colours),
        "variant": _variant(product, question.text),
        "material": product.material,
        "detail": _detail(product, question),
        "restock": _day(product.restock) if product.stock <= 0 else None,
        "link": product.url,
    }
    return {product_key(index, field): value for field, value in values.items() if value}


def _compared_facts(products: Sequence[Product], question: Question) -> dict[str, str]:
    """Return what is said of each of two products; of a property asked for, only the sentences that speak of it."""
    facts = {}
    for index, product in enumerate(products[:COMPARED], start=1):
        if compared_aspect(question.text) == "property":
            detail = _detail(product, question) or ""
        else:
            detail = next(iter(split_sentences(product.description)), "").rstrip(".")
        facts[product_key(index, "detail")] = detail
    return facts


def _asked_alone(question: Question) -> dict[str, str]:
    """Leave out what was not asked for: who wants to know one thing reads that, and no price beside it."""
    asked = aspect_of("product_question", question.text)
    fields = ("price", "link", "sizes", "colours", "material", *(("stock",) if asked is None else ()))
    fields += ("old_price",) if asked != "price" else ()
    return {product_key(1, field): "" for field in fields if field != asked}


def _variant(product: Product, question: str) -> str | None:
    words = {word.lower() for word in re.findall(r"[\w-]+", question)}
    colours = [colour for colour in product.colours if colour.lower() in words]
    sizes = [f"size {size}" for size in product.sizes if size.lower() in words]
    return ", ".join([*colours[:1], *sizes[:1]]) or None


def _detail(product: Product, question: Question) -> str | None:
    """Return what the shop says of the product that answers the question; nothing when that has no answer to it."""
    if question.asks_in_general or answer_score(question, product.id) >= SENTENCE_HIT:
        return _sentence(product.id, product.description, question)
    named = set(terms(f"{product.title} {product.category}"))
    said = {term for term in terms(question.text) if term not in named}
    return f"In our shop it goes under {join_words(product.tags)}" if said & set(product.tags) else None


def _article_facts(article: Article, question: Question) -> dict[str, str]:
    facts = {"article.title": article.title}
    sentence = _sentence(article.id, article.body, question)
    if sentence:
        facts["article.text"] = sentence
    if article.url:
        facts["article.link"] = article.url
    return facts


def _sentence(key: UUID, text: str, question: Question) -> str | None:
    """Return the sentence that answers the question best, else the first; without its full stop."""
    best = question.sentences.get(key)
    chosen = best.item if best is not None else next(iter(split_sentences(text)), None)
    return chosen.rstrip(".") if chosen else None


def join_words(words: Sequence[str]) -> str | None:
    """Write a list as people do: `S, M and L`."""
    if not words:
        return None
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _day(day: date | None) -> str | None:
    return format_date(day) if day is not None else None


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
