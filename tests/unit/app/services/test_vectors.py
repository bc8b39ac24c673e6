"""Vectors of texts that are encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.services.answer.shared_work import StoppedError
from app.services.answer.vectors import AT_ONCE, TextVectors
from nlp.model_files import Vectors


class Counting:
    """An encoder whose vectors tell their text; knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        if texts:
            self.asked.append(list(texts))
        return np.array([[len(text), hash(text) % 1000] for text in texts], dtype=np.float32).reshape(len(texts), 2)


def test_a_text_is_encoded_once_and_all_new_ones_together() -> None:
    encoder = Counting()
    vectors = TextVectors(encoder)
    first = vectors.encode(["a jacket", "boots", "a jacket"])
    again = vectors.encode(["boots", "a tent", "a jacket", "a stove"])
    assert encoder.asked == [["a jacket", "boots"], ["a tent", "a stove"]]
    np.testing.assert_array_equal(first, Counting().encode(["a jacket", "boots", "a jacket"]))
    np.testing.assert_array_equal(again, Counting().encode(["boots", "a tent", "a jacket", "a stove"]))


def test_no_texts_are_no_vectors() -> None:
    assert TextVectors(Counting()).encode([]).shape == (0, 2)


def test_those_that_were_asked_for_last_are_kept() -> None:
    encoder = Counting()
    vectors = TextVectors(encoder, kept=2)
    vectors.encode(["one", "two"])
    vectors.encode(["one"])
    vectors.encode(["three"])
    assert len(vectors.encode(["one", "two", "three"])) == 3
    assert encoder.asked == [["one", "two"], ["three"], ["two"]]


def test_several_threads_get_the_vectors_of_their_texts() -> None:
    vectors = TextVectors(Counting(), kept=20)
    texts = [f"text {number % 37}" for number in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: vectors.encode([text])[0], texts))
    np.testing.assert_array_equal(found, Counting().encode(texts))


def test_vectors_outlive_the_process_in_a_file(tmp_path: Path) -> None:
    file, texts = tmp_path / "models" / "vectors.safetensors", ["a jacket", "boots", "naïve \ud800"]
    first = TextVectors(Counting(), file=file)
    first.read()
    found = first.encode(texts)
    first.save()
    encoder = Counting()
    again = TextVectors(encoder, file=file)
    again.read()
    np.testing.assert_array_equal(again.encode(texts), found)
    assert encoder.asked == []
    written = file.stat().st_mtime_ns
    again.save()  # nothing is new
    assert file.stat().st_mtime_ns == written
    assert b"jacket" not in file.read_bytes()


@pytest.mark.parametrize("content", [b"", b"something else", b"\x00" * 4096])
def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "vectors.safetensors"
    file.write_bytes(content)
    vectors = TextVectors(Counting(), file=file)
    vectors.read()
    vectors.encode(["a jacket"])
    vectors.save()
    encoder = Counting()
    again = TextVectors(encoder, file=file)
    again.read()
    again.encode(["a jacket"])
    assert encoder.asked == []


def test_a_folder_that_cannot_be_written_to_costs_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    vectors = TextVectors(Counting(), file=tmp_path / "models" / "vectors.safetensors")
    vectors.read()
    assert len(vectors.encode(["a jacket"])) == 1
    vectors.save()


def test_what_a_large_catalogue_costs_is_kept_while_it_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.answer.vectors.SAVED_EVERY", AT_ONCE)
    file, texts = tmp_path / "vectors.safetensors", [f"text {number}" for number in range(3 * AT_ONCE)]
    first = TextVectors(Counting(), file=file)
    first.encode(texts)  # and the process dies
    encoder = Counting()
    again = TextVectors(encoder, file=file)
    again.read()
    again.encode(texts)
    assert encoder.asked == []


def test_a_catalogue_that_is_being_encoded_can_be_stopped_and_goes_on_from_there() -> None:
    texts = [f"text {number}" for number in range(3 * AT_ONCE)]

    class Stopping(Counting):
        def encode(self, texts: Sequence[str]) -> Vectors:
            vectors.stop()
            return super().encode(texts)

    encoder = Stopping()
    vectors = TextVectors(encoder)
    with pytest.raises(StoppedError):
        vectors.encode(texts)
    assert [len(asked) for asked in encoder.asked] == [AT_ONCE]
    assert len(vectors.encode(texts[:AT_ONCE])) == AT_ONCE
