"""Customers on channels, played from the console of a demo: signed events against this server, and vendors' faults.

The stand-ins are served on the loopback of this process, from the first event until `aclose`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID

from app.services.accounts import AccountDesk
from app.simulate.faults import Switch
from app.simulate.loopback import post_with_httpx
from app.simulate.scene import KINDS, Scene, is_person, scene, shown_text
from app.simulate.shopify import SHOP_DOMAIN, order, post_event
from realtime.ports import CommandError

SHOPIFY = "shopify"
TAKEN = 200
ORDER_TOPIC = "orders/create"
CUSTOMER_EMAIL = "ana@demo.test"
KEPT_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said on a simulated channel, as the customer sees it; `at` is Unix seconds."""

    by_customer: bool
    person: str
    text: str
    at: float


@dataclass(slots=True)
class Played:
    """A channel that is simulated, for one shop."""

    shop: UUID
    account: UUID
    scene: Scene
    written: list[Line] = field(default_factory=list)

    def lines(self) -> Sequence[Line]:
        """Return the newest of what was said, in order."""
        heard = [Line(False, one.to, shown_text(one), one.at) for one in self.scene.stand_in.messages]
        return sorted([*self.written, *heard], key=lambda line: line.at)[-KEPT_LINES:]


class Simulator:
    """Plays customers. Events are signed for `public_url`, and posted to `server_url`, where this server listens."""

    def __init__(self, desk: AccountDesk, public_url: str, server_url: str) -> None:
        self._desk = desk
        self._public_url = public_url
        self._server_url = server_url
        self._stack = AsyncExitStack()
        self._played: dict[str, Played] = {}
        self._starting = asyncio.Lock()

    @property
    def kinds(self) -> Sequence[str]:
        """The channels that can be simulated."""
        return (*KINDS, SHOPIFY)

    async def run(self) -> None:
        """Wait to be cancelled, and close; a BackgroundTask."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Stop the stand-ins; idempotent."""
        self._played.clear()
        await self._stack.aclose()

    def playing(self, shop: UUID, kind: str) -> Played | None:
        """Return a channel that is being simulated for a shop."""
        played = self._played.get(kind)
        return played if played is not None and played.shop == shop else None

    async def write(self, shop: UUID, kind: str, text: str, person: str = "") -> int:
        """Let a customer write, or for Shopify let the shop tell of the order with this number; return what this
        server answered (0: nothing).

        Raises: CommandError `not_found`, `bad_frame`, `conflict` when another shop simulates the channel.
        """
        if not text.strip():
            raise CommandError("bad_frame", "text: say something")
        if kind == SHOPIFY:
            return await self._order(shop, text.strip())
        if person and kind in KINDS and not is_person(kind, person):
            raise CommandError("bad_frame", f"person: {kind} has no such address")
        played = await self._start(shop, kind)
        played.scene.person = person or played.scene.person
        line = Line(True, played.scene.person, text, time.time())
        status = await played.scene.write(text)
        if status == TAKEN:  # what the server refuses is not on the channel
            played.written.append(line)
        return status

    async def read(self, shop: UUID, kind: str) -> None:
        """Let the customer read all that came.

        Raises: CommandError `not_found`.
        """
        (await self._start(shop, kind)).scene.read()

    async def switch(self, shop: UUID, kind: str, fault: Switch, *, on: bool) -> Played:
        """Switch a fault of a vendor on or off.

        Raises: CommandError `not_found`, `conflict`.
        """
        played = await self._start(shop, kind)
        faults = played.scene.stand_in.faults.on
        if on:
            faults.add(fault)
        else:
            faults.discard(fault)
        return played

    async def _start(self, shop: UUID, kind: str) -> Played:
        """Serve a stand-in, and connect its account to the shop."""
        if kind not in KINDS:
            raise CommandError("not_found", f"there is no stand-in for {kind}: use one of {', '.join(KINDS)}")
        async with self._starting:
            played = self._played.get(kind)
            if played is not None and played.shop == shop:
                return played
            if played is not None:
                raise CommandError("conflict", "another shop simulates this channel")
            fresh = await self._stack.enter_async_context(scene(kind, self._public_url, post=self._post))
            account = await self._desk.put(shop, kind, fresh.fields, f"Simulated {kind}")
            self._played[kind] = Played(shop, account, fresh)
            return self._played[kind]

    async def _order(self, shop: UUID, number: str) -> int:
        if not number.lstrip("#").isdecimal():
            raise CommandError("bad_frame", "text: the number of an order")
        secret = secrets.token_hex(16)
        fields = {"shop_domain": SHOP_DOMAIN, "client_secret": secret, "access_token": "shpat_simulated"}
        await self._desk.put(shop, SHOPIFY, fields, "Simulated shopify")
        webhook = f"{self._server_url}/api/webhooks/shopify/"
        return await post_event(webhook, secret, ORDER_TOPIC, order(number, CUSTOMER_EMAIL))

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        return await post_with_httpx(self._server_url + url.removeprefix(self._public_url), headers, body)
