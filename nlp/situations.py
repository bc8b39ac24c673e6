"""Which facts the responder is given in which situation, and which act goes with it.

The pipeline picks the situation and gathers the facts with the keys of its row, in that order; every one of them may
be absent, then the answer does not speak of it. The training data is generated from the same rows. An intent can be
answered in several situations: `order_status/unverified` never holds an order fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nlp.grounding import MAX_ORDERS, MAX_PRODUCTS, order_key, product_key
from nlp.prompt import Act


@dataclass(frozen=True, slots=True)
class Situation:
    """What is done and what may be said: `keys` are the facts, in the order of the prompt."""

    act: Act
    keys: tuple[str, ...] = ()


def _order(*fields: str) -> tuple[str, ...]:
    return tuple(order_key(1, field) for field in fields)


def _orders(*fields: str) -> tuple[str, ...]:
    return tuple(order_key(index, field) for index in range(1, MAX_ORDERS + 1) for field in fields)


def _product(*fields: str) -> tuple[str, ...]:
    return tuple(product_key(1, field) for field in fields)


def _products(*fields: str) -> tuple[str, ...]:
    return tuple(product_key(index, field) for index in range(1, MAX_PRODUCTS + 1) for field in fields)


_NAME = ("customer.name",)
_ASKS = ("asks",)
_ORDER = _order(
    "number", "state", "item", "carrier", "tracking", "arrives", "placed", "shipped", "delivered", "total", "link"
)
_RETURNS = ("policy.return_window", "policy.return_shipping", "policy.return_cost", "policy.refund_time")
_CANCEL = ("policy.cancellation", "policy.cancel_fee", "policy.cancel_window")
_HANDOFF = ("handoff.state", "handoff.wait", "shop.hours")
_DELIVERY = tuple(
    f"delivery.{field}"
    for field in (
        "standard", "standard_time", "standard_cost", "express_time", "express_cost", "free_from", "countries", "cutoff"
    )
)  # fmt: skip
_ARTICLE = ("article.title", "article.text", "article.link")

# Orders: `unverified` asks for number and e-mail, or for the one that `missing` names; `unmatched` is the one
# answer for a wrong and an unknown number (`missing` for a signed-in customer, who gave no address); `several` lists
# the customer's orders when none was named; `none` is for a verified customer without orders; `verified` holds the one
# that was meant.
_ORDER_ROWS: dict[str, Situation] = {
    "order_status/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "order_status/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "order_status/verified": Situation(Act.ANSWER, _ASKS + _NAME + _ORDER),
    "order_status/several": Situation(Act.ANSWER, _NAME + _orders("number", "state", "item", "arrives", "delivered")),
    "order_status/none": Situation(Act.ANSWER, (*_NAME, "orders.found")),
    "order_cancel/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "order_cancel/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "order_cancel/possible": Situation(
        Act.HANDOFF, _order("number", "state", "item", "cancellable") + _CANCEL + _HANDOFF
    ),
    "order_cancel/too_late": Situation(
        Act.ANSWER, _order("number", "state", "item", "cancellable") + _RETURNS + ("link.returns",)
    ),
    "order_change/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "order_change/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "order_change/possible": Situation(Act.HANDOFF, _order("number", "state", "item", "changeable") + _HANDOFF),
    "order_change/too_late": Situation(
        Act.ANSWER, _order("number", "state", "item", "changeable") + _RETURNS + ("link.returns",)
    ),
    "address_change/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "address_change/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "address_change/possible": Situation(Act.HANDOFF, _order("number", "state", "changeable") + _HANDOFF),
    "address_change/too_late": Situation(Act.ANSWER, _order("number", "state", "changeable", "carrier", "tracking")),
    "refund_status/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "refund_status/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "refund_status/verified": Situation(
        Act.ANSWER,
        (*_order("number", "item"), "refund.state", "refund.amount", "refund.expected", "policy.refund_time"),
    ),
    "refund_request/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "refund_request/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "refund_request/verified": Situation(
        Act.ANSWER, _order("number", "state", "item", "returnable") + _RETURNS + ("link.returns",)
    ),
    "return_or_exchange/verified": Situation(
        Act.ANSWER, _ASKS + _order("number", "state", "item", "returnable") + _RETURNS + ("link.returns",)
    ),
    "return_or_exchange/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "return_or_exchange/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "return_or_exchange/general": Situation(Act.ANSWER, (*_ASKS, *_RETURNS, "link.returns")),
    "damaged_or_wrong_item/unverified": Situation(Act.ASK_ORDER, ("missing",)),
    "damaged_or_wrong_item/unmatched": Situation(Act.NOT_FOUND, ("missing",)),
    "damaged_or_wrong_item/verified": Situation(
        Act.HANDOFF, (*_order("number", "item"), "policy.damage_window", *_HANDOFF)
    ),
    "invoice/unverified": Situation(Act.ANSWER, ("link.orders",)),
    "invoice/verified": Situation(Act.ANSWER, (*_order("number"), "link.orders")),
}

# `article` serves any question whose best answer is a sentence of a policy article, whatever the intent.
_SHOP_ROWS: dict[str, Situation] = {
    "order_place/general": Situation(Act.ANSWER, (*_ASKS, "shop.phone", "link.products", "payment.methods")),
    "delivery_options/general": Situation(Act.ANSWER, (*_ASKS, "confirms", *_DELIVERY)),
    "delivery_options/article": Situation(Act.ANSWER, _ARTICLE),
    "refund_policy/general": Situation(Act.ANSWER, (*_ASKS, *_RETURNS, "link.returns")),
    "refund_policy/article": Situation(Act.ANSWER, _ARTICLE),
    "cancellation_fee/general": Situation(Act.ANSWER, _ASKS + _CANCEL),
    "payment_methods/general": Situation(Act.ANSWER, ("confirms", "payment.methods")),
    "payment_methods/article": Situation(Act.ANSWER, _ARTICLE),
    "payment_problem/general": Situation(Act.ANSWER, ("payment.methods", "link.contact")),
    "payment_problem/handoff": Situation(Act.HANDOFF, _HANDOFF),
    "discount/general": Situation(
        Act.ANSWER, ("discount.code", "discount.amount", "discount.minimum", "discount.ends", "link.newsletter")
    ),
    "warranty/general": Situation(Act.ANSWER, ("policy.warranty", *_product("title"))),
    "warranty/article": Situation(Act.ANSWER, _ARTICLE),
    "contact_info/general": Situation(
        Act.ANSWER, ("asks", "shop.name", "shop.phone", "shop.email", "shop.hours", "shop.address", "link.contact")
    ),
    "account_create/general": Situation(Act.ANSWER, ("link.signup",)),
    "account_edit/general": Situation(Act.ANSWER, ("link.account",)),
    "account_delete/general": Situation(Act.ANSWER, ("link.account",)),
    "account_switch/general": Situation(Act.ANSWER, ("link.account",)),
    "password_reset/general": Situation(Act.ANSWER, (*_ASKS, "link.password")),
    "signup_problem/general": Situation(Act.ANSWER, (*_ASKS, "link.signup", "link.contact")),
    "newsletter/general": Situation(Act.ANSWER, ("link.newsletter",)),
    "review/general": Situation(Act.ANSWER, ("link.reviews",)),
    "product_question/article": Situation(Act.ANSWER, _ARTICLE),
}

_PRODUCT_ROWS: dict[str, Situation] = {
    "product_question/found": Situation(
        Act.ANSWER,
        (
            *_ASKS,
            "confirms",
            *_product(
                "title", "price", "old_price", "stock", "sizes", "colours", "variant", "material", "detail", "link"
            ),
        ),
    ),
    "product_question/compared": Situation(
        Act.ANSWER,
        _ASKS + tuple(product_key(n, field) for n in (1, 2) for field in ("title", "price", "material", "detail")),
    ),
    "product_question/which": Situation(Act.ASK_DETAIL, ("missing",)),
    "product_question/unmatched": Situation(Act.NOT_FOUND, ("link.products",)),
    "product_search/found": Situation(Act.ANSWER, _products("title", "price", "old_price", "link")),
    "product_search/vague": Situation(Act.ASK_DETAIL, ("missing",)),
    "product_search/unmatched": Situation(Act.NOT_FOUND, ("link.products",)),
    "availability/found": Situation(
        Act.ANSWER,
        ("asks", "confirms", *_product("title", "stock", "variant", "sizes", "colours", "restock", "price", "link")),
    ),
    "availability/which": Situation(Act.ASK_DETAIL, ("missing",)),
    "availability/unmatched": Situation(Act.NOT_FOUND, ("link.products",)),
}

# `any` rows go with every intent: the policy may hand off, offer a person or ask back whatever was meant. `unknown` is
# for what was understood and stands nowhere; `offer` for what was not understood; `unproven` for who cannot say which
# order is theirs; `language` for who asks whether another one is spoken.
_TALK_ROWS: dict[str, Situation] = {
    "greeting/talk": Situation(Act.SMALL_TALK, ("customer.name", "shop.name")),
    "goodbye/talk": Situation(Act.SMALL_TALK, _NAME),
    "thanks/talk": Situation(Act.SMALL_TALK, _NAME),
    "out_of_scope/decline": Situation(Act.DECLINE, ("shop.name",)),
    "out_of_scope/assistant": Situation(Act.SMALL_TALK, ("shop.name",)),
    "out_of_scope/english": Situation(Act.SMALL_TALK),
    "complaint/handoff": Situation(Act.HANDOFF, _HANDOFF),
    "complaint/offer": Situation(Act.OFFER_PERSON, ("handoff.state",)),
    "contact_human/handoff": Situation(Act.HANDOFF, _HANDOFF),
    "any/handoff": Situation(Act.HANDOFF, _HANDOFF),
    "any/offer": Situation(Act.OFFER_PERSON, ("handoff.state", "shop.hours")),
    "any/unknown": Situation(Act.OFFER_PERSON, ("handoff.state",)),
    "any/unproven": Situation(Act.OFFER_PERSON, ("handoff.state",)),
    "any/language": Situation(Act.OFFER_PERSON, ("handoff.state",)),
    "any/clarify": Situation(Act.CLARIFY),
    "any/help": Situation(Act.CLARIFY, ("shop.name",)),
}

SITUATIONS: Mapping[str, Situation] = MappingProxyType(_ORDER_ROWS | _SHOP_ROWS | _PRODUCT_ROWS | _TALK_ROWS)

INTENTS = (
    "greeting", "goodbye", "thanks", "order_status", "order_cancel", "order_change", "order_place", "address_change",
    "delivery_options", "refund_policy", "refund_request", "refund_status", "return_or_exchange",
    "damaged_or_wrong_item", "payment_methods", "payment_problem", "invoice", "cancellation_fee", "account_create",
    "account_edit", "account_delete", "account_switch", "password_reset", "signup_problem", "newsletter", "review",
    "complaint", "contact_human", "contact_info", "product_question", "product_search", "availability", "discount",
    "warranty", "out_of_scope",
)  # fmt: skip
