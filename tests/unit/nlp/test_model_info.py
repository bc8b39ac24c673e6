"""A model's directory tells which languages it writes, so that naming the directory is enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.model_files import ModelFilesError
from nlp.model_info import ModelInfo, read_info
from nlp.registry import STARTER_RESPONDER


def test_the_file_beside_the_weights_tells_it(tmp_path: Path) -> None:
    (tmp_path / "assistify.json").write_text('{"languages": ["EN", "de"], "pointers": true}')
    (tmp_path / "README.md").write_text("---\nlanguage: fr\n---\n# A model\n")
    assert read_info(tmp_path) == ModelInfo(("en", "de"), pointers=True)


@pytest.mark.parametrize(
    ("head", "languages"),
    [
        ("language: de", ("de",)),
        ("language: [en, fr]\nlicense: mit", ("en", "fr")),
        ("license: apache-2.0\nlanguage:\n- en\n- de\n- multilingual\ntags:\n- it", ("en", "de")),
        ("license: mit", ("en",)),
    ],
)
def test_else_the_head_of_the_model_card(tmp_path: Path, head: str, languages: tuple[str, ...]) -> None:
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n# A model\nlanguage: es\n")
    assert read_info(tmp_path).languages == languages


def test_a_directory_that_says_nothing_writes_english() -> None:
    assert read_info(STARTER_RESPONDER) == ModelInfo(("en",))


@pytest.mark.parametrize("text", ["{", '{"languages": "de"}', '{"langs": ["de"]}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "assistify.json").write_text(text)
    with pytest.raises(ModelFilesError, match=r"assistify\.json"):
        read_info(tmp_path)
