"""Scenes on the state of an order: where it is, when it comes, who carries it, what it cost."""

from __future__ import annotations

from collections.abc import Mapping

from nlp.training.responder.grammar import Scene, Slot, maybe, say
from nlp.training.responder.order_questions import (
    ALL,
    CARRIER,
    CONTENT,
    COST,
    FOLLOW_CARRIER,
    FOLLOW_TRACKING,
    FOLLOW_WHEN,
    FOLLOW_WHERE,
    LOST,
    PLACED,
    TRACKING,
    WHEN,
    WHERE,
)
from nlp.training.responder.proving import unverified

# state -> what is said on "where is it?"; the first clause is the news itself.
_SHIPPED = say(
    "Your order has (shipped|left our warehouse) and is on its way.",
    "Your order {order.number} is on its way (to you|).",
    "Your order {order.number} is on its way with {order.carrier}.",
    "Order {order.number} has shipped with {order.carrier} (and is on its way|).",
    "Good news: order {order.number} is on its way with {order.carrier}.",
)
_ARRIVES = maybe(
    "It should arrive on {order.arrives}.",
    "We expect it to arrive on {order.arrives}.",
    "Delivery is expected on {order.arrives}.",
)
_TRACK = maybe(
    "Your tracking number is {order.tracking}.",
    "You can track it with the number {order.tracking}.",
    "The tracking number is {order.tracking}.",
)
_OUT = say(
    "Your order is out for delivery and should reach you today.",
    "Your order {order.number} is out for delivery (today|) and should reach you (today|later today).",
    "Your order {order.number} is out for delivery with {order.carrier} and should reach you today.",
    "Good news: {order.carrier} has order {order.number} out for delivery, so it should be with you today.",
)
_DELIVERED = say(
    "Our records show that your order has been delivered.",
    "Your order {order.number} has been delivered.",
    "Your order {order.number} was delivered on {order.delivered}.",
    "Order {order.number} was delivered on {order.delivered}, according to our records.",
    "{order.carrier} delivered your order {order.number} on {order.delivered}.",
    "According to {order.carrier}, order {order.number} was delivered on {order.delivered}.",
)
_LOOK = say(
    "If you can't find it, please check with your neighbours, or tell me and a colleague will look into it.",
    "If it hasn't reached you, let me know and I'll bring in a colleague to trace it.",
    "Can't find it? Tell me, and a colleague will help you trace the parcel.",
)
_LOST_ANSWER = (
    say(
        "I'm sorry about that, our records show it as delivered.",
        "I'm sorry about that. Our records show order {order.number} as delivered.",
        "I'm sorry about that. Our records say that order {order.number} was delivered on {order.delivered}.",
        "I'm sorry about that. {order.carrier} says that order {order.number} was delivered on {order.delivered}.",
    ),
    say(
        "Please ask your neighbours first. If it isn't there, I can bring in a colleague to trace it.",
        "Could a neighbour have it? If not, I can bring in a colleague to trace it.",
    ),
)
_PROCESSING = say(
    "Your order is being prepared and has not shipped yet.",
    "Your order {order.number} is being packed (right now|) and has not shipped yet.",
    "We are preparing order {order.number}; it has not shipped yet.",
    "Order {order.number} is still being packed in our warehouse.",
)
_LATER = say(
    "Once it has shipped, ask me again and I'll look up the tracking.",
    "Ask me again once it has left our warehouse, and I'll look up the tracking.",
)
_NO_PARCEL: Mapping[str, Slot] = {
    "awaiting payment": say(
        "I can't give you a delivery date, because your order is still waiting for your payment.",
        "I can't give you a delivery date yet, because the payment for order {order.number} has not arrived.",
    ),
    "cancelled": say(
        "No parcel is coming, because your order was cancelled.",
        "No parcel is coming, because order {order.number} was cancelled.",
    ),
    "returned": say(
        "No parcel is on its way to you, because your order came back to us.",
        "No parcel is on its way to you, because order {order.number} came back to us.",
    ),
    "refunded": say(
        "No parcel is coming, because your order has been refunded.",
        "No parcel is coming, because order {order.number} has been refunded.",
    ),
}
_NOTHING_TO_TRACK: Mapping[str, Slot] = {
    "awaiting payment": say(
        "There is no tracking number yet, because your order is still waiting for your payment.",
        "There is no tracking number yet, because the payment for order {order.number} has not arrived.",
    ),
    "cancelled": say(
        "There is no tracking number, because your order was cancelled.",
        "There is no tracking number, because order {order.number} was cancelled.",
    ),
    "returned": say(
        "There is nothing on its way to track, because your order came back to us.",
        "There is nothing on its way to track, because order {order.number} came back to us.",
        "Order {order.number} came back to us; its tracking number was {order.tracking}.",
    ),
    "refunded": say(
        "There is nothing on its way to track, because your order has been refunded.",
        "There is nothing on its way to track, because order {order.number} has been refunded.",
        "Order {order.number} has been refunded; its tracking number was {order.tracking}.",
    ),
}
_DELAYED = say(
    "Your order is delayed, and I'm sorry about that.",
    "Your order {order.number} is running late, and I'm sorry about that.",
    "Order {order.number} is delayed, I'm sorry about that.",
    "Order {order.number} is delayed on its way with {order.carrier}, and I'm sorry about that.",
    "Your order {order.number} is delayed on its way with {order.carrier}, I'm sorry.",
)
_NEW_DATE = say(
    "I don't have a new delivery date yet.",
    "The new expected date is {order.arrives}.",
    "It is now expected on {order.arrives}.",
)
_UNPAID = say(
    "Your order is waiting for your payment.",
    "Order {order.number} is still waiting for your payment.",
    "We have not received the payment for order {order.number} yet.",
)
_PAY = say(
    "We will start packing as soon as the payment is in.",
    "Once it has arrived, we will pack and ship your order.",
    "As soon as it is in, your order will be packed.",
)
_CANCELLED = say(
    "Your order was cancelled, so nothing will be delivered.",
    "Order {order.number} was cancelled, so nothing will be delivered.",
    "Your order {order.number} has been cancelled and will not be delivered.",
)
_AGAIN = say(
    "If you did not expect that, I can bring in a colleague.",
    "If that is a surprise, tell me and a colleague will check it.",
)
_RETURNED = say(
    "Your order came back to us.",
    "Order {order.number} came back to our warehouse.",
    "The parcel with order {order.number} has been returned to us.",
)
_RETURNED_NEXT = say(
    "A colleague can tell you what happens next; shall I bring one in?",
    "Would you like a colleague to arrange what happens next?",
)
_REFUNDED = say(
    "Your order has been refunded.",
    "Order {order.number} has been refunded.",
    "We have refunded your order {order.number}.",
)

