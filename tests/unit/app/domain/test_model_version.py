"""When a version of a model counts as worse."""

from __future__ import annotations

import pytest

from app.domain.model_version import Task, shortfalls

INTENT = {"accuracy": 0.95, "out_of_scope_recall": 0.9, "false_alarms": 0.02, "calibration_error": 0.03}
RESPONDER = {"faithful": 1.0, "right_fact": 0.9, "all_facts": 0.8, "perplexity": 2.0}


@pytest.mark.parametrize(
    ("task", "before", "change"),
    [
        (Task.INTENT, INTENT, {}),
        (Task.INTENT, INTENT, {"accuracy": 0.946, "false_alarms": 0.029}),
        (Task.INTENT, INTENT, {"accuracy": 0.99, "out_of_scope_recall": 1.0, "false_alarms": 0.0}),
        (Task.RESPONDER, RESPONDER, {"right_fact": 0.891, "perplexity": 99.0}),
        (Task.SENTIMENT, {"accuracy": 79 / 90}, {"accuracy": 78 / 90}),  # one text of the hold-out is chance
    ],
)
def test_what_is_as_good_or_better_passes(task: Task, before: dict[str, float], change: dict[str, float]) -> None:
    assert shortfalls(task, before, {**before, **change}) == []


@pytest.mark.parametrize(
    ("task", "before", "change", "named"),
    [
        (Task.INTENT, INTENT, {"accuracy": 0.94}, "accuracy 0.950 -> 0.940"),
        (Task.INTENT, INTENT, {"false_alarms": 0.05}, "false_alarms 0.020 -> 0.050"),
        (Task.INTENT, INTENT, {"out_of_scope_recall": 0.8}, "out_of_scope_recall 0.900 -> 0.800"),
        (Task.SENTIMENT, {"accuracy": 79 / 90}, {"accuracy": 77 / 90}, "accuracy 0.878 -> 0.856"),
        (Task.RESPONDER, RESPONDER, {"faithful": 0.999}, "faithful 1.000 -> 0.999"),
    ],
)
def test_what_is_worse_is_named(task: Task, before: dict[str, float], change: dict[str, float], named: str) -> None:
    assert [str(one) for one in shortfalls(task, before, {**before, **change})] == [named]


def test_a_score_that_is_missing_is_the_worst_there_is() -> None:
    assert shortfalls(Task.INTENT, INTENT, {}) != []
    assert len(shortfalls(Task.INTENT, INTENT, {})) == 4
