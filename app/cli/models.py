"""Commands about models: train, eval."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from app.bootstrap import open_core, open_recommenders
from app.errors import ConfigurationError
from app.services.evaluation import evaluate_all
from app.settings import get_settings
from nlp.encoder import Encoder, ModelFilesError
from nlp.evaluation.classifier import ClassifierScores
from nlp.training import intent as intent_training
from nlp.training import sentiment as sentiment_training
from nlp.training.examples import EXAMPLES, ExamplesError, read_examples
from nlp.training.fine_tune import Epoch, fine_tune
from nlp.training.heads import Recipe
from nlp.training.responder.__main__ import main as train_responder_starter

console = Console()
trainers = typer.Typer(no_args_is_help=True, help="Train a model.")

BaseOption = Annotated[
    Path | None, typer.Option(help="DistilBERT or RoBERTa directory to fine-tune; without it the starter head")
]
ExamplesOption = Annotated[Path | None, typer.Option(help="Folder with one LABEL.txt per label, one text per line")]
OutOption = Annotated[Path | None, typer.Option(help="Folder the model is written to")]

_TRAINERS = {"intent": intent_training, "sentiment": sentiment_training}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(trainers, name="train")
    app.command("eval")(evaluate)


@trainers.command("intent")
def train_intent(base: BaseOption = None, examples: ExamplesOption = None, out: OutOption = None) -> None:
    """Train the intent classifier."""
    _train_classifier("intent", intent_training.RECIPE, base, examples, out)


@trainers.command("sentiment")
def train_sentiment(base: BaseOption = None, examples: ExamplesOption = None, out: OutOption = None) -> None:
    """Train the sentiment classifier."""
    _train_classifier("sentiment", sentiment_training.RECIPE, base, examples, out)


@trainers.command("responder")
def train_responder(
    steps: Annotated[int | None, typer.Option(help="Optimiser steps")] = None,
    out: OutOption = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder of data and checkpoints; training goes on from them")
    ] = None,
) -> None:
    """Train the starter responder from generated dialogues; stopped, it goes on where it was."""
    settings = get_settings()
    target = out or settings.var_dir / "models" / "responder"
    words = ["--out", str(target), "--work", str(work or settings.var_dir / "training" / "responder")]
    train_responder_starter([*words, *(["--steps", str(steps)] if steps is not None else [])])
    console.print(f"Set ASSISTIFY_RESPONDER_DIR={target} and ASSISTIFY_RESPONDER_POINTERS=true to use it.")


@trainers.command("recommender")
def train_recommender() -> None:
    """Train the recommenders of all shops from their customers' interactions."""

    async def run() -> list[tuple[str, str]]:
        async with open_core(get_settings()) as core:
            await core.migrate()
            recommenders = open_recommenders(core)
            return [(shop.name, (await recommenders.train(shop.id)).algorithm) for shop in await core.shops.all()]

    for name, algorithm in asyncio.run(run()):
        console.print(f"{name}: {algorithm}")


def evaluate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
    cases: Annotated[int, typer.Option(help="Held-out questions for the responder")] = 300,
) -> None:
    """Score all models on what they were not trained on."""
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


def _train_classifier(task: str, recipe: Recipe, base: Path | None, examples: Path | None, out: Path | None) -> None:
    labels = tuple(recipe.labels)
    target = out or get_settings().var_dir / "models" / task
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")) as bar:
        shown = bar.add_task(f"Training {task}", total=1.0)
        try:
            if base is None:
                trained = _TRAINERS[task].train(
                    Encoder.load(), target, lambda step, share: bar.update(shown, completed=share, description=step)
                )
                scores = trained.cross_validation
            else:

                def report(epoch: Epoch) -> None:
                    bar.update(shown, completed=epoch.number / epoch.of)

                given = read_examples(examples or EXAMPLES / task, labels)
                scores = fine_tune(base, given, labels, target, report)
        except (ModelFilesError, ExamplesError) as error:
            raise ConfigurationError(str(error)) from error
    _print_scores(task, scores, target)


def _print_scores(task: str, scores: ClassifierScores, target: Path) -> None:
    values: dict[str, Any] = {"accuracy": scores.accuracy, "macro F1": scores.macro_f1}
    table = Table("score on held-out texts", "value", title=task)
    for name, value in values.items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    console.print(f"Written to {target}. Set ASSISTIFY_{task.upper()}_DIR={target} to use it.")
