"""Commands that measure: bench engine, guesses, pipeline, webhooks, pings, realtime."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.errors import ConfigurationError
from nlp.engine.request import ModelLoadError

if TYPE_CHECKING:
    from nlp.bench.run import Outcome, Plan

SOURCES = Path(__file__).parents[2]
JOINED = 8  # replies that run while others join
console = Console()
benches = typer.Typer(no_args_is_help=True, help="Measure speed against other software, offline.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(benches, name="bench")


@benches.command("engine")
def bench_engine(
    model: Annotated[
        Path | None, typer.Option(help="T5 directory; without it random weights of T5-base shapes")
    ] = None,
    streams: Annotated[str, typer.Option(help="How many replies at once, several numbers with commas")] = "1,8,32",
    prompt_tokens: Annotated[int, typer.Option(min=2)] = 64,
    new_tokens: Annotated[int, typer.Option(min=2)] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all are measured in turn")] = 3,
    rates: Annotated[
        str, typer.Option(help="Arrivals per second, with commas; default: 30, 50, 70 % of the peer")
    ] = "",
    requests: Annotated[int, typer.Option(min=0, help="Arrivals at each rate; 0 leaves them out")] = 40,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    peers: Annotated[bool, typer.Option(help="Measure transformers and CTranslate2 as well")] = True,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
    only_profile: Annotated[bool, typer.Option("--profile", help="Only show where a step's time goes")] = False,
    joins: Annotated[
        int, typer.Option(min=0, help="Only show how long 8 replies stall as prompts of 512 tokens join, so many times")
    ] = 0,
) -> None:
    """Measure the T5 engine in int8, transformers in fp32 and CTranslate2 in int8, in one run."""
    from nlp.bench.run import Plan, run  # loads the peers, which no other command should wait for

    if model is not None and not (model / "tokenizer.json").is_file():
        raise ConfigurationError(f"{model} has no tokenizer.json: give a directory of a T5 model")
    plan = Plan(
        model=model,
        streams=tuple(int(n) for n in _numbers(streams, "--streams")),
        prompt_tokens=prompt_tokens,
        new_tokens=new_tokens,
        rounds=rounds,
        rates=tuple(_numbers(rates, "--rates")),
        requests=requests,
        threads=threads,
        peers=peers,
    )
    if only_profile:
        _print_profile(plan)
        return
    if joins:
        _print_joins(plan, joins)
        return
    try:
        outcome = asyncio.run(run(plan, lambda words: console.print(f"[dim]{words}[/]", highlight=False)))
    except ModelLoadError as error:
        raise ConfigurationError(str(error)) from error
    _print_streams(outcome)
    _print_arrivals(outcome.results["arrivals"])
    console.print(", ".join(f"{k} {v}" for k, v in outcome.results["versions"].items()), style="dim", highlight=False)
    if as_json is not None:
        as_json.write_text(json.dumps(outcome.results, indent=2) + "\n", encoding="utf-8")


@benches.command("pipeline")
def bench_pipeline(
    messages: Annotated[int, typer.Option(min=2, help="Messages that are measured, one after the other")] = 300,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
) -> None:
    """Measure what happens to a message before its answer is written: classify, search, decide, gather, prompt."""
    from app.bootstrap.pipeline_bench import measure_pipeline  # loads the models, which no other command waits for

    figures = asyncio.run(measure_pipeline(messages, threads))
    table = Table("", "ms", title=f"{messages} messages, {threads} threads", title_justify="left")
    for name, value in figures.items():
        table.add_row(name.removesuffix("_ms").replace("_", " "), f"{value:.1f}")
    console.print(table)
    if as_json is not None:
        as_json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


@benches.command("guesses")
def bench_guesses(
    count: Annotated[int, typer.Option("--questions", min=2, help="Different questions, one after the other")] = 300,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
) -> None:
    """Measure what guessing ahead saves one stream: the demo shop's questions, new ones, then all of them again."""
    from app.bootstrap.guess_bench import measure_guesses  # loads the models, which no other command waits for

    rounds = asyncio.run(measure_guesses(count, threads))
    table = Table("", "tokens/s", "guessing", "ratio", "different", title=f"{count} questions", title_justify="left")
    for name, one in zip(("new", "asked again"), rounds, strict=True):
        shown = (f"{one[key]:.0f}" for key in ("tokens_per_s", "tokens_per_s_guessing"))
        table.add_row(name, *shown, f"{one['ratio']:.2f}", f"{one['different']:.0f}")
    console.print(table)
    if as_json is not None:
        as_json.write_text(json.dumps(rounds, indent=2) + "\n", encoding="utf-8")


