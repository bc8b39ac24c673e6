"""The tensor side of a step: encode newcomers layer by layer, decode what runs, choose the next ids."""

from __future__ import annotations

from nlp.engine.cache import Rows, SlotCache
from nlp.engine.model import EncoderPass, T5Model
from nlp.engine.sampler import choose
from nlp.engine.sequence import Sequence

# A primed prefix enters the decoder this many rows at a time, so that other replies are not held up by it. Every
# row is computed as it would be alone, so the answer goes on exactly as the uninterrupted one.
PRIMING_ROWS = 16


class Runner:
    """A model and its cache."""

    def __init__(self, model: T5Model, cache: SlotCache) -> None:
        self._model = model
        self._cache = cache
        self._pass: EncoderPass | None = None

    @property
    def is_encoding(self) -> bool:
        """Whether an encoder pass is under way."""
        return self._pass is not None

    def begin(self, sequences: list[Sequence]) -> None:
        """Begin the encoder pass of sequences that have their slots."""
        self._pass = self._model.encode([s.prompt for s in sequences], [s.slot for s in sequences])

    def encode_layer(self) -> bool:
        """Run one layer of the encoder pass. Returns whether it is complete."""
        if self._pass is None:
            raise RuntimeError("expected an encoder pass under way, found none: call begin first")
        if self._pass.advance(self._cache):
            self._pass = None
            return True
        return False

    def drop(self) -> None:
        """Forget the encoder pass, if any."""
        self._pass = None

    def decode(self, sequences: list[Sequence]) -> list[tuple[Sequence, int]]:
        """Run one decoder step. Returns the next id of each sequence that has no part of its prefix left to prime."""
        tokens: list[int] = []
        slots: list[int] = []
        positions: list[int] = []
        wanted: list[int] = []
        ready: list[Sequence] = []
        for sequence in sequences:
            inputs = sequence.pending(PRIMING_ROWS)
            tokens += inputs
            slots += [sequence.slot] * len(inputs)
            positions += range(sequence.cached, sequence.cached + len(inputs))
            sequence.cached += len(inputs)
            if sequence.is_caught_up():
                wanted.append(len(tokens) - 1)
                ready.append(sequence)
        logits = self._model.decode(Rows(tokens, slots, positions, wanted), self._cache)
        return list(zip(ready, choose(logits, ready), strict=True))
