"""Sentiment: the shipped head, the trend, training, and models of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.classification import Prediction
from nlp.encoder import Encoder, ModelFilesError
from nlp.evaluation.classifier import score_predictions
from nlp.head import Head, HeadClassifier
from nlp.lexicon import FEATURES, lexicon_features, word_list
from nlp.sentiment import SENTIMENTS, STARTER, trend, valence
from nlp.sequence_classifier import SequenceClassifier
from nlp.training.epochs import Epoch
from nlp.training.examples import EXAMPLES, HOLDOUT, Example, ExamplesError, read_examples, read_holdout
from nlp.training.fine_tune import FineTuneSettings, fine_tune
from nlp.training.heads import save_head, train_head
from nlp.training.sentiment import RECIPE
from tests.unit.nlp.tiny_models import write_tiny_model

LABELS = tuple(SENTIMENTS)
GOOD, BAD, PLAIN = ("great", "lovely", "perfect"), ("awful", "broken", "ugly"), ("blue", "large", "round")
THINGS = ("lamp", "coat", "chair", "mug")
TINY = [
    Example(f"the {thing} is {word}", label)
    for label, choice in zip(LABELS, (BAD, PLAIN, GOOD), strict=True)
    for word in choice
    for thing in THINGS
]


def test_there_are_several_hundred_examples_and_the_hold_out_is_apart() -> None:
    examples = read_examples(EXAMPLES / "sentiment", LABELS)
    trained = {example.text.lower() for example in examples}
    assert len(trained) == len(examples) >= 600
    assert not trained & {example.text.lower() for example in read_holdout(HOLDOUT / "sentiment.txt", LABELS)}


def test_the_shipped_head_reaches_its_scores_on_the_hold_out(encoder: Encoder) -> None:
    holdout = read_holdout(HOLDOUT / "sentiment.txt", LABELS)
    found = HeadClassifier(Head.load(STARTER, encoder.version), encoder).classify([example.text for example in holdout])
    assert score_predictions([example.label for example in holdout], found).accuracy >= 0.83


def test_the_lexicon_counts_praise_and_blame_and_turns_them_round() -> None:
    praise, turned, mixed, none = lexicon_features(["great shoes", "not great", "lovely but broken", "blue shoes"])
    assert (praise[0] > 0, praise[2] == 0, praise[6]) == (True, True, 1)
    assert (turned[0] == 0, turned[2] > 0, turned[7]) == (True, True, 1)
    assert (mixed[5] > 0, mixed[9]) == (True, 1)  # what comes after "but" is blame
    assert not none[:8].any()
    assert lexicon_features([]).shape == (0, FEATURES)


def test_no_word_is_praise_and_blame() -> None:
    assert not word_list("positive") & word_list("negative")


def test_valence_and_trend() -> None:
    happy = Prediction("positive", 0.7, (("positive", 0.7), ("neutral", 0.2), ("negative", 0.1)))
    assert valence(happy) == pytest.approx(0.6)
    assert trend([0.5]) == 0
    assert trend([0.8, 0.7, -0.9]) < -1
    assert trend([-0.8, -0.2, 0.6]) > 0.5
    assert trend([0.3, 0.3, 0.3]) == pytest.approx(0)


def test_training_a_head_is_deterministic_and_writes_a_card(encoder: Encoder, tmp_path: Path) -> None:
    steps: list[float] = []
    first, second = (train_head(RECIPE, encoder, TINY, lambda _, share: steps.append(share)) for _ in range(2))
    assert steps[:4] == sorted(steps[:4])
    for out, trained in ((tmp_path / "a", first), (tmp_path / "b", second)):
        save_head(RECIPE, trained, TINY, trained.cross_validation, out)
    assert (tmp_path / "a" / "head.safetensors").read_bytes() == (tmp_path / "b" / "head.safetensors").read_bytes()
    card = (tmp_path / "a" / "README.md").read_text()
    assert f"accuracy {first.cross_validation.accuracy:.1%}" in card
    loaded = HeadClassifier(Head.load(tmp_path / "a", encoder.version), encoder)
    assert [one.label for one in loaded.classify(["the sofa is lovely", "the sofa is awful"])] == [
        "positive",
        "negative",
    ]


@pytest.mark.parametrize("kind", ["distilbert", "roberta"])
def test_any_transformer_directory_can_be_fine_tuned_and_used(tmp_path: Path, kind: str) -> None:
    words = ["the", "is", *THINGS, *GOOD, *BAD, *PLAIN]
    base = write_tiny_model(tmp_path / "base", kind, words)
    epochs: list[Epoch] = []
    settings = FineTuneSettings(epochs=30, learning_rate=5e-3, patience=5)
    scores = fine_tune(base, TINY, LABELS, tmp_path / "tuned", epochs.append, settings)
    assert scores.accuracy >= 0.9
    assert epochs[-1].held_out_loss < epochs[0].held_out_loss
    assert "accuracy" in (tmp_path / "tuned" / "README.md").read_text()
    model = SequenceClassifier.load(tmp_path / "tuned", LABELS)
    found = model.classify(["the mug is perfect", "the coat is ugly", "the chair is round"])
    assert [one.label for one in found] == ["positive", "negative", "neutral"]
    assert model.version.startswith("tuned-")


def test_fine_tuning_stops_when_it_gets_no_better(tmp_path: Path) -> None:
    base = write_tiny_model(tmp_path / "base", "distilbert", ["the"])  # every word is unknown: nothing to learn
    epochs: list[Epoch] = []
    settings = FineTuneSettings(epochs=40, learning_rate=1e-2, patience=2)
    fine_tune(base, TINY, LABELS, tmp_path / "tuned", epochs.append, settings)
    assert len(epochs) < 40
    assert [epoch.best for epoch in epochs[-2:]] == [False, False]


def test_models_and_examples_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match="cannot load a classifier"):
        SequenceClassifier.load(tmp_path)
    base = write_tiny_model(tmp_path / "base", "distilbert", ["the"])
    with pytest.raises(ExamplesError, match="unknown labels: joy"):
        fine_tune(base, [Example("hooray", "joy")], LABELS, tmp_path / "out")
    with pytest.raises(ExamplesError, match="at least two examples: neutral"):
        fine_tune(base, [Example("a", LABELS[0])] * 2 + [Example("b", LABELS[2])] * 2, LABELS, tmp_path / "out")
    fine_tune(base, TINY, LABELS, tmp_path / "tuned", settings=FineTuneSettings(epochs=1))
    with pytest.raises(ModelFilesError, match="labels that are not known here: negative"):
        SequenceClassifier.load(tmp_path / "tuned", ("neutral", "positive"))
