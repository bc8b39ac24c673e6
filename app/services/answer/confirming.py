"""Yes or no, where the shop's records say it: a property of a product, a way to pay, a country, a size.

A no is only said of lists that are complete: what no record speaks of is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.catalogue import Product
from app.services.answer.question import Question
from nlp.aspects import COUNTRY
from nlp.retrieval import roots, terms
from nlp.tone import is_yes_no_question

_NEGATION = re.compile(r"\b(?:not|no|never|without|cannot|nor|except)\b|n't\b", re.IGNORECASE)
# Words that say nothing about which property is asked for.
_ASIDE = roots(
    "good great fine ok okay enough really also too suitable made actually like come has get use put go goes product "
    "item one still need possible allowed well easy easily use used something anything there real genuine pure it's "
    "hi hello hey thanks thank pls yes no just know kind quite very fully ideal perfect meant designed be they he she"
)
_MOST_ASKED = 3  # words: who asks more asks something of its own
_FOR = re.compile(r"\bfor\b", re.IGNORECASE)
_PURE = re.compile(r"\b(?:100|pure|only|all|entirely)\b", re.IGNORECASE)
_METHODS = re.compile(
    r"\b(visa|master ?card|amex|american express|pay ?pal|klarna|apple ?pay|google ?pay|bitcoins?|crypto\w*"
    r"|bank transfer|sepa|cash|che(?:que|ck)s?|sofort|ideal|after ?pay|maestro|discover|diners|ali ?pay|venmo"
    r"|amazon ?pay)\b",
    re.IGNORECASE,
)
_CARD = re.compile(r"\b(?:credit|debit) cards?\b|\bby card\b|\bwith (?:a |my )?card\b", re.IGNORECASE)
_CARDS = re.compile(r"visa|mastercard|maestro|american express|amex", re.IGNORECASE)
_COUNTRY = re.compile(COUNTRY, re.IGNORECASE)
_ALIASES = {
    "holland": "netherlands", "czech republic": "czechia", "england": "united kingdom", "scotland": "united kingdom",
    "wales": "united kingdom", "uk": "united kingdom", "us": "united states", "usa": "united states",
    "uae": "united arab emirates",
}  # fmt: skip
_ANYWHERE = re.compile(r"world|\beu\b|europe|international|everywhere|most|all\b|more", re.IGNORECASE)
_SIZE = re.compile(
    r"\bsize (\d{1,2}xl|x{0,4}[sl]|m|\d{2}(?:\.5)?)\b|\bin (?:an? )?(x{1,4}[sl]|[2-6]xl|[sml])\b"
    r"|\b(x{1,4}[sl]|[2-6]xl)\b|\bin (\d{2}(?:\.5)?)\b(?! (?:days|hours|minutes))",
    re.IGNORECASE,
)
_DAYS_ASKED = re.compile(
    r"(?P<same>same.?day|\btoday\b|\btonight\b)|(?P<next>next.?day|overnight)|\btomorrow\b|\btmrw\b", re.IGNORECASE
)
_LETTERS = re.compile(r"(?:x{0,4}[sl]|m|[2-6]xl)$", re.IGNORECASE)
_COLOURS = frozenset(
    {
        "black", "white", "grey", "gray", "blue", "navy", "red", "green", "olive", "yellow", "orange", "pink", "purple",
        "brown", "beige", "turquoise", "burgundy",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A yes or a no; `named` is what it is said of, in words that stand for the customer's."""

    yes: bool
    named: str | None = None


def confirmed_property(question: Question, product: Product, detail: str | None) -> Confirmed | None:
    """Tell whether the shop says of a product what is asked: `is it waterproof?`. Never a no."""
    if not is_yes_no_question(question.text) or _NEGATION.search(question.text):
        return None
    asked = [term for term in terms(question.text) if not roots(term) & (_own(product) | _ASIDE)]
    if not 0 < len(asked) <= _MOST_ASKED:
        return None
    if len(asked) == 1 and asked[0] in {tag.lower() for tag in product.tags}:
        return Confirmed(True, f"good for {asked[0]}" if _FOR.search(question.text) else asked[0])
    said = roots(detail or "")
    if detail and roots(" ".join(asked)) <= said and not _NEGATION.search(detail):
        return Confirmed(True)
    return None


