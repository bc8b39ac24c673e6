"""One small run of the benchmark: the form of its results, and peers that are there or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlp.bench.contenders import Setup, has_ctranslate2
from nlp.bench.measure import Figures, percentile
from nlp.bench.model import T5_BASE, make_jobs, write_random_model
from nlp.bench.ping import ping_loop
from nlp.bench.profile import PARTS, profile_steps
from nlp.bench.run import Plan, run
from nlp.engine.native import loading

SHAPE = {**T5_BASE, "vocab_size": 200, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}
STREAM = {"ttft_ms", "step_ms", "tokens_per_s"}
ARRIVAL = {"ttft_p95_ms", "itl_p50_ms", "itl_p99_ms", "stall_max_ms"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_model(tmp_path_factory.mktemp("t5"), SHAPE)


def test_prompts_have_their_length_and_read_the_same_as_text_and_as_ids(directory: Path) -> None:
    jobs = make_jobs(directory, 3, 20, seed=1)
    assert [len(job.ids) for job in jobs] == [20] * 3
    assert len({job.text for job in jobs}) == 3
    assert jobs == make_jobs(directory, 3, 20, seed=1)
    assert all(len(job.text.split()) == 19 and job.ids[-1] == 1 for job in jobs)


async def test_a_run_measures_all_that_is_installed_and_says_what_is_not(directory: Path) -> None:
    said: list[str] = []
    plan = Plan(directory, (1, 3), prompt_tokens=8, new_tokens=5, rounds=1, rates=(50.0,), requests=4, threads=1)
    outcome = await run(plan, said.append)
    results = json.loads(json.dumps(outcome.results))
    assert [entry["n"] for entry in results["streams"]] == [1, 3]
    for entry in results["streams"]:
        assert entry["assistify"].keys() == entry["transformers"].keys() == STREAM
        assert (entry["ctranslate2"] is not None) == has_ctranslate2()
        assert entry["assistify"]["ttft_ms"] > 0
        assert entry["assistify"]["tokens_per_s"] > 0
    (arrival,) = results["arrivals"]
    assert arrival["rate_per_s"] == 50.0
    assert arrival["assistify"].keys() == ARRIVAL
    assert arrival["assistify"]["stall_max_ms"] >= arrival["assistify"]["itl_p50_ms"]
    assert (arrival["ctranslate2"] is not None) == has_ctranslate2()
    assert results["versions"]["torch"]
    assert any("ctranslate2 is not installed" in words for words in said) != has_ctranslate2()


async def test_without_peers_their_places_are_empty(directory: Path) -> None:
    plan = Plan(directory, (1,), prompt_tokens=4, new_tokens=3, rounds=1, requests=0, threads=1, peers=False)
    results = (await run(plan, lambda words: None)).results
    assert results["streams"][0]["transformers"] is None
    assert results["arrivals"] == []


def test_figures_are_medians_of_replies_and_percentiles_of_gaps() -> None:
    figures = Figures()
    figures.add(0.0, [1.0, 1.5, 2.0])
    figures.add(0.0, [2.0, 2.5, 5.0])
    figures.add(1.0, [4.0, 4.5, 5.0])
    figures.rates = [1.0, 3.0, 2.0]
    assert figures.streams() == {"ttft_ms": 2000.0, "step_ms": 500.0, "tokens_per_s": 2.0}
    assert figures.arrivals()["stall_max_ms"] == 2500.0
    assert percentile(range(1, 101), 99) == 99
    assert percentile([7.0], 1) == 7.0


@pytest.mark.parametrize("native", [True, False])
def test_the_parts_of_a_step_are_all_of_it(directory: Path, native: bool) -> None:
    if native and loading.load() is None:
        pytest.skip("the kernels were not built, or do not run on this processor")
    found = profile_steps(directory, (1, 3), prompt_tokens=8, threads=1, native=native)
    assert list(found) == [1, 3]
    apart = () if native else ("cache",)  # the kernels count it with attention
    for parts in found.values():
        assert all(parts[part] > 0 for part in ("linear", "attention", *apart, "sampling", "small", "encode"))
        assert sum(parts[part] for part in PARTS) >= 0.99 * parts["step"]


async def test_the_loop_is_pinged_while_replies_run(directory: Path) -> None:
    late = await ping_loop(Setup(directory, 3, 8, 40, 1), make_jobs(directory, 3, 8, seed=1))
    assert 0 <= late["p50"] <= late["p99"] <= late["max"]
