"""Commands about Shopify's records: channel sync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from app.bootstrap.core import open_core
from app.channels import shopify
from app.channels.shopify_pages import PAGE_SIZES
from app.cli.channels import ShopOption, channels, console, run_command, shop_named
from app.db.sync_runs import SqlSyncRuns
from app.services.shopify_backfill import KINDS, SyncRun
from app.settings import get_settings


def register() -> None:
    """Add the commands of this file."""
    channels.command()(sync)


def sync(
    shop: ShopOption = "",
    start: Annotated[bool, typer.Option("--start", help="Fetch what changed since the last time")] = False,
    full: Annotated[bool, typer.Option("--full", help="Fetch all records")] = False,
) -> None:
    """Say how far the records of Shopify's shops have come; with --start or --full, let a worker fetch them now."""

    async def run() -> Table:
        async with open_core(get_settings()) as core:
            owner, runs = await shop_named(core, shop), SqlSyncRuns(core.database)
            accounts = [one for one in await core.accounts.of_shop(owner) if one.kind == shopify.KIND]
            if start or full:
                for one in accounts:
                    if one.active and "access_token" in one.secrets:
                        await runs.begin(owner, one.id, PAGE_SIZES[KINDS[0]], full=full)
            table = Table("Account", "State", "At", *KINDS, "Last begun", "Next", "Error")
            for one in accounts:
                found = await runs.find(one.id)
                table.add_row(one.external_id, *(_row(found) if found is not None else ["never"]))
            return table

    console.print(run_command(run()))


def _row(run: SyncRun) -> list[str]:
    place = f"{run.kind}: {run.phase.value}" if run.finished_at is None else ""
    times = (run.started_at.isoformat(timespec="minutes"), run.due_at.isoformat(timespec="minutes"))
    return [run.status.value, place, *(_counted(run.counts.get(kind, {})) for kind in KINDS), *times, run.error or ""]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{many} {name}" for name, many in counts.items() if many) or "-"
