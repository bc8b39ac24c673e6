"""Which order or product is meant when none is named: `and the other one?`, `no, the blue one`, `the first one`."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.catalogue import Order, Product
from app.services.answer.following import placed_in_month
from app.services.answer.question import Question, order_numbers
from nlp.retrieval import terms

SPOKEN_OF = "the order spoken of before"
_SAYS_NOTHING = frozenset({"the", "a", "one", "ones", "and", "no", "in", "of", "for", "it", "is", "with", "size"})


def names_no_order(question: Question) -> bool:
    """Tell whether nothing says which of several orders is meant."""
    is_said = question.means_other or question.means_first or question.means_last or question.is_order_alone
    is_said = is_said or bool(placed_in_month(question.orders, question.text))
    return not is_said and (question.previous is None or question.previous.order_number is None)


def pick_order(question: Question, fitting: Sequence[Order]) -> tuple[Order, str]:
    """Return the order that is meant, of the customer's own, and why. `fitting` are those the matter can be about."""
    orders, previous = question.orders, question.previous
    spoken_of = [order for order in orders if previous is not None and order.number == previous.order_number]
    named = holding_what_is_named(question)
    if question.means_other and spoken_of:
        others = [order for order in orders if order is not spoken_of[0]]
        if others:
            best = [order for order in others if order in fitting] or others
            return best[0], "the other order than the one spoken of before"
    among = orders if question.is_order_alone and not spoken_of else fitting or orders
    in_month = placed_in_month(orders, question.text)
    if in_month:
        return next(
            (order for order in in_month if order in fitting), in_month[0]
        ), "the order of the month that was named"
    listed = listed_orders(question)
    if listed and (question.means_first or question.means_last):
        return listed[-1 if question.means_first else 0], "the older or the newer of those that were listed"
    if question.means_first:
        return (fitting if len(fitting) > 1 else orders)[-1], "the oldest order that fits"
    if question.means_last:
        return among[0], "the newest order that fits"
    if spoken_of and question.points_back and (not named or spoken_of[0] in named):
        return spoken_of[0], SPOKEN_OF
    if named and (not spoken_of or spoken_of[0] not in named):
        return next((order for order in named if order in fitting), named[0]), "the order with the item that was named"
    if spoken_of and (spoken_of[0] in fitting or not fitting):
        return spoken_of[0], SPOKEN_OF
    return next((order for order in among if order in named), among[0]), "the newest order that fits"


def listed_orders(question: Question) -> list[Order]:
    """Return the customer's orders that the last answer listed, the newest first; nothing when it listed none."""
    if question.previous is None or question.previous.situation != "order_status/several" or not question.history:
        return []
    numbers = order_numbers(question.history[-1].text)
    return [order for order in question.orders if order.number.lstrip("#").upper() in numbers]


def holding_what_is_named(question: Question) -> list[Order]:
    """Return the orders that hold what the message names: `can I send the boots back?`."""
    said = set(terms(question.text))
    return [order for order in question.orders if said & {term for item in order.items for term in terms(item.title)}]


def pick_shown(question: Question) -> Product | None:
    """Return the product of the last answer whose colour, size or name the message says, or that it points to."""
    if not question.points_back and not question.means_other:
        return None
    said = question.words - _SAYS_NOTHING
    best, most = None, 0
    for product in question.shown:
        looks = [product.title, product.category, *product.colours, *product.tags, product.material or ""]
        own = {word for text in looks for word in text.lower().split()}
        if len(said & own) > most:
            best, most = product, len(said & own)
    if best is None and len(question.shown) > 1:
        if question.means_other:
            return question.shown[1]
        if question.means_first or question.means_last:
            return question.shown[0 if question.means_first else -1]
    return best
