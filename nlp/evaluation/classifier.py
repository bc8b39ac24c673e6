"""Scores of a classifier: accuracy, calibration, and how well it knows what is not its business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.classification import Prediction

OUT_OF_SCOPE = "out_of_scope"
CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class ClassifierScores:
    """Scores over labelled texts; all shares are between 0 and 1."""

    texts: int
    accuracy: float
    macro_f1: float
    calibration_error: float  # expected calibration error, 10 bins
    f1: dict[str, float]
    confusions: list[tuple[str, str, int]]  # (true, predicted, how often), most frequent first
    out_of_scope_recall: float | None = None  # share of foreign texts that were recognised
    false_alarms: float | None = None  # share of the shop's own texts taken for foreign


def score_predictions(truth: Sequence[str], predicted: Sequence[Prediction]) -> ClassifierScores:
    """Compare predictions with the true labels.

    Raises:
        ValueError: no texts, or not one prediction per text.
    """
    if not truth or len(truth) != len(predicted):
        raise ValueError(f"expected one prediction per text, got {len(predicted)} for {len(truth)} texts")
    found = [prediction.label for prediction in predicted]
    f1 = {label: _f1(label, truth, found) for label in sorted(set(truth))}
    mistakes = Counter((true, got) for true, got in zip(truth, found, strict=True) if true != got)
    hits = np.array([true == got for true, got in zip(truth, found, strict=True)])
    recall, alarms = _scope(truth, found)
    return ClassifierScores(
        texts=len(truth),
        accuracy=float(hits.mean()),
        macro_f1=float(np.mean(list(f1.values()))),
        calibration_error=_calibration_error(np.array([prediction.score for prediction in predicted]), hits),
        f1=f1,
        confusions=[(true, got, count) for (true, got), count in mistakes.most_common()],
        out_of_scope_recall=recall,
        false_alarms=alarms,
    )


def _f1(label: str, truth: Sequence[str], found: Sequence[str]) -> float:
    both = sum(true == got == label for true, got in zip(truth, found, strict=True))
    total = truth.count(label) + found.count(label)
    return 2 * both / total if total else 0.0


def _scope(truth: Sequence[str], found: Sequence[str]) -> tuple[float | None, float | None]:
    foreign = [got == OUT_OF_SCOPE for true, got in zip(truth, found, strict=True) if true == OUT_OF_SCOPE]
    own = [got == OUT_OF_SCOPE for true, got in zip(truth, found, strict=True) if true != OUT_OF_SCOPE]
    if not foreign or not own:
        return None, None
    return float(np.mean(foreign)), float(np.mean(own))


def _calibration_error(scores: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """Return the mean distance between confidence and accuracy, over bins of confidence."""
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    error = 0.0
    for index in range(CALIBRATION_BINS):
        chosen = bins == index
        if chosen.any():
            error += float(chosen.mean() * abs(scores[chosen].mean() - hits[chosen].mean()))
    return error
