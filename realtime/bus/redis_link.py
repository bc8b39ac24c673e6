"""One pub/sub connection: an asyncio protocol over hiredis that knows which confirmation belongs to which request."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

import hiredis
from redis.asyncio.connection import parse_url

OnMessage = Callable[[bytes, bytes], None]
"""Called with channel and payload, in the order of the server."""


@dataclass(slots=True)
class Request:
    """A SUBSCRIBE or UNSUBSCRIBE on its way; the server answers channel by channel, in the order of the requests."""

    kind: bytes
    unanswered: int
    done: asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where a server is and how to sign in, out of a redis://, rediss:// or unix:// URL."""

    host: str
    port: int
    path: str | None
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None

    @classmethod
    def parse(cls, url: str) -> RedisAddress:
        """Read the URL; the database number is not needed, since channels span all of them.

        Raises: ValueError.
        """
        options: dict[str, Any] = dict(parse_url(url))
        return cls(
            host=options.get("host", "localhost"),
            port=options.get("port", 6379),
            path=options.get("path"),
            username=options.get("username"),
            password=options.get("password"),
            tls=_tls_context(options) if url.startswith("rediss:") else None,
        )


def _tls_context(options: dict[str, Any]) -> ssl.SSLContext:
    """Make the context from the URL options that redis-py knows, so that both connections take the same URL."""
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"), capath=options.get("ssl_ca_path"))
    if options.get("ssl_certfile"):
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), options.get("ssl_password"))
    requirement = str(options.get("ssl_cert_reqs", "required"))
    checks_name = str(options.get("ssl_check_hostname", "true")).lower() not in {"false", "0", "no"}
    context.check_hostname = checks_name and requirement == "required"
    if requirement != "required":
        context.verify_mode = ssl.CERT_OPTIONAL if requirement == "optional" else ssl.CERT_NONE
    return context


def pack(parts: Sequence[bytes]) -> bytes:
    """Return a command as RESP: an array of bulk strings."""
    head = b"*%d\r\n" % len(parts)
    return head + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


class PubSubLink(asyncio.Protocol):
    """A connection from `connect` until `lost` is done. RESP2, in which pub/sub messages are plain arrays."""

    MESSAGE = b"message"

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._greeting: deque[asyncio.Future[None]] = deque()
        self._requests: deque[Request] = deque()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(cls, address: RedisAddress, on_message: OnMessage) -> Self:
        """Open a connection and sign in.

        Raises: OSError when that does not work. The caller bounds the time.
        """
        loop = asyncio.get_running_loop()
        link = cls(on_message)
        if address.path is not None:
            await loop.create_unix_connection(lambda: link, address.path)
        else:
            await loop.create_connection(lambda: link, address.host, address.port, ssl=address.tls)
        try:
            await link._sign_in(address)
        except BaseException:
            link.abort()
            raise
        return link

    def subscribe(self, channels: Sequence[bytes]) -> asyncio.Future[None]:
        """Ask for channels; the future is done when the server confirmed all of them, or the connection is lost."""
        return self._request(b"SUBSCRIBE", channels)

    def unsubscribe(self, channels: Sequence[bytes]) -> asyncio.Future[None]:
        """Ask for no more of channels."""
        return self._request(b"UNSUBSCRIBE", channels)

    def abort(self) -> None:
        """Drop the connection at once, whatever is still to be written."""
        if self._transport is not None:
            self._transport.abort()
        self._end(ConnectionResetError("the connection was dropped"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by duck typing only

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what waits for an answer."""
        self._end(error or ConnectionResetError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Hand out the messages and confirmations in the data."""
        if self.lost.done():
            return
        try:
            self._reader.feed(data)
            get, on_message, message = self._reader.gets, self._on_message, self.MESSAGE
            while (reply := get()) is not False:
                if reply.__class__ is list and reply and reply[0] == message:
                    on_message(reply[1], reply[2])
                else:
                    self._take(reply)
        except (hiredis.HiredisError, OSError) as error:
            self.abort()
            self._end(error)

    async def _sign_in(self, address: RedisAddress) -> None:
        commands: list[list[bytes]] = [[b"CLIENT", b"SETNAME", b"assistify-bus"]]
        if address.password is not None:
            user = [] if address.username is None else [address.username.encode()]
            commands.insert(0, [b"AUTH", *user, address.password.encode()])
        answers = []
        for command in commands:
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._greeting.append(answer)
            answers.append(answer)
            self._write(pack(command))
        await asyncio.gather(*answers)

    def _request(self, kind: bytes, channels: Sequence[bytes]) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.lost.done():
            done.set_exception(ConnectionResetError("the connection is lost"))
        else:
            self._requests.append(Request(kind.lower(), len(channels), done))
            self._write(pack([kind, *channels]))
        return done

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _take(self, reply: Any) -> None:
        if isinstance(reply, list) and self._requests and reply[0] == self._requests[0].kind:
            request = self._requests[0]
            request.unanswered -= 1
            if request.unanswered == 0:
                self._requests.popleft()
                if not request.done.done():
                    request.done.set_result(None)
        elif self._greeting and isinstance(reply, hiredis.ReplyError):
            raise ConnectionRefusedError(str(reply))
        elif self._greeting:
            answer = self._greeting.popleft()
            if not answer.done():
                answer.set_result(None)
        else:
            raise ConnectionAbortedError("the server said something that no request asked for")

    def _end(self, error: Exception) -> None:
        """Fail every waiter once, and say that the connection is over."""
        waiters = [*self._greeting, *(request.done for request in self._requests)]
        self._greeting.clear()
        self._requests.clear()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)
                waiter.exception()  # nobody needs to look at it
        if not self.lost.done():
            self.lost.set_result(None)