_NEWS: Mapping[str, tuple[Slot, ...]] = {
    "shipped": (_SHIPPED, _ARRIVES, _TRACK),
    "out for delivery": (_OUT, _TRACK),
    "delivered": (_DELIVERED, _LOOK),
    "processing": (_PROCESSING, _ARRIVES, _LATER),
    "delayed": (_DELAYED, _NEW_DATE, _TRACK),
    "awaiting payment": (_UNPAID, _PAY),
    "cancelled": (_CANCELLED, _AGAIN),
    "returned": (_RETURNED, _RETURNED_NEXT),
    "refunded": (_REFUNDED,),
}
# Facts an order in this state does not have yet, or no more.
ABSENT: Mapping[str, tuple[str, ...]] = {
    "shipped": ("order.delivered",),
    "out for delivery": ("order.delivered",),
    "delivered": ("order.arrives",),
    "processing": ("order.tracking", "order.carrier", "order.shipped", "order.delivered"),
    "delayed": ("order.delivered",),
    "awaiting payment": ("order.tracking", "order.carrier", "order.shipped", "order.delivered", "order.arrives"),
    "cancelled": ("order.tracking", "order.carrier", "order.shipped", "order.delivered", "order.arrives"),
    "returned": ("order.arrives", "order.delivered"),
    "refunded": ("order.arrives",),
}
_STATE_NOTE: Mapping[str, Slot] = {
    "cancelled": say("That order was cancelled."),
    "returned": say("That order came back to us."),
    "refunded": say("That order has been refunded."),
}
_NO_CHEER = ("awaiting payment", "delayed", *_STATE_NOTE)
_THEN = {"awaiting payment": _PAY, "cancelled": _AGAIN, "returned": _RETURNED_NEXT, "refunded": _AGAIN}
_WHEN_ANSWER: Mapping[str, tuple[Slot, ...]] = {
    **{state: (none, _THEN[state]) for state, none in _NO_PARCEL.items()},
    "shipped": (
        say(
            "Your order is on its way, but I don't have a delivery date for it.",
            "Your order {order.number} is on its way, but I don't have a delivery date for it yet.",
            "Your order should arrive on {order.arrives}.",
            "Your order {order.number} should arrive on {order.arrives}.",
            "Order {order.number} is expected on {order.arrives}.",
        ),
        maybe(
            "It travels with {order.carrier}.",
            "You can track it with the number {order.tracking}.",
            "It travels with {order.carrier}, and the tracking number is {order.tracking}.",
            "{order.carrier} has it, and you can track it with {order.tracking}.",
        ),
    ),
    "out for delivery": (_OUT,),
    "delivered": (_DELIVERED, _LOOK),
    "processing": (
        say(
            "Your order is still being packed, so I don't have a delivery date yet.",
            "Order {order.number} is still being packed, so I don't have a delivery date yet.",
            "Your order {order.number} should arrive on {order.arrives}.",
            "Order {order.number} is expected on {order.arrives}; it is being packed right now.",
        ),
        maybe(*(f"order.arrives=absent? {one}" for one in _LATER.templates)),
    ),
    "delayed": (_DELAYED, _NEW_DATE),
}
_TRACKING_ANSWER: Mapping[str, tuple[Slot, ...]] = {
    "sent": (
        say(
            "I don't have a tracking number for this order, but a colleague can look it up. Shall I bring one in?",
            "I don't have a tracking number for order {order.number}, but a colleague can look it up. Shall I bring "
            "one in?",
            "I don't have a tracking number for this order, but you can follow it here: {order.link}",
            "I don't have a tracking number for order {order.number}, but you can follow it here: {order.link}",
            "Your tracking number is {order.tracking}.",
            "The tracking number of order {order.number} is {order.tracking}.",
            "Your tracking number for order {order.number} is {order.tracking}, and it travels with {order.carrier}.",
            "Order {order.number} travels with {order.carrier}, and the tracking number is {order.tracking}.",
        ),
        maybe("You can also follow it here: {order.link}", "Follow it here: {order.link}", chance=0.7),
    ),
    "delivered": (
        say(
            "I don't have a tracking number for this order, which our records show as delivered.",
            "I don't have a tracking number for order {order.number}, which our records show as delivered.",
            "The tracking number was {order.tracking}, and our records show your order as delivered.",
            "Our records show order {order.number} as delivered; its tracking number was {order.tracking}.",
            "Order {order.number} was delivered on {order.delivered}; its tracking number was {order.tracking}.",
        ),
        _LOOK,
    ),
    "unsent": (
        say(
            "There is no tracking number yet, because your order has not shipped.",
            "There is no tracking number for order {order.number} yet, because it has not shipped.",
            "Order {order.number} has not shipped yet, so it has no tracking number.",
        ),
        _LATER,
    ),
}
_CARRIER_ANSWER = (
    say(
        "I can't see here which carrier has this order, but a colleague can tell you. Shall I bring one in?",
        "Your order is travelling with {order.carrier}.",
        "Order {order.number} is with {order.carrier}.",
        "{order.carrier} is delivering your order {order.number}.",
    ),
    _TRACK,
    maybe("It should arrive on {order.arrives}.", "Delivery is expected on {order.arrives}.", chance=0.5),
)
_COST_ANSWER = (
    say(
        "I don't have the total of that order here, but a colleague can tell you. Shall I bring one in?",
        "The total was {order.total}.",
        "The total of order {order.number} is {order.total}.",
        "Order {order.number} came to {order.total} in total.",
    ),
)
_CONTENT_ANSWER = (
    say(
        "I can't see the items of that order, but a colleague can tell you. Shall I bring one in?",
        "Your order contains: {order.item}.",
        "Order {order.number} contains: {order.item}.",
        "In order {order.number} you bought: {order.item}.",
    ),
)
_PLACED_ANSWER = (
    say(
        "I can't see the date of that order, but a colleague can tell you. Shall I bring one in?",
        "You placed it on {order.placed}.",
        "You placed order {order.number} on {order.placed}.",
        "Order {order.number} is from {order.placed}.",
    ),
)


