"""Train the sentiment head that ships: `python -m nlp.training.sentiment`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nlp.encoder import Encoder
from nlp.sentiment import SENTIMENTS, STARTER
from nlp.training.examples import Example
from nlp.training.heads import Progress, Recipe, TrainedHead, print_progress, train_starter

RECIPE = Recipe(
    task="sentiment",
    labels=SENTIMENTS,
    layers=(1, 2, 3, 4, 5),
    ngram_buckets=4096,
    ngram_weight=0.4,
    decay=2.5e-5,
    lexicon_weight=0.4,
)


def train(
    encoder: Encoder,
    out: Path,
    progress: Progress,
    taught: Sequence[Example] = (),
    written: Path | None = None,
) -> TrainedHead:
    """Train on the written examples (those in `written`, if given) and the `taught` ones; see `train_starter`."""
    return train_starter(RECIPE, encoder, out, progress, taught, written)


if __name__ == "__main__":
    train(Encoder.load(), STARTER, print_progress)
