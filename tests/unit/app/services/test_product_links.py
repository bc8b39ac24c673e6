"""Links to recommended products: short, of this server's making alone, and without anything to read in them."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from app.services.product_links import ProductLinks, is_program
from app.services.recommendation_stats import kind_of

LINKS = ProductLinks("a secret", "https://chat.shop.test")


def test_a_link_names_what_was_shown_and_nothing_else() -> None:
    shown = uuid4()
    link = LINKS.link(shown)
    assert re.fullmatch(r"https://chat\.shop\.test/go/[\w-]{40}", link)
    assert LINKS.read(link.rpartition("/")[2]) == shown
    assert str(shown) not in link


def test_a_link_of_another_server_or_a_changed_one_is_not_read() -> None:
    token = LINKS.link(uuid4()).rpartition("/")[2]
    assert ProductLinks("another secret", "https://chat.shop.test").read(token) is None
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert LINKS.read(changed) is None, place


@pytest.mark.parametrize("token", ["", "é", "a", "=" * 40, "A" * 40, "A" * 4000, "\n" * 40, "A" * 40 + "\n"])
def test_what_is_no_link_is_not_read(token: str) -> None:
    assert LINKS.read(token) is None


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://shop.test/a", "https://shop.test/a"),
        ("/products/a", "https://chat.shop.test/products/a"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
    ],
)
def test_only_pages_on_the_web_are_led_to(url: str, target: str | None) -> None:
    assert LINKS.target(url) == target


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("WhatsApp/2.24.1 i", True),
        ("facebookexternalhit/1.1", True),
        ("meta-externalagent/1.1", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 [FBAN/FBIOS;FBAV/400]", False),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Telegram-Android/10.5", False),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT X70) Chrome/120 Mobile", False),
        ("", False),
    ],
)
def test_a_program_is_told_from_a_person(agent: str, expected: bool) -> None:
    assert is_program(agent) is expected


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("because you bought Ember Lantern", "because you bought"),
        ("similar to Ember Lantern", "similar to"),
        ("often bought with Ember Lantern", "often bought with"),
        ("matches your search in jackets", "matches your search"),
        ("on sale now", "on sale now"),
        (None, "unknown"),
    ],
)
def test_reasons_are_counted_without_what_they_name(reason: str | None, kind: str) -> None:
    assert kind_of(reason) == kind
