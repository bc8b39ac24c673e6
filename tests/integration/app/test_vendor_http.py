"""Requests to addresses that others name: public ones alone, pinned, without lending anybody our credentials."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from unittest.mock import patch

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.channels.http import ForbiddenAddressError, VendorHttp
from app.channels.port import AnswerTooLargeError, FetchRefusedError, HttpLostError, HttpUnreachableError
from app.simulate.faults import BrokenResponse
from app.simulate.loopback import serving
from app.simulate.twilio import TwilioStandIn
from tests.fixtures.port import free_port

FORBIDDEN = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://224.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "http://93.184.216.34/",  # public, and not encrypted
    "ftp://93.184.216.34/",
    "https://user:password@93.184.216.34/",
    "https:///nowhere",
]


@pytest.fixture
async def http() -> AsyncIterator[VendorHttp]:
    client = VendorHttp()
    yield client
    await client.aclose()


@pytest.fixture
async def local() -> AsyncIterator[VendorHttp]:
    client = VendorHttp(allow_loopback=True, total_s=30)
    yield client
    await client.aclose()


@pytest.fixture
async def hasty() -> AsyncIterator[VendorHttp]:
    client = VendorHttp(allow_loopback=True, total_s=2)
    yield client
    await client.aclose()


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_an_address_inside_is_never_called(http: VendorHttp, url: str) -> None:
    with pytest.raises(HttpUnreachableError):
        await http.request("GET", url)


async def test_a_name_that_leads_inside_is_refused(http: VendorHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])

    async def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443)) for _ in range(2)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    with pytest.raises(ForbiddenAddressError):
        await http.request("GET", "https://rebinding.test/")


async def test_a_refused_connection_surely_did_not_arrive(local: VendorHttp) -> None:
    with pytest.raises(HttpUnreachableError):
        await local.request("POST", f"http://127.0.0.1:{free_port()}/")


async def test_a_broken_or_late_answer_may_have_arrived(local: VendorHttp, hasty: VendorHttp) -> None:
    async def late(_: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    async def broken(_: Request) -> Response:
        return BrokenResponse()

    app = Starlette(routes=[Route("/late", late), Route("/broken", broken)])
    async with serving(app) as base:
        for client, path in ((hasty, "/late"), (local, "/broken")):
            with pytest.raises(HttpLostError):
                await client.request("GET", base + path)


async def test_a_file_comes_without_lending_credentials_to_the_redirect(local: VendorHttp) -> None:
    stand_in = TwilioStandIn("AC1", "token", {"whatsapp:+1"}, files={"ME1": ("image/png", b"picture")})

    async with serving(stand_in.app) as base:

        def headers_for(url: str) -> Mapping[str, str]:
            return {"Authorization": "Basic QUMxOnRva2Vu"} if "/Accounts/" in url else {}

        fetched = await local.fetch(
            f"{base}/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
            headers_for=headers_for,
            max_bytes=100,
            allowed=lambda media_type: media_type.startswith("image/"),
        )
    assert (fetched.content, fetched.media_type) == (b"picture", "image/png")


async def test_what_is_too_large_or_of_another_type_is_not_taken(local: VendorHttp) -> None:
    async def file(_: Request) -> Response:
        return Response(b"x" * 1000, media_type="text/html")

    async def around(_: Request) -> Response:
        return RedirectResponse("/around")

    async def inside(_: Request) -> Response:
        return RedirectResponse("http://10.0.0.1/")

    app = Starlette(routes=[Route("/file", file), Route("/around", around), Route("/inside", inside)])

    async def fetch(base: str, path: str, max_bytes: int, kind: str) -> None:
        await local.fetch(
            base + path, headers_for=lambda url: {}, max_bytes=max_bytes, allowed=lambda found: found == kind
        )

    async with serving(app) as base:
        with pytest.raises(FetchRefusedError, match="larger"):
            await fetch(base, "/file", 999, "text/html")
        with patch("app.channels.http.ANSWER_BYTES", 999), pytest.raises(AnswerTooLargeError):  # to a send: it is lost
            await local.request("GET", base + "/file")
        with pytest.raises(FetchRefusedError, match="type"):
            await fetch(base, "/file", 1000, "image/png")
        with pytest.raises(FetchRefusedError, match="redirects"):
            await fetch(base, "/around", 10, "text/html")
        with pytest.raises(ForbiddenAddressError):
            await fetch(base, "/inside", 10, "text/html")
