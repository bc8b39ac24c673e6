"""Loads the demo shop: every start may call it. Its dates follow today, so records are renewed once a day."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.demo.people import DemoRecords, demo_records
from app.errors import ConfigurationError
from app.services.imports import ImportStore, parse_rows
from app.services.shops import NewShop, Shops, WidgetShop
from app.settings import Settings, kept_secret

SHOP_NAME = "Demo Outfitters"
WIDGET_KEY = "wk_demo"
WIDGET_SECRET = "demo-widget-secret"  # public by design: the demo refuses to start in production
STAFF = (
    ("owner@demo.test", "Olga Owner", "owner"),
    ("ada@demo.test", "Ada Lind", "agent"),
    ("ben@demo.test", "Ben Roy", "agent"),
)
WORKDAYS = range(5)
OPENS_MINUTE, CLOSES_MINUTE = 9 * 60, 18 * 60

SEEDED_ON = "demo_seeded_on"

AddUser = Callable[[UUID, str, str, str, str], Awaitable[None]]
"""Adds a user (shop, e-mail, name, role, password), or does nothing when there is such a user with this password."""


@dataclass(frozen=True, slots=True)
class SeededDemo:
    """The demo as loaded; the password is the same for all three of its staff."""

    shop: WidgetShop
    password: str


async def seed_demo(
    settings: Settings, shops: Shops, imports: ImportStore, add_user: AddUser, today: date
) -> SeededDemo:
    """Make the shop, its staff, its records and its history where they are not there yet.

    Raises: ConfigurationError in production, whose data must not share a server with known passwords.
    """
    if settings.is_production:
        raise ConfigurationError("the demo shop is not for production: leave --demo out, or unset ENVIRONMENT")
    records = demo_records(today)
    shop = await shops.ensure(
        NewShop(
            name=SHOP_NAME,
            widget_key=WIDGET_KEY,
            widget_secret=WIDGET_SECRET,
            timezone="Europe/Berlin",
            settings={"facts": dict(records.profile)},
            hours=[(day, OPENS_MINUTE, CLOSES_MINUTE) for day in WORKDAYS],
        )
    )
    if await shops.setting(shop.id, SEEDED_ON) != today.isoformat():
        await _import(imports, shop.id, records)
        await shops.set_setting(shop.id, "facts", dict(records.profile))
        await shops.set_setting(shop.id, SEEDED_ON, today.isoformat())
    if await shops.history_is_empty(shop.id):
        rows = [(one.customer, one.product, one.kind, one.days_ago) for one in records.interactions]
        await shops.add_history(shop.id, rows)
    password = _password(settings)
    for email, name, role in STAFF:
        await add_user(shop.id, email, name, role, password)
    return SeededDemo(shop=shop, password=password)


async def _import(imports: ImportStore, shop: UUID, records: DemoRecords) -> None:
    for kind in ("products", "articles", "customers", "orders"):
        parsed = parse_rows(kind, getattr(records, kind))
        if parsed.errors:
            raise ConfigurationError(f"the demo's {kind} are wrong: row {parsed.errors[0].row}")
        await imports.upsert(shop, parsed.rows)


def _password(settings: Settings) -> str:
    """Return the configured password, or the one made at the first start."""
    configured = settings.demo_password.get_secret_value()
    return configured or kept_secret(settings.var_dir / "demo_password", lambda: secrets.token_urlsafe(12))
