"""Heavy work in a process of its own: its memory and its hours of processor time end with it."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL


class ModuleFailedError(RuntimeError):
    """A process ended without having done its work."""


async def run_module(module: str, *arguments: str) -> None:
    """Run a module in a process of its own; it ends with this task.

    Raises: ModuleFailedError.
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, stdin=DEVNULL)
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise ModuleFailedError(f"{module} ended with {code}")
