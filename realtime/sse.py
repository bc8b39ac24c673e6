"""Live sessions where WebSockets are blocked: GET /sse/chat streams frames, POST /sse/chat takes one command each.

The token is the visitor's proof for both; it travels in the Authorization header, as nothing secret may be in a URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from realtime.dispatch import Dispatcher
from realtime.failure import log_failure
from realtime.hub import Hub
from realtime.peer import peer_of
from realtime.ports import Authenticated, CommandError, Peer, Sessions
from realtime.protocol.answers import encode_ack, encode_error
from realtime.protocol.codec import MAX_FRAME_BYTES, decode_visitor, request_id_of
from realtime.protocol.commands import MAX_RESUME, Cursor, VisitorHello
from realtime.protocol.errors import RefusedError
from realtime.relay import Relay
from realtime.session import LiveSession
from realtime.settings import RealtimeSettings
from realtime.stream_session import StreamSession, StreamWriter
from realtime.transport import ABORT_EXTENSION

logger = logging.getLogger(__name__)

TOKEN_HEADER = "authorization"
RESUME_HEADER = "assistify-resume"
CONNECTION_HEADER = "assistify-connection"
METHODS = ("GET", "POST", "OPTIONS")

_STATUS = {
    "bad_frame": 400,
    "unknown_type": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "closed": 409,
    "too_large": 413,
    "rate_limited": 429,
}
_STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",  # nginx would keep the frames back
    "connection": "close",  # so that a client that does not read can be aborted without harm to another request
}
_cursors = msgspec.json.Decoder(list[Cursor])


class _Outcome(msgspec.Struct):
    type: str
    code: str = ""
    retry_after_ms: int = 0


_outcome = msgspec.json.Decoder(_Outcome)


class Host(Protocol):
    """The node that streams live on."""

    @property
    def is_draining(self) -> bool: ...

    def hosting(self, session: LiveSession) -> AbstractContextManager[None]:
        """Count a session among the node's for the time of the body."""


