"""What the measurement of pings concludes."""

from __future__ import annotations

from app.bootstrap.ping_bench import Pings


def test_figures_are_percentiles_of_each_side() -> None:
    hundred = [float(number) for number in range(1, 101)]
    figures = Pings(8, idle=[1.0, 3.0, 2.0], busy=hundred).figures()
    assert figures["idle_p50_ms"] == 2
    assert figures["idle_longest_ms"] == 3
    assert [figures[f"busy_{name}_ms"] for name in ("p50", "p95", "p99", "longest")] == [50, 95, 99, 100]
