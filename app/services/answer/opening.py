"""Whether the shop is open on the day that is asked for, out of its hours as they are written."""

from __future__ import annotations

import re

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = r"(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?s?\b\.?"
_TO = r"\s*(?:to|till|until|through|-|\u2013)\s*"
_CLOCK = r"\d{1,2}(?:[:.]\d\d)?\s*(?:[ap]\.?m\b\.?)?"
_PART = re.compile(
    rf"(?:from\s+|on\s+)?(?:{_DAY}(?:{_TO}{_DAY})?|(?P<all>daily|every day)|(?P<time>{_CLOCK}{_TO}{_CLOCK})"
    r"|(?P<closed>closed))|(?P<rest>[^\s,;:&]+)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_WEEKEND = re.compile(r"\bweekends?\b", re.IGNORECASE)
_HOW_LONG = re.compile(r"\b(?:what|when|which|how|until|till|hours?|closed?)\b", re.IGNORECASE)


def hours_of_day(hours: str, question: str) -> str | None:
    """Return the hours of the one day (or the weekend) that a question names, with yes or no where it asks for it.

    None where it names no day, or the hours are written in words of their own.
    """
    named = {name.lower() for name in _ASKED.findall(question)}
    days = [day for day in _DAYS if day.lower().removesuffix("day") in named]
    if _WEEKEND.search(question) and not days:
        days, name = list(_DAYS[5:]), "weekends"
    elif len(days) == 1:
        name = f"{days[0]}s"
    else:
        return None
    by_day = _read(hours)
    if by_day is None or len({by_day.get(day) for day in days}) > 1:
        return None
    times, is_yes_no = by_day.get(days[0]), not _HOW_LONG.search(question)
    if times is None:
        return f"{hours}, {'so no,' if is_yes_no else 'and'} we are closed on {name}"
    return f"{times} on {name}{', so yes, we are open then' if is_yes_no else ''}"


def _read(hours: str) -> dict[str, str] | None:
    """Read the hours of each day that the shop is open; None where they hold anything else."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    for part in _PART.finditer(hours):
        if part["rest"]:
            if part["rest"].lower() != "and":
                return None
        elif part["time"]:
            if not waiting:  # a second span of a day, or one of no day at all
                return None
            found |= dict.fromkeys(waiting, part["time"])
            waiting = []
        elif part["closed"]:
            waiting = []
        else:
            waiting += _DAYS if part["all"] else _span(part[1], part[2])
    return found if found and not waiting else None


def _span(first: str, last: str | None) -> list[str]:
    at = [day[:3].lower() for day in _DAYS]
    start, end = at.index(first.lower()), at.index((last or first).lower())
    return [_DAYS[day % 7] for day in range(start, end + 1 if end >= start else end + 8)]
