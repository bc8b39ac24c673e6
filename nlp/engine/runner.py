"""The tensor side of a step: encode newcomers piece by piece, decode what runs, choose the next ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from nlp.engine.backend import Backend, Encoding
from nlp.engine.cache import Rows
from nlp.engine.sampler import choose
from nlp.engine.sequence import Sequence

# A primed prefix enters the decoder this many rows at a time, so that other replies are not held up by it. Every
# row is computed as it would be alone, so the answer goes on exactly as the uninterrupted one.
PRIMING_ROWS = 16


class Runner:
    """A model, and the encoder pass that is under way."""

    def __init__(self, backend: Backend, guess_rows: int) -> None:
        self._backend = backend
        self._guess_rows = guess_rows
        self._pass: Encoding | None = None

    @property
    def is_encoding(self) -> bool:
        """Whether an encoder pass is under way."""
        return self._pass is not None

    def begin(self, sequences: list[Sequence]) -> None:
        """Begin the encoder pass of sequences that have their slots."""
        self._pass = self._backend.encode([s.prompt for s in sequences], [s.slot for s in sequences])

    def encode_piece(self) -> bool:
        """Go on with the encoder pass by one piece. Returns whether it is complete."""
        if self._pass is None:
            raise RuntimeError("expected an encoder pass under way, found none: call begin first")
        if self._pass.advance():
            self._pass = None
            return True
        return False

    def drop(self) -> None:
        """Forget the encoder pass, if any."""
        self._pass = None

    def decode(self, sequences: list[Sequence]) -> list[Choice]:
        """Run one decoder step, for each sequence that has no part of its prefix left to prime up to a choice."""
        tokens: list[int] = []
        slots: list[int] = []
        positions: list[int] = []
        wanted: list[int] = []
        ready: list[tuple[Sequence, list[int]]] = []
        share = self._guess_rows // len(sequences)
        for sequence in sequences:
            begin = sequence.cached
            inputs = sequence.pending(PRIMING_ROWS)
            sequence.cached += len(inputs)
            if sequence.is_caught_up():
                guesses = sequence.guess(share)
                ready.append((sequence, guesses))
                inputs = inputs + guesses
                end = len(tokens) + len(inputs)
                wanted += range(end - len(guesses) - 1, end)
            tokens += inputs
            slots += [sequence.slot] * len(inputs)
            positions += range(begin, begin + len(inputs))
        logits = self._backend.decode(Rows(tokens, slots, positions, wanted))
        return _choices(logits, ready)


@dataclass(frozen=True, slots=True)
class Choice:
    """The next id of a sequence, and the ids after it as far as the guesses are right."""

    sequence: Sequence
    token: int
    guesses: list[int]
    logits: Tensor  # [len(guesses), V]: row i says what follows guess i

    def tokens(self) -> Iterator[int]:
        """Yield the chosen ids. Accept each before taking the next: what may come depends on it."""
        token = self.token
        yield token
        for i, guess in enumerate(self.guesses):
            if token != guess or self.sequence.is_complete:
                return
            token = choose(self.logits[i : i + 1], [self.sequence])[0]
            yield token


def _choices(logits: Tensor, ready: list[tuple[Sequence, list[int]]]) -> list[Choice]:
    firsts = list(accumulate((1 + len(guesses) for _, guesses in ready), initial=0))[:-1]
    heads = logits if len(firsts) == len(logits) else logits[torch.tensor(firsts, device=logits.device)]
    chosen = choose(heads, [sequence for sequence, _ in ready])
    return [
        Choice(sequence, token, guesses, logits[first + 1 : first + 1 + len(guesses)])
        for (sequence, guesses), token, first in zip(ready, chosen, firsts, strict=True)
    ]
