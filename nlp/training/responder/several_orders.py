"""Scenes on two or three orders of which the customer named none."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.grounding import order_key
from nlp.training.responder.grammar import Scene, say
from nlp.training.responder.order_questions import ALL, WHERE
from nlp.training.responder.orders import ABSENT

_STATE_WORDS = {
    "awaiting payment": "is waiting for payment",
    "processing": "is being packed",
    "shipped": "is on its way",
    "out for delivery": "is out for delivery",
    "delivered": "has been delivered",
    "delayed": "is delayed",
    "cancelled": "was cancelled",
    "returned": "came back to us",
    "refunded": "has been refunded",
}
_UNSENT = ("awaiting payment", "cancelled", "processing", "returned", "refunded", "delivered")


def _asks_of_several(states: Sequence[str]) -> tuple[str, ...]:
    """Return the ways to ask about orders in these states; who names an order or its item reads of that one."""
    asks = WHERE if set(states) & set(_UNSENT) else ALL
    return tuple(ask for ask in asks if "{order.number}" not in ask and "{thing}" not in ask)


def _absent_of_several(states: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        order_key(number, key.removeprefix("order."))
        for number, state in enumerate(states, start=1)
        for key in ABSENT[state]
    )


def scenes() -> list[Scene]:
    """List two or three orders, each with its state; every pair and a spread of triples is written out."""
    found = []
    states = list(_STATE_WORDS)
    for first in states:
        for second in states:
            given = {"order.state": first, "order.2.state": second}
            pair = f"{{order.number}} {_STATE_WORDS[first]} and {{order.2.number}} {_STATE_WORDS[second]}"
            named = (
                f"{{order.number}} ({{order.item}}) {_STATE_WORDS[first]}, and {{order.2.number}} ({{order.2.item}}) "
                f"{_STATE_WORDS[second]}"
            )
            both = say(
                f"(I see two orders|You have two orders): {pair}.",
                f"(I found two orders|You have two recent orders): {named}.",
            )
            which = say("Which one do you mean?", "Which one is it about?", "Which of them do you mean?")
            gone = tuple(f"order.3.{field}" for field in ("number", "state", "item", "arrives", "delivered"))
            base = ("order.number", "order.state", "order.item", "order.2.number", "order.2.state", "order.2.item")
            found.append(
                Scene("order_status/several", _asks_of_several((first, second)), (both, which), ("and my orders?",),
                      given, (*gone, *_absent_of_several((first, second))), base, weight=0.1)
            )  # fmt: skip
            third = states[(states.index(first) + 2 * states.index(second) + 1) % len(states)]
            triple = (
                f"{{order.number}} {_STATE_WORDS[first]}, {{order.2.number}} {_STATE_WORDS[second]}, and "
                f"{{order.3.number}} {_STATE_WORDS[third]}"
            )
            named_triple = (
                f"{{order.number}} ({{order.item}}) {_STATE_WORDS[first]}, {{order.2.number}} ({{order.2.item}}) "
                f"{_STATE_WORDS[second]}, and {{order.3.number}} ({{order.3.item}}) {_STATE_WORDS[third]}"
            )
            all_three = say(
                f"(I see three orders|You have three recent orders): {triple}.",
                f"(I see three orders|You have three recent orders): {named_triple}.",
            )
            found.append(
                Scene(
                    "order_status/several",
                    _asks_of_several((first, second, third)),
                    (all_three, which),
                    ("and my other orders?",),
                    {**given, "order.3.state": third},
                    _absent_of_several((first, second, third)),
                    (*base, "order.3.number", "order.3.state", "order.3.item"),
                    weight=0.06,
                )
            )
    return found
