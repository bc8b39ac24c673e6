"""The demo shop's customers, orders and history: the same at every start, but for dates, which follow today."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from app.domain.catalogue import format_date

DATA = Path(__file__).parent / "data"
SEED = 42
CUSTOMERS = 40
ORDERS = 150
FIRST_NUMBER = 1001
VIEWS_PER_CUSTOMER = (12, 40)

ANA = "cust_42"
ANA_ORDER = "#1042"
ANA_TRACKING = "1Z999AA10123456784"
ANA_ARRIVES_DAYS = 5
DISCOUNT_DAYS = 30

_FIRST = (
    "Marek", "Jo", "Thi", "Rosa", "Ben", "Lena", "Omar", "Priya", "Lucas", "Emma", "Noah", "Mia", "Elias", "Sofia",
    "Jonas", "Clara", "Theo", "Nora", "Anton", "Ida", "Milan", "Lotte", "Hugo", "Freya", "Samir", "Yara", "Felix",
    "Greta", "Oskar", "Alma", "Ravi", "Ines", "Pavel", "Zoe", "Karim", "Julia", "Mateo", "Hanna", "Leon",
)  # fmt: skip
_LAST = (
    "Kowal", "Summers", "Nguyen", "Blanco", "Fischer", "Roy", "Haddad", "Patel", "Martin", "Berg", "Novak", "Rossi",
    "Weber", "Costa", "Lind", "Moreau", "Keller", "Dubois", "Haas", "Silva", "Peeters", "Jansen", "Vogel", "Olsen",
)  # fmt: skip
_CARRIERS = (("DHL", "JD0146000{:09d}"), ("UPS", "1Z88W3{:012d}"), ("DPD", "0998{:010d}"), ("GLS", "60{:09d}"))
# (state, days since the order was placed) with how often each comes up
_STATES = (
    ("awaiting payment", (0, 2), 6),
    ("processing", (0, 2), 22),
    ("shipped", (2, 5), 26),
    ("out for delivery", (3, 6), 8),
    ("delayed", (6, 12), 8),
    ("delivered", (5, 60), 60),
    ("cancelled", (3, 90), 7),
    ("returned", (15, 90), 5),
    ("refunded", (20, 120), 8),
)
# What belongs together is looked at and bought together: the recommender has something to learn.
_TASTES = (
    ("jkt-", "flc-", "bsl-", "acc-beanie", "acc-gloves", "acc-mitts"),
    ("tnt-", "slp-", "ckg-", "lgt-"),
    ("sho-swift", "bsl-cool", "pck-run", "jkt-breeze", "acc-cap", "lgt-head"),
    ("bot-", "trs-", "acc-socks", "acc-poles", "pck-tour", "pck-day", "gai-"),
    ("pck-haul", "pck-hip", "trs-zip", "ckg-bottle", "acc-map", "slp-pillow"),
)


@dataclass(frozen=True, slots=True)
class Interaction:
    """A customer met a product: view, cart or purchase, so many days ago."""

    customer: str
    product: str
    kind: str
    days_ago: int


@dataclass(frozen=True, slots=True)
class DemoRecords:
    """Raw rows for the import, and the history."""

    products: Sequence[Mapping[str, Any]]
    articles: Sequence[Mapping[str, Any]]
    customers: Sequence[Mapping[str, Any]]
    orders: Sequence[Mapping[str, Any]]
    interactions: Sequence[Interaction]
    profile: Mapping[str, str]


def demo_records(today: date) -> DemoRecords:
    """Make all records of the demo shop, with dates around `today`."""
    rng = random.Random(SEED)
    products = _products(today)
    customers = _customers(rng, today)
    tastes = {customer["external_id"]: rng.choice(_TASTES) for customer in customers}
    tastes[ANA] = _TASTES[0]
    orders = _orders(rng, today, customers, products, tastes)
    return DemoRecords(
        products=products,
        articles=json.loads((DATA / "articles.json").read_text("utf-8")),
        customers=customers,
        orders=orders,
        interactions=_history(rng, today, products, tastes, orders),
        profile=_profile(today),
    )


def _profile(today: date) -> dict[str, str]:
    facts: dict[str, str] = json.loads((DATA / "profile.json").read_text("utf-8"))
    return facts | {"discount.ends": format_date(today + timedelta(days=DISCOUNT_DAYS))}


def _products(today: date) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with (DATA / "products.csv").open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            restock_days = cells.pop("restock_days")
            row: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
            for name in ("sizes", "colours", "tags"):
                row[name] = cells[name].split("|") if cells[name] else []
            row["consumable"] = cells["consumable"] == "yes"
            row["url"] = f"/products/{cells['external_id']}"
            row["image_url"] = f"/demo/pictures/{cells['external_id']}.svg"
            if restock_days:
                row["restock"] = (today + timedelta(days=int(restock_days))).isoformat()
            rows.append(row)
    return rows


def _customers(rng: random.Random, today: date) -> list[dict[str, Any]]:
    rows = [
        {"external_id": ANA, "name": "Ana Demo", "email": "ana@demo.test", "created_at": _at(today - timedelta(620))}
    ]
    for number in range(1, CUSTOMERS):
        first, last = _FIRST[(number - 1) % len(_FIRST)], rng.choice(_LAST)
        rows.append(
            {
                "external_id": f"cust_{100 + number}",
                "name": f"{first} {last}",
                "email": f"{first}.{last}{number}@demo.test".lower(),
                "created_at": _at(today - timedelta(days=rng.randint(30, 900))),
            }
        )
    return rows


def _orders(
    rng: random.Random,
    today: date,
    customers: Sequence[Mapping[str, Any]],
    products: Sequence[Mapping[str, Any]],
    tastes: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:
    others = [customer for customer in customers if customer["external_id"] != ANA]
    rows = []
    for offset in range(ORDERS):
        number = f"#{FIRST_NUMBER + offset}"
        customer = rng.choice(others)
        state, (least, most), _ = rng.choices(_STATES, weights=[weight for *_, weight in _STATES])[0]
        placed = today - timedelta(days=rng.randint(least, most))
        items = _items(rng, products, tastes[customer["external_id"]])
        row = _order_row(rng, number, customer, state, placed, today, items)
        rows.append(row)
    by_number = {row["number"]: row for row in rows}
    by_number[ANA_ORDER].update(_anas_order(today, products))
    for number, days in (("#1007", 95), ("#1019", 19)):
        placed = today - timedelta(days=days)
        items = _items(rng, products, tastes[ANA])
        by_number[number].update(_order_row(rng, number, customers[0], "delivered", placed, today, items))
    return rows


def _anas_order(today: date, products: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    jacket = next(product for product in products if product["external_id"] == "jkt-summit")
    return {
        "customer": ANA,
        "email": "ana@demo.test",
        "status": "shipped",
        "placed_at": _at(today - timedelta(days=2)),
        "shipped_on": (today - timedelta(days=1)).isoformat(),
        "arrives_on": (today + timedelta(days=ANA_ARRIVES_DAYS)).isoformat(),
        "delivered_on": None,
        "carrier": "UPS",
        "tracking_code": ANA_TRACKING,
        "tracking_url": None,
        "refund_state": None,
        "refund_amount": None,
        "refund_expected": None,
        "total": jacket["price"],
        "items": [
            {
                "title": jacket["title"],
                "quantity": 1,
                "external_id": jacket["external_id"],
                "price": jacket["price"],
            }
        ],
    }


def _items(rng: random.Random, products: Sequence[Mapping[str, Any]], taste: Sequence[str]) -> list[dict[str, Any]]:
    liked = [product for product in products if product["external_id"].startswith(tuple(taste))]
    chosen = rng.sample(liked, k=min(len(liked), rng.choice((1, 1, 1, 2, 2, 3))))
    return [
        {
            "title": product["title"],
            "quantity": 1,
            "external_id": product["external_id"],
            "price": product["price"],
        }
        for product in chosen
    ]


def _order_row(
    rng: random.Random,
    number: str,
    customer: Mapping[str, Any],
    state: str,
    placed: date,
    today: date,
    items: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    total = sum(float(item["price"]) for item in items)
    sent = state not in ("awaiting payment", "processing", "cancelled")
    carrier, pattern = rng.choice(_CARRIERS)
    shipped = placed + timedelta(days=1)
    refunded = state == "refunded" or (state == "returned" and rng.random() < 0.5)
    return {
        "number": number,
        "customer": customer["external_id"],
        "email": customer["email"],
        "status": state,
        "placed_at": _at(placed),
        "total": f"{total:.2f}",
        "currency": "EUR",
        "items": list(items),
        "carrier": carrier if sent else None,
        "tracking_code": pattern.format(rng.randrange(10**8)) if sent else None,
        "shipped_on": shipped.isoformat() if sent else None,
        "arrives_on": _arrival(rng, state, today).isoformat() if state in _ARRIVING else None,
        "delivered_on": (shipped + timedelta(days=3)).isoformat() if state in ("delivered", "refunded") else None,
        "refund_state": ("sent" if state == "refunded" else "approved") if refunded else None,
        "refund_amount": f"{total:.2f}" if refunded else None,
        "refund_expected": (today + timedelta(days=3)).isoformat() if refunded and state != "refunded" else None,
    }


_ARRIVING = frozenset({"processing", "shipped", "out for delivery", "delayed"})


def _arrival(rng: random.Random, state: str, today: date) -> date:
    return today if state == "out for delivery" else today + timedelta(days=rng.randint(1, 6))


def _history(
    rng: random.Random,
    today: date,
    products: Sequence[Mapping[str, Any]],
    tastes: Mapping[str, Sequence[str]],
    orders: Sequence[Mapping[str, Any]],
) -> list[Interaction]:
    history = []
    for customer, taste in tastes.items():
        liked = [product["external_id"] for product in products if product["external_id"].startswith(tuple(taste))]
        everything = [product["external_id"] for product in products]
        for _ in range(rng.randint(*VIEWS_PER_CUSTOMER)):
            product = rng.choice(liked if rng.random() < 0.85 else everything)
            kind = "cart" if rng.random() < 0.15 else "view"
            history.append(Interaction(customer, product, kind, rng.randint(0, 120)))
    for order in orders:
        placed = datetime.fromisoformat(order["placed_at"]).date()
        for item in order["items"]:
            history.append(Interaction(order["customer"], item["external_id"], "purchase", (today - placed).days))
    return history


def _at(day: date) -> str:
    return datetime.combine(day, time(9, 30), UTC).isoformat()
