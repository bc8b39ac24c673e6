"""Answers made of given sentences: the model chooses which, and the order; it begins none that it may not end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from nlp.engine.constraint import Constraint, Mask
from nlp.engine.vocabulary import SPACE, Vocabulary

Groups = Sequence[Sequence[str]]
_SENTINEL = re.compile(r"<extra_id_(\d+)>")
_SENTINELS_FROM = 0xE000  # the private use area: a sentinel is one character here
_SENTINELS = 100


class PieceBook:
    """Ids of a vocabulary by what they add to a text; shared by all requests."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.size = vocabulary.size
        self.end = vocabulary.eos_id
        self._texts: dict[int, str] = {}
        self._ids: dict[str, list[int]] = {}
        for token, piece in vocabulary.pieces.items():
            number = vocabulary.sentinel_of.get(token)
            if token >= vocabulary.size or (number is None and token in vocabulary.special):
                continue
            text = chr(_SENTINELS_FROM + number) if number is not None else piece.replace(SPACE, " ")
            self._texts[token] = text
            self._ids.setdefault(text, []).append(token)
        self._longest = max(map(len, self._ids))

    def text(self, token: int) -> str:
        """Return what an id adds."""
        return self._texts.get(token, "\0")

    def beginning(self, rest: str) -> Iterator[int]:
        """Yield the ids whose text is the beginning of `rest`."""
        for length in range(1, min(len(rest), self._longest) + 1):
            yield from self._ids.get(rest[:length], ())


class SentenceConstraint:
    """Lets an answer consist of sentences of the groups, of each group one at the most.

    One of the first group begins it; then come the others in any order. A question ends the answer: what follows it
    would bury it; and no sentence comes that only names what was told. Sentences hold sentinels as `<extra_id_k>`. A
    sentence uses up every group it stands in. A prefix that is no such sentence ends the constraint; `inner` holds on.
    """

    def __init__(self, inner: Constraint | None, groups: Groups, book: PieceBook) -> None:
        self._inner = inner
        self._book = book
        self._first, *self._later = [frozenset(map(_as_written, group)) for group in groups]
        self._open = [self._first]
        self._said = ""  # of the present sentence
        self._told: frozenset[str] = frozenset()  # facts that the sentences before it named
        self._off = False

    def banned(self) -> Mask:
        """Return the ids that may not come next."""
        inner = self._inner.banned() if self._inner is not None else np.zeros(self._book.size, dtype=np.bool_)
        if self._off:
            return inner
        mask = np.ones(self._book.size, dtype=np.bool_)
        mask[list(self._next_ids())] = False
        mask |= inner
        return inner if mask.all() else mask

    def advance(self, token: int) -> None:
        """Take one emitted id."""
        if self._inner is not None:
            self._inner.advance(token)
        if self._off or token == self._book.end:
            return
        added = self._book.text(token)
        if any(self._rests(self._said + added)):
            self._said += added
        else:
            self._open = self._left()
            self._told |= _sentinels(self._said)
            self._said = added
            self._off = not any(self._rests(added))

    def _next_ids(self) -> Iterator[int]:
        for rest in self._rests(self._said):
            yield from self._book.beginning(rest)
        if any(self._said in group for group in self._open):
            yield self._book.end
            for sentence in _all_of(self._left()):
                yield from self._book.beginning(sentence)

    def _rests(self, said: str) -> Iterator[str]:
        """Yield how the sentence begun by `said` may go on; a mark that no piece has when it may end there."""
        return (sentence[len(said) :] or "\0" for sentence in _all_of(self._open) if sentence.startswith(said))

    def _left(self) -> list[frozenset[str]]:
        """Return the groups that may follow the present sentence."""
        if self._said.endswith("?"):
            return []
        told = self._told | _sentinels(self._said)
        groups = self._later if self._first in self._open else self._open
        left = (frozenset(one for one in group if _says_more(one, told)) for group in groups if self._said not in group)
        return [group for group in left if group]


def _says_more(sentence: str, told: frozenset[str]) -> bool:
    """Tell whether a sentence names a fact that was not told yet, or none at all."""
    named = _sentinels(sentence)
    return not named or not named <= told


def _sentinels(sentence: str) -> frozenset[str]:
    return frozenset(mark for mark in sentence if _SENTINELS_FROM <= ord(mark) < _SENTINELS_FROM + _SENTINELS)


def _as_written(sentence: str) -> str:
    return " " + _SENTINEL.sub(lambda match: chr(_SENTINELS_FROM + int(match.group(1))), sentence)


def _all_of(groups: Iterable[frozenset[str]]) -> set[str]:
    return set().union(*groups)
