"""Whether this worker may still write: it must have reached the database within the last two seconds.

A worker cut off from the database cannot know of a takeover. The acknowledgement of a takeover that could not confirm
its fence waits longer than this, so that nothing of the bot comes after it.
"""

from __future__ import annotations

from collections.abc import Callable


class Validity:
    """Time since the last success, counted from before the query that succeeded."""

    def __init__(self, limit_s: float, monotonic: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._monotonic = monotonic
        self._since = float("-inf")

    def begin(self) -> float:
        """Return the time to give to `succeeded` once the query that begins now has succeeded."""
        return self._monotonic()

    def succeeded(self, began: float) -> None:
        """Note a query that succeeded."""
        self._since = max(self._since, began)

    def __call__(self) -> bool:
        return self._monotonic() - self._since < self._limit_s
