"""The command that plays a customer on a channel, with the vendor in between: simulate."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx2
import typer
from rich.console import Console

from app.bootstrap.core import open_core
from app.bootstrap.shopify import open_installed
from app.channels.registry import BY_KIND
from app.cli.channels import ShopOption, run_command, shop_named
from app.errors import ConfigurationError
from app.services.accounts import AccountDesk
from app.settings import get_settings
from app.simulate.loopback import serving
from app.simulate.scene import KINDS, Scene, scene
from app.simulate.shopify import SHOP_DOMAIN, order, post_event
from app.simulate.shopify_storefront import PREFIX, Storefront

POLL_S = 0.1
ANSWER_S = 60.0
SILENCE_S = 4.0  # after which no more parts are waited for
ORDER_TOPIC = "orders/create"
CUSTOMER_EMAIL = "ana@demo.test"
CUSTOMER = 7001  # of the orders that are told of
EXTENSION = Path(__file__).parents[2] / "deploy" / "shopify" / "extensions" / "assistify-chat"
BLOCK_SETTINGS = {
    "position": "right",
    "colour": "#0b6b54",
    "greeting": "Hello! Ask me about your order.",
    "proxy": PREFIX,
}

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(simulate)


def simulate(
    kind: Annotated[str, typer.Argument(help="whatsapp, messenger, instagram, telegram or shopify")],
    text: Annotated[str, typer.Argument(help="What the customer writes; without it, line by line from here")] = "",
    shop: ShopOption = "",
    url: Annotated[str, typer.Option(help="Address of the running server, when it is not the configured one")] = "",
    person: Annotated[
        str, typer.Option(help="The customer's address (whatsapp:+15550100, or a number); another one is somebody new")
    ] = "",
) -> None:
    """Play a customer on a channel against the running server, the vendor's send API included (development only).

    For shopify, TEXT is the number of an order that the shop tells of; without it, the storefront is served, with a
    customer who is signed in there, until a line is entered.
    """
    settings = get_settings()
    if settings.is_production:
        raise ConfigurationError("simulate is for development: it connects an account that is none")
    server = url or settings.resolved_public_url
    if kind == "shopify":
        run_command(_shopify(text, shop, server) if text else _storefront(shop, server))
    elif kind in KINDS:
        run_command(_talk(kind, text, shop, server, person))
    else:
        raise ConfigurationError(f"{kind}: use one of {', '.join(KINDS)}, shopify")


async def _talk(kind: str, text: str, shop: str, server: str, person: str) -> None:
    async with scene(kind, server) as played:
        played.person = person or played.person
        await _connect(kind, played.fields, shop)
        if text:
            await _say(played, text)
            return
        console.print("Write as the customer; an empty line ends it.")
        while line := (await asyncio.to_thread(input, "you: ")).strip():
            await _say(played, line, echo=False)


async def _connect(kind: str, fields: Mapping[str, str], shop: str) -> UUID:
    """Connect the account to the shop, or give it the values of this run."""
    async with open_core(get_settings()) as core:
        owner = await shop_named(core, shop)
        return await AccountDesk(core.accounts, BY_KIND).put(owner, kind, fields, f"Simulated {kind}")


async def _say(played: Scene, text: str, *, echo: bool = True) -> None:
    """Write, and print what comes until it is quiet; the customer then reads it."""
    if echo:
        console.print(f"you: {text}", markup=False)
    status = await played.write(text)
    if status != 200:
        raise ConfigurationError(
            f"the server at {played.webhook} answered {status}" if status else f"no server at {played.webhook}"
        )
    clock = asyncio.get_running_loop()
    began = heard = clock.time()
    has_answer = False
    while clock.time() - began < ANSWER_S and not (has_answer and clock.time() - heard > SILENCE_S):
        for said in played.news():
            has_answer, heard = True, clock.time()
            console.print(f"shop: {said}", markup=False, soft_wrap=True)
        await asyncio.sleep(POLL_S)
    played.read()
    await played.stand_in.outgoing.idle()
    if not has_answer:
        console.print(f"(nothing came within {ANSWER_S:.0f} s)")


async def _storefront(shop: str, server: str) -> None:
    """Serve a page with the theme app extension, and the app proxy behind it."""
    if not EXTENSION.is_dir():
        raise ConfigurationError(f"the storefront needs the theme app extension of the repository, at {EXTENSION}")
    client_secret = secrets.token_hex(16)
    await _connect("shopify", _shopify_fields(client_secret), shop)
    storefront = Storefront(
        SHOP_DOMAIN,
        client_secret,
        f"{server.rstrip('/')}/api/storefront/shopify/",
        (EXTENSION / "blocks" / "chat.liquid").read_text("utf-8"),
        {path.name: path.read_bytes() for path in (EXTENSION / "assets").iterdir()},
        BLOCK_SETTINGS,
        customer=CUSTOMER,
    )
    async with serving(storefront.app) as page:
        async with open_core(get_settings()) as core:
            await open_installed(core).allow_origins(await shop_named(core, shop), [page])
        console.print(f"The storefront, with customer {CUSTOMER} signed in: {page}", markup=False)
        console.print("A line, or the end of the input, ends it.")
        await asyncio.to_thread(sys.stdin.readline)


def _shopify_fields(client_secret: str) -> Mapping[str, str]:
    return {"shop_domain": SHOP_DOMAIN, "client_secret": client_secret, "access_token": "shpat_simulated"}


async def _shopify(number: str, shop: str, server: str) -> None:
    client_secret = secrets.token_hex(16)
    await _connect("shopify", _shopify_fields(client_secret), shop)
    status = 0
    with suppress(httpx2.HTTPError):
        webhook = f"{server.rstrip('/')}/api/webhooks/shopify/"
        status = await post_event(webhook, client_secret, ORDER_TOPIC, order(number, CUSTOMER_EMAIL))
    if status != 200:
        raise ConfigurationError(f"the server at {server} answered {status or 'nothing'}")
    console.print(f"{ORDER_TOPIC} of #{number.lstrip('#')} was taken.", markup=False)
