"""Search: by meaning where the words differ, by words where meaning is blurred."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.encoder import Encoder
from nlp.retrieval import Document, Hit, Index, terms

PRODUCTS = [
    Document("1", "Trail Runner GTX", "Waterproof running shoes for muddy paths."),
    Document("2", "City Sneaker", "White leather shoes for every day."),
    Document("3", "Storm Parka", "A warm winter coat with a hood."),
    Document("4", "Merino Beanie", "Soft wool hat."),
    Document("5", "Espresso Cup KX-210", "Porcelain, 80 ml."),
    Document("6", "Espresso Cup KX-220", "Porcelain, 120 ml."),
]


@pytest.fixture(scope="module")
def index(encoder: Encoder) -> Index:
    return Index.build(PRODUCTS, encoder)


def ask(index: Index, encoder: Encoder, query: str, k: int = 3) -> list[Hit]:
    return index.search(query, encoder.encode([query])[0], k)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("a knitted cap", "4"),
        ("jogging in the rain", "1"),
        ("do you have the KX-220?", "6"),
        ("kx-210", "5"),
        ("parkas", "3"),
    ],
)
def test_the_right_product_comes_first(index: Index, encoder: Encoder, query: str, best: str) -> None:
    assert ask(index, encoder, query)[0].id == best


def test_scores_fall_and_lie_between_0_and_1(index: Index, encoder: Encoder) -> None:
    scores = [hit.score for hit in ask(index, encoder, "waterproof shoes", k=6)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_what_matches_nothing_scores_low(index: Index, encoder: Encoder) -> None:
    query = "opening hours on Sunday"
    best = ask(index, encoder, query)[0].score
    assert best < 0.5 * ask(index, encoder, "waterproof running shoes")[0].score
    assert index.search(query, encoder.encode([query])[0], 3, floor=best + 0.01) == []


def test_only_allowed_documents_are_found(index: Index, encoder: Encoder) -> None:
    query = "shoes"
    hits = index.search(query, encoder.encode([query])[0], 3, allowed={"2", "3"})
    assert [hit.id for hit in hits] == ["2", "3"]


def test_an_empty_index_finds_nothing(encoder: Encoder) -> None:
    empty = Index.build([], encoder)
    assert len(empty) == 0
    assert ask(empty, encoder, "shoes") == []


def test_vectors_must_belong_to_the_documents() -> None:
    with pytest.raises(ValueError, match="one vector per document"):
        Index(PRODUCTS, np.zeros((2, 384), dtype=np.float32))


def test_terms_are_words_without_fillers_and_plurals() -> None:
    assert terms("Do you have the red Dresses, boxes and batteries?") == ["red", "dress", "box", "battery"]
