"""The server under test: gateway, hub, bus and server settings as they ship, over a product that holds no data.

Run: python -m benchmarks.realtime.server PORT REDIS_PORT
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import uvloop
from starlette.applications import Starlette

from app.lifecycle import BackgroundTask, make_server, serve_web, tend_memory
from app.settings import Settings
from benchmarks.realtime.names import LOG
from realtime.bus.redis import RedisBus
from realtime.gateway import Gateway
from realtime.hub import Hub
from realtime.live_reply.redis import RedisLiveReply
from realtime.ports import Authenticated, CommandError, LogPage, Missed, Peer, Principal, Snapshot
from realtime.presence_redis import RedisPresence
from realtime.protocol.commands import AgentHello, Command, NotificationCursor, VisitorHello
from realtime.protocol.events import Notification
from realtime.settings import RealtimeSettings

SHOP = uuid5(NAMESPACE_URL, "shop")


class EmptyShop:
    """Sessions of a shop in which every conversation exists and nothing was ever said."""

    async def authenticate_visitor(self, hello: VisitorHello, peer: Peer) -> Authenticated:
        """Take any token for a visitor's."""
        token = hello.token or "new"
        return Authenticated(Principal(kind="visitor", id=uuid5(SHOP, token), shop=SHOP), token)

    async def authenticate_user(self, hello: AgentHello, peer: Peer) -> Authenticated:
        """Take any token for an agent's."""
        token = hello.token or "nobody"
        return Authenticated(Principal(kind="user", id=uuid5(SHOP, token), shop=SHOP, name=token, role="agent"), None)

    def stream_token(self, authenticated: Authenticated) -> str:
        """Say nothing of the page."""
        return authenticated.token or "nobody"

    async def open_stream(self, token: str, peer: Peer) -> Authenticated:
        """Take any token for a visitor's."""
        return Authenticated(await self.check_visitor(token, peer), token)

    async def check_visitor(self, token: str, peer: Peer) -> Principal:
        """Take any token for a visitor's."""
        return Principal(kind="visitor", id=uuid5(SHOP, token), shop=SHOP)

    async def admit(self, principal: Principal, command: Command) -> None:
        """Let everything through."""

    async def refresh(self, principal: Principal, token: str) -> Authenticated:
        """Accept any token."""
        return Authenticated(principal, None)

    async def are_valid(self, principals: Sequence[Principal]) -> Sequence[bool]:
        """Say that all sign-ins hold."""
        return [True] * len(principals)

    async def check_watch(self, principal: Principal, conversation: UUID) -> None:
        """Let everybody read everything."""

    async def read_log(self, conversation: UUID, after: int, limit: int) -> LogPage:
        """Return the empty log."""
        return LogPage(LOG, 0, (), 0)

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        """Say that all logs are empty."""
        return dict.fromkeys(conversations, (LOG, 0))

    async def snapshot(self, principal: Principal, conversation: UUID) -> Snapshot:
        """Return an empty conversation."""
        return Snapshot(LOG, 0, 0, {"id": str(conversation), "log": LOG, "seq": 0, "messages": []})

    async def inbox(self, principal: Principal, queue: str) -> Sequence[Mapping[str, Any]]:
        """Return no conversation."""
        return ()

    async def missed(self, principal: Principal, cursor: NotificationCursor | None) -> Missed:
        """Return nothing to be told."""
        return Missed(())

    async def unread(self, users: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return nothing unread."""
        return {}

    async def notified(self, principal: Principal, notifications: Sequence[UUID]) -> Sequence[Notification]:
        """Return no notification."""
        return ()

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        """Return no conversation."""
        return ()

    async def execute(self, principal: Principal, connection: UUID, command: Command) -> Mapping[str, Any]:
        """Refuse all commands that change something."""
        raise CommandError("forbidden", "this shop is for measuring")


async def main(port: int, redis_port: int) -> None:
    """Serve until SIGTERM."""
    url = f"redis://127.0.0.1:{redis_port}/0"
    bus, live_reply = RedisBus(url), RedisLiveReply(url)
    shop = EmptyShop()
    settings = RealtimeSettings()
    hub = Hub(bus, live_reply, shop, settings)
    gateway = Gateway(hub, shop, settings, presence=RedisPresence(url))
    app = Starlette(routes=gateway.routes())

    async def drain() -> None:
        await gateway.drain(0.0)

    server = make_server(app, Settings(host="127.0.0.1", port=port), drain)
    try:
        await serve_web(server, [BackgroundTask("memory", tend_memory), BackgroundTask("live sessions", gateway.run)])
    finally:
        await bus.aclose()
        await live_reply.aclose()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
