"""Score one model in a process of its own: `python -m app.services.evaluation_process TASK CASES REPORT [DIRECTORY]`.

The report is a file of `Report` as JSON, written whole or not at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec

from app.domain.model_version import Scores, Task
from app.services.child_process import run_module
from nlp.engine.request import ModelLoadError
from nlp.model_files import ModelFilesError

NICE = 10  # customers' answers come first
MODULE = "app.services.evaluation_process"


class Report(msgspec.Struct, frozen=True):
    """The scores, or why there are none."""

    scores: dict[str, float | int] = {}
    problem: str | None = None


class NotEvaluatedError(RuntimeError):
    """A model cannot be scored; the text says why."""


async def evaluate_apart(task: Task, directory: Path | None, cases: int) -> Scores:
    """Score the model in a directory, or with None the one that ships, in a process of its own.

    Raises: NotEvaluatedError when there is no such model; ModuleFailedError when the process failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        where = [] if directory is None else [str(directory)]
        await run_module(MODULE, task.value, str(cases), str(path), *where)
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    if report.problem is not None:
        raise NotEvaluatedError(report.problem)
    return report.scores


def report_on(task: Task, directory: Path | None, cases: int) -> Report:
    """Score a model here."""
    from app.services.evaluation import evaluate_task  # transformers: seconds and memory that only this process pays

    try:
        return Report(dict(evaluate_task(task, directory, cases=cases)))
    except (ModelFilesError, ModelLoadError) as error:
        return Report(problem=str(error))


def main(task: str, cases: str, path: str, directory: str | None = None) -> None:
    """Score a model and write the report."""
    report = report_on(Task(task), None if directory is None else Path(directory), int(cases))
    Path(path).write_bytes(msgspec.json.encode(report))


if __name__ == "__main__":
    os.nice(NICE)
    main(*sys.argv[1:])
