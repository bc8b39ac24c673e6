"""Vectors of the shops' texts, each encoded once: a catalogue that changed in one product costs the vectors of that."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from nlp.model_files import Vectors
from nlp.retrieval import Encodes

KEPT = 50_000  # vectors of 1.5 kB, those that were asked for last


class TextVectors:
    """An encoder that knows the vectors of texts it has had; may be asked from several threads."""

    def __init__(self, encoder: Encodes, kept: int = KEPT) -> None:
        self._encoder = encoder
        self._most = kept
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 per text, [N, 384]; all that are not known come from one call."""
        if not texts:
            return self._encoder.encode([])
        known = self._known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= self._keep(missing, self._encoder.encode(missing))
        return np.stack([known[text] for text in texts])

    def _known(self, texts: Sequence[str]) -> dict[str, Vectors]:
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
            for text in known:
                self._kept.move_to_end(text)
        return known

    def _keep(self, texts: Sequence[str], vectors: Vectors) -> dict[str, Vectors]:
        # Copies: a view of one row would keep all rows in memory.
        rows = {text: row.copy() for text, row in zip(texts, vectors, strict=True)}
        with self._lock:
            self._kept.update(rows)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return rows
