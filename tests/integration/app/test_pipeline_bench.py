"""The measurement of a message's way to its prompt, on a few messages."""

from __future__ import annotations

from app.bootstrap.pipeline_bench import measure_pipeline


async def test_the_way_of_messages_is_measured() -> None:
    figures = await measure_pipeline(messages=3, threads=1)
    assert set(figures) == {"p50_ms", "p95_ms", "longest_ms", "batch_of_100_ms"}
    assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["longest_ms"]
