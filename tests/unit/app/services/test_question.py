from __future__ import annotations

import pytest

from app.services.answer.question import email_addresses, order_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("where is #1042?", ["1042"]),
        ("its 1042 thx", ["1042"]),
        ("orders 1042, and #1043.", ["1042", "1043"]),
        ("AB-10442 please", ["AB-10442"]),
        ("I paid 129.00 for 2 of them", []),
        ("mail me at ana1042@demo.test", []),
        ("no number here", []),
    ],
)
def test_order_numbers_are_found(text: str, numbers: list[str]) -> None:
    assert order_numbers(text) == numbers


def test_email_addresses_are_found_in_lower_case() -> None:
    assert email_addresses("it's Ana.D+shop@Demo.test. or b@x.co.uk") == ["ana.d+shop@demo.test", "b@x.co.uk"]
    assert email_addresses("<a@b.test>, mailto:c@d.test!") == ["a@b.test", "c@d.test"]


def test_a_part_of_what_was_written_is_no_address() -> None:
    assert email_addresses("ana@shop.test@else.test") == []
    assert email_addresses("me@ana@shop.test") == []
