"""The measurements of a message's way to its prompt, and of guessing ahead, on a few messages."""

from __future__ import annotations

from app.bootstrap.guess_bench import measure_guesses
from app.bootstrap.pipeline_bench import measure_pipeline


async def test_the_way_of_messages_is_measured() -> None:
    figures = await measure_pipeline(messages=3, threads=1)
    assert set(figures) == {"p50_ms", "p95_ms", "longest_ms", "batch_of_100_ms"}
    assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["longest_ms"]


async def test_what_guesses_save_is_measured_and_changes_no_answer() -> None:
    new, again = await measure_guesses(3, threads=1)
    assert new["questions"] == 3
    assert new["different"] == again["different"] == 0
    assert min(new["tokens_per_s"], again["tokens_per_s_guessing"]) > 0
