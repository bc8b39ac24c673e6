"""WebSocket close codes: 4000-4499 the client reconnects, 4500-4999 it does not."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """Why the server closes a socket."""

    DRAIN = 4000
    SLOW_CONSUMER = 4001
    RESYNC = 4002
    HEARTBEAT = 4003
    PROTOCOL = 4500
    UNAUTHORIZED = 4501
    REVOKED = 4502
    REPLACED = 4503