def confirmed_material(question: Question, product: Product) -> Confirmed | None:
    """Tell whether a product is made of what is asked: `is it wool?`. Never a no: `synthetic` is polyester too."""
    made = (product.material or "").lower()
    asked = [term for term in terms(question.text) if not roots(term) & (roots(product.title) | _ASIDE)]
    is_mixed = bool(_PURE.search(question.text)) and " and " in made
    if not made or not is_yes_no_question(question.text) or is_mixed or _NEGATION.search(question.text):
        return None
    return Confirmed(True) if asked and f" {' '.join(asked)} " in f" {' '.join(terms(made))} " else None


def confirmed_payment(question: Question, methods: str) -> Confirmed | None:
    """Tell whether the one way to pay that a message names is among the shop's."""
    named = {_plain(match) for match in _METHODS.findall(question.text)}
    if _CARD.search(question.text) and not named:
        return Confirmed(True) if _CARDS.search(methods) else None
    if len(named) != 1:
        return None
    return Confirmed(named.pop() in _plain(methods))


def names_payment(text: str) -> bool:
    """Tell whether a message names a way to pay: `and with Amex?`."""
    return bool(_METHODS.search(text) or _CARD.search(text))


def confirmed_country(question: Question, countries: str) -> Confirmed | None:
    """Tell whether the shop delivers to the one country that a message names."""
    found = {match.lower() for match in _COUNTRY.findall(question.text)}
    named = {_ALIASES.get(one, one.removeprefix("the ")) for one in found}
    if len(named) != 1:
        return None
    country = named.pop()
    is_listed = country in countries.lower() or any(
        re.search(rf"\b{re.escape(short)}\b", countries.lower()) for short, full in _ALIASES.items() if full == country
    )
    if not is_listed and _ANYWHERE.search(countries):
        return None
    return Confirmed(is_listed)


def confirmed_speed(question: Question, known: Mapping[str, str], aspect: str) -> Confirmed | None:
    """Tell whether delivery is as fast as asked: on the next day, or with express faster than without."""
    express, standard = (_days(known.get(f"delivery.{kind}_time", "")) for kind in ("express", "standard"))
    if aspect == "express":
        return Confirmed(False) if express and standard and express[1] >= standard[1] else None
    limit = _DAYS_ASKED.search(question.text)
    fastest = min(one for one in (express, standard) if one) if express or standard else None
    if limit is None or fastest is None:
        return None
    if fastest[0] > (0 if limit["same"] else 1):
        return Confirmed(False)
    is_promised = express is not None and express[1] <= 1 and limit["next"] is not None
    return Confirmed(True) if is_promised else None


def _days(text: str) -> tuple[int, int] | None:
    """Read the least and the most business days of a span; None where it is none in days."""
    found = [int(number) for number in re.findall(r"\d+", text)]
    return (found[0], found[-1]) if found and "day" in text else None


def missing_variant(question: Question, product: Product) -> Confirmed | None:
    """Return the size or colour that is asked for and that a product is not made in; None when it is, or none is."""
    sizes = [one.lower() for one in product.sizes]
    for match in _SIZE.finditer(question.text):
        size = next(filter(None, match.groups())).lower()
        if _is_of_sort(size, sizes) and not any(_covers(one, size) for one in sizes):
            return Confirmed(False, f"size {size.upper()}")
    made_in = {term for colour in product.colours for term in terms(colour)}
    asked = [term for term in terms(question.text) if term in _COLOURS]
    if product.colours and len(asked) == 1 and asked[0] not in made_in:
        return Confirmed(False, asked[0])
    return None


def names_variant(text: str) -> bool:
    """Tell whether a message names a size or a colour: `and in 42?`."""
    return _SIZE.search(text) is not None or not _COLOURS.isdisjoint(terms(text))


def _own(product: Product) -> frozenset[str]:
    return roots(f"{product.title} {product.category}")


def _plain(text: str) -> str:
    return text.lower().replace(" ", "").removesuffix("s")


def _is_of_sort(size: str, sizes: list[str]) -> bool:
    """Tell whether a product has sizes of this sort: letters or numbers."""
    if size.isdigit():
        return any(one[:2].isdigit() for one in sizes)
    return any(_LETTERS.match(one) for one in sizes)


def _covers(size: str, asked: str) -> bool:
    low, _, high = size.partition("-")
    if high.isdigit() and low.isdigit() and asked.isdigit():
        return int(low) <= int(asked) <= int(high)
    return size == asked
