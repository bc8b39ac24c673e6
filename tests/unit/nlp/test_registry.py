"""The table of models: one line each, and each line loads what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nlp.encoder import Encoder, ModelFilesError
from nlp.head import Head
from nlp.recommender_file import save_recommender
from nlp.registry import ENCODER, INTENT, MODELS, RECOMMENDER, SENTIMENT, Needs, load_analyzer
from nlp.sentiment import SENTIMENTS
from nlp.sequence_classifier import SequenceClassifier
from nlp.training.examples import Example
from nlp.training.fine_tune import FineTuneSettings, fine_tune
from nlp.training.recommender import Item, train_recommender
from tests.unit.nlp.tiny_models import write_tiny_model


def test_every_task_has_its_line() -> None:
    assert list(MODELS) == ["encoder", "intent", "sentiment", "responder", "recommender"]


def test_the_models_that_ship_do_not_wait_for_transformers() -> None:
    """Its import takes longer than loading them."""
    code = "import sys, nlp.registry; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


def test_starters_load_without_a_location_and_name_their_versions(encoder: Encoder) -> None:
    needs = Needs(encoder)
    assert ENCODER.load(None, needs) is encoder
    for kind in (INTENT, SENTIMENT):
        model = kind.load(None, needs)
        assert isinstance(model, Head)
        assert kind.version(model).startswith("head-")
    assert INTENT.version(INTENT.load(None, needs)) != SENTIMENT.version(SENTIMENT.load(None, needs))


def test_a_directory_is_a_head_or_a_fine_tuned_model(encoder: Encoder, tmp_path: Path) -> None:
    needs = Needs(encoder)
    starter = SENTIMENT.load(None, needs)
    assert isinstance(starter, Head)
    starter.save(tmp_path / "head")
    assert SENTIMENT.version(SENTIMENT.load(tmp_path / "head", needs)) == starter.version
    base = write_tiny_model(tmp_path / "base", "roberta", ["good", "bad", "blue"])
    examples = [Example(word, label) for word, label in zip(("bad", "blue", "good"), SENTIMENTS, strict=True)] * 2
    fine_tune(base, examples, tuple(SENTIMENTS), tmp_path / "tuned", settings=FineTuneSettings(epochs=1))
    assert isinstance(SENTIMENT.load(tmp_path / "tuned", needs), SequenceClassifier)
    with pytest.raises(ModelFilesError, match="labels that are not known here"):
        INTENT.load(tmp_path / "tuned", needs)
    analyzer = load_analyzer(encoder, sentiment_dir=tmp_path / "tuned")
    assert analyzer.analyze(["where is my order"])[0].sentiment.label in SENTIMENTS
    assert analyzer.versions["sentiment"].startswith("tuned-")


def test_the_recommender_needs_a_location(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match="no recommender ships"):
        RECOMMENDER.load(None, Needs(encoder))
    path = tmp_path / "recommender.safetensors"
    saved = save_recommender(train_recommender([], [Item("a", "A")]), path)
    assert RECOMMENDER.version(RECOMMENDER.load(path, Needs(encoder))) == saved.version
