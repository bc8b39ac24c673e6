"""Files of records: CSV with one header line, or JSON with a list of objects.

In CSV cells lists are separated by `|`, the items of an order and the facts of an article are JSON, and `consumable`
is yes or no.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from app.services.imports import ROW_TYPES, ImportFileError, Parsed, parse_rows

MAX_BYTES = 64 * 2**20
MAX_CELL_CHARS = 2**20
_LISTS = frozenset({"sizes", "colours", "tags"})
_JSON = frozenset({"items", "facts"})
_YES, _NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


def parse_file(kind: str, path: Path) -> Parsed:
    """Read and check a file of one kind of records; what ends in .json is JSON, everything else CSV.

    Raises: ImportFileError when the file as a whole cannot be read.
    """
    if kind not in ROW_TYPES:
        raise ImportFileError(f"there is no import of {kind}: choose one of {', '.join(ROW_TYPES)}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImportFileError(f"{path} is larger than {MAX_BYTES // 2**20} MiB: split it")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImportFileError(f"{path} cannot be read as UTF-8 text: {error}") from error
    if path.suffix.lower() == ".json":
        return parse_rows(kind, _read_json(path, text))
    return parse_rows(kind, _read_csv(path, text, ROW_TYPES[kind].__struct_fields__), _from_cells)


def _load(text: str) -> Any:
    """Decode JSON with exact decimals.

    Raises: ValueError.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _read_json(path: Path, text: str) -> list[Any]:
    try:
        data = _load(text)
    except ValueError as error:
        raise ImportFileError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, list):
        raise ImportFileError(f"{path} must hold a list of objects")
    return data


def _read_csv(path: Path, text: str, known: tuple[str, ...]) -> list[list[tuple[str, str]]]:
    """Return the rows, each a list of (column, cell); cells beyond the columns have the name ''."""
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise ImportFileError(f"{path}, line {reader.line_num}: {error}") from error
    if not lines:
        raise ImportFileError(f"{path} is empty: the first line names the columns")
    columns = [name.strip() for name in lines[0]]
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise ImportFileError(
            f"{path} has unknown columns: {', '.join(map(repr, unknown))}; there are {', '.join(known)}"
        )
    if len(set(columns)) < len(columns):
        raise ImportFileError(f"{path} names a column twice")
    return [
        [(columns[index] if index < len(columns) else "", cell) for index, cell in enumerate(line)]
        for line in lines[1:]
    ]


def _from_cells(cells: list[tuple[str, str]]) -> Mapping[str, Any]:
    return {name: _value(name, cell) for name, cell in cells if cell != ""}


def _value(name: str, cell: str) -> Any:
    """Return what a cell stands for.

    Raises: ValueError.
    """
    if name == "":
        raise ValueError("there are more cells than columns: quote cells that hold commas")
    if name in _LISTS:
        return [part.strip() for part in cell.split("|") if part.strip()]
    if name in _JSON:
        try:
            return _load(cell)
        except ValueError as error:
            raise ValueError(f"{name} is not JSON: {error}") from None
    if name == "consumable":
        word = cell.strip().lower()
        if word not in _YES | _NO:
            raise ValueError(f"consumable is yes or no, not {cell!r}")
        return word in _YES
    return cell
