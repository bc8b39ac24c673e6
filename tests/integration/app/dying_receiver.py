"""A process that takes a webhook and kills itself at one step; see tests.fixtures.mortals."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
from pydantic import SecretStr

from app.bootstrap.core import Core, Parts, build_parts, open_core
from app.bootstrap.web import build_web
from app.db.channel_accounts import SqlChannelAccounts
from app.domain.job import Lane
from app.main import create_app
from app.services.change import Changes
from app.services.clock import SystemClock
from app.services.ids import new_id
from app.services.inbox import Inbox
from app.services.jobs import JobQueue
from app.services.receiving import Receiving
from app.settings import Settings
from tests.fixtures.death import dying_after, dying_at_commit
from tests.fixtures.signed import PUBLIC_URL, Signed, entry, meta, meta_message

SECRET_KEY = "a-secret-key-of-tests-that-is-long-enough"
BEFORE = "before: "


async def answer(core: Core, parts: Parts, signed: Signed) -> None:
    """Be the web process: take the event and answer the vendor."""
    transport = httpx2.ASGITransport(create_app(build_web(core, parts), demo=False))
    async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
        told = await client.post(signed.path, content=signed.body, headers=dict(signed.headers))
    assert told.status_code == 200, told.text


async def work(parts: Parts) -> None:
    """Be the worker: do what the webhook left."""
    receiving = Receiving(parts.store, parts.changes, SystemClock())
    for job in await parts.queue.claim(Lane.RECEIVE, new_id(), 10):
        await receiving(job)
        await parts.queue.done(job)


STEPS: dict[str, tuple[Any, str]] = {
    "the account is found": (SqlChannelAccounts, "named"),
    "the event is stored": (Inbox, "accept"),
    "the vendor is answered": (sys.modules[__name__], "answer"),
    "the job is claimed": (JobQueue, "claim"),
    "the customer is known": (Receiving, "identity"),
    "the conversation is open": (Receiving, "_conversation"),
    "the message is said": (Changes, "run"),
    "the job is done": (JobQueue, "done"),
}
"""After which call the process dies."""
DEATHS = [*STEPS, *(BEFORE + step for step in ("the event is stored", "the customer is known", "the message is said"))]
"""Every step after which it may die, and the commits also just before."""


def text_of(step: str) -> str:
    return f"Does it survive: {step}?"


def event(step: str) -> Signed:
    """What the vendor sends at a step, as often as it takes: the first message of somebody new."""
    number = DEATHS.index(step)
    return meta([entry(meta_message(f"m_{number}", text_of(step), sender=f"20{number}"))])


async def main(folder: Path, step: str) -> None:
    owner, name = STEPS[step.removeprefix(BEFORE)]
    dying = dying_at_commit if step.startswith(BEFORE) else dying_after
    url = f"sqlite+aiosqlite:///{folder}/assistify.db"
    settings = Settings(var_dir=folder, database_url=url, public_url=PUBLIC_URL, secret_key=SecretStr(SECRET_KEY))
    async with open_core(settings) as core:
        parts = build_parts(core)
        with patch.object(owner, name, dying(getattr(owner, name))):
            await answer(core, parts, event(step))
            await work(parts)
