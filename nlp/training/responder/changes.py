"""Scenes on orders that should become different: cancelled, changed, or sent to another address."""

from __future__ import annotations

from nlp.training.responder.grammar import Scene, Slot, also, maybe, say
from nlp.training.responder.proving import unverified

CANCEL = (
    "(I want|I'd like|I need) to cancel (my order|order {order.number}|{order.number}|the {thing})",
    "(can|could) (I|you) (still|) cancel (my order|order {order.number}|it|the {thing})?",
    "please cancel (my order|order {order.number}|the {thing} I ordered)",
    "cancel (order|my order|{order.number})",
    "how (do|can) I cancel (my order|an order|a purchase)?",
    "I (changed my mind|ordered by mistake|don't need the {thing} anymore), (cancel it|please cancel)",
    "I don't want (my order|the {thing}|it) anymore",
    "(is it|am I) too late to cancel (my order|)?",
    "stop my order",
    "I ordered twice by accident, cancel one",
    "(need to|wanna|want to) cancel my (purchase|order|last order)",
    "I found it cheaper somewhere else, cancel my order",
    "my kid ordered this by accident, can it be cancelled?",
)
CHANGE_SOMEHOW = (
    "(can|could) I (change|edit|modify|update) (my order|order {order.number}|the items in my order)?",
    "I (want|need|would like) to (change|modify|edit) (my order|order {order.number}|an order)",
    "is it possible to change what I ordered?",
    "change (my|) order (please|)",
    "how can I change my order?",
)
CHANGE_TO = (
    "I ordered the wrong (size|colour|one|{thing})",
    "(can|could) (you|I) (change|switch) the (size|colour) (of the {thing}|in my order|to {size}|to {colour}) ?",
    "(can|could) I add (a {thing}|something|another item) to my order?",
    "(please add|add) another {thing} to my order",
    "(can|could) you (remove|take out) the {thing} from my order?",
    "I (meant|wanted) to order (two|three|size {size}|the {colour} one)",
    "(can|could) you change the quantity to (two|three)?",
    "I (need|want) two (of them|) instead of one",
    "(swap|switch) the {thing} for another one in my order",
    "I picked the wrong size, can you fix my order {order.number}?",
)
CHANGE = CHANGE_SOMEHOW + CHANGE_TO
ADDRESS = (
    "(can|could) (I|you) change (my|the) (delivery|shipping|) address (of my order|for {order.number}|)?",
    "I (need|want|have) to change (my|the) (delivery|shipping) address",
    "I (moved|am moving|gave the wrong address|entered the wrong address)",
    "(wrong|incorrect) (address|shipping address|delivery address) (on my order|)",
    "(send|deliver|ship) it to (another|a different|my new|my work) address (please|)",
    "my address (is wrong|has changed|has a mistake in it)",
    "can you deliver (to my neighbour|to my office|somewhere else) instead?",
    "there is a typo in my address",
    "I put the wrong (street|house number|postcode|zip code) (on order {order.number}|)",
    "update (my|the) (delivery|shipping) address",
    "change address",
    "please use a different address for my order",
    "I won't be home, can you send it to another address?",
)

