"""Rough typing keeps what the dialogue is about."""

from __future__ import annotations

import random

from nlp.training.responder.noise import colour, roughen


def test_order_numbers_and_addresses_survive() -> None:
    rng = random.Random(3)
    for _ in range(500):
        rough = roughen(rng, "Where is order #1042 of ana88@mail.com?")
        assert "#1042" in rough
        assert "ana88@mail.com" in rough.lower()


def test_typing_varies_and_stays_readable() -> None:
    rng = random.Random(4)
    texts = {roughen(rng, "Where is my order, please?") for _ in range(300)}
    assert len(texts) > 25
    assert all(abs(len(text) - 25) <= 8 for text in texts)


def test_a_mood_adds_words_of_its_kind() -> None:
    rng = random.Random(5)
    angry = {colour(rng, "where is it", "negative") for _ in range(300)}
    glad = {colour(rng, "where is it", "positive") for _ in range(300)}
    assert "where is it" in angry & glad
    assert "unacceptable" in " ".join(angry)
    assert "unacceptable" not in " ".join(glad)
