"""Start, watch, stop: one process from its first line to its last.

Background tasks live in a task group around `server.serve()`, not in the ASGI lifespan: when one dies the process
stops, instead of serving on without it. On SIGTERM uvicorn would close every socket at once with 1012, before any
lifespan hook runs, so the drain happens in `Server.shutdown`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from socket import socket

import structlog
import uvicorn
from starlette.types import ASGIApp

from app.settings import Settings
from realtime.transport import AbortableHttpProtocol, AbortableWebSocketProtocol

log = structlog.get_logger(__name__)

BACKLOG = 2048
GRACE_S = 5  # after the drain, for requests in flight
JOBS_DRAIN_S = 5.0  # for a worker to give back what it has in hand; another one takes the rest when the lease ends
STOP_S = 20.0  # besides the window of the drain, for all of stopping
EXIT_FORCED = 70  # EX_SOFTWARE of sysexits.h
FORCE_CHECK_S = 0.2
YOUNG_OBJECTS = 10_000  # made before the collector looks at them
NEVER = 1_000_000  # collections of the young before the older are looked at
FEW_COLLECTIONS = 8  # of the young: a look at what they left takes about 20 ms
LOOK_EVERY_S = 0.2
SETTLE_EVERY_S = 10.0
THAW_EVERY_S = 3600.0
IDLE_LAG_S = 0.002  # of a loop that has nothing to do


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A named task that runs as long as the process; its end before shutdown is an error."""

    name: str
    run: Callable[[], Awaitable[None]]


def end_within(seconds: float) -> threading.Timer:
    """End this process by force unless it ended by itself within so many seconds; returns the way to call it off.

    A thread, because what hangs may be the loop itself, or the driver of a database that answers no more.
    """
    timer = threading.Timer(seconds, _end_by_force)
    timer.daemon = True
    timer.start()
    return timer


def _end_by_force() -> None:
    log.error("stopping took too long", action="stop_forced")
    os._exit(EXIT_FORCED)


async def drain_jobs(drain: Callable[[], Awaitable[None]], within_s: float = JOBS_DRAIN_S) -> None:
    """Let a worker give back its jobs; when it takes too long (the database hangs), their leases will run out."""
    try:
        async with asyncio.timeout(within_s):
            await drain()
    except TimeoutError:
        log.warning("jobs were not given back in time", action="drain_jobs_timeout")


class TaskEndedError(RuntimeError):
    """A background task returned although the process was not stopping."""


class DrainingServer(uvicorn.Server):
    """A uvicorn server that closes its listeners and lets `drain` end the live sessions before it shuts down."""

    def __init__(
        self,
        config: uvicorn.Config,
        drain: Callable[[], Awaitable[None]],
        on_listening: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self.servers: list[asyncio.Server] = []
        self._drain = drain
        self._on_listening = on_listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Obey signals, and do not raise them again afterwards as uvicorn does: there is still a lot to close."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then say so; a port in use ends the process before that."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()

    def close_listeners(self) -> None:
        """Take no more connections; idempotent."""
        for server in self.servers:
            server.close()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Drain, then end what is left."""
        self.close_listeners()
        await self._drain_unless_forced()
        await super().shutdown(sockets)

    async def _drain_unless_forced(self) -> None:
        """Drain, until it is done or Ctrl-C is pressed again."""
        drain = asyncio.ensure_future(self._drain())
        while not drain.done() and not self.force_exit:
            await asyncio.wait([drain], timeout=FORCE_CHECK_S)
        drain.cancel()
        try:
            await drain
        except asyncio.CancelledError:
            log.warning("stopped without draining", action="drain_forced")
        except Exception:
            log.exception("draining failed", action="drain_failed")


def make_server(
    app: ASGIApp,
    settings: Settings,
    drain: Callable[[], Awaitable[None]],
    *,
    on_listening: Callable[[], None] = lambda: None,
) -> DrainingServer:
    """Configure uvicorn as the design asks: sans-IO WebSockets that can be aborted, no compression, uvloop.

    `on_listening` is called once connections are accepted.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=AbortableHttpProtocol,
        ws=AbortableWebSocketProtocol,
        ws_max_size=2**20,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=GRACE_S,
    )
    return DrainingServer(config, drain, on_listening)


async def tend_memory() -> None:
    """Keep the pauses of the garbage collector at a few milliseconds; a BackgroundTask.

    A connection is about 200 objects, and a full collection over some thousand of them would stop all sockets for
    0.1 s, again and again while they connect. So what has lived for a moment is taken out of its sight: at once while
    many objects are made that stay, in a moment without work otherwise. Cycles among that are collected once an hour.
    """
    loop = asyncio.get_running_loop()
    gc.set_threshold(YOUNG_OBJECTS, NEVER, NEVER)
    gc.collect()
    settle_at, thaw_at = 0.0, loop.time() + THAW_EVERY_S
    while True:
        _, young_collections, _ = gc.get_count()
        if young_collections or loop.time() >= settle_at:
            settle_at = loop.time() + SETTLE_EVERY_S
            if young_collections <= FEW_COLLECTIONS:
                gc.collect(1)
            gc.freeze()
        await asyncio.sleep(LOOK_EVERY_S)
        if loop.time() >= thaw_at:
            await _idle_moment(loop.time() + SETTLE_EVERY_S)
            thaw_at = loop.time() + THAW_EVERY_S
            gc.unfreeze()
            gc.collect()


async def _idle_moment(until: float) -> None:
    """Return when the loop has nothing to do, at last at loop time `until`."""
    loop = asyncio.get_running_loop()
    while (now := loop.time()) < until:
        await asyncio.sleep(0.02)
        if loop.time() - now < 0.02 + IDLE_LAG_S:
            return


@contextlib.asynccontextmanager
async def running(tasks: Sequence[BackgroundTask]) -> AsyncIterator[None]:
    """Run the background tasks around the body; the first that fails ends the body, and all end with it."""
    stopping = False

    async def watched(task: BackgroundTask) -> None:
        await task.run()
        if not stopping:
            raise TaskEndedError(f"background task {task.name} ended by itself")

    async with asyncio.TaskGroup() as group:
        started = [group.create_task(watched(task), name=task.name) for task in tasks]
        try:
            yield
        finally:
            stopping = True
            for task in started:
                task.cancel()


async def serve_web(server: DrainingServer, tasks: Sequence[BackgroundTask]) -> None:
    """Serve until a signal or the death of a background task."""
    async with running(tasks):
        try:
            await server.serve()
        finally:
            server.close_listeners()


async def serve_worker(tasks: Sequence[BackgroundTask], drain: Callable[[], Awaitable[None]]) -> None:
    """Run without HTTP until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(tasks):
        await stop.wait()
        log.info("stopping", action="worker_stopping")
        await drain()
