"""Words and pieces of words as numbers: what an embedding blurs, such as "refund" against "return"."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_PIECES = (3, 4)  # lengths of the pieces of words; short enough to survive a typo


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without digits and punctuation."""
    return _WORD.findall(text.lower().replace("’", "'"))


def ngrams(text: str) -> Iterator[str]:
    """Yield the words, pairs of words and pieces of words of a text."""
    tokens = words(text)
    for token in tokens:
        yield f"w{token}"
        bounded = f"<{token}>"
        for size in _PIECES:
            for start in range(len(bounded) - size + 1):
                yield f"c{bounded[start : start + size]}"
    for first, second in itertools.pairwise(tokens):
        yield f"b{first} {second}"


def ngram_features(texts: Sequence[str], buckets: int) -> NDArray[np.float32]:
    """Return hashed n-grams as vectors of length 1, [N, buckets]; all zero where a text has no word."""
    features = np.zeros((len(texts), buckets), dtype=np.float32)
    for row, text in enumerate(texts):
        # crc32, since Python's own hash differs from process to process
        columns = [zlib.crc32(gram.encode()) % buckets for gram in ngrams(text)]
        features[row, columns] = 1
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1)
    return features
