"""The layout promised in docs/architecture.md and docs/glossary.md, as far as the import rules do not hold it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).parents[2]
MOST_LINES = 450
PACKAGES = ("app", "realtime", "nlp")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from tracked(f"{package}/*.py", f"{package}/**/*.py")


@pytest.mark.parametrize("suffix", ["py", "ts", "tsx"])
def test_no_file_grew_too_long(suffix: str) -> None:
    files = [path for path in tracked(f"*.{suffix}") if ".gen." not in path.name and "versions" not in path.parts]
    assert files
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in modules() if {path.stem, *path.parent.parts} & VAGUE_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name != "__init__.py" and ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]
    assert silent == []


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if re.search(r"os\.environ|os\.getenv|getenv\(", path.read_text("utf-8"))
    ]
    assert [name for name in readers if name != "app/settings.py"] == []


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_weights_that_ship_stay_small() -> None:
    size = sum(path.stat().st_size for path in tracked("nlp/starter/*", "nlp/starter/**/*"))
    assert 0 < size < 40_000_000


def test_alembic_is_no_package() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
