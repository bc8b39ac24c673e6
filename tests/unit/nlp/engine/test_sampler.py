"""Draws repeat with seed and position, follow the distribution, and respect top-p, penalty and constraint."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nlp.engine.constraint import ConstraintMaker
from nlp.engine.detokenize import Detokenizer
from nlp.engine.request import GenerationRequest
from nlp.engine.sampler import choose, draw, likeliest, uniform
from nlp.engine.sequence import Sequence
from nlp.engine.vocabulary import Vocabulary
from tests.unit.nlp.engine.conftest import VOCAB


def make(vocabulary: Vocabulary, **settings: Any) -> Sequence:
    request = GenerationRequest(id="a", prompt="", **settings)
    constraint = ConstraintMaker(vocabulary).pointers(request.literals) if request.pointers else None
    return Sequence(request, [1], 0, 1, Detokenizer(vocabulary, request.literals, ()), constraint, 0.0)


@pytest.mark.parametrize("width", [1, 7, 12, 32128 // 8])
def test_the_likeliest_is_the_first_of_the_greatest(width: int) -> None:
    logits = torch.randint(0, 5, (40, width), generator=torch.Generator().manual_seed(0)).float()
    logits[3] = -torch.inf
    assert torch.equal(likeliest(logits), logits.argmax(-1))
    assert likeliest(logits[:0]).shape == (0,)


def test_the_generator_is_even_and_independent_between_seeds_and_positions() -> None:
    draws = torch.tensor([[uniform(seed, position) for position in range(100)] for seed in range(100)])
    assert 0 <= draws.min() < draws.max() < 1
    assert torch.histc(draws, 10, 0, 1).min() > 850
    assert torch.corrcoef(draws).fill_diagonal_(0).abs().max() < 0.6
    assert torch.corrcoef(draws.T).fill_diagonal_(0).abs().max() < 0.6
    assert len(set(draws.flatten().tolist())) > 9990


def test_the_generator_never_changes() -> None:
    """A reply continued by a newer version must go on with the same draws."""
    assert [uniform(1, 0), uniform(1, 1), uniform(-1, 5)] == [
        0.36818951565166946,
        0.5267179955718279,
        0.20852775745463303,
    ]


def test_draws_follow_the_distribution() -> None:
    row = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    request = GenerationRequest(id="a", prompt="", temperature=1.0, seed=3)
    counts = torch.bincount(torch.tensor([draw(row, request, i) for i in range(4000)]), minlength=4) / 4000
    assert torch.allclose(counts, row.exp(), atol=0.03)


def test_top_p_keeps_the_smallest_sufficient_set() -> None:
    row = torch.tensor([0.15, 0.5, 0.05, 0.3]).log()

    def drawn(top_p: float) -> set[int]:
        request = GenerationRequest(id="a", prompt="", temperature=1.0, top_p=top_p)
        return {draw(row, request, i) for i in range(500)}

    assert drawn(0.4) == {1}
    assert drawn(0.7) == {1, 3}
    assert drawn(1.0) == {0, 1, 2, 3}


def test_a_low_temperature_is_nearly_greedy() -> None:
    row = torch.randn(VOCAB, generator=torch.Generator().manual_seed(0))
    request = GenerationRequest(id="a", prompt="", temperature=0.01)
    assert {draw(row, request, i) for i in range(50)} == {int(row.argmax())}


def test_a_row_is_chosen_the_same_alone_and_among_others(vocabulary: Vocabulary) -> None:
    logits = torch.randn(5, VOCAB, generator=torch.Generator().manual_seed(1))
    settings: list[dict[str, Any]] = [
        {},
        {"temperature": 1.0, "seed": 4},
        {"pointers": True, "temperature": 1.3, "literals": {2: "x"}},
        {"repetition_penalty": 2.0},
        {"min_tokens": 3, "top_p": 0.5, "temperature": 0.7},
    ]
    sequences = [make(vocabulary, **each) for each in settings]
    alone = [choose(logits[i : i + 1].clone(), [sequence])[0] for i, sequence in enumerate(sequences)]
    assert choose(logits.clone(), sequences) == alone


def test_the_end_mark_waits_for_the_least_length(vocabulary: Vocabulary) -> None:
    logits = torch.zeros(1, VOCAB)
    logits[0, 1] = 5.0
    sequence = make(vocabulary, min_tokens=1)
    first = choose(logits.clone(), [sequence])[0]
    assert first != 1
    sequence.accept(first, 1.0)
    assert choose(logits.clone(), [sequence]) == [1]


def test_pointers_never_emit_a_digit_or_a_foreign_sentinel(vocabulary: Vocabulary) -> None:
    """Even if the model wants nothing else: every id that may come is checked against the text it writes."""
    sequence = make(vocabulary, pointers=True, literals={3: "AB", 99: "CD"}, temperature=1.0)
    assert sequence.constraint is not None
    allowed = set((~torch.from_numpy(sequence.constraint.banned())).nonzero().flatten().tolist())
    assert {vocabulary.sentinels[3], vocabulary.sentinels[99], vocabulary.eos_id} <= allowed
    assert not allowed & {token for k, token in vocabulary.sentinels.items() if k not in (3, 99)}
    for token in allowed - {vocabulary.eos_id}:
        text = Detokenizer(vocabulary, {3: "AB", 99: "CD"}, ()).push(token)
        assert not any(character.isnumeric() for character in text)
    logits = torch.full((1, VOCAB), -20.0)
    banned = sorted(set(range(VOCAB)) - allowed)
    logits[0, banned] = 20.0
    assert {choose(logits.clone(), [make(vocabulary, pointers=True, literals={3: "AB", 99: "CD"})])[0]} <= allowed
