"""What a message that names no matter of its own goes on with: `and how much is that?`, `the one from October`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.catalogue import Order
from app.services.answer.question import has_form_of_question
from nlp.prompt import Speaker, Turn


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Matters of the shop that `and is that free?` can be about. Orders and products have rules of their own.
TOPICS = frozenset(
    {
        "delivery_options", "refund_policy", "return_or_exchange", "warranty", "discount", "payment_methods",
        "cancellation_fee", "account_delete", "refund_status",
    }
)  # fmt: skip
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_JOINING = _words(
    "a an the and or but so then also too ok okay oh hm hmm well sorry please thanks thank great good nice cool fine hi"
    " i i'm me my we you your he she they it its it's that that's this these those them there one ones is are was were"
    " be been am do does did can could will would shall should may must have has had need to of for in on at by with"
    " if when how what what's which who where why not no yes just only still exactly really all any anything again"
    " actually about more much many long"
)
# What is asked of any matter: what it costs, how long it takes, how it is done.
_OF_ANY_MATTER = _words(
    "cost costs pay paying paid charge charged charges fee fees free price extra money expensive cheaper cheap postage"
    " take takes taken took time times day days week weeks soon fast quick quickly until till valid expire expires"
    " end ends start starts get got back new old happen happens work works done possible allowed sure else same"
    " part both either instead start now later today tomorrow first works mean keep kept data stay"
    " use used even after year years two three"
)
_PICKING = _words(
    "order orders number nr one ones other another first second third last latest newest newer older oldest earlier"
    " previous before recent yesterday month week"
)
_HOLDS = re.compile(
    r"\b(?:does|do|is|are|will|would) (?:it|that|this|these|they|those|the \w+)(?: (?:also|still|even|all))*"
    r" (?:count|appl(?:y|ies)|hold|include[ds]?|cover(?:s|ed)?|valid|true)\b",
    re.IGNORECASE,
)
_ANOTHER_ONE = re.compile(r"^\W*(?:(?:and|ok|or|so|but)\W+)*(?:(?:what|how) about|and|for) (?=\w)", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:it|they|them|this|that|these|those)\b", re.IGNORECASE)
_NAMES_WHICH = _words(
    "a the and or but so then ok oh no not i i'm it it's is was were be that that's this my me we you mean meant of for"
    " from in on about what what's please thanks sorry actually rather placed ordered bought"
)


def names_no_matter(text: str) -> bool:
    """Tell whether all words of a message go with any matter: `do I have to pay for it?`."""
    said = _WORD.findall(text.lower().replace("\u2019", "'"))
    return bool(said) and all(word in _JOINING or word in _OF_ANY_MATTER for word in said)


def names_only_which(text: str) -> bool:
    """Tell whether a message only says which order is meant: `oh, the one from October`, `I mean 1042`."""
    said = _WORD.findall(text.lower().replace("\u2019", "'"))
    picks = [word for word in said if word in _PICKING or word in _MONTHS[:4] + _MONTHS[5:] or word.isdigit()]
    return bool(picks) and all(word in picks or word in _NAMES_WHICH or word in _MONTHS for word in said)


def placed_in_month(orders: Sequence[Order], text: str) -> list[Order]:
    """Return the orders that were placed in the month that a message names, the newest first."""
    said = re.findall(r"[a-z]+", text.lower())
    named = {at for at, month in enumerate(_MONTHS, start=1) if month in said and (month != "may" or "in may" in text)}
    return [order for order in orders if order.placed.month in named]


def asks_if_it_holds(text: str) -> bool:
    """Tell whether it asks if what was said holds for something: `what about zips, does that count?`."""
    return _HOLDS.search(text) is not None


def other_one_named(text: str) -> str | None:
    """Return what a message says of another one than was spoken of, and nothing else: `and the day pack?`."""
    begun = _ANOTHER_ONE.match(text)
    other = text[begun.end() :].strip(" ?.!") if begun else ""
    return other if other and not has_form_of_question(other) else None


def asked_of_another(question: str, title: str, other: str) -> str:
    """Return a question on the product of this title as it is asked of another: `how heavy is the day pack?`."""
    names = "|".join(re.escape(word) for word in re.findall(r"\w+", title))
    named = re.compile(
        rf"(?:\b(?:the|this|that|your|an?)\s+)?\b(?:{names})s?\b(?:[\s-]+(?:{names})s?\b)*", re.IGNORECASE
    )
    for meant in (named, _PRONOUN):
        asked, times = meant.subn(lambda _: other, question, count=1)
        if times:
            return asked
    return f"{question} {other}"


def asked_before(history: Sequence[Turn]) -> str | None:
    """Return what the customer said last, before this message."""
    return next((turn.text for turn in reversed(history) if turn.speaker is Speaker.CUSTOMER), None)


def matter_before(said: Sequence[str]) -> str | None:
    """Return the last of the customer's messages that names a matter."""
    return next((text for text in reversed(said) if not names_no_matter(text)), None)


def said_by_bot(history: Sequence[Turn]) -> str:
    """Return what the last answers said."""
    return " ".join(turn.text for turn in history if turn.speaker is Speaker.BOT)
