"""Cutting a text into parts that a channel takes: at sentence ends, never inside a literal or a grapheme."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_ZERO_WIDTH_JOINER = "\u200d"
_SENTENCE_END = re.compile(r"""[.!?…。！？]+["')\]»”’]*(?=\s|$)|[。！？]""")
_ABBREVIATION = re.compile(r"[A-Z][a-z]{0,2}\.")  # "No.", "Nr.": a number follows
_SPACES = re.compile(r"\s+")
_SHORTEST_SHARE = 4  # a sentence end in the first quarter of a part is not worth cutting at


class Unit(StrEnum):
    """What a channel counts. Where its documents leave it open, the larger count is the safe one."""

    UTF16 = "utf16"  # at least the number of characters
    UTF8 = "utf8"


@dataclass(frozen=True, slots=True)
class TextLimit:
    """The longest text of one message on a channel."""

    most: int
    unit: Unit = Unit.UTF16

    def size(self, text: str) -> int:
        """Return how much of the limit a text takes."""
        return len(text.encode("utf-16-le")) // 2 if self.unit is Unit.UTF16 else len(text.encode())

    def fits(self, text: str) -> bool:
        """Whether a text may be sent as it is."""
        return self.size(text) <= self.most


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, without the blanks around it; `end` is where it ends in the whole, in UTF-8 bytes."""

    text: str
    end: int


def split(text: str, limit: TextLimit) -> list[Part]:
    """Return the parts of a text, in order; together they are the text but for blanks where it was cut."""
    parts: list[Part] = []
    start = end = 0
    while start < len(text):
        stop = _cut(text[start:], limit) + start
        end += len(text[start:stop].encode())
        if piece := text[start:stop].strip():
            parts.append(Part(piece, end))
        start = stop
    return parts


def _cut(text: str, limit: TextLimit) -> int:
    """Return where the first part of `text` ends."""
    if limit.fits(text):
        return len(text)
    room = _room(text, limit)
    spaces = [found for found in _SPACES.finditer(text, 0, room + 1) if 0 < found.start() <= room]
    breaks = [found for found in spaces if _may_break(text, found.start(), found.end())]
    least = room // _SHORTEST_SHARE
    for wanted in (
        [found.start() for found in breaks if "\n\n" in found.group()],
        _sentence_ends(text, breaks),
        [found.start() for found in breaks],
    ):
        good = [place for place in wanted if place >= least]
        if good:
            return good[-1]
    if spaces:
        return (breaks or spaces)[-1].start()
    # One unbroken run that is longer than a message: there is no good place.
    return next((place for place in range(room, 0, -1) if _is_boundary(text, place)), room)


def _room(text: str, limit: TextLimit) -> int:
    """Return how many characters fit, at least one."""
    size = 0
    for place, character in enumerate(text):
        size += limit.size(character)
        if size > limit.most:
            return max(1, place)
    return len(text)


def _sentence_ends(text: str, breaks: list[re.Match[str]]) -> list[int]:
    starts = {found.start(): found.end() for found in breaks}
    ends = (found.end() for found in _SENTENCE_END.finditer(text))
    # "No. 1042" is no end of a sentence.
    return [end for end in ends if end in starts and not text[starts[end] : starts[end] + 1].isdigit()]


def _may_break(text: str, start: int, end: int) -> bool:
    """Whether the blanks from `start` to `end` are not inside an amount, a date or a number written in groups."""
    if "\n" in text[start:end]:
        return True
    before = text[:start].rsplit(None, 1)[-1:] or [""]
    after = text[end:].split(None, 1)[:1] or [""]
    left, right = before[0], after[0]
    if _SENTENCE_END.search(left[-2:]) and not right[:1].isdigit():
        return True
    return not ((_is_number(left) and _joins(right)) or (_is_number(right) and _joins(left)))


def _joins(token: str) -> bool:
    """Whether a token beside a number may be part of it: another number, a currency, a unit, an abbreviation."""
    core = token.strip(".,;:!?()")
    is_sign = any(unicodedata.category(one) == "Sc" for one in core)
    return _is_number(token) or core.isupper() or is_sign or bool(_ABBREVIATION.fullmatch(token))


def _is_number(token: str) -> bool:
    """Whether a token is a number or a group of a longer one; a link or a word with a digit stands for itself."""
    return any(one.isdigit() for one in token) and not any(one.islower() for one in token)


def _is_boundary(text: str, place: int) -> bool:
    """Whether a grapheme ends at `place` (the part of UAX 29 that matters: marks, joiners, flags, syllables, CR LF)."""
    before, after = text[place - 1], text[place]
    if before == "\r" and after == "\n":
        return False
    if _ZERO_WIDTH_JOINER in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        run = next((step for step in range(1, place + 1) if not _is_flag_half(text[place - step])), place + 1)
        return (run - 1) % 2 == 0
    return not _is_syllable_inner(before, after)


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_syllable_inner(before: str, after: str) -> bool:
    """Whether Hangul jamo or syllables go on: L before L, V or a syllable; then V and T."""
    is_lead, is_syllable = "\u1100" <= before <= "\u115f", "\uac00" <= before <= "\ud7a3"
    is_inner = "\u1160" <= before <= "\u11ff"
    if is_lead and ("\u1100" <= after <= "\u11a7" or "\uac00" <= after <= "\ud7a3"):
        return True
    return (is_syllable or is_inner) and "\u1160" <= after <= "\u11ff"
