"""Scores of all models on what they were not trained on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from nlp import intent, sentiment
from nlp.encoder import Encoder
from nlp.evaluation.classifier import ClassifierScores, score_predictions
from nlp.evaluation.recommender import compare, movielens_like
from nlp.evaluation.responder import Case, Responder, evaluate
from nlp.recommender_file import save_recommender
from nlp.registry import STARTER_RESPONDER, load_analyzer
from nlp.training.examples import HOLDOUT, read_holdout
from nlp.training.recommender import train_recommender
from nlp.training.responder.dialogues import Generator

HELD_OUT_SEED = 20_001  # another seed than training's, with held-out shops, products and phrasings

Scores = Mapping[str, float | int]


def evaluate_all(
    responder_dir: Path | None, intent_dir: Path | None, sentiment_dir: Path | None, *, cases: int
) -> dict[str, Scores]:
    """Return the scores of every model by its name; takes minutes."""
    analyzer = load_analyzer(Encoder.load(), intent_dir, sentiment_dir)
    scores: dict[str, Scores] = {}
    for task, labels in (("intent", tuple(intent.INTENTS)), ("sentiment", tuple(sentiment.SENTIMENTS))):
        held_out = read_holdout(HOLDOUT / f"{task}.txt", labels)
        found = [getattr(analysis, task) for analysis in analyzer.analyze([one.text for one in held_out])]
        scores[task] = _classifier(score_predictions([one.label for one in held_out], found))
    scores["recommender"] = _recommender()
    scores["responder"] = _responder(responder_dir or STARTER_RESPONDER, cases)
    return scores


def _classifier(scores: ClassifierScores) -> Scores:
    values: dict[str, float | int] = {
        "texts": scores.texts,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "calibration_error": scores.calibration_error,
    }
    if scores.out_of_scope_recall is not None and scores.false_alarms is not None:
        values |= {"out_of_scope_recall": scores.out_of_scope_recall, "false_alarms": scores.false_alarms}
    return values


def _recommender() -> Scores:
    data = movielens_like()
    with tempfile.TemporaryDirectory() as folder:
        model = save_recommender(train_recommender(data.train, data.items), Path(folder) / "model.safetensors")
    compared = compare(model, data.train, data.test)
    return {
        f"{name}_{figure}": getattr(scores, figure)
        for name, scores in compared.items()
        for figure in ("precision_at_10", "recall_at_10", "auc", "coverage")
    }


def _responder(directory: Path, cases: int) -> Scores:
    dialogues = Generator(HELD_OUT_SEED, held_out=True).examples(cases)
    asked = [Case(one.situation, one.prompt, one.answer, one.literals) for one in dialogues]
    scores, _ = evaluate(Responder(directory), asked)
    return scores.as_dict()
