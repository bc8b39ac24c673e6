"""A prompt joins running replies, and only what they felt of it is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.bench.joins import _gaps_between, measure_joins
from nlp.bench.model import T5_BASE, write_random_model

SHAPE = {**T5_BASE, "vocab_size": 700, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}


def test_gaps_count_while_the_other_joins() -> None:
    assert _gaps_between([[1.0, 2.0, 4.0, 7.0], [3.5, 3.75, 9.0]], 3.0, 5.0) == [2.0, 3.0, 0.25, 5.25]


async def test_joins_are_measured(tmp_path: Path) -> None:
    directory = write_random_model(tmp_path, SHAPE)
    found = await measure_joins(directory, running=2, joins=2, prompt_tokens=8, new_tokens=200, threads=1)
    assert list(found) == ["first", "p50", "p99", "longest"]
    assert 0 <= found["p50"] <= found["p99"] <= found["longest"]


async def test_replies_that_ended_before_are_told(tmp_path: Path) -> None:
    directory = write_random_model(tmp_path, SHAPE)
    with pytest.raises(RuntimeError, match="more new tokens"):
        await measure_joins(directory, running=1, joins=1, prompt_tokens=8, new_tokens=1, threads=1)