class Streams:
    """The event streams of one node and the requests beside them; an ASGI application."""

    def __init__(
        self, host: Host, hub: Hub, sessions: Sessions, dispatcher: Dispatcher, settings: RealtimeSettings
    ) -> None:
        self._host = host
        self._hub = hub
        self._sessions = sessions
        self._dispatcher = dispatcher
        self._settings = settings
        self._relay = Relay(hub)
        self._streams: dict[UUID, StreamSession] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS":
            await _preflight(headers)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            await Response(status_code=405, headers={"allow": ", ".join(METHODS)})(scope, receive, send)
            return
        if scope["method"] == "GET":
            refused = await self._get(scope, receive, send, headers)
            if refused is None:
                return
            answer = refused
        else:
            answer = await self._post(headers, peer_of(scope), receive)
        await _response(answer, headers)(scope, receive, send)

    def close(self) -> None:
        """Let go of the bus."""
        self._relay.close()

    async def _get(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> bytes | None:
        """Stream until it is over; or return why not."""
        try:
            if self._host.is_draining:
                raise CommandError("unavailable", "this server is going away", retry_after_ms=1000)
            cursors = _resume(headers)
            peer = peer_of(scope)
            authenticated = await self._sessions.open_stream(_bearer(headers), peer)
        except Exception as error:
            return _refusal(error, None)
        await self._stream(scope, receive, send, cursors, peer, authenticated)
        return None

    async def _stream(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        cursors: Sequence[Cursor],
        peer: Peer,
        authenticated: Authenticated,
    ) -> None:
        session = StreamSession(self._hub, self._sessions, self._dispatcher, peer, authenticated)
        abort = scope.get("extensions", {}).get(ABORT_EXTENSION)
        writer = StreamWriter(send, session, self._settings, abort)
        with self._host.hosting(session):
            listening = await self._relay.expose(session)
            self._streams[session.id] = session
            try:
                started = {**_STREAM_HEADERS, **_cors(Headers(scope=scope))}
                raw = [(name.encode(), value.encode()) for name, value in started.items()]
                await send({"type": "http.response.start", "status": 200, "headers": raw})
                with contextlib.suppress(asyncio.CancelledError):
                    await session.stream(receive, writer, cursors)
            finally:
                del self._streams[session.id]
                self._hub.unlisten(listening)

    async def _post(self, headers: Headers, peer: Peer, receive: Receive) -> bytes:
        """Carry out the one command of a request; return its answer."""
        request_id: str | None = None
        try:
            body = await _read_body(receive)
            request_id = request_id_of(body)
            connection = headers.get(CONNECTION_HEADER)
            if connection is None:
                return await self._hello(body, peer)
            principal = await self._sessions.check_visitor(_bearer(headers), peer)
            return await self._command(connection, principal.id, body)
        except Exception as error:
            return _refusal(error, request_id)

    async def _hello(self, body: bytes, peer: Peer) -> bytes:
        if self._host.is_draining:
            raise CommandError("unavailable", "this server is going away", retry_after_ms=1000)
        hello = decode_visitor(_text(body) or "")
        if not isinstance(hello, VisitorHello):
            raise CommandError("unauthorized", f"expected hello first, or the header {CONNECTION_HEADER}")
        authenticated = await self._sessions.authenticate_visitor(hello, peer)
        return encode_ack(hello.id, {"token": self._sessions.stream_token(authenticated)})

    async def _command(self, connection: str, visitor: UUID, body: bytes) -> bytes:
        try:
            wanted = UUID(connection)
        except ValueError:
            raise CommandError("unavailable", "there is no such stream: open a new one") from None
        stream = self._streams.get(wanted)
        if stream is not None and stream.owner == visitor:
            return await stream.command(_text(body))
        return await self._relay.ask(wanted, visitor, _text(body))


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get(TOKEN_HEADER, "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CommandError("unauthorized", "expected the visitor's token: Authorization: Bearer TOKEN")
    return token.strip()


def _resume(headers: Headers) -> list[Cursor]:
    given = headers.get(RESUME_HEADER)
    if given is None:
        return []
    try:
        cursors = _cursors.decode(given)
    except msgspec.DecodeError as error:
        raise CommandError("bad_frame", f"{RESUME_HEADER}: {error}") from None
    if len(cursors) > MAX_RESUME:
        raise CommandError("bad_frame", f"{RESUME_HEADER}: at most {MAX_RESUME} conversations, got {len(cursors)}")
    return cursors


async def _read_body(receive: Receive) -> bytes:
    """Return a request's body.

    Raises: CommandError when it is too large, or the client went before its end.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CommandError("bad_frame", "the request ended early")
        body += message.get("body", b"")
        if len(body) > MAX_FRAME_BYTES:
            raise CommandError("too_large", f"a command has at most {MAX_FRAME_BYTES} bytes")
        if not message.get("more_body", False):
            return bytes(body)


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _refusal(error: Exception, request_id: str | None) -> bytes:
    if isinstance(error, CommandError):
        return encode_error(
            error.code,
            error.message,
            request_id=request_id,
            retry_after_ms=error.retry_after_ms,
            fields=error.fields,
        )
    if isinstance(error, RefusedError):
        return encode_error(error.code, error.message, request_id=error.request_id)
    log_failure(logger, "request beside a stream failed", "sse_failed", error)
    return encode_error("unavailable", "this could not be done now, try again", request_id=request_id)


def _response(answer: bytes, headers: Headers) -> Response:
    outcome = _outcome.decode(answer)
    response = Response(answer, media_type="application/json", headers={"cache-control": "no-store", **_cors(headers)})
    if outcome.type == "error":
        response.status_code = _STATUS.get(outcome.code, 503)
    if outcome.retry_after_ms:
        response.headers["retry-after"] = str(-(-outcome.retry_after_ms // 1000))
    return response


def _preflight(headers: Headers) -> Response:
    """Answer a browser that asks first (Fetch Standard, 3.3): pages of this server may, others get no word of it."""
    allowed = _cors(headers)
    if "access-control-allow-origin" not in allowed:
        return Response(status_code=403, headers=allowed)
    names = ", ".join((TOKEN_HEADER, "content-type", RESUME_HEADER, CONNECTION_HEADER))
    more = {
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": names,
        "access-control-max-age": "600",
    }
    return Response(status_code=204, headers={**allowed, **more})


def _cors(headers: Headers) -> dict[str, str]:
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc == headers.get("host"):
        return {"access-control-allow-origin": origin, "vary": "Origin"}
    return {"vary": "Origin"}
