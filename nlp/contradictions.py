"""Phrases that contradict a fact which is a word, such as "out of stock" beside `product.1.stock: in stock`.

Literals cannot be wrong, because they are copied by pointers. Words of a closed list are put into sentences by the
model, and a small model sometimes takes the wrong sentence. The engine may not write what this table forbids.
Phrases are lower case; each is long enough to mean nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nlp.grounding import Fact, order_key, product_key

# What each state is said with. A phrase that also fits other states stands with all of them.
_STATE_PHRASES: Mapping[str, tuple[str, ...]] = {
    "awaiting payment": ("for your payment", "received the payment", "waiting for payment"),
    "processing": ("being prepared", "being packed", "are preparing", "not shipped yet"),
    "shipped": ("has shipped", "left our warehouse", "is on its way"),
    "out for delivery": ("out for delivery", "is on its way"),
    "delivered": ("been delivered", "was delivered", "as delivered"),
    "delayed": ("is delayed", "running late", "is on its way"),
    "cancelled": ("was cancelled", "been cancelled"),
    "returned": ("came back to us", "came back to our", "been returned"),
    "refunded": ("been refunded", "have refunded"),
}

_AWAY = ("out of stock", "sold out", "not in stock", "isn't in stock", "not available", "don't have the")
_FEW = ("there", "a few left")  # the first word too: a sentence once begun must be ended
_SENT = ("has been sent", "was sent", "been refunded", "was refunded", "is on its way")
_APPROVED = ("been approved", "was approved", "is approved")
_NO_REFUND = ("see a refund", "no refund")
_OFFLINE = ("offline", "not here right now", "closed right now")

_PHRASES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("product.1.stock", "in stock"): (*_AWAY, *_FEW),
        ("product.1.stock", "low stock"): _AWAY,
        ("product.1.stock", "sold out"): ("yes, we have", "good news", "is in stock", "it in stock"),
        ("refund.state", "none"): (*_APPROVED, *_SENT, "been cancelled"),
        ("refund.state", "requested"): (*_APPROVED, *_SENT, *_NO_REFUND),
        ("refund.state", "approved"): (*_SENT, *_NO_REFUND),
        ("refund.state", "sent"): _NO_REFUND,
        ("policy.return_shipping", "free"): ("return shipping costs", "return costs"),
        ("policy.return_shipping", "paid"): ("shipping is free", "back is free", "returns are free", "free return"),
        ("delivery.standard", "paid"): ("delivery is free", "shipping is free"),
        ("policy.cancellation", "free"): ("a fee of", "fee is", "costs you"),
        ("policy.cancellation", "fee"): ("free of charge", "is free", "no fee"),
        ("handoff.state", "available"): _OFFLINE,
    }
)


def forbidden_phrases(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return what an answer from these facts may not say.

    A product whose stock is not told is not scarce. Several orders in one answer have a state each: then phrases of
    states are not forbidden.
    """
    values = {fact.key: fact.value for fact in facts if fact.pointer is None}
    phrases = [phrase for item in values.items() for phrase in _PHRASES.get(item, ())]
    if any(fact.key == product_key(1, "title") for fact in facts) and product_key(1, "stock") not in values:
        phrases += [*_AWAY, *_FEW]
    if order_key(2, "state") not in values:
        phrases += _other_states(values.get(order_key(1, "state")))
    return tuple(dict.fromkeys(phrases))


def contradictions(text: str, facts: Sequence[Fact]) -> list[str]:
    """Return the forbidden phrases that an answer says all the same."""
    said = text.lower()
    return [phrase for phrase in forbidden_phrases(facts) if phrase in said]


def _other_states(state: str | None) -> list[str]:
    if state is None:
        return []
    own = _STATE_PHRASES[state]
    return [
        phrase for other, phrases in _STATE_PHRASES.items() if other != state for phrase in phrases if phrase not in own
    ]
