"""What a reply may say next: digits and links only as they stand in its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.engine.vocabulary import Vocabulary

Mask = NDArray[np.bool_]  # [V], true where an id may not be emitted


class Constraint(Protocol):
    """The state of one reply's constraint. Feed every emitted id to `advance`, the primed ones too."""

    def banned(self) -> Mask:
        """Return the ids that may not come next. The array is not to be changed."""
        ...

    def advance(self, token: int) -> None:
        """Take one emitted id."""
        ...


class ConstraintMaker:
    """Make constraints for requests; what depends on the vocabulary alone is worked out once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._base = np.ones(vocabulary.size, dtype=np.bool_)
        for token in vocabulary.pieces:
            if token < vocabulary.size:
                self._base[token] = token in vocabulary.special or vocabulary.is_numeric(token)
        self._base[vocabulary.eos_id] = False

    def pointers(self, literals: Mapping[int, str]) -> Constraint:
        """Make a pointer constraint. Raises ValueError for a sentinel that the vocabulary lacks."""
        unknown = [k for k in literals if k not in self._vocabulary.sentinels]
        if unknown:
            raise ValueError(f"this vocabulary has no sentinel <extra_id_{unknown[0]}>")
        mask = self._base.copy()
        mask[[self._vocabulary.sentinels[k] for k in literals]] = False
        return PointerConstraint(mask)


class PointerConstraint:
    """Only the sentinels of this prompt, and no piece with a digit: the same mask at every step."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def banned(self) -> Mask:
        """Return the ids that may not come next."""
        return self._mask

    def advance(self, token: int) -> None:
        """Take one emitted id; nothing changes with it."""
