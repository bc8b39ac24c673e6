"""The endpoints: WebSockets at /ws/chat for visitors and /ws/agent for staff, event streams at /sse/chat."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
from collections.abc import AsyncIterator, Iterator, Sequence

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from realtime.attendance import Attendance
from realtime.dispatch import Dispatcher
from realtime.drain import departures
from realtime.hub import Hub
from realtime.peer import peer_of
from realtime.ports import Sessions
from realtime.presence import MemoryPresence, Presence
from realtime.protocol.answers import PROTOCOL_VERSION
from realtime.protocol.close_codes import CloseCode
from realtime.recheck import Recheck
from realtime.session import LiveSession
from realtime.settings import Counters, RealtimeSettings
from realtime.sse import METHODS, Streams
from realtime.transport import EXTENSION, DirectSocket
from realtime.writer import AsgiWriter, DirectWriter, Writer

logger = logging.getLogger(__name__)

SUBPROTOCOL = f"assistify.v{PROTOCOL_VERSION}"
_VERSION = re.compile(r"assistify\.v(\d{1,4})")


class Gateway:
    """All live sessions of one process."""

    def __init__(
        self, hub: Hub, sessions: Sessions, settings: RealtimeSettings, *, presence: Presence | None = None
    ) -> None:
        self._hub = hub
        self._product = sessions
        self._settings = settings
        self._presence = presence or MemoryPresence()
        self._attendance = Attendance(self._presence, hub)
        self._dispatcher = Dispatcher(hub, sessions, self._attendance)
        self._streams = Streams(self, hub, sessions, self._dispatcher, settings)
        self._sessions: set[LiveSession] = set()
        self._recheck = Recheck(sessions, lambda: self._sessions, settings.recheck_every_s)
        self._empty = asyncio.Event()
        self._draining = False
        self._background: asyncio.Task[None] | None = None

    @property
    def connection_count(self) -> int:
        """Open sockets and streams."""
        return len(self._sessions)

    @property
    def counters(self) -> Counters:
        """Plain counts since start."""
        return self._hub.counters

    @property
    def is_draining(self) -> bool:
        """Whether this node takes nobody in any more."""
        return self._draining

    def routes(self) -> list[BaseRoute]:
        """Return the routes of this protocol."""
        return [
            WebSocketRoute("/ws/chat", _Endpoint(self, staff=False), name="chat"),
            WebSocketRoute("/ws/agent", _Endpoint(self, staff=True), name="agent"),
            Route("/sse/chat", self._streams, methods=METHODS, name="stream"),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background checks around the body. The first connection starts them where nobody does this."""
        async with asyncio.TaskGroup() as tasks:
            self._background = tasks.create_task(self.run(), name="realtime")
            try:
                yield
            finally:
                self._background.cancel()

    async def run(self) -> None:
        """Run the background checks until cancelled."""
        self._background = self._background or asyncio.current_task()
        try:
            await asyncio.gather(self._hub.run(), self._attendance.run(), self._recheck.run())
        finally:
            self._attendance.close()
            self._streams.close()
            self._hub.close()
            await self._presence.aclose()

    async def serve(self, scope: Scope, receive: Receive, send: Send, *, staff: bool) -> None:
        """Serve one WebSocket from its handshake to its end."""
        await receive()  # websocket.connect
        offered: list[str] = scope.get("subprotocols", [])
        # One that is refused is accepted with its own: a browser hears the close code of no other socket.
        # A client that offers none has no version to misunderstand; it gets this one (RFC 6455, 4.2.2 allows that).
        taken = SUBPROTOCOL if SUBPROTOCOL in offered else next(iter(offered), None)
        await send({"type": "websocket.accept", "subprotocol": taken})
        session = LiveSession(self._hub, self._product, self._dispatcher, peer_of(scope), staff=staff)
        writer = self._writer(scope, send, session)
        with self.hosting(session):
            if self._draining:
                session.refuse(writer, CloseCode.DRAIN, "this server is going away")
            elif taken not in (SUBPROTOCOL, None):
                session.refuse(writer, _misfit(offered), f"expected subprotocol {SUBPROTOCOL}")
            with contextlib.suppress(asyncio.CancelledError):
                await session.run(receive, writer)

    @contextlib.contextmanager
    def hosting(self, session: LiveSession) -> Iterator[None]:
        """Count a session among this node's for the time of the body."""
        if self._background is None:
            self._background = asyncio.create_task(self.run(), name="realtime")
        self.counters.connections_opened += 1
        self._sessions.add(session)
        try:
            yield
        finally:
            self._sessions.discard(session)
            if not self._sessions:
                self._empty.set()

    def _writer(self, scope: Scope, send: Send, session: LiveSession) -> Writer:
        direct = scope.get("extensions", {}).get(EXTENSION)
        if not isinstance(direct, DirectSocket):
            return AsgiWriter(send, session.outbox, self._settings, session.stalled)
        direct.forget_handshake()
        return DirectWriter(direct, session.outbox, self._settings, self._hub.turn, session.stalled)

    async def drain(self, window_s: float) -> None:
        """Refuse new sockets, ask all clients to reconnect, and close them spread over the window (seconds).

        Returns at the end of the window and a grace time at the latest, and as soon as everybody is gone.
        """
        self._draining = True
        loop = asyncio.get_running_loop()
        start = loop.time()
        plan = departures(list(self._sessions), window_s, random.Random())
        logger.info("draining", extra={"action": "drain", "connections": len(plan)})
        for departure in plan:
            departure.connection.drain(departure.reconnect_after_s)
        for departure in plan:
            if await self._is_empty_by(start + departure.close_after_s):
                return
            departure.connection.close(CloseCode.DRAIN, "this server is going away")
        await self._is_empty_by(loop.time() + 2 * self._settings.close_grace_s)

    async def _is_empty_by(self, at: float) -> bool:
        """Wait until everybody is gone, at most until `at` on the loop's clock; return whether they are."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(at):
                while self._sessions:
                    self._empty.clear()
                    await self._empty.wait()
        return not self._sessions


def _misfit(offered: Sequence[str]) -> CloseCode:
    """Return why a client is refused that does not speak this version: it is of an older one, or of none at all."""
    versions = [int(found[1]) for one in offered if (found := _VERSION.fullmatch(one))]
    is_older = bool(versions) and max(versions) < PROTOCOL_VERSION
    return CloseCode.REPLACED if is_older else CloseCode.PROTOCOL


class _Endpoint:
    """An ASGI application for one side; a class, so that Starlette passes the scope on as it is."""

    def __init__(self, gateway: Gateway, *, staff: bool) -> None:
        self._gateway = gateway
        self._staff = staff

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gateway.serve(scope, receive, send, staff=self._staff)
