"""How an answer begins: with a clause that takes the customer's mood up, where that is in place.

Cheer goes before no bad news and to nobody who writes because something went wrong; an apology before no good news.
The training data is made by the same rules, and the sentences an answer may hold are chosen by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nlp.prompt import Mood

# By mood, and for a bad one by what it is about: see `Scene.apology`.
OPENERS: Mapping[tuple[Mood, str], tuple[str, ...]] = MappingProxyType(
    {
        (Mood.NEGATIVE, "wait"): (
            "I'm sorry you've been kept waiting.",
            "Sorry about the wait.",
            "I understand that waiting is annoying.",
        ),
        (Mood.NEGATIVE, "trouble"): ("I'm sorry for the trouble.", "Sorry for the inconvenience."),
        (Mood.NEGATIVE, "default"): ("I'm sorry for the trouble.", "I understand this is frustrating."),
        (Mood.POSITIVE, ""): ("Happy to help!", "Glad to help!"),
    }
)
_CHEER = frozenset(OPENERS[Mood.POSITIVE, ""])
# People write about these because something did not go as they wished, however kindly they put it.
NO_CHEER = frozenset(
    {
        "account_delete", "cancellation_fee", "complaint", "contact_human", "damaged_or_wrong_item", "order_cancel",
        "payment_problem", "refund_request", "refund_status", "return_or_exchange", "signup_problem", "any",
    }
)  # fmt: skip
_SORRY = re.compile(r"\bsorry\b|that's worrying", re.IGNORECASE)
_FOR_UNHAPPY = re.compile(r"sorry for the trouble you had")
_CHEERFUL = re.compile(
    r"gladly|happy to|good news|pleasure|\bglad\b|you soon|(?:nice|great) day|nice to see|welcome|^thanks?\b|^yes!"
    r"|taking the time|love to",
    re.IGNORECASE,
)
# Openings of their own, and news that no cheer goes with.
_TAKEN_UP = re.compile(
    r"sorry|afraid|unfortunately|can't|couldn't|happy to|gladly|pleasure|of course|^sure,|^yes|^no problem|^no,"
    r"|don't have|have nothing|no orders|don't see|cancelled|came back|we are out|^thank|no longer|good news",
    re.IGNORECASE,
)
_BAD_NEWS = re.compile(
    r"not with you yet|not shipped|has no |there is no |not received|waiting for|still being|being (?:packed|prepared)"
    r"|delayed|running late|refunded|returned to us|which one|at your own cost|records (?:show|say)|sold out"
    r"|hasn't|don't know|own cost|(?:aren't|isn't) free|\bfee\b|you pay (?!nothing|less)",
    re.IGNORECASE,
)
_SAYS_YES_OR_NO = re.compile(r"(?:Yes|No)\b(?! problem)")
_REFUSES = re.compile(r"(?:I'm afraid|Unfortunately,?) (?!not\b)")
_QUESTION_WORD = re.compile(r"\b(?:what|whats|which|when|where|wheres|who|whose|how|hows|why)\b", re.IGNORECASE)
# A colleague is offered as if one were there.
_OFFERS_NOW = re.compile(
    r"(?P<lead>^|; |(?<=[.!?] ))(?:shall I|would you like(?: me)?)(?: to)? "
    r"(?:bring (?:one in|in a colleague)|talk to a colleague"
    r"|hand you over to a colleague|a colleague to)[^?]*\?$",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"(?:^|[.!?,;:]\s*|\b(?:hi|hello|hey|yo|and|so|ok|but|also|then|please|hiya|there|morning|afternoon|um|me|wondering|thanks)\s+)"
    r"(?:is|are|r|am|was|were|do|does|did|can|could|may|might|will|would|should|has|have|any|got)\b"
    r"|\b(?:if|whether)\b",
    re.IGNORECASE,
)
# On a code that exists, how far it goes: a yes would be to something else.
_ASKS_TERMS = re.compile(
    r"\b(?:code|coupon|voucher|discount)\b.{0,20}\b(?:work|valid|apply|applies|count)\b"
    r"|\bit\b.{0,10}\b(?:valid|appl(?:y|ies)|work (?:on|for|with))\b",
    re.IGNORECASE,
)
_ASKS_FOR_NONE = re.compile(r"\b(?:sold out|out of stock|unavailable)\b", re.IGNORECASE)  # a yes would be the bad news


def in_form(sentences: Sequence[str], is_yes_no: bool | None, mood: Mood | None = None) -> list[str]:
    """Return the sentences whose form answers a question; all of them where none does, or the form is not known.

    A yes or no goes to a question that asks for it. After a clause of regret it would sound pert.
    """
    if is_yes_no is None and mood is not Mood.NEGATIVE:
        return list(sentences)
    if is_yes_no and mood is not Mood.NEGATIVE:
        return [one for one in sentences if _SAYS_YES_OR_NO.match(one) or _REFUSES.match(one)] or list(sentences)
    return [one for one in sentences if not _SAYS_YES_OR_NO.match(one)] or list(sentences)


def regretful(text: str, mood: Mood) -> str:
    """Return an answer that begins with a refusal as it is said to the unhappy: sorry, in the same clause."""
    if mood is not Mood.NEGATIVE or is_sorry(text):
        return text
    return _REFUSES.sub("I'm sorry, but ", text)


def offered_later(text: str) -> str:
    """Return an answer that ends with the offer of a colleague as it is said while nobody is there."""
    found = _OFFERS_NOW.search(text)
    if found is None:
        return text
    said = text[: found.start()]
    whom = "them" if "colleague" in said else "a colleague"
    stop = ". " if found["lead"] == "; " else ""
    return f"{said}{stop}The team is offline right now. Shall I pass this on to {whom}?"


def goes_before(opener: str, mood: Mood, situation: str, sentence: str) -> bool:
    """Tell whether an opener may stand before an answer's first sentence."""
    if opener not in _CHEER:
        return mood is Mood.NEGATIVE and not is_sorry(sentence)
    if _TAKEN_UP.search(sentence):
        return False
    is_in_place = situation.partition("/")[0] not in NO_CHEER and not _BAD_NEWS.search(sentence)
    return mood is Mood.POSITIVE and is_in_place


def is_sorry(sentence: str) -> bool:
    """Tell whether a sentence says by itself what an apology before it would say."""
    return bool(_SORRY.search(sentence))


def suiting(sentences: Sequence[str], mood: Mood) -> list[str]:
    """Return the sentences that may be said to a customer in this mood; all of them where none is made for it."""
    for_unhappy = [one for one in sentences if _FOR_UNHAPPY.search(one)]
    if mood is not Mood.NEGATIVE:
        return [one for one in sentences if one not in for_unhappy] or list(sentences)
    return for_unhappy or [one for one in sentences if not _CHEERFUL.search(one)] or list(sentences)


def is_yes_no_question(text: str) -> bool:
    """Tell whether a question can be answered by yes or no: `do you ship to Spain?`, not `how much is shipping?`."""
    asks_otherwise = _QUESTION_WORD.search(text) or _ASKS_FOR_NONE.search(text) or _ASKS_TERMS.search(text)
    return bool(_YES_NO.search(text)) and not asks_otherwise
