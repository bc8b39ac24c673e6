"""Two products side by side: which ones a message compares, and in what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from app.domain.catalogue import Product
from app.services.answer.question import Question
from nlp.aspects import compared_aspect
from nlp.retrieval import terms

_COMPARES = re.compile(
    r"\b(?:differences?|differ|compare[sd]?|comparison|versus|vs)\b"
    r"|\bwhich (?:one |of (?:them|these|those|the two) |product )?(?:is|are|would be|costs?|weighs?|has"
    r"|lasts?)\b"
    r"|\bwhat(?:'s| is) \w+er\b.*\bor\b"
    r"|\b\w+er than\b|\b(?:more|less) \w+ than\b|\b(?:or|and) the\b.*\bwhich\b|\bwhich\b.*\bor\b",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(r"^\W*(?:and|or|but)?\W*(?:which )?(?:is )?\w+er\W*$", re.IGNORECASE)  # `and lighter?`
COMPARED = 2
_WHICH_ONE = re.compile(r"\bwhich (?:one|of)\b", re.IGNORECASE)
_BOTH = re.compile(r"\b(?:they|them|both|each|the two)\b", re.IGNORECASE)


def compared_products(question: Question) -> Sequence[Product]:
    """Return the two products that a message compares; nothing when it compares none.

    They are named, or one is and the other was shown last, or both were shown: `which one is warmer?`.
    """
    previous = question.previous
    goes_on = previous is not None and previous.situation == "product_question/compared" and question.is_short
    named = _named(question)
    of_both = _BOTH.search(question.text) or (not named and compared_aspect(question.text) in ("price", "material"))
    goes_on_with_both = goes_on and (of_both or _COMPARATIVE.match(question.text))
    if not (asks_to_compare(question.text) or goes_on_with_both):
        return ()
    if goes_on and (_COMPARATIVE.match(question.text) or _WHICH_ONE.search(question.text)):
        named = []  # a word of another's title is what is asked of these: `which one is better for rain?`
    others = [one for one in question.shown if one not in named]
    pair = [*named, *others] if question.is_short or not named else named
    if len(pair) < COMPARED:
        return ()
    two, aspect = pair[:COMPARED], compared_aspect(question.text)
    if aspect == "price":
        return sorted(two, key=lambda one: one.price_minor)
    return sorted(two, key=lambda one: -answer_score(question, one.id)) if aspect == "property" else two


def asks_to_compare(text: str) -> bool:
    """Tell whether a message compares by its words alone."""
    return _COMPARES.search(text) is not None


def answer_score(question: Question, key: UUID) -> float:
    """Return how well a sentence of this article or product answers the message."""
    best = question.sentences.get(key)
    return best.score if best is not None else 0.0


def _named(question: Question) -> list[Product]:
    """Return the products whose name stands in the message, whole or by the words that no other hit shares."""
    said = set(terms(question.text))
    titles = {hit.item.id: set(terms(hit.item.title)) for hit in question.products}
    found = []
    for hit in question.products:
        own = titles[hit.item.id]
        shared = set().union(*(title for key, title in titles.items() if key != hit.item.id))
        if own <= said or (own - shared) & said - set(terms(hit.item.category)):
            found.append(hit.item)
    whole = [one for one in found if titles[one.id] <= said]
    return whole if len(whole) >= COMPARED else found
