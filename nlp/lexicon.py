"""Words of praise and blame, counted: knowledge that a few hundred examples cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlp.lexical import words

WORD_LISTS = Path(__file__).parent / "starter" / "lexicon"
FEATURES: Final = 12

_TURNS: Final = frozenset({"but", "however", "although", "though", "yet", "except"})
_NEGATION_REACH = 3  # words before a word in which a "not" turns it round
_MANY = 3  # more of a kind than this says nothing new


@cache
def word_list(name: str) -> frozenset[str]:
    """Return the words of `positive`, `negative` or `negators`."""
    return frozenset((WORD_LISTS / f"{name}.txt").read_text(encoding="utf-8").split())


def lexicon_features(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return how often praise and blame occur, turned round or not, and what follows a "but", [N, FEATURES]."""
    return np.array([_features(text) for text in texts], dtype=np.float32).reshape(len(texts), FEATURES)


def _features(text: str) -> list[float]:
    tokens = words(text)
    positive, negators = word_list("positive"), word_list("negators")
    negative = word_list("negative") - negators
    turn = max((index for index, token in enumerate(tokens) if token in _TURNS), default=len(tokens))
    counts = [0] * 4  # praise, blame, praise turned round, blame turned round
    after = [0] * 2  # good and bad after the last "but"
    for index, token in enumerate(tokens):
        if token not in positive and token not in negative:
            continue
        turned = any(near in negators for near in tokens[max(0, index - _NEGATION_REACH) : index])
        bad = token in negative
        counts[bad + 2 * turned] += 1
        if index > turn:
            after[bad != turned] += 1
    good, ill = counts[0] + counts[3], counts[1] + counts[2]
    shares = [min(count, _MANY) / _MANY for count in (*counts, *after)]
    signs = (good > ill, ill > good, good == ill == 0, good > 0 and ill > 0, "!" in text, "?" in text)
    return [*shares, *map(float, signs)]
