"""Commands about models: train, eval."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from app.bootstrap.core import open_core
from app.errors import ConfigurationError
from app.settings import get_settings

if TYPE_CHECKING:
    from nlp.evaluation.classifier import ClassifierScores
    from nlp.evaluation.recommender import RankingScores
    from nlp.training.epochs import Epoch
    from nlp.training.examples import Example

# torch and transformers take seconds to import: only the commands that need them do.

console = Console()
trainers = typer.Typer(no_args_is_help=True, help="Train a model.")

BaseOption = Annotated[
    Path | None, typer.Option(help="DistilBERT or RoBERTa directory to fine-tune; without it the starter head")
]
ExamplesOption = Annotated[Path | None, typer.Option(help="Folder with one LABEL.txt per label, one text per line")]
FeedbackOption = Annotated[
    bool, typer.Option("--feedback", help="Learn also from what agents corrected in this server's conversations")
]
OutOption = Annotated[Path | None, typer.Option(help="Folder the model is written to")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(trainers, name="train")
    app.command("eval")(evaluate)


@trainers.command("intent")
def train_intent(
    base: BaseOption = None,
    examples: ExamplesOption = None,
    feedback: FeedbackOption = False,
    out: OutOption = None,
) -> None:
    """Train the intent classifier."""
    _train_classifier("intent", base, examples, out, _corrected() if feedback else ())


@trainers.command("sentiment")
def train_sentiment(base: BaseOption = None, examples: ExamplesOption = None, out: OutOption = None) -> None:
    """Train the sentiment classifier."""
    _train_classifier("sentiment", base, examples, out)


@trainers.command("responder")
def train_responder(
    base: Annotated[
        Path | None,
        typer.Option(
            help="T5 directory to fine-tune on what agents answered and customers liked in this server's "
            "conversations; without it the starter responder is trained from generated dialogues"
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps of the starter")] = None,
    out: OutOption = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder of data and checkpoints of the starter; training goes on from them")
    ] = None,
) -> None:
    """Train the responder; the training of the starter, stopped, goes on where it was."""
    settings = get_settings()
    target = out or settings.var_dir / "models" / "responder"
    if base is not None:
        _fine_tune_responder(base, target)
    else:
        from nlp.training.responder.__main__ import main as train_responder_starter

        words = ["--out", str(target), "--work", str(work or settings.var_dir / "training" / "responder")]
        train_responder_starter([*words, *(["--steps", str(steps)] if steps is not None else [])])
    console.print(f"Use it: assistify models add responder {target} --pointers")


@trainers.command("recommender")
def train_recommender(
    check: Annotated[bool, typer.Option(help="Also train on a part of it, and score that on the rest")] = True,
) -> None:
    """Train the recommenders of all shops from their customers' interactions, from where the last training ended."""
    from app.bootstrap.worker import open_recommenders
    from app.db.interactions import SqlInteractions
    from app.services.evaluation import score_recommender

    async def run() -> None:
        async with open_core(get_settings()) as core:
            await core.migrate()
            recommenders = open_recommenders(core)
            for shop in await core.shops.all():
                data = await SqlInteractions(core.database).training_data(shop.id)
                console.print(f"{shop.name}: {(await recommenders.train(shop.id)).algorithm}")
                _print_ranking(score_recommender(data) if check else {})

    asyncio.run(run())


def _print_ranking(scores: Mapping[str, RankingScores]) -> None:
    if not scores:
        return
    table = Table("by", "customers", "precision@10", "recall@10", "AUC", "coverage")
    for name, one in scores.items():
        figures = (one.precision_at_10, one.recall_at_10, one.auc, one.coverage)
        table.add_row(name, str(one.users), *(f"{figure:.3f}" for figure in figures))
    console.print(table)


def evaluate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
    cases: Annotated[int, typer.Option(help="Held-out questions for the responder")] = 300,
) -> None:
    """Score all models on what they were not trained on."""
    from app.services.evaluation import evaluate_all

    settings = get_settings()
    scores = evaluate_all(settings.responder_dir, settings.intent_dir, settings.sentiment_dir, cases=cases)
    if as_json:
        typer.echo(json.dumps(scores, indent=2))
        return
    for model, values in scores.items():
        table = Table("score", "value", title=model, title_justify="left")
        for name, value in values.items():
            table.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
        console.print(table)


