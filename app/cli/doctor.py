"""`assistify doctor`: checks what the server needs, and says how to mend each thing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.bootstrap.core import Core, open_channel_health, open_core
from app.db.migrate import newest_revision, revision_of
from app.settings import get_settings, unknown_variables
from realtime.bus.cluster_map import is_cluster
from realtime.bus.commands import RedisCommands
from realtime.bus.frame import Frame, Kind

console = Console()
PROBE_TOPIC = "doctor"
PROBE_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found, and what to do when it is not good."""

    name: str
    good: bool
    found: str
    mend: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor() -> None:
    """Check configuration, database, migrations, Redis, channels, models and web build.

    Exit code 1 when something is wrong.
    """

    async def run() -> list[Finding]:
        async with open_core(get_settings()) as core:
            return [await check(core) for check in CHECKS]

    findings = asyncio.run(run())
    table = Table("check", "", "found", "what to do")
    for finding in findings:
        sign = "[green]ok[/]" if finding.good else "[bold red]wrong[/]"
        table.add_row(finding.name, sign, escape(finding.found), "" if finding.good else finding.mend)
    console.print(table)
    if not all(finding.good for finding in findings):
        sys.exit(1)


async def _configuration(core: Core) -> Finding:
    settings, unknown = core.settings, unknown_variables()
    if unknown:
        mend = "see docs/howto/configure.md, and correct or remove them"
        return Finding("configuration", False, f"unknown: {', '.join(unknown)}", mend)
    return Finding("configuration", True, f"{settings.environment.value}, public URL {settings.resolved_public_url}")


async def _database(core: Core) -> Finding:
    kind = "SQLite" if core.database.is_sqlite else "PostgreSQL"
    try:
        await core.database.ping()
    except Exception as error:
        return Finding("database", False, f"{kind}: {type(error).__name__}", "check ASSISTIFY_DATABASE_URL")
    return Finding("database", True, f"{kind} answers")


async def _migrations(core: Core) -> Finding:
    newest = newest_revision()
    try:
        revision = await revision_of(core.database)
    except Exception as error:
        return Finding("migrations", False, type(error).__name__, "mend the database first")
    return Finding("migrations", revision == newest, f"at {revision}, newest is {newest}", "run `assistify migrate`")


async def _bus(core: Core) -> Finding:
    if not core.settings.redis_url:
        return Finding("bus", True, "in this process (no Redis configured)")
    heard = asyncio.Event()
    mend = "check ASSISTIFY_REDIS_URL and that the server runs"
    try:
        async with asyncio.timeout(PROBE_S):
            subscription = await core.bus.subscribe(PROBE_TOPIC, lambda _topic, _frame: heard.set())
            await core.bus.publish(PROBE_TOPIC, Frame(kind=Kind.CONTROL, body=b"{}"))
            await heard.wait()
            subscription.close()
            is_mistaken = not is_cluster(core.settings.redis_url) and await _is_of_a_cluster(core.settings.redis_url)
    except Exception as error:
        return Finding("bus", False, f"Redis: {type(error).__name__}", mend)
    if is_mistaken:
        return Finding("bus", False, "Redis is a node of a cluster", "say redis+cluster:// in ASSISTIFY_REDIS_URL")
    return Finding("bus", True, "Redis delivers")


async def _is_of_a_cluster(url: str) -> bool:
    commands = RedisCommands(url, timeout_s=PROBE_S)
    try:
        return bool((await commands.execute("INFO", "cluster"))["cluster_enabled"])
    finally:
        await commands.aclose()


async def _models(core: Core) -> Finding:
    from app.bootstrap.worker import load_models

    try:
        models = await asyncio.to_thread(load_models, core.settings, await core.model_versions.all())
    except Exception as error:
        return Finding("models", False, str(error), "check the model directories, or leave them out for the starters")
    versions = ", ".join(f"{task} {version}" for task, version in models.analyzer.versions.items())
    await models.responder.engine.aclose()
    if models.passed_over:
        mend = "put the files back, or use another version: see `assistify models`"
        return Finding("models", False, "; ".join(map(str, models.passed_over)), mend)
    return Finding("models", True, f"responder {models.responder.name}, {versions}")


async def _recommender(core: Core) -> Finding:
    from nlp.training.recommender import LIGHTFM_INSTALLED

    mend = "install a C compiler and run `make setup` again"
    found = "LightFM" if LIGHTFM_INSTALLED else "popularity only: LightFM is not installed"
    return Finding("recommendations", LIGHTFM_INSTALLED, found, mend)


async def _web(core: Core) -> Finding:
    built = (core.settings.web_dist / "widget.js").is_file()
    return Finding("web build", built, str(core.settings.web_dist) if built else "not built", "run `make setup`")


async def _channels(core: Core) -> Finding:
    health = open_channel_health(core)
    try:
        found = [one for shop in await core.shops.all() for one in await health.of_shop(shop.id)]
    except Exception as error:
        return Finding("channels", False, type(error).__name__, "mend the database first")
    connected = [one for one in found if one.state != "off"]
    broken = [one for one in connected if one.state == "broken"]
    if not broken:
        warned = sum(one.state == "warning" for one in connected)
        return Finding("channels", True, f"{len(connected)} connected, {warned} with warnings" if connected else "none")
    names = ", ".join(f"{one.account.kind} {one.account.external_id} ({' '.join(one.troubles)})" for one in broken)
    return Finding("channels", False, names, "see `assistify channel check`")


CHECKS: tuple[Callable[[Core], Awaitable[Finding]], ...] = (
    _configuration,
    _database,
    _migrations,
    _bus,
    _channels,
    _models,
    _recommender,
    _web,
)
