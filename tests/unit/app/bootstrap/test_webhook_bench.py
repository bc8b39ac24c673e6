"""What the measurement of webhooks concludes."""

from __future__ import annotations

from app.bootstrap.webhook_bench import Outcome


def test_figures_are_percentiles() -> None:
    figures = Outcome(milliseconds=[float(number) for number in range(1, 101)]).figures()
    assert figures["p50_ms"] == 50.5
    assert 99 < figures["p99_ms"] < figures["longest_ms"] == 100


def test_saturated_means_that_more_wait_than_there_are_slots() -> None:
    assert Outcome(left=9, slots=8).is_saturated
    assert not Outcome(left=8, slots=8).is_saturated
