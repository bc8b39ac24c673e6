"""Commands about versions of models: models list, add, compare, promote, rollback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.bootstrap.core import open_core
from app.cli.training_bar import quiet_transformers
from app.domain.model_version import ModelVersion, Scores, Task
from app.errors import AssistifyError, ConfigurationError
from app.services.model_versions import SHIPPED, Comparison, ModelVersions, WorseVersionError
from app.settings import get_settings

CASES = 300

console = Console()
versions = typer.Typer(no_args_is_help=True, help="Versions of the models: which there are, and which is used.")

TaskArgument = Annotated[Task, typer.Argument(help="intent, sentiment or responder")]
VersionArgument = Annotated[str, typer.Argument(help=f"Version, or how it begins; {SHIPPED} is the model that ships")]
CasesOption = Annotated[int, typer.Option(help="Held-out questions for a responder")]
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(versions, name="models")


@versions.command("list")
def list_versions() -> None:
    """Show all versions; a task without an active one uses the model that ships."""

    async def run(cases: ModelVersions) -> list[tuple[Task, ModelVersion | None, list[ModelVersion]]]:
        known = await cases.all()
        return [(task, await cases.active(task), [one for one in known if one.task is task]) for task in Task]

    whole, folded = partial(Column, no_wrap=True), partial(Column, overflow="fold")
    table = Table("task", whole("version"), "status", folded("promoted"), folded("location"))
    for task, active, of_task in _with_cases(run):
        table.add_row(task.value, SHIPPED, "active" if active is None else "", "", "ships with Assistify")
        for one in of_task:
            table.add_row(task.value, one.version, one.status.value, _promoted(one), escape(one.location))
    console.print(table)


def _promoted(version: ModelVersion) -> str:
    if version.activated_at is None:
        return ""
    by = f" by {version.activated_by}" if version.activated_by is not None else ""
    return escape(f"{version.activated_at:%Y-%m-%d %H:%M}{by}")


@versions.command("add")
def add_version(
    task: TaskArgument,
    directory: Annotated[Path, typer.Argument(help="Model directory; every worker must be able to read it there")],
    pointers: Annotated[bool, typer.Option("--pointers", help="A responder trained by `assistify train`")] = False,
) -> None:
    """Add a version; it is not used before it is promoted."""
    added = _with_cases(lambda cases: cases.add(task, directory.resolve(), pointers=pointers))
    console.print(
        f"Added {task.value} version {added.version}. Use it: assistify models promote {task} {added.version}",
        soft_wrap=True,
    )


@versions.command("compare")
def compare_versions(
    task: TaskArgument,
    version: VersionArgument,
    against: Annotated[str | None, typer.Argument(help="The other version; without it the active one")] = None,
    cases: CasesOption = CASES,
) -> None:
    """Score a version beside another one on the same held-out cases; exit code 1 when it is worse."""
    comparison = _with_cases(lambda use: use.compare(task, version, against), cases)
    _show(comparison)
    if comparison.worse:
        console.print(f"{comparison.candidate} is worse: {'; '.join(map(str, comparison.worse))}")
        raise typer.Exit(1)


@versions.command("promote")
def promote_version(
    task: TaskArgument,
    version: VersionArgument,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also when it is worse than the active one")] = False,
    cases: CasesOption = CASES,
) -> None:
    """Use a version from the next start of the workers on; one that is worse than the active one is refused."""
    try:
        comparison = _with_cases(lambda use: use.promote(task, version, anyway=anyway), cases)
    except WorseVersionError as error:
        raise AssistifyError(f"{error}; --anyway promotes it all the same.") from error
    _show(comparison)
    console.print(f"{task.value}: {comparison.candidate} is active. Start the workers again to use it.")


@versions.command("rollback")
def rollback_version(task: TaskArgument) -> None:
    """Go back to the version that was active before."""
    name = _with_cases(lambda cases: cases.rollback(task))
    console.print(f"{task.value}: {name} is active again. Start the workers again to use it.")


def _with_cases(work: Callable[[ModelVersions], Awaitable[T]], cases: int = CASES) -> T:
    """Run one use case.

    Raises: ModelVersionError; ConfigurationError when a model cannot be loaded.
    """
    from nlp.encoder import ModelFilesError
    from nlp.engine.request import ModelLoadError

    async def run() -> T:
        async with open_core(get_settings()) as core:
            await core.migrate()
            return await work(ModelVersions(core.model_versions, _evaluator(cases), _version_of))

    try:
        return asyncio.run(run())
    except (ModelFilesError, ModelLoadError) as error:
        raise ConfigurationError(str(error)) from error


def _evaluator(cases: int) -> Callable[[Task, Path | None], Scores]:
    def evaluate(task: Task, directory: Path | None) -> Scores:
        from app.services.evaluation import evaluate_task

        quiet_transformers()
        with console.status(f"Scoring {task.value} {directory or SHIPPED}"):
            return evaluate_task(task, directory, cases=cases)

    return evaluate


def _version_of(task: Task, directory: Path) -> str:
    from app.services.evaluation import version_of

    return version_of(task, directory)


def _show(comparison: Comparison) -> None:
    table = Table("score", comparison.active, comparison.candidate)
    for name, before in comparison.active_scores.items():
        table.add_row(name, _figure(before), _figure(comparison.candidate_scores[name]))
    console.print(table)


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
