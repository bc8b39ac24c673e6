"""Training of the heads that ship, and their model cards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.classification import predictions
from nlp.encoder import Encoder
from nlp.evaluation.classifier import ClassifierScores, score_predictions
from nlp.head import Head, HeadClassifier, HeadConfig, calibrated, head_features
from nlp.training.card import score_lines
from nlp.training.examples import EXAMPLES, HOLDOUT, Example, examples_hash, read_examples, read_holdout
from nlp.training.logistic import calibrate, fit, held_out_scores, rotated

SEED = 20
CARD = "README.md"
_SECOND = (
    "written in the manner of public support data before any score on it was seen; its mistakes were not looked at"
)

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is trained."""

    task: str
    labels: dict[str, str]  # label -> definition
    layers: tuple[int, ...]
    ngram_buckets: int
    ngram_weight: float
    decay: float
    lexicon_weight: float = 0.0
    holdout_note: str = "never trained on"


@dataclass(frozen=True, slots=True)
class TrainedHead:
    """A head with the scores it got on texts it had not seen."""

    head: Head
    cross_validation: ClassifierScores


def train_starter(
    recipe: Recipe,
    encoder: Encoder,
    out: Path,
    progress: Progress,
    taught: Sequence[Example] = (),
    written: Path | None = None,
) -> TrainedHead:
    """Train on the examples written here (or those in `written`) and the `taught` ones, score on the hold-out, and
    write head and card into `out`.

    Raises:
        ExamplesError: `written` cannot be used.
    """
    labels = tuple(recipe.labels)
    examples = [
        *read_examples(written or EXAMPLES / recipe.task, labels),
        *(one for one in taught if one.label in labels),
    ]
    first, second = (read_holdout(HOLDOUT / f"{recipe.task}{part}.txt", labels) for part in ("", "_second"))
    trained = train_head(recipe, encoder, examples, progress)
    classifier = HeadClassifier(trained.head, encoder)
    scores = []
    for held_out in (first, second):
        found = classifier.classify([example.text for example in held_out])
        scores.append(score_predictions([example.label for example in held_out], found))
    save_head(recipe, trained, examples, scores[0], out, scores[1])
    return trained


def print_progress(step: str, share: float) -> None:
    """Show one line per step."""
    sys.stderr.write(f"{share:4.0%} {step}\n")


def train_head(recipe: Recipe, encoder: Encoder, examples: Sequence[Example], progress: Progress) -> TrainedHead:
    """Train a head: cross-validate, calibrate on the held-out folds, then fit on everything."""
    labels = tuple(recipe.labels)
    texts = [example.text for example in examples]
    targets = np.array([labels.index(example.label) for example in examples], dtype=np.int64)
    config = HeadConfig(
        labels,
        encoder.version,
        recipe.layers,
        recipe.ngram_buckets,
        recipe.ngram_weight,
        recipe.lexicon_weight,
    )
    progress("encoding", 0.0)
    features = head_features(config, texts, encoder.encode_layers(texts))
    progress("cross-validating", 0.3)
    coordinates, basis = rotated(features)
    scores = held_out_scores(coordinates, targets, len(labels), decay=recipe.decay, seed=SEED)
    config = calibrate(config, scores, targets)
    truth = [example.label for example in examples]
    validated = score_predictions(truth, predictions(labels, calibrated(config, scores)))
    progress("fitting", 0.8)
    weight, bias = fit(coordinates, targets, len(labels), decay=recipe.decay)
    progress("done", 1.0)
    return TrainedHead(Head(config, basis.T @ weight, bias), validated)


def save_head(
    recipe: Recipe,
    trained: TrainedHead,
    examples: Sequence[Example],
    holdout: ClassifierScores,
    out: Path,
    second: ClassifierScores | None = None,
) -> None:
    """Write weights and model card."""
    trained.head.save(out)
    config = trained.head.config
    lines = [
        f"# Starter model: {recipe.task}",
        "",
        f"A linear head on the frozen sentence encoder `{config.encoder_version}`; rebuilt by "
        f"`python -m nlp.training.{recipe.task}`.",
        "",
        f"- Examples: {len(examples)}, written (for the starter in `nlp/training/examples/{recipe.task}`) "
        f"and taught by staff, hash `{examples_hash(examples)}`",
        f"- Features: mean of layers {', '.join(str(layer + 1) for layer in config.layers)}, "
        f"{config.ngram_buckets} hashed n-grams (weight {config.ngram_weight}), "
        f"words of praise and blame (weight {config.lexicon_weight})",
        f"- Multinomial logistic regression, classes balanced, decay {recipe.decay}, seed {SEED}",
        f"- Calibrated on held-out folds: temperature {config.temperature:.3f}, scope bias {config.scope_bias:.2f}",
        "",
        *score_lines("Five-fold cross-validation", trained.cross_validation),
        *score_lines(f"Hold-out (`nlp/evaluation/holdout/{recipe.task}.txt`, {recipe.holdout_note})", holdout),
        *(score_lines(f"Second hold-out (`{recipe.task}_second.txt`, {_SECOND})", second) if second else []),
    ]
    (out / CARD).write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
