"""Facts an answer may name, their typed sentinels, and the check that an answer names nothing else.

Every kind of literal fact (order number, tracking code, amount, date, link, product name ...) has one fixed sentinel
number, the same for every shop and every conversation. The model learns *which* fact answers; the detokenizer writes
the literal. Facts that are not literal (`order.state`) are words from a closed list, which the model reads and says
in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

MAX_ORDERS = 3
MAX_PRODUCTS = 3

# Position in the tuple + the base below = the number of the sentinel. The numbers are part of every trained model:
# append, never reorder.
_GENERAL = (
    "customer.name",
    "shop.name",
    "shop.phone",
    "shop.email",
    "shop.hours",  # "Monday to Friday, 9:00 to 17:00"
    "shop.address",
    "handoff.wait",  # "about 5 minutes"
    "policy.return_window",  # "30 days"
    "policy.refund_time",  # "5 business days"
    "policy.return_cost",  # "€4.95", with policy.return_shipping: paid
    "policy.cancel_window",  # "2 hours", counted from the order
    "policy.cancel_fee",  # "€5.00", with policy.cancellation: fee
    "policy.warranty",  # "2 years"
    "policy.damage_window",  # "14 days", to report damage after delivery
    "delivery.standard_time",  # "3 to 5 business days"
    "delivery.standard_cost",  # "€4.95"
    "delivery.express_time",
    "delivery.express_cost",
    "delivery.free_from",  # "€50.00"
    "delivery.countries",  # "Germany, Austria and France"
    "delivery.cutoff",  # "2:00 PM"
    "payment.methods",  # "Visa, Mastercard and PayPal"
    "discount.code",
    "discount.amount",  # "10%" or "€5.00"
    "discount.ends",  # "November 30"
    "discount.minimum",  # "€40.00"
    "link.account",  # page to manage, change or delete the account
    "link.password",
    "link.signup",
    "link.orders",  # own orders and invoices
    "link.returns",
    "link.newsletter",
    "link.reviews",
    "link.contact",
    "link.products",
    "refund.amount",
    "refund.expected",  # date
    "article.title",
    "article.text",  # one sentence of a policy article, without its full stop
    "article.link",
)
_ORDER = ("number", "tracking", "carrier", "arrives", "total", "item", "placed", "delivered", "shipped", "link")
_PRODUCT = (
    "title",
    "price",
    "sizes",  # "S, M and L"
    "colours",  # "black, navy and olive"
    "variant",  # the one asked for: "size M", "black", "black, size M"
    "material",  # "100% cotton"
    "detail",  # one sentence of the description, without its full stop
    "restock",  # date
    "old_price",
    "link",
)
_ORDER_BASE, _PRODUCT_BASE = 40, 70


def order_key(index: int, field: str) -> str:
    """Name the fact of the order at 1-based `index`: `order.number` for the first, `order.2.number` after it."""
    return f"order.{field}" if index == 1 else f"order.{index}.{field}"


def product_key(index: int, field: str) -> str:
    """Name the fact of the product at 1-based `index`: `product.1.title`."""
    return f"product.{index}.{field}"


def _table() -> dict[str, int]:
    table = {key: number for number, key in enumerate(_GENERAL)}
    for index in range(1, MAX_ORDERS + 1):
        base = _ORDER_BASE + (index - 1) * len(_ORDER)
        table.update({order_key(index, field): base + at for at, field in enumerate(_ORDER)})
    for index in range(1, MAX_PRODUCTS + 1):
        base = _PRODUCT_BASE + (index - 1) * len(_PRODUCT)
        table.update({product_key(index, field): base + at for at, field in enumerate(_PRODUCT)})
    return table


POINTERS: Mapping[str, int] = MappingProxyType(_table())

ORDER_STATES = (
    "awaiting payment",
    "processing",  # paid, being packed
    "shipped",
    "out for delivery",
    "delivered",
    "delayed",
    "cancelled",
    "returned",  # the parcel came back to the shop
    "refunded",
)
# The one thing a question is about, where its intent has several; a general question has none.
ASPECTS = (
    "when", "tracking", "carrier", "total", "items", "placed", "lost",  # of an order
    "cost", "time", "express", "countries", "cutoff",  # of delivery, a return or a refund
    "free", "soon",  # of delivery: from what amount it costs nothing; by tomorrow
    "exchange",  # instead of a return
    "count",  # of a product in stock
    "phone", "email", "hours", "address",  # of the shop; an e-mail that did not come when somebody signs up
    "taken",  # an address that has an account already
    "price", "sizes", "colours", "material",  # of a product
    "property",  # of two products that are compared
    "opinion",  # on a product: none is known
)  # fmt: skip
_YES_NO = ("yes", "no")


def _words() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {
        "policy.return_shipping": ("free", "paid"),
        "policy.cancellation": ("free", "fee"),
        "delivery.standard": ("free", "paid"),
        "refund.state": ("requested", "approved", "sent", "none"),
        "handoff.state": ("available", "closed"),
        "orders.found": ("none",),  # a verified customer without any order
        "asks": ASPECTS,
        "confirms": _YES_NO,  # what the records say to a question that is answered by yes or no
        # What `ask_detail` and `ask_order` ask for; `ask_order` without it asks for order number and e-mail address.
        "missing": ("product", "size", "colour", "budget", "item", "reason", "order number", "email"),
    }
    for index in range(1, MAX_ORDERS + 1):
        words[order_key(index, "state")] = ORDER_STATES
        for field in ("cancellable", "changeable", "returnable"):
            words[order_key(index, field)] = _YES_NO
    for index in range(1, MAX_PRODUCTS + 1):
        words[product_key(index, "stock")] = ("in stock", "low stock", "sold out")
    return words


WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(_words())


class UnknownFactError(ValueError):
    """A fact has a key outside `POINTERS` and `WORDS`, or a word outside its closed list."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the answer may say. Raises: UnknownFactError."""

    key: str
    value: str

    def __post_init__(self) -> None:
        if self.key in POINTERS:
            if not self.value.strip():
                raise UnknownFactError(f"fact {self.key} is empty: leave an absent fact out")
        elif self.key not in WORDS:
            raise UnknownFactError(f"no fact is called {self.key}: see POINTERS and WORDS")
        elif self.value not in WORDS[self.key]:
            raise UnknownFactError(f"fact {self.key} is one of {', '.join(WORDS[self.key])}, not {self.value!r}")

    @property
    def pointer(self) -> int | None:
        """Return the number of the fact's sentinel, or None when the fact is a word."""
        return POINTERS.get(self.key)


