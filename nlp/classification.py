"""What every text classifier of this package looks like from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]

RANKED = 3  # labels named in a prediction; a clarifying question offers two or three


@dataclass(frozen=True, slots=True)
class Prediction:
    """The label of a text and its calibrated probability; `ranking` holds the likeliest labels, best first."""

    label: str
    score: float
    ranking: tuple[tuple[str, float], ...] = ()


class Classifier(Protocol):
    """Labels texts."""

    labels: tuple[str, ...]
    version: str

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text, in their order."""
        ...


def predictions(labels: Sequence[str], probabilities: Probabilities) -> list[Prediction]:
    """Turn probabilities [N, K] into predictions."""
    result = []
    for row in probabilities:
        best = np.argsort(-row, kind="stable")[:RANKED]
        ranking = tuple((labels[index], float(row[index])) for index in best)
        result.append(Prediction(ranking[0][0], ranking[0][1], ranking))
    return result
