"""Phrases that an answer may not write, beside what another constraint forbids."""

from __future__ import annotations

import numpy as np

from nlp.engine.constraint import Constraint, Mask
from nlp.engine.vocabulary import SPACE, Vocabulary


class PhraseBook:
    """Looks up which pieces finish a phrase; shared by all requests of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.size = vocabulary.size
        self._texts = {
            token: piece.replace(SPACE, " ").lower()
            for token, piece in vocabulary.pieces.items()
            if token < vocabulary.size and token not in vocabulary.special
        }
        self._finishing: dict[str, Mask] = {}
        self._holding: dict[str, Mask] = {}

    def text(self, token: int) -> str:
        """Return what an id adds, in lower case; a literal counts as a break."""
        return self._texts.get(token, "\0")

    def holding(self, phrase: str) -> Mask:
        """Return the ids that hold a whole phrase, [V]. Not to be changed."""
        known = self._holding.get(phrase)
        if known is not None:
            return known
        return self._mask(self._holding, phrase, [token for token, text in self._texts.items() if phrase in text])

    def finishing(self, rest: str) -> Mask:
        """Return the ids whose text begins with `rest`, [V]. Not to be changed."""
        known = self._finishing.get(rest)
        if known is not None:
            return known
        return self._mask(self._finishing, rest, [t for t, text in self._texts.items() if text.startswith(rest)])

    def _mask(self, kept: dict[str, Mask], key: str, tokens: list[int]) -> Mask:
        mask = kept[key] = np.zeros(self.size, dtype=np.bool_)
        mask[tokens] = True
        return mask


class PhraseConstraint:
    """Forbids the id that would finish a phrase; `inner` is the constraint that holds anyway.

    The text is followed in lower case, so that a phrase is found however it is cut into pieces.
    """

    def __init__(self, inner: Constraint | None, phrases: tuple[str, ...], book: PhraseBook) -> None:
        self._inner = inner
        self._phrases = tuple(phrase.lower() for phrase in phrases)
        self._book = book
        self._longest = max(map(len, self._phrases))
        self._tail = " "

    def banned(self) -> Mask:
        """Return the ids that may not come next."""
        mask = np.zeros(self._book.size, dtype=np.bool_) if self._inner is None else self._inner.banned()
        for phrase in self._phrases:
            mask = mask | self._book.holding(phrase)
            for length in range(1, len(phrase)):
                if self._tail.endswith(phrase[:length]):
                    mask = mask | self._book.finishing(phrase[length:])
        return mask

    def advance(self, token: int) -> None:
        """Take one emitted id."""
        if self._inner is not None:
            self._inner.advance(token)
        self._tail = (self._tail + self._book.text(token))[-self._longest :]
