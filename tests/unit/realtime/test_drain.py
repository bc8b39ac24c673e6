from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from realtime.drain import HINT_SHARE, departures


@given(st.integers(0, 300), st.floats(0, 60), st.integers())
def test_everybody_leaves_once_evenly_and_within_the_window(count: int, window_s: float, seed: int) -> None:
    plan = departures(range(count), window_s, random.Random(seed))
    assert sorted(departure.connection for departure in plan) == list(range(count))
    closes = [departure.close_after_s for departure in plan]
    assert closes == sorted(closes)
    assert all(0 <= departure.reconnect_after_s <= departure.close_after_s <= window_s + 1e-6 for departure in plan)
    tenth = window_s * HINT_SHARE / 10
    for start in range(10):
        leaving = sum(start * tenth <= departure.reconnect_after_s < (start + 1) * tenth for departure in plan)
        assert window_s < 1e-3 or leaving <= count / 10 + 1
