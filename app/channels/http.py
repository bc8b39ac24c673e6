"""HTTP to vendors and to addresses that strangers name: addresses resolved once, checked and pinned.

A name is looked up here, every address is checked, and the connection goes to the one that was checked, so that a
second look-up cannot lead elsewhere. There are no redirects and no kept connections: one that was closed while idle
could not be told from one that broke after a message went out.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping
from urllib.parse import urljoin, urlsplit

import httpx2

from app.channels.port import (
    AnswerTooLargeError,
    Fetched,
    FetchRefusedError,
    HttpAnswer,
    HttpLostError,
    HttpUnreachableError,
)

CONNECT_S = 5.0
TOTAL_S = 15.0
ANSWER_BYTES = 2**20
REDIRECTS = 3

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)


class ForbiddenAddressError(HttpUnreachableError):
    """The address is not one that strangers may send us to."""


class VendorHttp:
    """See Http and Fetcher in app.channels.port. `allow_loopback` is for stand-ins here, and never for production."""

    def __init__(self, *, allow_loopback: bool = False, total_s: float = TOTAL_S) -> None:
        self._allow_loopback = allow_loopback
        self._total_s = total_s
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(total_s, connect=min(CONNECT_S, total_s)),
            limits=httpx2.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close; idempotent."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpAnswer:
        """Send one request, at most `total_s` seconds long.

        Raises: HttpLostError, HttpUnreachableError, ForbiddenAddressError.
        """
        sent = asyncio.Event()
        try:
            async with asyncio.timeout(self._total_s):
                pinned = await self._pin(method, url, headers or {}, content)
                sent.set()
                return await self._exchange(pinned, ANSWER_BYTES)
        except _NOT_SENT as error:
            raise HttpUnreachableError(type(error).__name__) from error
        except FetchRefusedError as error:
            raise AnswerTooLargeError(error.reason) from error
        except (httpx2.HTTPError, TimeoutError) as error:
            if not sent.is_set():
                raise HttpUnreachableError(type(error).__name__) from error
            raise HttpLostError(type(error).__name__) from error

    async def fetch(
        self,
        url: str,
        *,
        headers_for: Callable[[str], Mapping[str, str]],
        max_bytes: int,
        allowed: Callable[[str], bool],
    ) -> Fetched:
        """Fetch a file; `headers_for` gives each address of a chain of redirects what it alone may see.

        Raises: FetchRefusedError, HttpLostError, HttpUnreachableError.
        """
        for _ in range(REDIRECTS + 1):
            answer = await self._get(url, headers_for(url), max_bytes)
            if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
                url = urljoin(url, answer.headers["location"])
                continue
            if answer.status != 200:
                raise FetchRefusedError(f"the file is not there (status {answer.status})")
            media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if not allowed(media_type):
                raise FetchRefusedError(f"files of type {media_type or 'unknown'} are not taken")
            return Fetched(answer.body, media_type)
        raise FetchRefusedError("too many redirects")

    async def _get(self, url: str, headers: Mapping[str, str], max_bytes: int) -> HttpAnswer:
        try:
            async with asyncio.timeout(self._total_s):
                return await self._exchange(await self._pin("GET", url, headers, None), max_bytes)
        except _NOT_SENT as error:
            raise HttpUnreachableError(type(error).__name__) from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise HttpLostError(type(error).__name__) from error

    async def _exchange(self, request: httpx2.Request, max_bytes: int) -> HttpAnswer:
        response = await self._client.send(request, stream=True)
        try:
            length = response.headers.get("content-length", "")
            if length.isdecimal() and int(length) > max_bytes:
                raise FetchRefusedError(f"the file is larger than {max_bytes} bytes")
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > max_bytes:
                    raise FetchRefusedError(f"the file is larger than {max_bytes} bytes")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpAnswer(response.status_code, headers, bytes(body))
        finally:
            await response.aclose()

    async def _pin(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> httpx2.Request:
        """Build a request to one checked address of the URL's host, which TLS and the Host header still name."""
        parts = urlsplit(url)
        host = parts.hostname
        if host is None or parts.username is not None or parts.scheme not in ("http", "https"):
            raise ForbiddenAddressError("no address to send to")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await self._checked_address(host, port)
        if parts.scheme != "https" and not address.is_loopback:
            raise ForbiddenAddressError("only https addresses are used")
        literal = f"[{address}]" if address.version == 6 else str(address)
        target = httpx2.URL(url).copy_with(host=literal.strip("[]"))
        return self._client.build_request(
            method,
            target,
            headers={**headers, "Host": parts.netloc},
            content=content,
            extensions={"sni_hostname": host},
        )

    async def _checked_address(self, host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        """Look a host up; all its addresses must be allowed, and the first is used.

        Raises: ForbiddenAddressError, HttpUnreachableError.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise HttpUnreachableError("the host has no address") from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise ForbiddenAddressError("the host's address is not a public one")
        return addresses[0]

    def _is_allowed(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        if address.is_loopback:
            return self._allow_loopback
        if isinstance(address, ipaddress.IPv6Address):
            inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
            if inner is not None or address in _NAT64:
                return False
        return address.is_global and not address.is_multicast
