"""Where a connection comes from, read from its handshake."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from realtime.ports import Peer


def peer_of(scope: Scope) -> Peer:
    """Return the peer of a WebSocket or HTTP request."""
    headers = Headers(scope=scope)
    client = scope.get("client")
    return Peer(
        address=client[0] if client else "",
        origin=headers.get("origin"),
        host=headers.get("host"),
        cookies=cookie_parser(headers.get("cookie", "")),
    )
