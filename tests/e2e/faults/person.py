"""Somebody at a client that never gives up: comes back after every loss, and says again what was not acknowledged."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from websockets.exceptions import WebSocketException

from tests.fixtures.wire_client import RefusedError, StaffClient, VisitorClient
from tests.fixtures.wire_view import View, Wire

CONNECT_S = 8.0
ANSWER_S = 10.0
SETTLED_S = 60.0
EVER_S = 1e6
PAUSE_S = (0.02, 0.3)
LOST = (OSError, TimeoutError, EOFError, WebSocketException)
# What a client sees of frames that its own network lost or repeated. Everything else is the server's doing.
OF_ROUGH_WIRES = (
    " came after ",
    "a delta from ",
    "an answer to nothing",
    "a resume failed",
    "of a reply that has ended",
    "a resume from ",
)


class Person:
    """A client kept connected to one or another of `urls` by `run`. `is_rough`: over wires that lose single frames."""

    def __init__(
        self, client: VisitorClient | StaffClient, urls: Sequence[str], chance: random.Random, *, is_rough: bool = False
    ) -> None:
        self.client = client
        self.is_rough = is_rough
        self.connections = 0
        self.sent: dict[str, tuple[str, str, int | None]] = {}  # key: conversation, text, acknowledged position
        self._urls = urls
        self._chance = chance
        self._is_connected = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and stay connected."""
        self._running = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """Close the connection for good."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._hang_up()

    async def sure(self, kind: str, **fields: Any) -> Wire:
        """Send a command, over and over, until it is answered.

        Raises: RefusedError for a refusal that trying again does not change.
        """
        while True:
            await self._is_connected.wait()
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await self.client.command(kind, **fields)
            except RefusedError as error:
                if error.code not in ("unavailable", "rate_limited"):
                    raise
            except LOST:
                await self._hang_up()  # so that a late answer finds nobody
            await self._pause()

    async def say(self, conversation: str, text: str) -> Wire:
        """Send a message once, however often it takes."""
        key = str(uuid4())
        self.sent[key] = conversation, text, None
        ack = await self.sure("message.send", conversation=conversation, client_id=key, text=text)
        self.sent[key] = conversation, text, ack["seq"]
        return ack

    async def until(self, predicate: Callable[[View], object], conversation: str) -> None:
        """Return once what this client knows of a conversation is so.

        Raises: AssertionError with what it knows when that does not become so.
        """
        try:
            await self.client.wait_for(lambda: predicate(self.client.view(conversation)), SETTLED_S)
        except TimeoutError:
            frames = [frame for _, frame in self.client.frames if frame.get("conversation") == conversation]
            raise AssertionError(f"nothing came: {self.client.view(conversation)}, last {frames[-3:]}") from None

    async def watch(self, conversation: str) -> None:
        """Follow a conversation; later connections resume it."""
        await self.sure("conversation.watch", conversation=conversation)

    async def fresh(self, url: str) -> VisitorClient | StaffClient:
        """Return a client of the same person that knows nothing, not yet connected."""
        if isinstance(self.client, StaffClient):
            return StaffClient(url, self.client.token)
        other = VisitorClient(url, self.client.widget_key, self.client.identity)
        other.token = self.client.token
        return other

    def taken_back(self) -> list[str]:
        """Return the texts of which a client had shown more than stays, as it was told by the end of the reply.

        A takeover whose node cannot reach Redis does not know what others were shown last: it keeps what it has.
        """
        return [one for view in self.client.views.values() for one in view.taken_back]

    def breaches(self) -> list[str]:
        """Return the rules that the server broke."""
        found = [*self.client.breaches]
        for view in self.client.views.values():
            found += view.breaches
            if view.repeated and not self.is_rough:
                found.append(f"events {view.repeated} came again")
        if self.is_rough:
            return [one for one in found if not any(words in one for words in OF_ROUGH_WIRES)]
        return [one for one in found if "a resume failed" not in one]  # the connection ended meanwhile

    async def _run(self) -> None:
        while True:
            self.client.url = self._chance.choice(self._urls)
            try:
                async with asyncio.timeout(CONNECT_S):
                    welcome = await self.client.connect()
                self.connections += 1
                self._refused_resumes(welcome)
                self._is_connected.set()
                await self.client.wait_for(lambda: self.client.close_code is not None, EVER_S)
            except LOST:
                pass
            except RefusedError as error:
                if error.code not in ("unavailable", "rate_limited"):
                    self.client.breaches.append(f"hello was refused: {error}")
            finally:
                self._is_connected.clear()
            await self._hang_up()
            await self._pause()

    def _refused_resumes(self, welcome: Wire) -> None:
        for one in welcome["conversations"]:
            if one.get("error") is not None:
                self.client.breaches.append(f"a resume in hello was refused: {one}")

    async def _hang_up(self) -> None:
        if self.client.has_socket:
            await self.client.drop()

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.uniform(*PAUSE_S))
