"""A worker that kills itself at one step of sending; see tests.fixtures.mortals."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from app.bootstrap.core import build_parts, open_core
from app.channels.http import VendorHttp
from app.db.transaction import SqlTransaction
from app.services.deliver import Deliver
from app.services.jobs import JobQueue
from app.settings import Settings
from tests.integration.app.rig import Product, settings_of
from tests.integration.app.stand_ins import Hands

Given = ParamSpec("Given")
Result = TypeVar("Result")

STEPS: dict[str, tuple[type[Any], str]] = {
    "the job is claimed": (JobQueue, "claim"),
    "the part is marked as being sent": (Deliver, "begin"),
    "the vendor has answered": (VendorHttp, "request"),
    "the answer is stored": (Deliver, "settle"),
    "the job is done": (JobQueue, "done"),
}
"""After which call the process dies."""
BEFORE = "before: "
DEATHS = [*STEPS, f"{BEFORE}the part is marked as being sent", f"{BEFORE}the answer is stored"]
"""Every step after which it may die, and the two commits also just before."""


def dying(call: Callable[Given, Awaitable[Result]], *, before: bool) -> Callable[Given, Awaitable[Result]]:
    """Return the call, with death after it, or before it."""

    async def last(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        if not before:
            result = await call(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    return last


def dying_commit(commit: Callable[[SqlTransaction], Awaitable[None]]) -> Callable[[SqlTransaction], Awaitable[None]]:
    async def last(tx: SqlTransaction) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        await commit(tx)

    return last


async def main(folder: Path, step: str) -> None:
    owner, name = STEPS[step.removeprefix(BEFORE)]
    call = getattr(owner, name)

    async def without_commit(*args: Any, **kwargs: Any) -> Any:
        with patch.object(SqlTransaction, "commit", dying_commit(SqlTransaction.commit)):
            return await call(*args, **kwargs)

    last = without_commit if step.startswith(BEFORE) else dying(call, before=False)
    async with open_core(Settings(**settings_of(folder))) as core:
        rig = Product(core, build_parts(core), None, None)  # type: ignore[arg-type]
        with patch.object(owner, name, last):
            await Hands(rig).work()
