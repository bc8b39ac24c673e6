"""Take out of a text what tells who somebody is, before it is trained on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

EMAIL, PHONE, NAME, ADDRESS = "[email]", "[phone]", "[name]", "[address]"
_EMAIL = re.compile(r"[^\s@<>()\[\],;:]+@[^\s@<>()\[\],;:]+\.[^\s@<>()\[\],;:.]+")
# Seven digits and more, grouped as people write telephone numbers; order numbers are shorter or have a "#".
_PHONE = re.compile(r"(?<![\w#])\+?\(?\d(?:[\s()./-]{0,2}\d){6,14}(?!\w)")
_STREET = re.compile(
    # The short words are streets only after a name with a capital: "12 of them on the way".
    r"\b\d{1,5}[a-z]?\s+(?:[A-Z][\w'.-]*\s+){1,4}(?i:st|rd|ave|lane|ln|drive|dr|way|court|ct|place|pl|square|sq|close)\b\.?"
    r"|\b\d{1,5}[a-z]?\s+(?:[\w'.-]+\s+){1,3}(?i:street|road|avenue|boulevard|blvd|terrace)\b"
    r"|\b\w*(?i:straße|strasse|str\.|gasse|platz|allee)\s*\d{1,4}[a-z]?\b"
)
_INTRODUCTION = re.compile(
    r"\b(?i:(my name is|my name's|i am called|this is|i'm|i am|it's|regards,?|thanks,?|cheers,?))\s+"
    r"((?:[A-Z][a-zà-ÿ'-]+)(?:\s+[A-Z][a-zà-ÿ'-]+){0,2})(?=\s*(?:[.,!?\n]|$|and\b|from\b|here\b))"
)
SHORTEST_NAME = 3  # a shorter one is more often a word than the person


def mask(text: str, names: Iterable[str | None] = (), addresses: Iterable[str | None] = ()) -> str:
    """Replace e-mail addresses, telephone numbers, streets, and the names and addresses that are known.

    A name that somebody gives in the usual words ("my name is ...") is found as well; others only when they are known.
    """
    text = _EMAIL.sub(EMAIL, text)
    text = _replaced(text, addresses, ADDRESS)
    text = _STREET.sub(ADDRESS, text)
    text = _PHONE.sub(PHONE, text)
    text = _replaced(text, _parts(names), NAME)
    return _INTRODUCTION.sub(lambda found: f"{found.group(1)} {NAME}", text)


def _parts(names: Iterable[str | None]) -> list[str]:
    """Return whole names and their parts: people sign with one of them."""
    whole = [name.strip() for name in names if name and name.strip()]
    return whole + [part for name in whole for part in name.split()]


def _replaced(text: str, known: Iterable[str | None], by: str) -> str:
    longest_first: Sequence[str] = sorted({one for one in known if one and len(one) >= SHORTEST_NAME}, key=len)[::-1]
    for one in longest_first:
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", by, text, flags=re.IGNORECASE)
    return text
