"""Commands that run: serve, web, worker."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table
from uvicorn.supervisors import ChangeReload

from app.bootstrap.core import Core, Parts, build_parts, open_core, seed
from app.bootstrap.web import build_web
from app.demo.seed import STAFF
from app.lifecycle import (
    STOP_S,
    BackgroundTask,
    DrainingServer,
    drain_jobs,
    end_within,
    make_server,
    serve_web,
    serve_worker,
    tend_memory,
)
from app.logs import configure_logging
from app.main import create_app
from app.settings import Settings, get_settings

if TYPE_CHECKING:
    from app.services.worker.worker import Worker

console = Console()
SOURCES = Path(__file__).parents[2]
PACKAGES = ("app", "realtime", "nlp")
DEMO_PACE = 25.0  # tokens per second: the starter model alone would be done before anybody sees it write

HostOption = Annotated[str | None, typer.Option(help="Address to listen on")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on")]
DemoOption = Annotated[bool, typer.Option("--demo", help="Load and show the demo shop")]


class _Role(StrEnum):
    ALL = "serve"
    WEB = "web"
    WORKER = "worker"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(serve)
    app.command()(web)
    app.command()(worker)


def serve(
    host: HostOption = None,
    port: PortOption = None,
    demo: DemoOption = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when a source file changes")] = False,
) -> None:
    """Run everything in one process: web and worker; SQLite unless a database is configured."""
    if reload:
        _run_reloading(host, port, demo=demo)
    else:
        _run(_Role.ALL, host, port, demo=demo)


def web(host: HostOption = None, port: PortOption = None, demo: DemoOption = False) -> None:
    """Run HTTP and live sessions; needs the database, and Redis to reach other processes."""
    _run(_Role.WEB, host, port, demo=demo)


def worker() -> None:
    """Run models and jobs."""
    _run(_Role.WORKER, None, None, demo=False)


def _run(role: _Role, host: str | None, port: int | None, *, demo: bool) -> None:
    given: dict[str, str | float] = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    settings = get_settings()
    if demo and "reply_pace" not in settings.model_fields_set:
        given["reply_pace"] = DEMO_PACE
    settings = settings.model_copy(update=given)
    configure_logging(settings.log_level, as_json=settings.log_json)
    uvloop.run(_main(role, settings, demo=demo))


def _run_reloading(host: str | None, port: int | None, *, demo: bool) -> None:
    """Run the server in a child process that is replaced when a source file changes."""
    config = uvicorn.Config("app.main:create_app", reload=True, reload_dirs=[str(SOURCES / name) for name in PACKAGES])
    ChangeReload(config, target=partial(_run_child, host, port, demo), sockets=[]).run()


def _run_child(host: str | None, port: int | None, demo: bool, sockets: list[socket]) -> None:
    """Run in the child; it opens its own listening socket."""
    _run(_Role.ALL, host, port, demo=demo)


async def _main(role: _Role, settings: Settings, *, demo: bool) -> None:
    async with open_core(settings) as core:
        await core.migrate()
        parts = build_parts(core)
        password = (await seed(core)).password if demo and role is not _Role.WORKER else None
        jobs = await _worker(core, parts) if role is not _Role.WEB else None
        tasks = [BackgroundTask(name, loop) for name, loop in jobs.tasks()] if jobs is not None else []
        tasks.append(BackgroundTask("memory", tend_memory))
        if role is _Role.WORKER and jobs is not None:
            console.print("The worker is ready.")
            await serve_worker(tasks, partial(_stop_worker, jobs))
        else:
            server, of_web = _server(core, parts, jobs, password, demo=demo)
            await serve_web(server, [*tasks, *of_web])


async def _worker(core: Core, parts: Parts) -> Worker:
    # torch: seconds and memory that `web` does not pay
    from app.bootstrap.worker import build_worker, computing_threads, load_models

    asyncio.get_running_loop().set_default_executor(computing_threads())
    models = await asyncio.to_thread(load_models, core.settings, await core.model_versions.all())
    return build_worker(core, parts, models)


async def _stop_worker(jobs: Worker) -> None:
    end_within(STOP_S)
    await drain_jobs(jobs.drain)


def _server(
    core: Core, parts: Parts, jobs: Worker | None, password: str | None, *, demo: bool
) -> tuple[DrainingServer, list[BackgroundTask]]:
    built = build_web(core, parts)

    async def drain() -> None:
        end_within(core.settings.drain_s + STOP_S)
        built.state.draining = True
        if jobs is not None:
            await drain_jobs(jobs.drain)
        await built.gateway.drain(core.settings.drain_s if built.gateway.connection_count else 0.0)

    server = make_server(
        create_app(built, demo=demo), core.settings, drain, on_listening=partial(_announce, core.settings, password)
    )
    return server, [
        BackgroundTask("live sessions", built.gateway.run),
        BackgroundTask("verify tokens", built.context.verify_tokens.keep_fresh),
        *([BackgroundTask("simulator", built.context.simulator.run)] if demo else []),
    ]


def _announce(settings: Settings, password: str | None) -> None:
    url = settings.resolved_public_url
    table = Table(show_header=False, title="Assistify is up", title_justify="left")
    if password is not None:
        table.add_row("Demo shop", f"{url}/")
    table.add_row("Console", f"{url}/console")
    table.add_row("API docs", f"{url}/api/docs")
    if password is not None:
        for email, _, role in STAFF:
            table.add_row(f"Sign in ({role})", f"{email}  {password}")
    console.print(table)