TAKES_OVER = (
    also(
        "handoff.state=available? You will get a reply here in a moment.",
        "handoff.state=available? You will get a reply here in {handoff.wait}.",
        "handoff.state=available? It usually takes {handoff.wait}.",
        "handoff.state=closed? The team is offline right now and will reply as soon as it is back.",
        "handoff.state=closed? The team is available {shop.hours} and will reply then.",
        "handoff.state=closed? Our team is offline right now; its hours are {shop.hours}.",
    ),
)
_CANCEL_YES = say(
    "Your order can still be cancelled, so I'm passing this to a colleague.",
    "Your order {order.number} can still be cancelled, so I'm passing it to a colleague.",
    "Order {order.number} has not shipped, so it can still be cancelled. I'm handing this to a colleague.",
    "Order {order.number} can still be cancelled. I'm handing it to a colleague who will do that.",
)
_FEE = also(
    "policy.cancellation=free? Cancelling is free.",
    "policy.cancellation=free? It costs you nothing.",
    "policy.cancellation=fee? A cancellation fee applies.",
    "policy.cancellation=fee? The cancellation fee is {policy.cancel_fee}.",
    "policy.cancellation=fee? There is a cancellation fee of {policy.cancel_fee}.",
)
_CANCEL_NO = say(
    "I'm afraid your order can no longer be cancelled.",
    "I'm afraid order {order.number} can no longer be cancelled.",
    "order.state=shipped? Order {order.number} has already shipped, so it can no longer be cancelled.",
    "order.state=shipped? I'm afraid order {order.number} is already on its way, so it can't be cancelled anymore.",
    "order.state=out for delivery? Order {order.number} is already out for delivery, so it can no longer be cancelled.",
    "order.state=delivered? Order {order.number} has already been delivered, so it can't be cancelled anymore.",
    "order.state=delayed? Order {order.number} has already left our warehouse, so it can no longer be cancelled.",
)
_RETURN_INSTEAD = say(
    "You can return it after it arrives.",
    "But you can send it back within {policy.return_window} of delivery.",
    "You can return it within {policy.return_window} after it arrives, though.",
    "order.state=delivered? You can still return it.",
    "order.state=delivered? You can still send it back within {policy.return_window} of delivery.",
    "order.state=delivered? But you can return it within {policy.return_window} of delivery.",
)
_CANCELLED_ALREADY = (
    say(
        "That order is already cancelled, so there is nothing left to do.",
        "Order {order.number} is already cancelled, so there is nothing left to do.",
        "Order {order.number} has already been cancelled.",
    ),
)
_RETURN_LINK = maybe("Start the return here: {link.returns}", "You can start a return here: {link.returns}")
_CHANGE_YES = say(
    "Your order has not shipped yet, so it can still be changed. I'm passing this to a colleague.",
    "Order {order.number} has not shipped yet, so it can still be changed. I'm passing this to a colleague.",
    "Your order {order.number} can still be changed, and I'm handing this to a colleague who can do it.",
)
_CHANGE_DETAIL = maybe(
    "Please write down here what you would like to change.",
    "Please tell us here what exactly should change.",
)
_CHANGE_NO = say(
    "I'm afraid your order can no longer be changed.",
    "I'm afraid order {order.number} can no longer be changed.",
    "order.state=shipped? Order {order.number} has already shipped, so I can't change it anymore.",
    "order.state=shipped? Order {order.number} is already on its way, so it can no longer be changed.",
    "order.state=out for delivery? Order {order.number} is already out for delivery, so it can no longer be changed.",
    "order.state=delivered? Order {order.number} has already been delivered, so it can no longer be changed.",
)
_CHANGE_INSTEAD = say(
    "You can return what you don't want and place a new order.",
    "You can return what you don't need within {policy.return_window} and order again.",
    "What doesn't fit can be sent back within {policy.return_window} of delivery.",
)
_ADDRESS_YES = say(
    "Your order has not shipped yet, so the address can still be changed. I'm passing this to a colleague.",
    "Order {order.number} has not shipped yet, so the address can still be changed. I'm passing this to a colleague.",
    "The address of order {order.number} can still be changed, and I'm handing this to a colleague.",
)
_ADDRESS_DETAIL = maybe("Please write the new address here.", "Please send us the full new address here.")
_ADDRESS_NO = say(
    "I'm afraid the address of your order can no longer be changed.",
    "I'm afraid the address of order {order.number} can no longer be changed.",
    "order.state=shipped? Order {order.number} has already shipped, so I can't change its address anymore.",
    "order.state=shipped? Order {order.number} is already on its way, so the address can no longer be changed.",
    "order.state=out for delivery? Order {order.number} is already out for delivery, so I can't change its address.",
    "order.state=delivered? Order {order.number} has already been delivered, so I can't change its address anymore.",
)
_ADDRESS_INSTEAD = say(
    "The carrier may be able to redirect the parcel.",
    "{order.carrier} may be able to redirect the parcel.",
    "{order.carrier} can often redirect a parcel; your tracking number is {order.tracking}.",
    "Please ask {order.carrier} to redirect it, with the tracking number {order.tracking}.",
)

