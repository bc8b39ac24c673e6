"""The part of a model card that holds a classifier's scores."""

from __future__ import annotations

from nlp.evaluation.classifier import ClassifierScores

_CONFUSIONS = 8


def score_lines(title: str, scores: ClassifierScores) -> list[str]:
    """Return the scores as lines of Markdown."""
    lines = [
        f"## {title}",
        "",
        f"{scores.texts} texts: accuracy {scores.accuracy:.1%}, macro F1 {scores.macro_f1:.1%}, "
        f"calibration error {scores.calibration_error:.1%}.",
    ]
    if scores.out_of_scope_recall is not None and scores.false_alarms is not None:
        lines.append(f"Out of scope: {scores.out_of_scope_recall:.1%} found, {scores.false_alarms:.1%} false alarms.")
    weakest = sorted(scores.f1.items(), key=lambda item: item[1])[:_CONFUSIONS]
    lines += ["", "Weakest labels (F1): " + ", ".join(f"{label} {value:.0%}" for label, value in weakest) + "."]
    if scores.confusions:
        often = [f"{true} taken for {got} ({count})" for true, got, count in scores.confusions[:_CONFUSIONS]]
        lines += ["", "Most frequent mistakes: " + ", ".join(often) + "."]
    return [*lines, ""]
