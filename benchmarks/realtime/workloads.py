"""The workloads: token streams at a rising rate, a broadcast, idle connections; and what bounds them from outside."""

from __future__ import annotations

import asyncio
import math
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from benchmarks.realtime.names import conversation_of
from benchmarks.realtime.rig import (
    CLIENT_CORE,
    KNOWN,
    SERVER_CORE,
    Peer,
    Rig,
    cpu_of,
    free_port,
    publish,
    start_redis,
    stop,
)
from realtime.live_reply.redis import RedisLiveReply

OWN = "assistify"
GROUPS = 1000
SOCKETS = 2000
RATES = (1000, 2000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 95_000, 110_000)
GOOD_P99_MS = 50.0
KEPT = 0.97  # of the rate that was asked for
DRAIN_S = 12.0
STILL_S = 2.5
W2_RATE = 20.0
STALLING = 100
STALL_GROUPS = 20  # each with two that read and five that stop
STALL_RATE = 10_000.0
STALL_S = 12.0
APPEND_RATE = 2000.0
SCREEN_RATES = (50.0, 100.0, 200.0)
Figures = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how much. `rates`: messages per second, each delivered to two sockets."""

    seconds: float = 8.0
    rates: tuple[int, ...] = RATES
    idle: int = 5000
    halvings: int = 2
    all_rates: bool = False  # also those beyond a step that was not good


@dataclass(frozen=True, slots=True)
class Bench:
    """What all workloads share."""

    plan: Plan
    generator: Path
    log: IO[str]
    say: Say

    def rig(self, peer: Peer) -> Rig:
        """Start a server."""
        return Rig(peer, self.generator, self.log)


def step(rig: Rig, rate: float, seconds: float) -> Figures:
    """Publish at a rate. `whole`: every socket got exactly what its group was sent, in order."""
    rig.ask("reset")
    before, client_before, begin = rig.cpu(), rig.client_cpu(), time.monotonic()
    sent = rig.publish(rate, seconds)
    took = time.monotonic() - begin
    per_group = rig.connections // rig.groups
    report = _received(rig, sent["sent"] * per_group)
    after = rig.cpu()
    least, most = sent["sent"] // rig.groups, -(-sent["sent"] // rig.groups)
    faults = report["lost"] + report["misordered"] + report["closed_early"] + sent["refused"]
    is_whole = report["frames"] == sent["sent"] * per_group and faults == 0
    is_whole = is_whole and (report["conn_min"], report["conn_max"]) == (least, most)
    user, system = (late - early for late, early in zip(after, before, strict=True))
    frames = max(1, report["frames"])
    return {
        "rate": rate,
        "kept": round(sent["rate"]),
        "frames": report["frames"],
        "frames_per_s": round(report["frames_per_s"]),
        "p50_ms": report["p50_ms"],
        "p99_ms": report["p99_ms"],
        "max_ms": report["max_ms"],
        "whole": is_whole,
        "merged": report["merged"],
        "cpu_us_per_frame": round((user + system) / frames * 1e6, 2),
        "user_us_per_frame": round(user / frames * 1e6, 2),
        "client_core": round((rig.client_cpu() - client_before + sent["cpu_s"]) / took, 2),
        "good": is_whole and report["p99_ms"] <= GOOD_P99_MS and sent["rate"] >= KEPT * rate,
    }


def _received(rig: Rig, expected: int) -> Figures:
    """Wait for the frames under way; give up when nothing comes any more."""
    end, last, changed = time.monotonic() + DRAIN_S, -1, time.monotonic()
    while True:
        report = rig.ask("report")
        now = time.monotonic()
        if report["frames"] != last:
            last, changed = report["frames"], now
        if last >= expected or now > end or now > changed + STILL_S:
            return report
        time.sleep(0.2)


def token_streams(bench: Bench, peer: Peer) -> Figures:
    """W1: raise the rate until a step is not good twice, then halve the gap to the last good one."""
    steps: list[Figures] = []
    best = 0.0
    bad = math.inf
    waiting = list(bench.plan.rates)
    halvings = bench.plan.halvings
    again = not bench.plan.all_rates
    rig = _joined(bench, peer, SOCKETS, GROUPS)
    try:
        step(rig, 500, 1.5)  # warm up
        while waiting or (best > 0 and halvings > 0 and math.isfinite(bad) and bad - best > 0.08 * bad):
            if not waiting:
                halvings -= 1
                waiting.append(round((best + bad) / 2))
            figures = step(rig, waiting.pop(0), bench.plan.seconds)
            steps.append(figures)
            bench.say(f"{peer.name} w1 {_told(figures)}")
            if figures["good"]:
                best = max(best, figures["rate"])
                again = not bench.plan.all_rates
                continue
            if again and figures["whole"]:  # perhaps it was other work on the machine
                again = False
                waiting.insert(0, figures["rate"])
                continue
            bad = min(bad, figures["rate"])
            if not bench.plan.all_rates:
                waiting.clear()
            if not figures["whole"]:  # it may still be busy with the rest
                rig.__exit__()
                rig = _joined(bench, peer, SOCKETS, GROUPS)
                step(rig, 500, 1.5)
    finally:
        rig.__exit__()
    good = [figures for figures in steps if figures["good"]]
    top = max(good, key=lambda figures: figures["rate"]) if good else None
    return {
        "frames_per_s": top["frames_per_s"] if top else 0,
        "p99_ms": top["p99_ms"] if top else None,
        "cpu_us_per_frame": top["cpu_us_per_frame"] if top else None,
        "most_frames_per_s": max((figures["frames_per_s"] for figures in steps), default=0),
        "steps": steps,
    }


def broadcast(bench: Bench, peer: Peer) -> Figures:
    """W2: one group of 2,000 sockets, 20 messages a second."""
    rig = _joined(bench, peer, SOCKETS, 1)
    try:
        step(rig, 5, 1)
        figures = step(rig, W2_RATE, bench.plan.seconds)
    finally:
        rig.__exit__()
    bench.say(f"{peer.name} w2 {_told(figures)}")
    return figures


def idle(bench: Bench, peer: Peer) -> Figures:
    """W3: open many connections, two to a group, and see what they cost; a message to each proves that it is joined."""
    count = bench.plan.idle
    with bench.rig(peer) as rig:
        rig.connect(20, 10)  # imports and buffers of the first use
        rig.disconnect()
        time.sleep(2)
        before, cpu_before = rig.memory_kib(), sum(rig.cpu())
        ready = rig.connect(count, count // 2)
        cpu_s = sum(rig.cpu()) - cpu_before
        time.sleep(3)
        after = rig.memory_kib()
        proof = step(rig, count / 4, 2)
        used = rig.memory_kib()
        known = rig.connect(count, count // 2, client=KNOWN) if peer.name == OWN else None
    opened = max(1, ready["connected"])
    figures = {
        "connected": ready["connected"],
        "joined": proof["whole"],
        "opened_per_s": round(opened / ready["connect_s"]),
        "cpu_ms_per_connection": round(cpu_s / opened * 1000, 3),
        "kib_per_connection": round((after - before) / opened, 1),
        "kib_per_used_connection": round((used - before) / opened, 1),
    }
    if known is not None:  # a token that is known, and nothing to resume
        figures["known_connected"] = known["connected"]
        figures["known_opened_per_s"] = round(max(1, known["connected"]) / known["connect_s"])
    bench.say(f"{peer.name} w3 {figures}")
    return figures


def stalled(bench: Bench, peer: Peer) -> Figures:
    """100 sockets stop reading in loud conversations: how soon they are gone, at what cost, and what others notice."""
    with bench.rig(peer) as rig:
        rig.connect(STALL_GROUPS * 7, STALL_GROUPS, stalling=STALLING)
        time.sleep(1.5)
        step(rig, 500, 1.5)
        quiet = _loud_step(rig, 0)
        before, highest = rig.memory_kib(), 0
        rig.ask("stall")
        done = threading.Event()

        def watch() -> None:
            nonlocal highest
            while not done.wait(0.1):
                highest = max(highest, rig.memory_kib())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            figures = _loud_step(rig, STALLING)
        finally:
            done.set()
            watching.join()
    figures |= {
        "stalled": STALLING,
        "before_p50_ms": quiet["p50_ms"],
        "before_p99_ms": quiet["p99_ms"],
        "memory_mb": round(highest / 1024, 1),
        "grown_mb": round((highest - before) / 1024, 1),
    }
    bench.say(f"{peer.name} stalled {figures}")
    return figures


def _loud_step(rig: Rig, stalling: int) -> Figures:
    """Send to few conversations; return what those who read got, and when the others were dropped."""
    rig.ask("reset")
    sent = rig.publish(STALL_RATE, STALL_S)
    readers = rig.connections - stalling
    expected = sent["sent"] * readers // rig.groups
    report = _received(rig, expected)
    faults = report["lost"] + report["misordered"] + report["closed_early"] + sent["refused"]
    return {
        "frames_per_s": round(report["frames_per_s"]),
        "p50_ms": report["p50_ms"],
        "p99_ms": report["p99_ms"],
        "whole": report["frames"] == expected and faults == 0,
        "gone": report["stalled_gone"],
        "gone_s": report["gone_s"],
    }


def appended(bench: Bench, peer: Peer) -> Figures:
    """The whole way of a token: a worker's fenced append, Redis, the web process, two sockets."""
    rig = _joined(bench, replace(peer, publisher="append"), SOCKETS, GROUPS)
    try:
        step(rig, 200, 1.5)
        figures = step(rig, APPEND_RATE, bench.plan.seconds)
    finally:
        rig.__exit__()
    bench.say(f"{peer.name} append {_told(figures)}")
    return figures


