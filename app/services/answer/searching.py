"""Which products are shown to somebody who looks for something: of the kind, price, colour and size that was named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.domain.catalogue import Product
from app.services.answer.question import Question
from app.services.answer.topics import NARROW_WORDS, PRODUCT_INTENTS
from app.services.answer.wording import asks_how_it_is, wants_similar
from nlp.aspects import aspect_of
from nlp.retrieval import terms

SEARCH_HIT = 0.33  # the product is worth showing to somebody who looks for something
SHOWN_PRODUCTS = 3

_COLOURS = frozenset(
    {
        "black", "white", "grey", "gray", "blue", "navy", "red", "green", "olive", "yellow", "orange", "pink", "purple",
        "brown", "beige", "sand", "silver", "gold",
    }
)  # fmt: skip
_SEARCHED = frozenset({"product_search/found", "product_search/unmatched"})
_SIZE = re.compile(r"\bsize (\w{1,4})\b|\bin (?:an? )?(xx?s|xx?l|[sml]|\d{2}(?:-\d{2})?)\b", re.IGNORECASE)


def found_products(question: Question) -> list[Product]:
    """Return what matches the message at all, best first; of the kind that it names, where it names one."""
    if question.names_kind:
        return [hit.item for hit in question.of_kind]
    return [hit.item for hit in question.products if hit.score >= SEARCH_HIT]


def shown_products(question: Question) -> list[Product]:
    """Return up to three that are in stock and are what was asked for in price, colour and size."""
    found = found_products(question)
    limit, colours, sizes = question.price_limit_minor, _colours(question, found), _sizes(question)
    fitting = [
        one
        for one in _best_described(question, found)
        if one.stock > 0
        and (limit is None or one.price_minor <= limit)
        and (not colours or colours & _terms_of(one.colours))
        and (not sizes or not one.sizes or sizes & {size.lower() for size in one.sizes})
        and not ((question.means_other or wants_similar(question.text)) and one in question.shown)
    ]
    return fitting[:SHOWN_PRODUCTS]


def _best_described(question: Question, found: Sequence[Product]) -> list[Product]:
    """Return those with the most of the properties named: `a waterproof jacket`. Properties are the shop's own tags,
    but not what names the kind."""
    kinds, tags = _terms_of([one.category for one in found]), _terms_of([tag for one in found for tag in one.tags])
    said = set(terms(question.search_text or question.text)) & (tags - kinds)
    counts = [len(said & _terms_of((*one.tags, one.title))) for one in found]
    most = max(counts, default=0)
    return [one for one, count in zip(found, counts, strict=True) if count == most]


def refines_search(question: Question) -> bool:
    """Tell whether a short message narrows the last search: `anything cheaper?`, `and in black?`."""
    previous = question.previous
    if previous is None or previous.situation not in _SEARCHED or not question.is_short or _asks_of_shown(question):
        return False
    now = replace(question, search_text=None)  # what it names itself: the colour of the search before narrows no more
    named = _colours(now, [*question.shown, *found_products(question)]) or _sizes(now) or now.price_limit_minor
    return bool(named or question.wants_cheaper or question.means_other)


def _asks_of_shown(question: Question) -> bool:
    """Tell whether it asks for a property of a product shown, by its name: `how much is the Ember?`."""
    if asks_of_those_shown(question):
        return True
    said = set(terms(question.text))
    named = any(said & (_terms_of((one.title,)) - _terms_of((one.category,))) for one in question.shown)
    return named and question.asks_attribute and not question.wants_cheaper


def asks_of_those_shown(question: Question) -> bool:
    """Tell whether it asks what the products on the screen are like: `which sizes?`, `are they waterproof?`."""
    on_screen = question.shown or question.page_product is not None
    is_of_products = question.previous is None or question.previous.intent in PRODUCT_INTENTS
    looks_on = question.wants_cheaper or question.means_other or wants_similar(question.text)
    names_kind = question.names_kind and question.search_text is None
    if not on_screen or not is_of_products or looks_on or names_kind or len(question.text.split()) > NARROW_WORDS:
        return False
    return asks_how_it_is(question.text) or aspect_of("product_question", question.text) is not None


def _colours(question: Question, found: Sequence[Product]) -> set[str]:
    known = _COLOURS.union(*(_terms_of(one.colours) for one in found))
    return set(terms(question.search_text or question.text)) & known


def _sizes(question: Question) -> set[str]:
    return {(match[1] or match[2]).lower() for match in _SIZE.finditer(question.search_text or question.text)}


def _terms_of(words: Sequence[str]) -> set[str]:
    return {term for word in words for term in terms(word)}
