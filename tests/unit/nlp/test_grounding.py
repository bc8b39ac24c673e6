"""The pointer table and the check that an answer names only what its facts hold."""

from __future__ import annotations

import pytest

from nlp.grounding import POINTERS, WORDS, Fact, UnknownFactError, fill, literals_of, sentinel, unfounded_literals

FACTS = [
    Fact("order.number", "#1042"),
    Fact("order.total", "€1,249.90"),
    Fact("order.arrives", "Friday, November 27"),
    Fact("order.tracking", "1Z999AA10123456784"),
    Fact("shop.hours", "Monday to Friday, 9:00 to 17:00"),
    Fact("shop.email", "hello@demo.test"),
    Fact("discount.amount", "10%"),
    Fact("link.returns", "https://demo.test/returns?a=1"),
]


def test_every_sentinel_number_is_used_once_and_fits_the_hundred_of_t5() -> None:
    assert len(set(POINTERS.values())) == len(POINTERS)
    assert min(POINTERS.values()) >= 0
    assert max(POINTERS.values()) <= 99
    assert not POINTERS.keys() & WORDS.keys()


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("customer.name", 0),
        ("order.number", 40),
        ("order.2.number", 50),
        ("order.3.tracking", 61),
        ("product.1.title", 70),
    ],
)
def test_numbers_of_sentinels_stay_what_trained_models_know(key: str, number: int) -> None:
    assert POINTERS[key] == number


@pytest.mark.parametrize(
    ("key", "value"),
    [("order.colour", "red"), ("order.number", "  "), ("order.state", "lost"), ("product.1.stock", "7 pieces")],
)
def test_a_fact_outside_the_tables_is_refused(key: str, value: str) -> None:
    with pytest.raises(UnknownFactError):
        Fact(key, value)


def test_literals_fill_their_sentinels() -> None:
    literals = literals_of([Fact("order.number", "#1042"), Fact("order.state", "shipped")])
    assert literals == {40: "#1042"}
    assert fill(f"Order {sentinel(40)}.", literals) == "Order #1042."


def test_a_sentinel_without_a_literal_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill(sentinel(41), {40: "#1042"})


@pytest.mark.parametrize(
    "answer",
    [
        "Your order #1042 should arrive on Friday, November 27.",
        "Order 1042 came to €1,249.90.",
        "Track it with 1Z999AA10123456784!",
        "We're there Monday to Friday, 9:00 to 17:00.",
        "Write to hello@demo.test (or start here: https://demo.test/returns?a=1).",
        "You get 10% off.",
        "No numbers at all.",
    ],
)
def test_literals_of_the_facts_are_founded(answer: str) -> None:
    assert unfounded_literals(answer, FACTS) == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Order #1043 is on its way.", ["#1043"]),
        ("Order 042 is on its way.", ["042"]),
        ("It came to 249.90.", ["249.90"]),
        ("It came to €1,249.", ["€1,249"]),
        ("It arrives on November 2.", ["2"]),
        ("Track it with 1Z999AA1.", ["1Z999AA1"]),
        ("Open at 7:00.", ["7:00"]),
        ("You get 0% off.", ["0%"]),
        ("See https://evil.test/returns.", ["https://evil.test/returns"]),
        ("See https://demo.test/returns?a=12", ["https://demo.test/returns?a=12"]),
        ("Write to ello@demo.test or ana@shop.com.", ["ello@demo.test", "ana@shop.com"]),
        ("Look at evil.com first.", ["evil.com"]),
    ],
)
def test_other_literals_are_found(answer: str, found: list[str]) -> None:
    assert unfounded_literals(answer, FACTS) == found


def test_a_word_fact_founds_no_literal() -> None:
    assert unfounded_literals("7", [Fact("order.state", "shipped")]) == ["7"]
