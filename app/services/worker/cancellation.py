"""What must be finished although the task that does it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


async def see_through(work: Coroutine[object, object, None]) -> None:
    """Do `work` to its end, also when cancelled meanwhile; then pass the cancel on.

    A second cancel stops the waiting, not the work.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
