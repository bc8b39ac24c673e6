"""What a directory of an answer model says about itself: the languages it writes, and whether it knows pointers.

`assistify.json` beside the weights holds both: `{"languages": ["en", "de"], "pointers": false}`. Without it the
languages are those of the model card's head, as the Hugging Face hub has it (`language:` in README.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nlp.model_files import ModelFilesError

INFO_FILE = "assistify.json"
ENGLISH = ("en",)
_HEAD = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
_LANGUAGE = re.compile(r"^languages?:[ \t]*(.*(?:\n[ \t]*-.*)*)", re.MULTILINE)
_CODE = re.compile(r"\b[a-z]{2,3}\b(?![\w-])")


class ModelInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Languages are ISO 639 codes; `pointers` tells that the model was trained to emit sentinels for literals."""

    languages: tuple[str, ...] = ()
    pointers: bool = False


def read_info(directory: Path) -> ModelInfo:
    """Read what a model's directory says; English and no pointers where it says nothing.

    Raises: ModelFilesError when the file is damaged.
    """
    path = directory / INFO_FILE
    try:
        info = msgspec.json.decode(path.read_bytes(), type=ModelInfo) if path.is_file() else ModelInfo()
    except msgspec.DecodeError as error:
        raise ModelFilesError(f"{path}: {error}") from error
    languages = info.languages or tuple(_of_card(directory)) or ENGLISH
    return ModelInfo(tuple(one.lower() for one in languages), info.pointers)


def _of_card(directory: Path) -> Sequence[str]:
    card = directory / "README.md"
    head = _HEAD.match(card.read_text(encoding="utf-8")) if card.is_file() else None
    named = _LANGUAGE.search(head.group(1)) if head is not None else None
    return _CODE.findall(named.group(1)) if named is not None else ()
