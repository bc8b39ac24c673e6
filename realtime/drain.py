"""How a node lets go of its connections: hints and closes spread over a window, so that nobody storms the others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

HINT_SHARE = 0.9  # of the window for reconnect hints; in the rest clients follow them by themselves

Connection = TypeVar("Connection")


@dataclass(frozen=True, slots=True)
class Departure(Generic[Connection]):
    """When a connection is asked to reconnect, and when it is closed, both in seconds from the start."""

    connection: Connection
    reconnect_after_s: float
    close_after_s: float


def departures(
    connections: Sequence[Connection], window_s: float, choose: random.Random
) -> list[Departure[Connection]]:
    """Give every connection its place in the window, in the order of the closes: evenly spaced, randomly assigned."""
    shuffled = list(connections)
    choose.shuffle(shuffled)
    hint_window = window_s * HINT_SHARE
    step = hint_window / max(1, len(shuffled))
    return [
        Departure(connection, index * step, index * step + window_s - hint_window)
        for index, connection in enumerate(shuffled)
    ]
