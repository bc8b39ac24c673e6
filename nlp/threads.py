"""Threads that compute, beside one that answers."""

from __future__ import annotations

import os
import sys
import threading

LOWEST = 19


def give_way(niceness: int) -> None:
    """Let other threads have the processor before this one, and before those that it starts.

    Linux gives each thread a priority of its own; elsewhere it would be the whole process's, and nothing is done.
    """
    if sys.platform == "linux":
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, min(LOWEST, os.getpriority(os.PRIO_PROCESS, own) + niceness))
