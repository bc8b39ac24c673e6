"""Vectors of texts that are encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from app.services.answer.vectors import TextVectors
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
