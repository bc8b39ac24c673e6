"""The demo shop's records: the same at every start but for their dates, and complete enough to be tried."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from xml.etree import ElementTree

from app.demo.people import ANA, ANA_TRACKING, demo_records
from app.demo.pictures import draw
from app.services.imports import OrderRow, ProductRow, parse_rows
from nlp.grounding import ORDER_STATES, POINTERS, WORDS

TODAY = date(2026, 11, 22)


def orders(today: date = TODAY) -> list[OrderRow]:
    parsed = parse_rows("orders", demo_records(today).orders)
    assert not parsed.errors
    return [row for row in parsed.rows if isinstance(row, OrderRow)]


def test_the_known_records_are_as_promised() -> None:
    by_number = {order.number.lstrip("#"): order for order in orders()}
    known = by_number["1042"]
    assert (known.customer, known.status, known.carrier, known.tracking_code) == (ANA, "shipped", "UPS", ANA_TRACKING)
    assert known.arrives_on == TODAY + timedelta(days=5)
    assert by_number["1043"].customer not in (ANA, None)


def test_every_state_of_an_order_can_be_met() -> None:
    counted = Counter(order.status for order in orders())
    assert set(counted) == set(ORDER_STATES)
    assert counted.total() == 150


def test_dates_follow_today_and_nothing_else_changes() -> None:
    later = TODAY + timedelta(days=30)
    for now, then in zip(orders(), orders(later), strict=True):
        assert then.placed_at - now.placed_at == timedelta(days=30)
        assert (then.number, then.status, then.total, then.customer) == (
            now.number,
            now.status,
            now.total,
            now.customer,
        )


def test_nothing_was_ordered_or_delivered_after_today() -> None:
    for order in orders():
        assert order.placed_at.date() <= TODAY
        for day in (order.shipped_on, order.delivered_on):
            assert day is None or order.placed_at.date() <= day <= TODAY, order.number
        if order.status in ("shipped", "out for delivery"):
            assert order.carrier
            assert order.tracking_code


def test_orders_are_of_known_customers_and_products() -> None:
    records = demo_records(TODAY)
    customers = {row["external_id"] for row in records.customers}
    products = {row["external_id"] for row in records.products}
    for order in orders():
        assert order.customer in customers
        assert {item.external_id for item in order.items} <= products
        assert sum((item.price or 0) * item.quantity for item in order.items) <= order.total
    assert {one.customer for one in records.interactions} <= customers
    assert {one.product for one in records.interactions} <= products
    assert all(one.days_ago >= 0 for one in records.interactions)


def test_the_shops_facts_are_ones_that_answers_know() -> None:
    for key, value in demo_records(TODAY).profile.items():
        assert key in POINTERS or value in WORDS[key], key


def test_every_product_has_a_picture() -> None:
    rows = parse_rows("products", demo_records(TODAY).products).rows
    pictures = {draw(row.category or "", tuple(row.colours)) for row in rows if isinstance(row, ProductRow)}
    assert len(pictures) > 20
    for picture in pictures:
        assert ElementTree.fromstring(picture).tag.endswith("svg")
