"""Commands about models: train, eval."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.bootstrap.core import open_core
from app.cli.new_folder import new_folder
from app.cli.taught import taught_answers, taught_intents
from app.cli.training_bar import Update, quiet_transformers, training_bar
from app.errors import ConfigurationError
from app.services.models_in_use import ModelsInUse
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
    with new_folder("responder", out, settings) as (folder, target):
        if base is not None:
            _fine_tune_responder(base, folder)
        else:
            from nlp.training.responder.__main__ import main as train_responder_starter

            words = ["--out", str(folder), "--work", str(work or settings.var_dir / "training" / "responder")]
            train_responder_starter([*words, *(["--steps", str(steps)] if steps is not None else [])])
    _print_next("responder", target, " --pointers" if base is None else "")


@trainers.command("export")
def export_taught(out: Annotated[Path, typer.Argument(help="New folder for answers.jsonl and intents.jsonl")]) -> None:
    """Write what people taught the models, masked as the trainings mask it: to look at, or to train elsewhere."""
    from nlp.training.responder.fine_tune import pointered

    told, intents = taught_answers(), taught_intents()
    # Literals (numbers, addresses, names of the facts) stay here: the answers hold the sentinels that stand for them.
    answers = [{"prompt": one.prompt, "answer": said} for one in told if (said := pointered(one)) is not None]
    with new_folder("taught", out, get_settings()) as (work, target):
        for name, found in (("answers", answers), ("intents", intents)):
            lines = [msgspec.json.encode(one) + b"\n" for one in found]
            (work / f"{name}.jsonl").write_bytes(b"".join(lines))
    console.print(
        f"{len(answers)} answers and {len(intents)} corrected intents are in {escape(str(target))}; "
        f"{len(told) - len(answers)} answers with a number or link that is in no fact were left out.",
        soft_wrap=True,
    )


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
            shops = await core.shops.all()
            if not shops:
                raise ConfigurationError(
                    "there is no shop yet: make one with `assistify init` or `assistify seed-demo`"
                )
            for shop in shops:
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
    cases: Annotated[int, typer.Option(min=10, help="Held-out questions for the responder")] = 300,
) -> None:
    """Score the models in use on what they were not trained on."""
    from app.services.evaluation import evaluate_all

    quiet_transformers()
    in_use = asyncio.run(_models_in_use())
    with _mended_by_user():
        scores = evaluate_all(in_use, cases=cases)
    for one in in_use.passed_over:
        typer.echo(f"warning: {one}", err=True)
    if as_json:
        typer.echo(json.dumps(scores, indent=2))
        return
    for model, values in scores.items():
        table = Table("score", "value", title=model, title_justify="left")
        for name, value in values.items():
            table.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
        console.print(table)


async def _models_in_use() -> ModelsInUse:
    """Return what workers would load now."""
    async with open_core(get_settings()) as core:
        await core.migrate()
        return ModelsInUse(core.settings, await core.model_versions.all())


def _train_classifier(
    task: str, base: Path | None, examples: Path | None, out: Path | None, taught: Sequence[Example] = ()
) -> None:
    with (
        new_folder(task, out, get_settings()) as (work, target),
        training_bar(f"Training {task}", console) as update,
        _mended_by_user(),
    ):
        if base is None:
            held_out, scores = "five-fold cross-validation", _train_head(task, work, examples, taught, update)
        else:
            held_out, scores = "held-out fifth", _fine_tune(task, base, examples, taught, work, update)
    table = Table(f"score ({held_out}, {scores.texts} texts)", "value", title=task)
    for name, value in {"accuracy": scores.accuracy, "macro F1": scores.macro_f1}.items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    _print_next(task, target)


def _train_head(
    task: str,
    work: Path,
    examples: Path | None,
    taught: Sequence[Example],
    update: Update,
) -> ClassifierScores:
    from nlp.encoder import Encoder
    from nlp.training import intent, sentiment

    train = intent.train if task == "intent" else sentiment.train
    trained = train(Encoder.load(), work, lambda step, share: update(share, step), taught, examples)
    return trained.cross_validation


def _fine_tune(
    task: str,
    base: Path,
    examples: Path | None,
    taught: Sequence[Example],
    work: Path,
    update: Update,
) -> ClassifierScores:
    from nlp.training import intent, sentiment
    from nlp.training.examples import EXAMPLES, read_examples
    from nlp.training.fine_tune import fine_tune

    quiet_transformers()
    labels = tuple((intent if task == "intent" else sentiment).RECIPE.labels)
    written = read_examples(examples or EXAMPLES / task, labels)
    update(0.0, "first epoch")
    return fine_tune(
        base,
        [*written, *taught],
        labels,
        work,
        lambda epoch: update(epoch.number / epoch.of, _heard(epoch)),
    )


def _corrected() -> Sequence[Example]:
    examples = taught_intents()
    console.print(f"{len(examples)} corrected intents are learnt from as well.")
    return examples


def _fine_tune_responder(base: Path, work: Path) -> None:
    from nlp.model_info import INFO_FILE, ModelInfo, read_info
    from nlp.training.responder.fine_tune import fine_tune_responder

    quiet_transformers()
    told = taught_answers()
    with training_bar(f"Fine-tuning on {len(told)} answers", console) as update, _mended_by_user():
        result = fine_tune_responder(base, told, work, lambda epoch: update(epoch.number / epoch.of, _heard(epoch)))
        # As its card says; and it writes what its base wrote.
        info = ModelInfo(tuple(read_info(base).languages), pointers=True)
        (work / INFO_FILE).write_bytes(msgspec.json.encode(info))
    console.print(
        f"Held-out loss {result.loss_before:.3f} -> {result.loss_after:.3f}; {result.examples} answers used, "
        f"{result.dropped} left out."
    )
    if result.loss_after >= result.loss_before:
        console.print("It learnt nothing that helps with the held-out answers: the model is as it was.")


def _heard(epoch: Epoch) -> str:
    return f"epoch {epoch.number} of at most {epoch.of}, held-out loss {epoch.held_out_loss:.3f}"


@contextmanager
def _mended_by_user() -> Iterator[None]:
    """Turn what is wrong with models and examples into one line.

    Raises: ConfigurationError.
    """
    from nlp.encoder import ModelFilesError
    from nlp.engine.request import ModelLoadError
    from nlp.training.examples import ExamplesError

    try:
        yield
    except (ModelFilesError, ModelLoadError, ExamplesError) as error:
        raise ConfigurationError(str(error)) from error


def _print_next(task: str, target: Path, options: str = "") -> None:
    """Say how a model that was trained comes into use."""
    console.print(
        f"Written to {escape(str(target))}. It is not used yet; add it, compare it, promote it:", soft_wrap=True
    )
    console.print(f"  assistify models add {task} {escape(shlex.quote(str(target)))}{options}", soft_wrap=True)