def sentinel(number: int) -> str:
    """Return the token that stands for the literal with this number in prompts and answers."""
    return f"<extra_id_{number}>"


SENTINEL = re.compile(r"<extra_id_(\d{1,2})>")


def literals_of(facts: Iterable[Fact]) -> dict[int, str]:
    """Map the sentinel numbers of these facts to their literals."""
    return {fact.pointer: fact.value for fact in facts if fact.pointer is not None}


def fill(text: str, literals: Mapping[int, str]) -> str:
    """Write the literals in the place of their sentinels. Raises: KeyError for a sentinel without a literal."""
    return SENTINEL.sub(lambda match: literals[int(match.group(1))], text)


# What must come from a fact: links, e-mail addresses, and every run that holds a digit, together with the signs that
# belong to it (#1042, 1Z999AA10123456784, €4.95, 9:00, 10%, 2026-11-30).
_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_LINK = r"(?:https?://|www\.)[^\s<>\"']+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|shop|store|io|eu|de|test|example)\b\S*"
_NUMBER = r"[#€$£]?\w*\d[\w.,:/%€$£-]*"
_LITERAL = re.compile(f"{_EMAIL}|{_LINK}|{_NUMBER}", re.IGNORECASE)
_EDGE = ".,:;!?)('\"-/"


def unfounded_literals(text: str, facts: Sequence[Fact]) -> list[str]:
    """Return the numbers, prices, dates, links and addresses of an answer that stand in no fact, in their order.

    A literal is founded when it stands as a whole inside the value of a fact: `1042` of `#1042` is, `42` is not.
    """
    values = [fact.value.casefold() for fact in facts if fact.pointer is not None]
    found = (match.group().strip(_EDGE) for match in _LITERAL.finditer(text))
    return [literal for literal in found if literal and not any(_holds(value, literal.casefold()) for value in values)]


def _holds(value: str, literal: str) -> bool:
    """Tell whether `literal` stands in `value` and is not the middle of a longer word or number there."""
    at = value.find(literal)
    while at >= 0:
        before, after = value[:at][-1:], value[at + len(literal) :]
        cut_left = before.isalnum() and literal[0].isalnum()
        cut_right = bool(re.match(r"\w|[.,:]\d", after)) and literal[-1].isalnum()
        decimal_left = bool(re.search(r"\d[.,:]$", value[:at])) and literal[0].isdigit()
        if not (cut_left or cut_right or decimal_left):
            return True
        at = value.find(literal, at + 1)
    return False
