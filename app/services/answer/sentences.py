"""Sentences of the shop's texts."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, in their order."""
    return [sentence.strip() for sentence in _END.split(text) if sentence.strip()]