_ADDRESS_AFTER = say(
    "If it is not with you, tell me and I'll bring in a colleague.",
    "If it went to the wrong place, tell me and a colleague will look into it.",
)

_SENT = ("shipped", "out for delivery", "delivered", "delayed")
_THIS_ONE = ("{order.number}", "the {thing}", "it's {order.number}", "order {order.number} {email}")


def _rows(
    situation: str, asks: tuple[str, ...], follow_ups: tuple[str, ...], answer: tuple[Slot, ...],
    states: tuple[str, ...], flag: str, value: str, weight: float,
) -> list[Scene]:  # fmt: skip
    return [
        Scene(
            situation, asks, answer, follow_ups, {"order.state": state, flag: value},
            always=("order.state", flag), weight=weight / len(states),
        )
        for state in states
    ]  # fmt: skip


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    cancel_next = ("can I (still|) cancel it?", "(then|ok,) cancel it (please|)", "cancel {order.number}", *_THIS_ONE)
    change_next = ("can I (still|) change it?", "can you change the size?", *_THIS_ONE)
    address_next = ("can I change the address?", "it goes to the wrong address", *_THIS_ONE)
    early = ("processing", "awaiting payment")
    return [
        *_rows("order_cancel/possible", CANCEL, cancel_next, (_CANCEL_YES, _FEE, *TAKES_OVER), early,
               "order.cancellable", "yes", 3.0),
        *_rows("order_cancel/too_late", CANCEL, cancel_next, (_CANCEL_NO, _RETURN_INSTEAD, _RETURN_LINK), _SENT,
               "order.cancellable", "no", 3.0),
        *_rows("order_cancel/too_late", CANCEL, cancel_next, _CANCELLED_ALREADY, ("cancelled",),
               "order.cancellable", "no", 0.5),
        *_rows("order_change/possible", CHANGE_TO, change_next, (_CHANGE_YES, *TAKES_OVER), early,
               "order.changeable", "yes", 1.7),
        *_rows("order_change/possible", CHANGE_SOMEHOW, change_next, (_CHANGE_YES, *TAKES_OVER, _CHANGE_DETAIL), early,
               "order.changeable", "yes", 1.3),
        *_rows("order_change/too_late", CHANGE, change_next, (_CHANGE_NO, _CHANGE_INSTEAD, _RETURN_LINK), _SENT,
               "order.changeable", "no", 2.5),
        *_rows("order_change/too_late", CHANGE, change_next, _CANCELLED_ALREADY, ("cancelled",),
               "order.changeable", "no", 0.3),
        *_rows("address_change/possible", ADDRESS, address_next, (_ADDRESS_YES, *TAKES_OVER, _ADDRESS_DETAIL), early,
               "order.changeable", "yes", 2.5),
        *_rows("address_change/too_late", ADDRESS, address_next, (_ADDRESS_NO, _ADDRESS_INSTEAD), _SENT[:2],
               "order.changeable", "no", 1.7),
        *_rows("address_change/too_late", ADDRESS, address_next, (_ADDRESS_NO, _ADDRESS_AFTER), ("delivered",),
               "order.changeable", "no", 0.8),
        *unverified("order_cancel", CANCEL, 2.0),
        *unverified("order_change", CHANGE, 1.5),
        *unverified("address_change", ADDRESS, 1.5),
    ]  # fmt: skip