@benches.command("webhooks")
def bench_webhooks(
    rate: Annotated[float, typer.Option(min=1, help="Webhooks per second, each from another person")] = 10,
    seconds: Annotated[float, typer.Option(min=1, help="How long")] = 20,
    backlog: Annotated[int, typer.Option(min=1, help="Questions that are asked before, to fill the engine")] = 60,
    events: Annotated[int, typer.Option(min=0, help="At the end, time one webhook with so many events")] = 0,
    heavy: Annotated[
        bool, typer.Option("--heavy", help="A responder of T5-base shapes with random weights, whose steps take a core")
    ] = False,
    split: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="DATABASE_URL REDIS_URL",
            help="Web and worker as processes of their own, on an empty database of PostgreSQL and a Redis",
        ),
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
) -> None:
    """Measure how soon webhooks are answered while the models are saturated, on this machine alone."""
    from app.bootstrap.served import Split
    from app.bootstrap.webhook_bench import Plan, measure_webhooks

    plan = Plan(rate, seconds, backlog, events, heavy)
    outcome = asyncio.run(measure_webhooks(plan, None if split is None else Split(*split)))
    figures = outcome.figures()
    table = Table("", "ms", title=f"{len(outcome.milliseconds)} webhooks, {rate:g} a second", title_justify="left")
    for name, value in figures.items():
        table.add_row(name.removesuffix("_ms"), f"{value:.1f}")
    console.print(table)
    state = "were saturated" if outcome.is_saturated else "were NOT saturated: raise --rate or --backlog"
    console.print(f"The models {state}: {outcome.left} questions waited for {outcome.slots} slots at the end.")
    if outcome.whole_ms is not None:
        console.print(f"One webhook with {events} events was answered in {outcome.whole_ms:.0f} ms.")
    if outcome.refused:
        console.print(f"[bold red]{outcome.refused} were not taken[/]")
    if as_json is not None:
        shown = {**figures, "webhooks": len(outcome.milliseconds), "refused": outcome.refused, "waiting": outcome.left}
        shown |= {} if outcome.whole_ms is None else {"whole_ms": outcome.whole_ms}
        as_json.write_text(json.dumps({**shown, "slots": outcome.slots}, indent=2) + "\n", encoding="utf-8")


