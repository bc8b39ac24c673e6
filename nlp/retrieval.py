"""Search in a shop's own texts: products and policy articles, by meaning and by words."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.model_files import Vectors

# BM25 with its usual constants: Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009).
K1 = 1.2
B = 0.75
TITLE_WEIGHT = 3  # a word of the title counts as often as this many in the text
MEANING_SHARE = 0.6  # of the score; the rest is shared words
LEXICAL_HALF = 4.0  # BM25 score that counts as half a full match

_ENDINGS = ("able", "est", "ing", "ed", "e")
_COMPARED = re.compile(r"(warm|light|heavi|strong|thick|soft|cool|cold|long|short|tough|quick|fast|small|hard|high)er$")
_SHORTEST_ROOT = 3
_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = """
a an and any are as at be can could do does for from have how i if in is it me my of on or please
some that the there this to want what when where which who will with would you your
"""
_STOP: Final = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Document:
    """A text to be found."""

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """What its vector is made of."""
        return f"{self.title}. {self.text}"


class Encodes(Protocol):
    """Turns texts into vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 per text, [N, 384]."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found: `score` is between 0 and 1, `meaning` and `words` are its two parts."""

    id: str
    score: float
    meaning: float
    words: float


def terms(text: str) -> list[str]:
    """Return the words a text can be found by: lower case, without filler words, plural endings cut."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP]


def roots(text: str) -> frozenset[str]:
    """Return the terms of a text without the endings of comparing and of being done: `warmer`, `washable`."""
    return frozenset(_root(term) for term in terms(text))


def _root(term: str) -> str:
    if compared := _COMPARED.match(term):  # not every -er: a dryer is no more dry
        return compared.group(1)
    for ending in _ENDINGS:
        if term.endswith(ending) and len(term) - len(ending) >= _SHORTEST_ROOT:
            return term[: -len(ending)]
    return term


def _stem(word: str) -> str:
    """Cut the plural, so that "jackets" finds "jacket"; both sides are cut alike, so a wrong stem does no harm."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


class Index:
    """Documents in memory; immutable, so that it may be replaced while others still search in it.

    Without vectors it searches by words alone.
    """

    def __init__(self, documents: Sequence[Document], vectors: Vectors | None) -> None:
        if vectors is not None:
            _check_count(vectors, len(documents))
        self.ids = tuple(document.id for document in documents)
        self._rows = {identifier: row for row, identifier in enumerate(self.ids)}
        self._vectors = vectors  # [N, 384]
        counts = [Counter(terms(document.text)) for document in documents]
        for count, document in zip(counts, documents, strict=True):
            for term in terms(document.title):
                count[term] += TITLE_WEIGHT
        self._weights = _bm25_weights(counts)

    @classmethod
    def build(cls, documents: Sequence[Document], encoder: Encodes) -> Index:
        """Encode the documents and index them."""
        return cls(documents, encoder.encode([document.whole for document in documents]))

    def with_vectors(self, vectors: Vectors) -> Index:
        """Return the same documents, found by meaning too."""
        _check_count(vectors, len(self))
        found = copy.copy(self)
        found._vectors = vectors
        return found

    def __len__(self) -> int:
        return len(self.ids)

    def search(
        self, query: str, vector: Vectors, k: int, *, allowed: Collection[str] | None = None, floor: float = 0.0
    ) -> list[Hit]:
        """Return the `k` best documents, best first, of those `allowed` and with a score of at least `floor`.

        `vector`: the query's own, [384], of length 1, from the encoder that the index was built with.
        """
        if not self.ids:
            return []
        words = self._word_scores(query)
        meaning = words if self._vectors is None else np.clip(self._vectors @ vector, 0, 1)
        scores = MEANING_SHARE * meaning + (1 - MEANING_SHARE) * words
        rows = np.arange(len(scores)) if allowed is None else self._rows_of(allowed)
        rows = rows[scores[rows] >= floor]
        return [
            Hit(self.ids[row], float(scores[row]), float(meaning[row]), float(words[row]))
            for row in _best_rows(rows, scores, k)
        ]

    def _rows_of(self, ids: Collection[str]) -> NDArray[np.int64]:
        return np.array(sorted(self._rows[one] for one in ids if one in self._rows), dtype=np.int64)

    def _word_scores(self, query: str) -> NDArray[np.float32]:
        """Return how well the words match, 0 to 1, [N]."""
        total = np.zeros(len(self.ids), dtype=np.float32)
        for term in set(terms(query)):
            rows, weights = self._weights.get(term, (None, None))
            if rows is not None and weights is not None:
                total[rows] += weights
        # A fixed scale, not the best hit's: a query that matches nothing well must score low everywhere.
        result: NDArray[np.float32] = total / (total + np.float32(LEXICAL_HALF))
        return result


def _check_count(vectors: Vectors, documents: int) -> None:
    if vectors.shape[0] != documents:
        raise ValueError(f"expected one vector per document, got {vectors.shape[0]} for {documents}")


def _best_rows(rows: NDArray[np.int64], scores: NDArray[np.float32], k: int) -> list[int]:
    """Return the `k` rows of the highest scores, best first; of equal ones those that come first."""
    if len(rows) > k > 0:  # sorting all of a large catalogue would take longer than the scores themselves
        least = -np.partition(-scores[rows], k - 1)[k - 1]
        rows = rows[scores[rows] >= least]
    best: list[int] = rows[np.argsort(-scores[rows], kind="stable")][:k].tolist()
    return best


def _bm25_weights(counts: Sequence[Counter[str]]) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Return for each term the documents that hold it, and what it adds to their score."""
    lengths = np.array([count.total() for count in counts], dtype=np.float64)
    mean = float(lengths.mean()) if lengths.any() else 1.0
    holders: dict[str, list[tuple[int, int]]] = {}
    for document, count in enumerate(counts):
        for term, number in count.items():
            holders.setdefault(term, []).append((document, number))
    weights = {}
    for term, found in holders.items():
        rows = np.array([row for row, _ in found], dtype=np.int64)
        times = np.array([number for _, number in found], dtype=np.float64)
        rarity = np.log(1 + (len(counts) - len(found) + 0.5) / (len(found) + 0.5))
        saturated = times * (K1 + 1) / (times + K1 * (1 - B + B * lengths[rows] / mean))
        weights[term] = (rows, (rarity * saturated).astype(np.float32))
    return weights
