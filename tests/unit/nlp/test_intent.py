"""Intents: every label has its examples, the shipped head knows them, and knows what it does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.classification import predictions
from nlp.encoder import Encoder, ModelFilesError
from nlp.evaluation.classifier import score_predictions
from nlp.head import Head, HeadClassifier
from nlp.intent import INTENTS, STARTER
from nlp.lexical import ngram_features
from nlp.registry import load_analyzer
from nlp.training.examples import EXAMPLES, HOLDOUT, ExamplesError, read_examples, read_holdout

LABELS = tuple(INTENTS)


@pytest.fixture(scope="module")
def classifier(encoder: Encoder) -> HeadClassifier:
    return HeadClassifier(Head.load(STARTER, encoder.version), encoder)


def test_every_label_has_enough_examples_and_none_stands_under_two() -> None:
    examples = read_examples(EXAMPLES / "intent", LABELS)
    counts = {label: sum(example.label == label for example in examples) for label in LABELS}
    assert len(LABELS) == 35
    assert min(counts.values()) >= 30
    texts = [example.text.lower() for example in examples]
    assert len(texts) == len(set(texts))


def test_the_hold_out_is_not_trained_on() -> None:
    trained = {example.text.lower() for example in read_examples(EXAMPLES / "intent", LABELS)}
    assert not trained & {example.text.lower() for example in read_holdout(HOLDOUT / "intent.txt", LABELS)}


def test_the_shipped_head_reaches_its_scores_on_the_hold_out(classifier: HeadClassifier) -> None:
    holdout = read_holdout(HOLDOUT / "intent.txt", LABELS)
    found = classifier.classify([example.text for example in holdout])
    scores = score_predictions([example.label for example in holdout], found)
    assert scores.accuracy >= 0.94
    assert scores.out_of_scope_recall is not None
    assert scores.false_alarms is not None
    assert scores.out_of_scope_recall >= 0.88
    assert scores.false_alarms <= 0.05
    assert scores.calibration_error <= 0.1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("wheres my pakage", "order_status"),
        ("GIVE ME MY MONEY BACK", "refund_request"),
        ("can i talk to a real person", "contact_human"),
        ("do you have this in size 42", "availability"),
        ("who won the world cup in 1998", "out_of_scope"),
    ],
)
def test_what_people_write_is_understood(classifier: HeadClassifier, text: str, label: str) -> None:
    assert classifier.classify([text])[0].label == label


BEFORE_BUYING = (
    "I need it by tomorrow, is there express?",
    "gotta have it tomorrow, what are my options",
    "is there anything quicker than standard",
    "do you have a 24 hour option",
    "how soon could you get these to Munich",
    "could it be here by the weekend if I order this afternoon",
)
AFTER_BUYING = (
    "I paid for overnight and it's still not here",
    "my express parcel is late",
    "ordered two days ago, will it be here tomorrow?",
    "it should have come yesterday, where is it",
    "is the coat I ordered on Monday going to make it by Friday",
)


def test_how_fast_one_could_have_it_is_no_question_for_an_order(classifier: HeadClassifier) -> None:
    before, after = ([one.label for one in classifier.classify(texts)] for texts in (BEFORE_BUYING, AFTER_BUYING))
    assert before[0] == "delivery_options"
    assert "order_status" not in before
    assert "delivery_options" not in after


def test_a_prediction_names_rivals_in_order(classifier: HeadClassifier) -> None:
    prediction = classifier.classify(["refund"])[0]
    assert prediction.ranking[0] == (prediction.label, prediction.score)
    assert [score for _, score in prediction.ranking] == sorted((s for _, s in prediction.ranking), reverse=True)
    assert {"refund_request", "refund_policy", "refund_status"} & {label for label, _ in prediction.ranking}


def test_a_saved_head_predicts_the_same(encoder: Encoder, tmp_path: Path) -> None:
    head = Head.load(STARTER, encoder.version)
    head.save(tmp_path)
    loaded = Head.load(tmp_path, encoder.version)
    assert loaded.version == head.version
    assert loaded.config == head.config
    np.testing.assert_array_equal(loaded.weight, head.weight)


def test_a_head_of_another_encoder_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    Head.load(STARTER, encoder.version).save(tmp_path)
    with pytest.raises(ModelFilesError, match="was made for"):
        Head.load(tmp_path, "another-encoder")
    with pytest.raises(ModelFilesError, match="cannot read the head"):
        Head.load(tmp_path / "absent", encoder.version)


def test_the_analyzer_gives_all_three_from_one_pass(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer = load_analyzer(encoder)
    passes = 0
    original = Encoder.encode_layers

    def counted(self: Encoder, texts: list[str]) -> object:
        nonlocal passes
        passes += 1
        return original(self, texts)

    monkeypatch.setattr(Encoder, "encode_layers", counted)
    first, second = analyzer.analyze(["where is my order", "I love these shoes, thank you!"])
    assert passes == 1
    assert first.intent.label == "order_status"
    assert (first.sentiment.label, second.sentiment.label) == ("neutral", "positive")
    np.testing.assert_allclose(first.vector, encoder.encode(["where is my order"])[0], atol=1e-5)
    assert analyzer.analyze([]) == []
    assert set(analyzer.versions) == {"encoder", "intent", "sentiment"}


def test_unknown_labels_and_broken_lines_are_named(tmp_path: Path) -> None:
    (tmp_path / "greeting.txt").write_text("hi\n")
    with pytest.raises(ExamplesError, match="goodbye"):
        read_examples(tmp_path, ("greeting", "goodbye"))
    with pytest.raises(ExamplesError, match="unknown labels: greeting"):
        read_examples(tmp_path, ("goodbye",))
    (tmp_path / "holdout.txt").write_text("greeting\thi\nnonsense\n")
    with pytest.raises(ExamplesError, match="line 2"):
        read_holdout(tmp_path / "holdout.txt", ("greeting",))


def test_ngrams_survive_a_typo_and_ignore_numbers() -> None:
    right, wrong, other = ngram_features(["refund order 12", "refnud order 99", "hello there"], 4096)
    assert right @ wrong > 0.4 > right @ other
    assert not ngram_features(["123 ?!"], 64).any()


def test_scores_of_known_predictions() -> None:
    chances = np.array([[0.9, 0.1], [0.35, 0.65], [0.25, 0.75], [0.2, 0.8]], dtype=np.float32)
    found = predictions(("greeting", "out_of_scope"), chances)
    scores = score_predictions(["greeting", "greeting", "out_of_scope", "out_of_scope"], found)
    assert scores.accuracy == 0.75
    assert scores.f1 == {"greeting": pytest.approx(2 / 3), "out_of_scope": pytest.approx(0.8)}
    assert scores.confusions == [("greeting", "out_of_scope", 1)]
    assert (scores.out_of_scope_recall, scores.false_alarms) == (1.0, 0.5)
    assert scores.calibration_error == pytest.approx((0.1 + 0.65 + 0.25 + 0.2) / 4)
    with pytest.raises(ValueError, match="one prediction per text"):
        score_predictions(["greeting"], found)
