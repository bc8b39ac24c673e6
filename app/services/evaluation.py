"""Scores of all models on what they were not trained on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.domain.model_version import Scores, Task
from app.services.models_in_use import ModelsInUse
from app.services.recommending import TrainingData
from nlp import sentiment
from nlp.encoder import Encoder
from nlp.engine.loader import load_directory
from nlp.evaluation.classifier import ClassifierScores, score_predictions
from nlp.evaluation.recommender import RankingScores, compare, hold_out, movielens_like
from nlp.evaluation.responder import Case, Responder, evaluate
from nlp.labels import INTENTS
from nlp.recommender_file import save_recommender
from nlp.registry import MODELS, STARTER_RESPONDER, Needs, load_analyzer
from nlp.training.examples import HOLDOUT, read_holdout
from nlp.training.recommender import train_recommender
from nlp.training.responder.dialogues import Generator

HELD_OUT_SEED = 20_001  # another seed than training's, with held-out shops, products and phrasings

LABELS = {Task.INTENT: tuple(INTENTS), Task.SENTIMENT: tuple(sentiment.SENTIMENTS)}


def evaluate_all(in_use: ModelsInUse, *, cases: int) -> dict[str, Scores]:
    """Return the scores of every model by its name; takes minutes.

    Raises: ModelFilesError, ModelLoadError when a directory that was set by hand holds no such model.
    """
    encoder = Encoder.load()

    def scored(task: Task) -> Scores:
        return in_use.load(task, lambda source: evaluate_task(task, source.directory, cases=cases, encoder=encoder))

    return {
        "intent": scored(Task.INTENT),
        "sentiment": scored(Task.SENTIMENT),
        "recommender": _recommender(),
        "responder": scored(Task.RESPONDER),
    }


def evaluate_task(task: Task, directory: Path | None, *, cases: int, encoder: Encoder | None = None) -> Scores:
    """Score the model in a directory, or with None the one that ships; `cases` is how many questions a responder gets.

    Raises: ModelFilesError, ModelLoadError when there is no such model in the directory.
    """
    if task is Task.RESPONDER:
        load_directory(directory or STARTER_RESPONDER)
        return _responder(directory or STARTER_RESPONDER, cases)
    encoder = encoder or Encoder.load()
    dirs = {task: directory}
    analyzer = load_analyzer(encoder, dirs.get(Task.INTENT), dirs.get(Task.SENTIMENT))
    held_out = read_holdout(HOLDOUT / f"{task.value}.txt", LABELS[task])
    found = [getattr(analysis, task.value) for analysis in analyzer.analyze([one.text for one in held_out])]
    return _classifier(score_predictions([one.label for one in held_out], found))


def version_of(task: Task, directory: Path) -> str:
    """Return the version of the model in a directory: it changes with the weights.

    Raises: ModelFilesError, ModelLoadError when there is no such model in the directory.
    """
    if task is Task.RESPONDER:
        return f"t5-{load_directory(directory).model_hash[:12]}"
    kind = MODELS[task.value]
    return kind.version(kind.load(directory, Needs(Encoder.load())))


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


def score_recommender(data: TrainingData) -> Mapping[str, RankingScores]:
    """Train on four fifths of what a shop knows, and score that on the rest; nothing where there is too little."""
    train, test = hold_out(data.interactions)
    known = {item.id for item in data.items}
    if not any(one.item_id in known for one in test):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        model = save_recommender(train_recommender(train, data.items, data.users), Path(folder) / "model.safetensors")
    return compare(model, [one for one in train if one.item_id in known], test)


def _responder(directory: Path, cases: int) -> Scores:
    dialogues = Generator(HELD_OUT_SEED, held_out=True).examples(cases)
    asked = [Case(one.situation, one.prompt, one.answer, one.literals) for one in dialogues]
    scores, _ = evaluate(Responder(directory), asked)
    return scores.as_dict()
