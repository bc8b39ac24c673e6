"""What a reply may say next: digits and links only as they stand in its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.engine.vocabulary import SPACE, Vocabulary, has_digit

Mask = NDArray[np.bool_]  # [V], true where an id may not be emitted

# How often one sentinel may be emitted in an answer. No answer says one fact more often; a badly trained model in a
# loop would.
MAX_REPEATS = 3

# A number that follows one of these is part of what stands before it, as in -5, 1-5 or 2.5.
_JOINING = frozenset("-−+.,/:'’")


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
        self._pointer_base = np.ones(vocabulary.size, dtype=np.bool_)
        for token in vocabulary.pieces:
            if token < vocabulary.size:
                self._pointer_base[token] = token in vocabulary.special or vocabulary.is_numeric(token)
        self._pointer_base[vocabulary.eos_id] = False
        self._pieces = PieceClasses(vocabulary)

    def pointers(self, literals: Mapping[int, str]) -> Constraint:
        """Make a pointer constraint. Raises ValueError for a sentinel that the vocabulary lacks."""
        unknown = [k for k in literals if k not in self._vocabulary.sentinels]
        if unknown:
            raise ValueError(f"this vocabulary has no sentinel <extra_id_{unknown[0]}>")
        mask = self._pointer_base.copy()
        mask[[self._vocabulary.sentinels[k] for k in literals]] = False
        return PointerConstraint(mask, self._vocabulary.sentinel_of)

    def literals(self, literals: Iterable[str]) -> Constraint:
        """Make a constraint that lets numbers and links be spelled only as these literals."""
        return LiteralConstraint(self._pieces, literals)


class PointerConstraint:
    """Only the sentinels of this prompt, each at most MAX_REPEATS times, and no piece with a digit.

    A sentinel that had its turns is banned for the rest of the answer. Emitted ids that come in with a prefix count.
    """

    def __init__(self, mask: Mask, sentinel_of: Mapping[int, int]) -> None:
        self._mask = mask
        self._sentinel_of = sentinel_of
        self._emitted: Counter[int] = Counter()

    def banned(self) -> Mask:
        """Return the ids that may not come next."""
        return self._mask

    def advance(self, token: int) -> None:
        """Take one emitted id."""
        if token in self._sentinel_of:
            self._emitted[token] += 1
            if self._emitted[token] >= MAX_REPEATS:
                self._mask[token] = True


class PieceClasses:
    """The ids of a vocabulary sorted by what they would put into a text."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        size = vocabulary.size
        self.longest = vocabulary.longest
        self.pieces = {
            token: piece
            for token, piece in vocabulary.pieces.items()
            if token < size and token not in vocabulary.special and token not in vocabulary.bytes
        }
        self.ids = {piece: token for token, piece in self.pieces.items()}
        # Not free by themselves, after a dot, after a colon or slash, and after a finished literal. Bytes never are:
        # a run of them can spell digits of any script.
        self.guarded = np.ones(size, dtype=np.bool_)
        self.letter_first, self.slash_first, self.word_first = (np.zeros(size, dtype=np.bool_) for _ in range(3))
        for token, piece in self.pieces.items():
            before = ["", *piece[:-1]]
            self.guarded[token] = any(map(is_guarded, piece, before))
            self.letter_first[token] = piece[0].isalpha()
            self.slash_first[token] = piece[0] == "/"
            self.word_first[token] = piece[0].isalnum()
        self.guarded[vocabulary.eos_id] = False


def is_guarded(character: str, before: str) -> bool:
    """Say whether a character may only be written as part of a literal: digits, addresses and links have them."""
    if character == "/":
        return before in (":", "/")
    return character == "@" or has_digit(character) or (before == "." and character.isalpha())


class LiteralConstraint:
    """Numbers and links only as the literals have them, for models not trained with pointers.

    Text is followed as piece characters. A literal may begin at the beginning of a word; from its first guarded
    character on, only what goes on with it may come, until one is complete.
    """

    def __init__(self, pieces: PieceClasses, literals: Iterable[str]) -> None:
        self._pieces = pieces
        self._literals = sorted({text.strip().replace(" ", SPACE) for text in literals} - {""})
        self._spellable = [self._ends(text) for text in self._literals]
        self._open: list[tuple[int, int]] = []  # literals begun: which one, and how much of it
        self._locked = False
        self._complete = False  # a literal with guarded characters has just ended
        self._tail = ""  # the last two characters

    def banned(self) -> Mask:
        """Return the ids that may not come next."""
        pieces = self._pieces
        if self._locked:
            mask = np.ones(len(pieces.guarded), dtype=np.bool_)
        else:
            mask = pieces.guarded.copy()
            last = self._tail[-1:]
            if last == ".":
                mask |= pieces.letter_first
            if last in (":", "/"):
                mask |= pieces.slash_first
            if self._complete:
                mask |= pieces.word_first
        mask[list(self._continuations())] = False
        return mask

    def advance(self, token: int) -> None:
        """Take one emitted id."""
        for character in self._pieces.pieces.get(token, ""):
            self._step(character)

    def _step(self, character: str) -> None:
        begun = self._open
        if not self._locked and self._may_begin():
            begun = begun + [(i, 0) for i in range(len(self._literals))]
        grown = [(i, at + 1) for i, at in begun if self._literals[i][at] == character]
        guarded = is_guarded(character, self._tail[-1:])
        ended = any(at == len(self._literals[i]) for i, at in grown)
        self._complete = ended and (guarded or self._locked or self._complete)
        self._locked = (self._locked or guarded) and not ended and bool(grown)
        self._open = [(i, at) for i, at in grown if at < len(self._literals[i])]
        self._tail = (self._tail + character)[-2:]

    def _may_begin(self) -> bool:
        """Say whether a literal may begin after the text so far: not inside a word or number."""
        last = self._tail[-1:]
        return not last.isalnum() and last not in _JOINING

    def _continuations(self) -> Iterator[int]:
        """Find the pieces that go on with a literal, and can be gone on from to its end."""
        for i, at in self._open:
            yield from self._spell(i, at, "")
        if not self._locked:
            for i in range(len(self._literals)):
                yield from self._spell(i, 0, SPACE)
                if self._may_begin():
                    yield from self._spell(i, 0, "")

    def _spell(self, literal: int, at: int, lead: str) -> Iterator[int]:
        text, ends = self._literals[literal], self._spellable[literal]
        for end in range(at + 1, min(len(text), at + self._pieces.longest) + 1):
            token = self._pieces.ids.get(lead + text[at:end])
            if token is not None and ends[end]:
                yield token

    def _ends(self, text: str) -> list[bool]:
        """Say for each place of a literal whether pieces can spell it from there to its end."""
        ends = [False] * len(text) + [True]
        for at in range(len(text) - 1, -1, -1):
            reach = range(at + 1, min(len(text), at + self._pieces.longest) + 1)
            ends[at] = any(ends[end] and text[at:end] in self._pieces.ids for end in reach)
        return ends
