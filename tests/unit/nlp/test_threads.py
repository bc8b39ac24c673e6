"""Threads that give way."""

from __future__ import annotations

import os
import sys
import threading

from nlp.threads import LOWEST, give_way


def priorities(*steps: int) -> list[int]:
    """Return a new thread's niceness before and after each step."""
    found = [_own()]

    def work() -> None:
        for step in steps:
            give_way(step)
            found.append(_own())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found


def _own() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_gives_way_by_itself() -> None:
    before = _own()
    lowered = [min(LOWEST, before + 2), LOWEST] if sys.platform == "linux" else [before, before]
    assert priorities(2, 100) == [before, *lowered]
    assert _own() == before
