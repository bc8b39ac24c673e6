"""The written examples: one file per label, one text per line, and the hold-out with its label before a tab."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parent / "examples"
HOLDOUT = Path(__file__).parent.parent / "evaluation" / "holdout"


class ExamplesError(Exception):
    """The examples cannot be used: a file is missing, empty, or of a label nobody knows."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and its label."""

    text: str
    label: str


def read_examples(directory: Path, labels: Sequence[str]) -> list[Example]:
    """Return the examples of every label, `<directory>/<label>.txt`, in the order of the labels.

    Raises:
        ExamplesError: a label has no examples, or a file is of no label.
    """
    if not directory.is_dir():
        raise ExamplesError(f"{directory} is not a folder: it has to hold one LABEL.txt per label")
    unknown = sorted({path.stem for path in directory.glob("*.txt")} - set(labels))
    if unknown:
        raise ExamplesError(f"{directory} has files of unknown labels: {', '.join(unknown)}")
    examples = []
    for label in labels:
        path = directory / f"{label}.txt"
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        except UnicodeDecodeError as error:
            raise ExamplesError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
        texts = [line.strip() for line in lines if line.strip()]
        if not texts:
            raise ExamplesError(f"label {label} has no examples: write some into {path}")
        examples += [Example(text, label) for text in texts]
    return examples


def read_holdout(path: Path, labels: Sequence[str]) -> list[Example]:
    """Return the lines `label<TAB>text` of a file.

    Raises:
        ExamplesError: a line without a tab, or an unknown label.
    """
    examples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        label, tab, text = line.partition("\t")
        if not tab or label not in labels:
            raise ExamplesError(f"{path}, line {number}: expected a known label, a tab and a text")
        examples.append(Example(text.strip(), label))
    return examples


def examples_hash(examples: Iterable[Example]) -> str:
    """Return a hash that names this set of examples in a model card."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(f"{example.label}\t{example.text}\n".encode())
    return digest.hexdigest()[:16]