def _train_classifier(
    task: str, base: Path | None, examples: Path | None, out: Path | None, taught: Sequence[Example] = ()
) -> None:
    from nlp.encoder import ModelFilesError
    from nlp.training.examples import ExamplesError

    target = out or get_settings().var_dir / "models" / task
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")) as bar:
        shown = bar.add_task(f"Training {task}", total=1.0)
        try:
            if base is None:
                scores = _train_head(
                    task, target, taught, lambda step, share: bar.update(shown, completed=share, description=step)
                )
            else:
                scores = _fine_tune(
                    task,
                    base,
                    examples,
                    taught,
                    target,
                    lambda epoch: bar.update(shown, completed=epoch.number / epoch.of),
                )
        except (ModelFilesError, ExamplesError) as error:
            raise ConfigurationError(str(error)) from error
    _print_scores(task, scores, target)


def _train_head(
    task: str, target: Path, taught: Sequence[Example], progress: Callable[[str, float], None]
) -> ClassifierScores:
    from nlp.encoder import Encoder
    from nlp.training import intent, sentiment

    train = intent.train if task == "intent" else sentiment.train
    return train(Encoder.load(), target, progress, taught).cross_validation


def _fine_tune(
    task: str,
    base: Path,
    examples: Path | None,
    taught: Sequence[Example],
    target: Path,
    progress: Callable[[Epoch], None],
) -> ClassifierScores:
    from nlp.training import intent, sentiment
    from nlp.training.examples import EXAMPLES, read_examples
    from nlp.training.fine_tune import fine_tune

    labels = tuple((intent if task == "intent" else sentiment).RECIPE.labels)
    written = read_examples(examples or EXAMPLES / task, labels)
    return fine_tune(base, [*written, *taught], labels, target, progress)


def _corrected() -> list[Example]:
    """Read what agents corrected, masked."""
    from app.db.training_data import SqlTrainingData
    from nlp.masking import mask
    from nlp.training.examples import Example

    async def run() -> list[Example]:
        async with open_core(get_settings()) as core:
            await core.migrate()
            found = await SqlTrainingData(core.database).intents()
            return [Example(mask(one.text, one.names), one.label) for one in found]

    examples = asyncio.run(run())
    console.print(f"{len(examples)} corrected intents are learnt from as well.")
    return examples


def _fine_tune_responder(base: Path, target: Path) -> None:
    from app.db.training_data import SqlTrainingData
    from nlp.encoder import ModelFilesError
    from nlp.masking import mask
    from nlp.training.examples import ExamplesError
    from nlp.training.responder.fine_tune import Told, fine_tune_responder

    async def run() -> list[Told]:
        async with open_core(get_settings()) as core:
            await core.migrate()
            found = await SqlTrainingData(core.database).answers()
            return [Told(mask(one.prompt, one.names), mask(one.answer, one.names), one.literals) for one in found]

    told = asyncio.run(run())
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")) as bar:
        shown = bar.add_task(f"Fine-tuning on {len(told)} answers", total=1.0)
        try:
            result = fine_tune_responder(
                base, told, target, lambda epoch: bar.update(shown, completed=epoch.number / epoch.of)
            )
        except (ModelFilesError, ExamplesError) as error:
            raise ConfigurationError(str(error)) from error
    console.print(
        f"Held-out loss {result.loss_before:.3f} -> {result.loss_after:.3f}; {result.examples} answers used, "
        f"{result.dropped} left out."
    )


def _print_scores(task: str, scores: ClassifierScores, target: Path) -> None:
    values: dict[str, Any] = {"accuracy": scores.accuracy, "macro F1": scores.macro_f1}
    table = Table("score on held-out texts", "value", title=task)
    for name, value in values.items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    console.print(f"Written to {target}. Set ASSISTIFY_{task.upper()}_DIR={target} to use it.")