def screen(bench: Bench, peer: Peer) -> Figures:
    """From a customer's message to an agent's screen: see benchmarks.realtime.screen."""
    from benchmarks.realtime.screen import measure  # the tests' servers, which other workloads do without

    steps = measure(SCREEN_RATES, max(8.0, bench.plan.seconds))
    for figures in steps:
        bench.say(f"{peer.name} screen {figures}")
    return {"database": "PostgreSQL, fsync on", "web_processes": 2, "steps": steps}


def ceilings(bench: Bench) -> Figures:
    """What Redis does on a core of its own: publishes without a listener, and fenced appends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port = free_port()
        redis = start_redis(port, folder, SERVER_CORE)
        try:
            before = sum(cpu_of(redis.pid))
            sent = publish("assistify", port, GROUPS, 10**6, 2)
            busy = sum(cpu_of(redis.pid)) - before
            appended = asyncio.run(_appends(port, redis.pid, bench.plan.seconds / 2))
        finally:
            stop(redis)
    figures = {
        "publisher_per_s": round(sent["rate"]),
        "publisher_core": CLIENT_CORE,
        "redis_us_per_publish": round(busy / sent["sent"] * 1e6, 2),
        **appended,
    }
    bench.say(f"ceilings {figures}")
    return figures


async def _appends(port: int, redis_pid: int, seconds: float, streams: int = 64) -> Figures:
    """Append to that many live replies at once, fenced and published as in service."""
    live_reply = RedisLiveReply(f"redis://127.0.0.1:{port}/0", timeout_s=5)
    replies = [(conversation_of(number), uuid4()) for number in range(streams)]
    end = time.monotonic() + seconds
    done = 0

    async def stream(number: int) -> None:
        nonlocal done
        conversation, message = replies[number]
        at = 0
        while time.monotonic() < end:
            if at % 4096 == 0:  # a reply has an end
                message, at = uuid4(), 0
                await live_reply.begin(conversation, message, 0, 1 + done)
                attempt = 1 + done
            at = await live_reply.append(conversation, message, 0, attempt, start=at, text=" shipping", ids=(7, 8))
            done += 1

    cpu, begin = sum(cpu_of(redis_pid)), time.monotonic()
    try:
        await asyncio.gather(*(stream(number) for number in range(streams)))
    finally:
        await live_reply.aclose()
    took, busy = time.monotonic() - begin, sum(cpu_of(redis_pid)) - cpu
    return {
        "appends_per_s": round(done / took),
        "redis_us_per_append": round(busy / done * 1e6, 2),
        "redis_share": round(busy / took, 3),
    }


def _joined(bench: Bench, peer: Peer, connections: int, groups: int) -> Rig:
    rig = bench.rig(peer).__enter__()
    try:
        ready = rig.connect(connections, groups)
        if ready["connected"] != connections:
            raise RuntimeError(f"{peer.name}: {ready['connected']} of {connections} connections were joined")
        time.sleep(1.5)
    except BaseException:
        rig.__exit__()
        raise
    return rig


def _told(figures: Figures) -> str:
    words = {True: "good", False: "not good"}[figures["good"]]
    return (
        f"{figures['rate']:g}/s: {figures['frames_per_s']} frames/s, p50 {figures['p50_ms']:.1f} ms, "
        f"p99 {figures['p99_ms']:.1f} ms, {figures['cpu_us_per_frame']} us CPU a frame "
        f"({figures['user_us_per_frame']} user), whole {figures['whole']}, kept {figures['kept']}, "
        f"client core {figures['client_core']}: {words}"
    )
