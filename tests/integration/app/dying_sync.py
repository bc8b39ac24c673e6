"""A worker that walks through Shopify's records and kills itself at one step; see tests.fixtures.mortals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.bootstrap.core import build_parts, open_core
from app.bootstrap.shopify import open_shopify
from app.db.sync_runs import SqlSyncRuns
from app.domain.job import Lane
from app.services.ids import new_id
from app.services.jobs import JobQueue
from app.services.shopify_access import ShopifyAccess
from app.services.shopify_backfill import SYNC_KIND
from app.settings import Settings
from tests.fixtures.death import die, dying_after
from tests.fixtures.signed import PUBLIC_URL

SECRET_KEY = "a-secret-key-of-tests-that-is-long-enough"
BEFORE = "before: "
STEPS: dict[str, tuple[Any, str]] = {
    "a page is written": (SqlSyncRuns, "pulled"),
    "records are forgotten": (SqlSyncRuns, "forget"),
    "the ids of a page are noted": (SqlSyncRuns, "move"),
    "the job is claimed": (JobQueue, "claim"),
    "shopify has answered": (ShopifyAccess, "ask"),
    "the job is done": (JobQueue, "done"),
}
"""After which call the process dies."""
COMMITS = ("a page is written", "records are forgotten", "the ids of a page are noted")
DEATHS = [*(BEFORE + step for step in COMMITS), *STEPS]
"""Every step after which it may die, and the commits also just before."""


def dying_at_session_commit(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return the call, with death in place of its commit."""

    async def commit(session: AsyncSession) -> None:
        die()

    async def last(*args: Any, **kwargs: Any) -> Any:
        with patch.object(AsyncSession, "commit", commit):
            return await call(*args, **kwargs)

    return last


async def main(folder: Path, base: str, step: str) -> None:
    owner, name = STEPS[step.removeprefix(BEFORE)]
    dying = dying_at_session_commit if step.startswith(BEFORE) else dying_after
    settings = Settings(
        var_dir=folder,
        database_url=f"sqlite+aiosqlite:///{folder}/assistify.db",
        public_url=PUBLIC_URL,
        secret_key=SecretStr(SECRET_KEY),
        shopify_stand_in=base,
    )
    async with open_core(settings) as core:
        parts = build_parts(core)
        backfill = open_shopify(core, parts).backfill
        with patch.object(owner, name, dying(getattr(owner, name))):
            for job in await parts.queue.claim(Lane.SYNC, new_id(), 10):
                if job.kind == SYNC_KIND:
                    await backfill(job)
                    await parts.queue.done(job)
