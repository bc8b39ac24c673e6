"""Run: python -m benchmarks.realtime (or `assistify bench realtime`, which does that)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.realtime.rig import PEERS, ROOT, MissingError, Peer, build_generator
from benchmarks.realtime.workloads import (
    OWN,
    Bench,
    Plan,
    appended,
    broadcast,
    ceilings,
    idle,
    screen,
    stalled,
    token_streams,
)

WORKLOADS: dict[str, Callable[[Bench, Peer], dict[str, Any]]] = {
    "w1": token_streams,
    "w2": broadcast,
    "w3": idle,
    "stalled": stalled,
    "append": appended,
    "screen": screen,
}
ALL_SERVERS = ("w1", "w2", "w3")
QUICK = Plan(seconds=3.0, rates=(1000, 2000, 5000, 10_000, 20_000, 40_000, 60_000), idle=1000, halvings=0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assistify bench realtime", description=__doc__)
    names = ",".join(peer.name for peer in PEERS)
    parser.add_argument("--peers", default=names, help=f"with commas: {names}")
    parser.add_argument(
        "--work",
        default=",".join(WORKLOADS),
        help="with commas: w1 token streams, w2 broadcast, w3 idle; of Assistify alone: stalled, append, screen",
    )
    parser.add_argument("--rates", default="", help="messages per second of w1, with commas: all of them, good or not")
    parser.add_argument("--seconds", type=float, default=0.0, help="of each step")
    parser.add_argument("--quick", action="store_true", help="short steps, few of them")
    parser.add_argument("--no-ceilings", action="store_true", help="leave out what bounds the figures from outside")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    rates = tuple(int(rate) for rate in options.rates.split(",") if rate)
    return Plan(
        options.seconds or plan.seconds, rates or plan.rates, plan.idle, 0 if rates else plan.halvings, bool(rates)
    )


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def _chosen(names: str) -> list[Peer]:
    known = {peer.name: peer for peer in PEERS}
    wanted = [name for name in names.split(",") if name]
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"unknown: {', '.join(unknown)}")
    return [known[name] for name in wanted]


def main() -> None:
    """Measure and report."""
    options = _options()
    results: dict[str, Any] = {name: {} for name in WORKLOADS}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, open(Path(folder) / "servers.log", "w+") as log:
        try:
            bench = Bench(_plan(options), build_generator(Path(folder)), log, _say)
            if not options.no_ceilings:
                results["ceilings"] = ceilings(bench)
        except MissingError as error:
            raise SystemExit(str(error)) from None
        for peer in _chosen(options.peers):
            if lacks := peer.missing():
                missing[peer.name] = lacks
                _say(f"{peer.name} is left out: {lacks} is not installed")
                continue
            for name in options.work.split(","):
                if peer.name != OWN and name not in ALL_SERVERS:
                    continue
                try:
                    results[name][peer.name] = WORKLOADS[name](bench, peer)
                except (RuntimeError, OSError) as error:  # the next one is measured all the same
                    results[name][peer.name] = {"error": str(error)}
                    _say(f"{peer.name} {name} failed: {error}")
        log.seek(0)
        sys.stderr.write(log.read()[-4000:])
    results["missing"] = missing
    results["machine"] = {"cores": os.cpu_count(), "load": os.getloadavg(), "python": sys.version.split()[0]}
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
