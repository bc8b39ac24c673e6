"""Files of records: what is read, and what is said about each thing that is wrong."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.domain.catalogue import format_money, minor_digits
from app.services.import_file import MAX_BYTES, parse_file
from app.services.imports import (
    ArticleRow,
    CustomerRow,
    ImportFileError,
    OrderRow,
    Parsed,
    ProductRow,
    parse_rows,
    to_minor,
)

PRODUCT: dict[str, Any] = {"external_id": "p1", "title": "Tent", "price": "129.00", "currency": "EUR"}
ORDER: dict[str, Any] = {
    "number": "1042",
    "status": "shipped",
    "placed_at": "2026-11-20T10:00:00Z",
    "total": "10.00",
    "currency": "EUR",
}


def parse(tmp_path: Path, kind: str, text: str | bytes, name: str = "file.csv") -> Parsed:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return parse_file(kind, path)


def error_of(kind: str, row: dict[str, Any]) -> str:
    """Return what is wrong with this one row."""
    parsed = parse_rows(kind, [row])
    assert not parsed.rows
    assert [error.row for error in parsed.errors] == [1]
    return parsed.errors[0].message


def test_csv_is_read_with_lists_quotes_and_a_byte_order_mark(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        "products",
        "\ufeffexternal_id,title,price,currency,sizes,tags,consumable,stock,restock,description\r\n"
        'p1,"Tent, large",129.00,EUR,S| M |,green|,yes,4,2026-12-01,"two\r\nlines"\r\n'
        "\r\n"
        "p2,Cup,9.5,EUR,,,no,,,\r\n",
    )
    assert not parsed.errors
    tent, cup = parsed.rows
    assert isinstance(tent, ProductRow)
    assert isinstance(cup, ProductRow)
    assert (tent.title, tent.price, tent.sizes, tent.tags) == ("Tent, large", Decimal("129.00"), ["S", "M"], ["green"])
    assert (tent.consumable, tent.stock, tent.restock) == (True, 4, date(2026, 12, 1))
    assert tent.description == "two\nlines"
    assert (cup.price, cup.sizes, cup.stock, cup.consumable) == (Decimal("9.5"), [], None, False)


def test_json_is_read_with_exact_amounts(tmp_path: Path) -> None:
    text = '[{"external_id": "p1", "title": "Tent", "price": 129.10, "currency": "EUR", "old_price": 1e2}]'
    (row,) = parse(tmp_path, "products", text, "file.JSON").rows
    assert isinstance(row, ProductRow)
    assert (row.price, row.old_price) == (Decimal("129.10"), Decimal("100"))


def test_orders_have_items_of_json_in_csv(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        "orders",
        "number,status,placed_at,total,currency,items\n"
        '1042,shipped,2026-11-20T11:00:00+01:00,10,EUR,"[{""title"": ""Tent"", ""quantity"": 2, ""price"": 5.00}]"\n',
    )
    (order,) = parsed.rows
    assert isinstance(order, OrderRow)
    assert order.placed_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert [(item.title, item.quantity, item.price) for item in order.items] == [("Tent", 2, Decimal("5.00"))]


def test_every_bad_row_is_named_and_the_good_ones_are_kept(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        "orders",
        "number,status,placed_at,total,currency,items\n"
        "1,shipped,2026-11-20T10:00:00Z,10,EUR,\n"
        "2,shipped,2026-11-20T10:00:00Z,10,EUR,[{\n"
        "3,lost,2026-11-20T10:00:00Z,10,EUR,\n"
        "4,shipped,2026-11-20T10:00:00,10,EUR,\n"
        "5,shipped,2026-11-20T10:00:00Z,ten,EUR,\n"
        "6,shipped,2026-11-20T10:00:00Z,10,EUR,[],too,many\n"
        "7,shipped\n"
        "1,shipped,2026-11-20T10:00:00Z,10,EUR,\n",
    )
    assert [row.number for row in parsed.rows if isinstance(row, OrderRow)] == ["1"]
    said = {error.row: error.message for error in parsed.errors}
    assert list(said) == [2, 3, 4, 5, 6, 7, 8]
    assert said[2].startswith("items is not JSON")
    assert "status is one of" in said[3]
    assert "time zone" in said[4]
    assert "$.total" in said[5]
    assert "more cells than columns" in said[6]
    assert "placed_at" in said[7]
    assert said[8] == "number '1' is that of row 1 already"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"external_id,title\n\xff\xfe,x\n", "cannot be read as UTF-8"),
        (b"external_id,price\np1,1", None),
        (b"external_id,colour\np1,red", "unknown columns: 'colour'"),
        (b"external_id,title,external_id\np1,x,p2", "a column twice"),
        (b'external_id,title\np1,"never closed\n', "line 2"),
        (b"external_id,title\np1," + b"x" * (2**20 + 1), "line 2"),
    ],
)
def test_csv_files_that_cannot_be_read_say_why(tmp_path: Path, content: bytes, said: str | None) -> None:
    if said is None:
        assert len(parse(tmp_path, "products", content).errors) == 1
        return
    with pytest.raises(ImportFileError, match=said):
        parse(tmp_path, "products", content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{}", "list of objects"),
        ("7", "list of objects"),
        ("[" * 100_000, "nested too deeply"),
        ("[NaN]", "NaN"),
        ("[" + "9" * 5000 + "]", "not JSON"),
    ],
)
def test_json_files_that_cannot_be_read_say_why(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ImportFileError, match=said):
        parse(tmp_path, "products", content, "file.json")


def test_things_in_a_list_that_are_no_objects_are_errors_of_their_rows(tmp_path: Path) -> None:
    parsed = parse(tmp_path, "products", json.dumps([PRODUCT, 7, None, ["x"]]), "file.json")
    assert len(parsed.rows) == 1
    assert [error.row for error in parsed.errors] == [2, 3, 4]


def test_a_huge_file_a_missing_one_and_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ImportFileError, match="64 MiB: split it"):
        parse_file("products", huge)
    with pytest.raises(ImportFileError, match="cannot be read"):
        parse_file("products", tmp_path / "missing.csv")
    with pytest.raises(ImportFileError, match="cannot be read"):
        parse_file("products", tmp_path)
    with pytest.raises(ImportFileError, match="products, orders, customers, articles"):
        parse_file("invoices", huge)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": "-1"}, "price is not a price"),
        ({"price": "NaN"}, "price is not a price"),
        ({"price": "Infinity"}, "price is not a price"),
        ({"price": "1e30"}, "price is not a price"),
        ({"price": "1.005"}, "more decimals than EUR"),
        ({"old_price": "-5"}, "old_price"),
        ({"currency": "JPY", "price": "100.5"}, "more decimals than JPY"),
        ({"currency": "euro"}, "currency"),
        ({"stock": "-1"}, "stock"),
        ({"stock": str(2**40)}, "stock"),
        ({"title": "x" * 256}, "title"),
        ({"title": ""}, "title"),
        ({"title": "a\0b"}, "title holds a NUL"),
        ({"sizes": ["S\0"]}, "sizes holds a NUL"),
        ({"description": "\ud800"}, "half a surrogate"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_values_of_products_are_named(change: dict[str, Any], said: str) -> None:
    assert said in error_of("products", {**PRODUCT, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": "9" * 65}, "number"),
        ({"total": "-1"}, "total"),
        ({"refund_amount": "0.001"}, "refund_amount"),
        ({"refund_state": "maybe"}, "refund_state is one of"),
        ({"items": [{"title": "Tent", "quantity": 0}]}, "items"),
        ({"items": [{"title": "Tent", "price": "-3"}]}, "the price of an item"),
        ({"items": [{"title": "a\0"}]}, "title holds a NUL"),
        ({"items": {"title": "Tent"}}, "items"),
        ({"shipped_on": "yesterday"}, "shipped_on"),
    ],
)
def test_bad_values_of_orders_are_named(change: dict[str, Any], said: str) -> None:
    assert said in error_of("orders", {**ORDER, **change})


def test_bad_values_of_customers_and_articles_are_named() -> None:
    assert "created_at needs a time zone" in error_of(
        "customers", {"external_id": "c", "created_at": "2026-01-01T00:00:00"}
    )
    assert "phone" in error_of("customers", {"external_id": "c", "phone": "1" * 65})
    article = {"external_id": "a", "title": "Returns", "body": "Within 30 days."}
    assert "policy.unknown" in error_of("articles", {**article, "facts": {"policy.unknown": "x"}})
    assert "body" in error_of("articles", {**article, "body": ""})
    (good,) = parse_rows("articles", [{**article, "facts": {"policy.return_window": "30 days"}}]).rows
    assert isinstance(good, ArticleRow)
    (customer,) = parse_rows("customers", [{"external_id": "c", "created_at": "2026-01-01T00:00:00Z"}]).rows
    assert isinstance(customer, CustomerRow)


def test_two_rows_of_one_id_are_refused_whatever_it_is_called() -> None:
    assert len(parse_rows("products", [PRODUCT, PRODUCT]).errors) == 1
    orders = [{**ORDER, "external_id": "x"}, {**ORDER, "number": "1043", "external_id": "x"}]
    assert parse_rows("orders", orders).errors[0].message == "external_id 'x' is that of row 1 already"


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "shown"),
    [
        ("129.00", "EUR", 12_900, "€129.00"),
        ("0.1", "CHF", 10, "0.10 CHF"),
        ("1200", "JPY", 1200, "1200 JPY"),
        ("1200.00", "KRW", 1200, "1200 KRW"),
        ("1.234", "KWD", 1234, "1.234 KWD"),
    ],
)
def test_amounts_are_kept_in_the_minor_unit_of_their_currency(
    amount: str, currency: str, minor: int, shown: str
) -> None:
    (row,) = parse_rows("products", [{**PRODUCT, "price": amount, "currency": currency}]).rows
    assert isinstance(row, ProductRow)
    assert to_minor(row.price, currency) == minor
    assert format_money(minor, currency) == shown
    assert minor_digits(currency) in (0, 2, 3)