@benches.command("pings")
def bench_pings(
    count: Annotated[int, typer.Option(min=2, help="Pings without and with replies running, 50 a second")] = 500,
    model: Annotated[
        Path | None, typer.Option(help="T5 directory; without it random weights of T5-base shapes")
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
) -> None:
    """Measure how soon a server answers a ping while all slots of its engine are taken, on this machine alone."""
    from app.bootstrap.ping_bench import measure_pings

    pings = asyncio.run(measure_pings(model, count))
    figures = pings.figures()
    columns = ("", "p50", "p95", "p99", "longest")
    table = Table(*columns, title=f"{count} pings, milliseconds", title_justify="left")
    for side, name in (("idle", "no replies"), ("busy", f"{pings.slots} replies")):
        table.add_row(name, *(f"{figures[f'{side}_{column}_ms']:.1f}" for column in columns[1:]))
    console.print(table)
    console.print(f"{pings.ended} replies ended meanwhile.")
    if as_json is not None:
        as_json.write_text(json.dumps({**figures, "ended": pings.ended}, indent=2) + "\n", encoding="utf-8")


@benches.command("realtime")
def bench_realtime(
    peers: Annotated[str, typer.Option(help="Which servers, with commas; without it all that are installed")] = "",
    work: Annotated[
        str, typer.Option(help="w1 token streams, w2 broadcast, w3 idle connections, stalled, append, screen")
    ] = "",
    rates: Annotated[str, typer.Option(help="Messages per second of the token streams, with commas")] = "",
    seconds: Annotated[float, typer.Option(min=0, help="Length of a step; 0: 8 s, or 3 s with --quick")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Short steps, few of them")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
) -> None:
    """Measure fan-out against Socket.IO, Django Channels and python-socketio, in one run. Needs a source checkout."""
    if not (SOURCES / "benchmarks" / "realtime").is_dir():
        raise ConfigurationError("benchmarks/realtime is in the source checkout only")
    command = [sys.executable, "-m", "benchmarks.realtime", "--seconds", str(seconds)]
    for name, value in (
        ("--work", work),
        ("--peers", peers),
        ("--rates", rates),
        ("--json", as_json and as_json.resolve()),
    ):
        if value:
            command += [name, str(value)]
    if quick:
        command.append("--quick")
    raise typer.Exit(subprocess.run(command, cwd=SOURCES, check=False).returncode)


def _numbers(text: str, option: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise typer.BadParameter(f"{option} takes numbers with commas between them, not {text!r}") from error
    if any(number <= 0 for number in found):
        raise typer.BadParameter(f"{option} takes numbers above 0")
    return found


def _print_profile(plan: Plan) -> None:
    from nlp.bench.contenders import Setup
    from nlp.bench.model import make_jobs, model_directory
    from nlp.bench.ping import ping_loop
    from nlp.bench.profile import PARTS, profile_steps

    table = Table("n", "encode", "step", *PARTS, title="Milliseconds of a decoder step", title_justify="left")
    pings = Table("n", "p50", "p99", "max", title="Milliseconds the event loop is late", title_justify="left")
    with model_directory(plan.model) as directory:
        for n in plan.streams:
            setup = Setup(directory, n, plan.prompt_tokens, plan.new_tokens, plan.threads)
            late = asyncio.run(ping_loop(setup, make_jobs(directory, n, plan.prompt_tokens, seed=n)))
            pings.add_row(str(n), *map(str, late.values()))
        found = profile_steps(directory, plan.streams, plan.prompt_tokens, plan.threads)
    for n, parts in found.items():
        table.add_row(str(n), *(str(parts[name]) for name in ("encode", "step", *PARTS)))
    console.print(table)
    console.print(pings)


def _print_joins(plan: Plan, joins: int) -> None:
    from nlp.bench.joins import WINDOW, measure_joins

    sizes = {"prompt_tokens": plan.prompt_tokens, "new_tokens": plan.new_tokens, "threads": plan.threads}
    found = asyncio.run(measure_joins(plan.model, running=JOINED, joins=joins, **sizes))
    title = f"Milliseconds while a prompt of {WINDOW} tokens joins {JOINED} replies, {joins} times"
    table = Table("its first token", "between tokens p50", "p99", "longest stall", title=title, title_justify="left")
    table.add_row(*map(str, found.values()))
    console.print(table)


def _print_streams(outcome: Outcome) -> None:
    columns = ("n", "", "first ms", "step ms", "p50", "p95", "p99", "tokens/s", "ratio", "CPU ms", "MB")
    table = Table(*columns, title="Replies that begin at once; CPU ms per token", title_justify="left")
    figures = {entry["n"]: entry for entry in outcome.results["streams"]}
    for n, name, more in outcome.details:
        entry = figures[n]
        own = entry[name]
        ratio = "" if name == "assistify" else f"{entry['assistify']['tokens_per_s'] / own['tokens_per_s']:.2f} x"
        numbers = (own["ttft_ms"], own["step_ms"], more["p50"], more["p95"], more["p99"], own["tokens_per_s"])
        table.add_row(str(n), name, *map(str, numbers), ratio, str(more["cpu"]), str(outcome.memory_mb[name]))
    console.print(table)


def _print_arrivals(arrivals: list[dict[str, Any]]) -> None:
    if not arrivals:
        return
    columns = ("per second", "", "first token p95 ms", "between tokens p50", "p99", "longest stall")
    table = Table(*columns, title="Replies that begin at random times", title_justify="left")
    for entry in arrivals:
        for name in ("assistify", "ctranslate2"):
            if entry[name] is not None:
                table.add_row(str(entry["rate_per_s"]), name, *(str(value) for value in entry[name].values()))
    console.print(table)
