"""One whole run of the benchmark: load the contenders, measure, return the results as plain data."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from nlp.bench.apart import Apart
from nlp.bench.contenders import Setup, has_ctranslate2
from nlp.bench.measure import Figures, measure_arrivals, measure_streams, percentile
from nlp.bench.model import make_jobs, model_directory
from nlp.engine.native import loading

LOADS = (0.3, 0.5, 0.7)  # of what the peer can do at its best: the rates of arrivals when none are given
PEERS = ("transformers", "ctranslate2")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. Lengths in tokens, rates in requests per second; `requests` 0 leaves arrivals out."""

    model: Path | None = None
    streams: tuple[int, ...] = (1, 8, 32)
    prompt_tokens: int = 64
    new_tokens: int = 64
    rounds: int = 3
    rates: tuple[float, ...] = ()
    requests: int = 40
    threads: int = 2
    peers: bool = True


@dataclass(slots=True)
class Outcome:
    """`results` has the form of the JSON file; `details` has one row per contender and number of streams."""

    results: dict[str, Any]
    details: list[tuple[int, str, dict[str, float]]]
    memory_mb: dict[str, float]  # of each contender's process once it had loaded


async def run(plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Measure as planned; `say` is told what is going on and which peer is missing."""
    slots = max(plan.streams)
    with model_directory(plan.model) as directory:
        setup = Setup(directory, slots, plan.prompt_tokens, plan.new_tokens, plan.threads)
        contenders = await _load(plan, setup, say)
        try:
            return await _measure(plan, directory, contenders, say)
        finally:
            await _close(contenders)


async def _measure(plan: Plan, directory: Path, contenders: list[Apart], say: Callable[[str], None]) -> Outcome:
    memory = {contender.name: contender.memory_mb for contender in contenders}
    streams: list[dict[str, Any]] = []
    details: list[tuple[int, str, dict[str, float]]] = []
    for n in plan.streams:
        say(f"{n} streams, {plan.rounds} rounds")
        jobs = make_jobs(directory, n, plan.prompt_tokens, seed=n)
        found = await measure_streams(contenders, jobs, plan.rounds)
        streams.append({"n": n, **_with_missing({name: each.streams() for name, each in found.items()}, PEERS)})
        details += [(n, name, _details(each)) for name, each in found.items()]
    arrivals: list[dict[str, Any]] = []
    servers = [contender for contender in contenders if contender.name != "transformers"]
    for rate in (plan.rates or _rates(streams, plan.new_tokens)) if plan.requests else ():
        say(f"arrivals, {rate} a second")
        jobs = make_jobs(directory, plan.requests, plan.prompt_tokens, seed=1)
        served = await measure_arrivals(servers, jobs, rate, seed=2)
        figures = {name: each.arrivals() for name, each in served.items()}
        arrivals.append({"rate_per_s": rate, **_with_missing(figures, ("ctranslate2",))})
    return Outcome({"streams": streams, "arrivals": arrivals, "versions": versions(plan)}, details, memory)


async def _load(plan: Plan, setup: Setup, say: Callable[[str], None]) -> list[Apart]:
    """Start the contenders, each in a process of its own."""
    names = ["assistify", *(PEERS if plan.peers else ())]
    if plan.peers and not has_ctranslate2():
        names.remove("ctranslate2")
        say("ctranslate2 is not installed and so not measured: pip install 'assistify[bench]'")
    say("loading")
    contenders: list[Apart] = []
    try:
        for name in names:
            contenders.append(await Apart.start(name, setup))
    except BaseException:
        await _close(contenders)
        raise
    return contenders


async def _close(contenders: list[Apart]) -> None:
    for contender in contenders:
        await contender.close()


def _with_missing(figures: dict[str, dict[str, float]], peers: tuple[str, ...]) -> dict[str, dict[str, float] | None]:
    """Keep a place for a peer that was not measured: null says so."""
    return {**figures, **{peer: figures.get(peer) for peer in peers}}


def _details(figures: Figures) -> dict[str, float]:
    """Return percentiles of the gaps, and processor time per token: other load on the machine changes that least."""
    gaps = {f"p{share}": round(1000 * percentile(figures.gaps or [0.0], share), 1) for share in (50, 95, 99)}
    return {**gaps, "cpu": round(1000 * min(figures.work), 2)}


def _rates(streams: list[dict[str, Any]], new_tokens: int) -> list[float]:
    """Take shares of the most the peer did; without a peer, of what this engine did."""
    best = max((entry["ctranslate2"] or entry["assistify"])["tokens_per_s"] for entry in streams)
    return [round(load * best / new_tokens, 2) for load in LOADS]


def versions(plan: Plan) -> dict[str, Any]:
    """Say what was measured, on what, and how busy the machine was."""
    found: dict[str, Any] = {"python": sys.version.split()[0], "system": platform.platform()}
    for package in ("assistify", "torch", *PEERS):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    found["cpu"] = torch.backends.cpu.get_cpu_capability()
    found["int8_by"] = "torch" if loading.load() is None else "compiled kernels"
    found["cores"], found["threads"] = os.cpu_count(), plan.threads
    found["load_1m"] = round(os.getloadavg()[0], 2)
    found["model"] = "random weights, T5-base shapes" if plan.model is None else plan.model.name
    found["prompt_tokens"], found["new_tokens"] = plan.prompt_tokens, plan.new_tokens
    return found
