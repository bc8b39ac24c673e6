"""Commands about channel accounts: channel add, channel list, channel check."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from app.bootstrap.core import Core, build_parts, open_channel_health, open_core
from app.bootstrap.upkeep import open_reconciling
from app.channels.registry import BY_KIND
from app.cli.reconciled import lines_of
from app.errors import ConfigurationError
from app.services.accounts import AccountDesk
from app.services.channel_health import MEND, AccountHealth
from app.settings import get_settings
from realtime.ports import CommandError

console = Console()
Result = TypeVar("Result")
channels = typer.Typer(no_args_is_help=True, help="Accounts at WhatsApp, Messenger, Instagram and Shopify.")
PATIENCE_S = 600.0  # with a walk through all records of a shop; then a worker goes on with it
ShopOption = Annotated[str, typer.Option(help="Widget key or name of the shop, when there are several")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(channels, name="channel")


@channels.command()
def add(
    kind: Annotated[str, typer.Argument(help="whatsapp, messenger, instagram, shopify ...")],
    field: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, once per field")] = None,
    name: Annotated[str, typer.Option(help="How the account is called in the console")] = "",
    shop: ShopOption = "",
) -> None:
    """Connect an account; the same account again gets the new values."""
    values = dict(_pair(one) for one in field or ())

    async def run() -> str:
        async with open_core(get_settings()) as core:
            await core.migrate()
            desk, owner = AccountDesk(core.accounts, BY_KIND), await shop_named(core, shop)
            account = await desk.put(owner, kind, values, name)
            stored = next(one for one in await desk.listed(owner) if one.id == account)
            return stored.external_id

    external_id = run_command(run())
    channel = BY_KIND[kind]
    console.print(f"{channel.name} {external_id} is connected.", markup=False)
    if channel.path is not None:
        url = f"{get_settings().resolved_public_url}/api/webhooks/{channel.path}/"
        console.print(f"Give the vendor this address: {url}{channel.url_fragment}", markup=False)


@channels.command("list")
def show(shop: ShopOption = "") -> None:
    """List the accounts of a shop."""

    async def run() -> Table:
        async with open_core(get_settings()) as core:
            table = Table("Channel", "Account", "Name", "State", "Secrets")
            for one in await AccountDesk(core.accounts, BY_KIND).listed(await shop_named(core, shop)):
                state = "on" if one.active else "off"
                table.add_row(one.kind, one.external_id, one.name, state, ", ".join(sorted(one.secrets)))
            return table

    console.print(run_command(run()))


@channels.command()
def check(shop: ShopOption = "") -> None:
    """Say how each account is: its secrets, signatures, last event, subscription, token and sending."""

    async def run() -> Sequence[AccountHealth]:
        async with open_core(get_settings()) as core:
            return await open_channel_health(core).of_shop(await shop_named(core, shop))

    for one in run_command(run()):
        told = one.report
        expires = _when(None if told is None else told.token_expires_at, "not told")
        console.print(f"{one.account.kind} {one.account.external_id}: {one.state}", markup=False)
        last = _when(one.traces.last_event_at, "none yet")
        console.print(f"  signature {one.signature.value}, last event {last}, token expires {expires}", markup=False)
        for trouble in one.troubles:
            console.print(f"  {trouble.value}: {MEND[trouble]}", markup=False)


@channels.command()
def reconcile(shop: ShopOption = "") -> None:
    """Subscribe to what is missing, renew tokens, and fetch what customers wrote, and which records of a Shopify shop
    changed, while no webhook came. Says of each account what was found."""

    async def run() -> None:
        async with open_core(get_settings()) as core:
            work, owner = open_reconciling(core, build_parts(core)), await shop_named(core, shop)
            for one in await AccountDesk(core.accounts, BY_KIND).listed(owner):
                if one.active:
                    done = await work.now(owner, one.id, patience_s=PATIENCE_S)
                    for line in lines_of(BY_KIND[one.kind].name, one.external_id, done):
                        console.print(line, markup=False, highlight=False, soft_wrap=True)

    run_command(run())


def _when(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else at.isoformat(timespec="seconds")


def _pair(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator or not name:
        raise ConfigurationError(f"--field {name}: write it as NAME=VALUE")
    return name, value


async def shop_named(core: Core, wanted: str) -> UUID:
    """Return the shop with this widget key or name, or the only one.

    Raises: ConfigurationError.
    """
    shops = await core.shops.all()
    found = [one for one in shops if not wanted or wanted in (one.widget_key, one.name)]
    if len(found) == 1:
        return found[0].id
    if not shops:
        raise ConfigurationError("there is no shop yet: run assistify init")
    keys = ", ".join(one.widget_key for one in shops)
    raise ConfigurationError(f"name the shop with --shop: one of {keys}")


def run_command(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work; a refusal becomes a line for its user.

    Raises: ConfigurationError.
    """
    try:
        return asyncio.run(work)
    except CommandError as error:
        raise ConfigurationError(error.message) from error