def _state_scenes() -> list[Scene]:
    scenes = []
    weights = {"shipped": 4.0, "processing": 2.0, "delivered": 2.0, "delayed": 2.0, "out for delivery": 1.5}
    for state, absent in ABSENT.items():
        weight = weights.get(state, 1.0)
        sent = state if state == "delivered" else "unsent" if state == "processing" else "sent"
        sorry = {"shipped": "wait", "processing": "wait", "delayed": ""}.get(state, "trouble")
        when = _WHEN_ANSWER.get(state, _NEWS[state])
        tracking = _TRACKING_ANSWER[sent]
        if state in _NOTHING_TO_TRACK:
            tracking = (_NOTHING_TO_TRACK[state], _THEN[state])
        note = (_STATE_NOTE[state],) if state in _STATE_NOTE else ()
        rows: list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[Slot, ...], float, str]] = [
            ("", WHERE, FOLLOW_WHERE, _NEWS[state], 2.5, "wait"),
            ("when", WHEN, FOLLOW_WHEN, when, 1.5, "wait"),
            ("tracking", TRACKING, FOLLOW_TRACKING, tracking, 0.8, "default"),
            (
                "total",
                COST,
                ("how much (was it|did I pay)?", "what was the total?"),
                (*_COST_ANSWER, *note),
                0.2,
                "default",
            ),
            (
                "items",
                CONTENT,
                ("what was in it?", "what did I order (again|)?"),
                (*_CONTENT_ANSWER, *note),
                0.2,
                "default",
            ),
            (
                "placed",
                PLACED,
                ("when did I order it?", "when was that ordered?"),
                (*_PLACED_ANSWER, *note),
                0.2,
                "default",
            ),
        ]
        if state == "delivered":
            rows.append(("lost", LOST, ("I didn't get it", "but it's not here"), _LOST_ANSWER, 0.8, ""))
        if state in ("shipped", "out for delivery", "delayed"):
            rows.append(("carrier", CARRIER, FOLLOW_CARRIER, _CARRIER_ANSWER, 0.8, "default"))
        for aspect, asks, follow_ups, answer, share, apology in rows:
            given = {"order.state": state} | ({"asks": aspect} if aspect else {})
            scenes.append(
                Scene(
                    "order_status/verified", asks, answer, follow_ups, given, absent,
                    always=("order.state",), apology=sorry if apology == "wait" else apology,
                    has_cheer=state not in _NO_CHEER, weight=weight * share,
                )
            )  # fmt: skip
    return scenes


_NONE = Scene(
    "order_status/none",
    ALL,
    (
        say(
            "I don't see any orders in your account yet.",
            "There are no orders in your account, {customer.name}.",
            "I can't see any orders in your account, {customer.name}.",
        ),
        say(
            "Did you order as a guest? Then send me the order number and the e-mail address you used.",
            "If you ordered with another e-mail address, send me that one and the order number.",
        ),
    ),
    given={"orders.found": "none"},
    always=("orders.found",),
    weight=0.8,
)


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    return [*_state_scenes(), *unverified("order_status", ALL, 4.0), _NONE]
