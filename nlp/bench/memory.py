"""How much memory a process holds."""

from __future__ import annotations

import os
from pathlib import Path


def resident_mb() -> float:
    """Return the resident memory of this process; 0 where the system does not tell it in /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
