"""Commands about data: migrate, init, seed-demo, import, user add."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.bootstrap.core import Core, open_core, seed
from app.domain.people import Role
from app.errors import AssistifyError, ConfigurationError
from app.services.import_file import parse_file
from app.services.imports import ROW_TYPES, Parsed
from app.services.shops import NewShop, WidgetShop
from app.settings import get_settings

SHOWN_ERRORS = 20
SHOWN_ROWS = 5
KEY_BYTES, SECRET_BYTES = 16, 32
NAME_CHARS = 255

console = Console()
users = typer.Typer(no_args_is_help=True, help="Members of staff.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(migrate)
    app.command()(init)
    app.command("seed-demo")(seed_demo)
    app.command("import")(import_records)
    app.add_typer(users, name="user")


def migrate() -> None:
    """Bring the database to the newest schema."""

    async def run() -> None:
        async with open_core(get_settings()) as core:
            await core.migrate()

    asyncio.run(run())
    console.print("The database is at the newest schema.")


def seed_demo() -> None:
    """Load the demo shop; doing it again changes nothing but dates."""

    async def run() -> str:
        async with open_core(get_settings()) as core:
            await core.migrate()
            return (await seed(core)).password

    password = asyncio.run(run())
    console.print(f"Demo Outfitters is loaded. Its staff sign in with the password {password}", markup=False)


def init(
    name: Annotated[str, typer.Option(prompt="Name of the shop")],
    owner: Annotated[str, typer.Option(prompt="E-mail address of the owner")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="ASSISTIFY_OWNER_PASSWORD")],
    origin: Annotated[
        list[str] | None, typer.Option(help="Origin of the shop's pages, such as https://shop.example")
    ] = None,
    currency: str = "EUR",
    timezone: str = "UTC",
) -> None:
    """Make the first shop, its owner and its widget key; doing it again changes nothing."""
    wanted = NewShop(
        name=_checked("name", name.strip(), 0 < len(name.strip()) <= NAME_CHARS, "1 to 255 characters"),
        widget_key=f"wk_{secrets.token_hex(KEY_BYTES)}",
        widget_secret=secrets.token_urlsafe(SECRET_BYTES),
        currency=_checked("currency", currency, re.fullmatch("[A-Z]{3}", currency), "three capitals, such as EUR"),
        timezone=_checked("timezone", timezone, _is_timezone(timezone), "a name such as Europe/Berlin"),
        origins=[_origin(value) for value in origin or []],
    )

    async def run() -> WidgetShop:
        async with open_core(get_settings()) as core:
            await core.migrate()
            known = await core.staff_store.by_email(_address(owner))
            password_hash = await _hash(core, password) if known is None else ""
            existing = [shop for shop in await core.shops.all() if shop.name == wanted.name]
            shop = existing[0] if existing else await core.shops.ensure(wanted)
            if known is None:
                role = Role.OWNER.value
                await core.staff_store.add_user(
                    shop.id, email=_address(owner), name="Owner", role=role, password_hash=password_hash
                )
            elif known.member.shop != shop.id:
                raise ConfigurationError(f"{owner} is of another shop's staff: name another owner for {shop.name}")
            return shop

    shop = asyncio.run(run())
    table = Table(title=escape(shop.name), show_header=False)
    table.add_row("widget key", shop.widget_key)
    table.add_row("widget secret (keep it on the shop's server)", shop.widget_secret)
    table.add_row("owner", owner)
    console.print(table)


@users.command("add")
def user_add(
    email: str,
    name: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="ASSISTIFY_USER_PASSWORD")],
    role: Role = Role.AGENT,
    shop: Annotated[str | None, typer.Option(help="Widget key or name, when there are several shops")] = None,
) -> None:
    """Add a member of staff, or give an existing one a new name, role and password."""

    async def run() -> None:
        async with open_core(get_settings()) as core:
            await core.migrate()
            target = await the_shop(core, shop)
            known = await core.staff_store.by_email(_address(email))
            if known is not None and known.member.shop != target.id:
                raise ConfigurationError(f"{email} is of another shop's staff: an address is of one shop only")
            await core.staff_store.add_user(
                target.id,
                email=_address(email),
                name=name,
                role=role.value,
                password_hash=await _hash(core, password),
            )

    asyncio.run(run())
    console.print(f"{email} is {role.value} now.", markup=False)


def import_records(
    kind: Annotated[str, typer.Argument(help=", ".join(ROW_TYPES))],
    file: Annotated[Path, typer.Argument(help="CSV or JSON")],
    shop: Annotated[str | None, typer.Option(help="Widget key or name, when there are several shops")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Check and show, change nothing")] = False,
    skip_errors: Annotated[
        bool, typer.Option("--skip-errors", help="Import the good rows of a file with errors")
    ] = False,
) -> None:
    """Import products, orders, customers or articles; rows with a known id are updated."""
    parsed = parse_file(kind, file)
    _report_errors(parsed)
    if preview:
        _show(parsed)
        return
    if parsed.errors and not skip_errors:
        raise AssistifyError(f"{len(parsed.errors)} rows are wrong, nothing was imported: mend them or --skip-errors")

    async def run() -> str:
        async with open_core(get_settings()) as core:
            await core.migrate()
            target = await the_shop(core, shop)
            with _progress() as progress:
                task = progress.add_task(f"Importing {kind}", total=len(parsed.rows))
                result = await core.imports.upsert(
                    target.id, parsed.rows, lambda done: progress.update(task, completed=done)
                )
            done = f"{result.created} created, {result.updated} updated in {target.name}."
            if result.unlinked:
                done += (
                    f"\n{result.unlinked} of them name a customer that is not there: import the customers, and then "
                    "these orders again."
                )
            return done

    console.print(asyncio.run(run()), markup=False)


async def the_shop(core: Core, wanted: str | None) -> WidgetShop:
    """Return the shop that is meant.

    Raises: ConfigurationError when there is none, or several and none is named.
    """
    shops = await core.shops.all()
    if wanted is not None:
        shops = [shop for shop in shops if wanted in (shop.widget_key, shop.name, str(shop.id))]
    if not shops:
        raise ConfigurationError("there is no such shop: make one with `assistify init`")
    if len(shops) > 1:
        names = ", ".join(f"{shop.name} ({shop.widget_key})" for shop in shops)
        raise ConfigurationError(f"there are several shops, name one with --shop: {names}")
    return shops[0]


def _checked(option: str, value: str, is_good: object, expected: str) -> str:
    """Return the value.

    Raises: ConfigurationError.
    """
    if not is_good:
        raise ConfigurationError(f"--{option} is {expected}, not {value!r}")
    return value


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def _origin(value: str) -> str:
    """Return an origin as browsers write it in their Origin header."""
    parts = urlsplit(value.strip().lower())
    is_good = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not parts.query
    _checked("origin", value, is_good, "scheme and host of the shop's pages, such as https://shop.example")
    return f"{parts.scheme}://{parts.netloc}"


def _address(email: str) -> str:
    address = email.strip().lower()
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", address) or len(address) > NAME_CHARS:
        raise ConfigurationError(f"{email!r} is no e-mail address")
    return address


async def _hash(core: Core, password: str) -> str:
    try:
        return await core.passwords.hash(password)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _report_errors(parsed: Parsed) -> None:
    if not parsed.errors:
        return
    table = Table("row", "what is wrong", title=f"{len(parsed.errors)} of the rows cannot be imported")
    for error in parsed.errors[:SHOWN_ERRORS]:
        table.add_row(str(error.row), escape(error.message))
    if len(parsed.errors) > SHOWN_ERRORS:
        table.add_row("...", f"and {len(parsed.errors) - SHOWN_ERRORS} more")
    console.print(table)


def _show(parsed: Parsed) -> None:
    console.print(f"{len(parsed.rows)} rows are good. The first of them:")
    for row in parsed.rows[:SHOWN_ROWS]:
        console.print(row)


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
