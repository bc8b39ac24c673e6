"""Scenes on returns, exchanges, refunds, damage and warranty."""

from __future__ import annotations

from collections.abc import Mapping

from nlp.training.responder.changes import TAKES_OVER
from nlp.training.responder.grammar import Scene, Slot, also, maybe, say
from nlp.training.responder.proving import unverified

POLICY = (
    "what is your (return|refund|returns) policy?",
    "(return|refund|returns) policy",
    "(can|could) I (return|send back) (something|an item|things|clothes) (if I don't like it|if it doesn't fit|)?",
    "do you (accept|take|offer) returns?",
    "how do (refunds|returns) work (here|at your shop|)?",
    "what if (it|the {thing}) (doesn't fit|isn't right|is too small)?",
    "(can I|do I) get my money back if I don't like it?",
    "what are (your|the) (rules|conditions|terms) for (returns|refunds)?",
    "how does returning work?",
    "in which cases do I get a refund?",
    "tell me about returns",
)
WINDOW = (
    "how (long|many days) do I have to (return|send back) (something|an item|a {thing})?",
    "is there a (time limit|deadline) for returns?",
    "until when can I return (it|something)?",
    "return window?",
    "how long can I return (things|an item|a {thing})?",
)
COST = (
    "(is|are) (returns|the return|return shipping) free?",
    "(how much|what) does a return cost?",
    "who pays (for|) the return (shipping|postage)?",
    "do I have to pay (to send it back|for the return|for return shipping)?",
    "return shipping cost",
    "is sending it back free of charge?",
)
TIME = (
    "how long (does|do) (a refund|refunds) take?",
    "when (will|do) I get my money (back|)?",
    "how (long|many days) until I (get|have) my money back?",
    "how fast (is|are) (a refund|your refunds)?",
    "refund time",
    "how many days for a refund?",
)
REQUEST = (
    "I (want|would like|need) (a refund|my money back)",
    "(can|could) I (get|have) (a refund|my money back)?",
    "refund me (please|now|)",
    "give me my money back",
    "I want (my money back|a refund) for (the {thing}|order {order.number}|my order)",
    "(please refund|refund) (my order|order {order.number}|{order.number}|the {thing})",
    "how (do|can) I (get|request|ask for) a refund?",
    "requesting a refund",
    "I demand a refund",
    "(the {thing} is not what I expected|I'm not happy with the {thing}), I want my money back",
    "I (need|want) to be refunded for (my purchase|the {thing})",
    "help me get a refund",
)
STATUS = (
    "where is my (refund|money)?",
    "(has|have) my refund (been|) (sent|processed|paid out|issued) (yet|)?",
    "when will I (get|receive) my refund?",
    "(status of my refund|refund status)",
    "I (sent|returned) (it|the {thing}) back (weeks ago|last week|) and (have no money|still no refund)",
    "still (waiting for|no) (my|) refund",
    "I (haven't|have not) (got|received) my (refund|money back) (yet|)",
    "what's happening with my refund?",
    "how is my refund going?",
    "check my refund (for {order.number}|)",
    "(any news on|update on) my refund",
)
RETURN = (
    "(I want|I'd like|I need) to (return|send back) (my order|the {thing}|an item|something|{order.number})",
    "how (do|can) I (return|send back) (it|this|the {thing}|an item|my order)?",
    "(can|could) I (return|send back) (the {thing}|this|it)?",
    "the {thing} (doesn't fit|is too small|is too big|is too tight|doesn't suit me)",
    "return (please|the {thing}|an item|label|)",
    "(wrong size|too small|too big), can I return it?",
    "where do I send my return?",
    "where (can|do) I get a return label?",
    "I don't like the {thing}, I'd like to send it back",
    "start a return",
    "can I still return (order {order.number}|my last order)?",
)
EXCHANGE = (
    "(I want|I'd like|I need) to exchange (my order|the {thing}|an item|something)",
    "how (do|can) I exchange (it|this|the {thing}|an item)?",
    "(can|could) I (exchange|swap) (the {thing}|this|it) (for another size|for a bigger one|for size {size}|)?",
    "exchange (please|the {thing}|an item)",
    "I need a (different|bigger|smaller) size",
    "(wrong size|too small|too big), can I exchange it?",
    "I'd rather have it in {colour}, can I swap it?",
)
DAMAGED = (
    "(my|the) {thing} (arrived|came|is) (broken|damaged|torn|ripped|with a hole|scratched)",
    "I (got|received) the wrong (item|{thing}|size|colour|product)",
    "you sent me the wrong (item|{thing}|size|thing)",
    "(the|my) (parcel|package|box) (was|arrived) (damaged|open|crushed|empty)",
    "the {thing} (doesn't work|stopped working|is defective|is faulty|fell apart)",
    "(something|an item|a {thing}) is missing (from my order|in the box|)",
    "(damaged|broken|wrong|faulty) (item|product|{thing})",
    "this is not what I ordered",
    "the zipper of the {thing} is broken",
    "there's a (stain|hole|crack) (in|on) my (new|) {thing}",
    "I ordered {colour} and got another colour",
    "my order {order.number} came broken",
    "it's broken, what now?",
)
WARRANTY = (
    "(is there|do you have|do you give) (a|any) (warranty|guarantee) (on|for) (the {thing}|it|your products)?",
    "how long is the (warranty|guarantee) (on the {thing}|)?",
    "(warranty|guarantee) (period|conditions|?|)",
    "what (warranty|guarantee) do I get (with the {thing}|)?",
    "does the {thing} (come with|have) a (warranty|guarantee)?",
    "what if (it|the {thing}) breaks (after a year|after a few months)?",
    "how long do you guarantee your products?",
)

_WINDOW = say(
    "I don't have our return window here, but a colleague can tell you.",
    "policy.return_shipping=absent? policy.refund_time=absent? I don't have our return terms here, but a colleague can "
    "tell you. Shall I bring one in?",
    "Yes, you can send items back within {policy.return_window} of delivery.",
    "Yes, you can return items within {policy.return_window} of delivery.",
    "You can send items back within {policy.return_window} of delivery.",
    "You have {policy.return_window} from delivery to return an item.",
    "Anything you don't want to keep can be returned within {policy.return_window} of delivery.",
)
_WINDOW_ANSWER = (
    say(
        "I don't know how long an item can be returned, but a colleague can tell you. Shall I bring one in?",
        *_WINDOW.templates[2:],
    ),
)
_RETURN_TERMS = say("I don't have our return terms here.", *_WINDOW.templates[2:])
_SHIPPING = also(
    "policy.return_shipping=free? Return shipping is free.",
    "policy.return_shipping=free? You pay nothing for the return.",
    "policy.return_shipping=paid? You pay the return shipping.",
    "policy.return_shipping=paid? Return shipping costs {policy.return_cost}.",
    "policy.return_shipping=paid? The return costs {policy.return_cost}.",
)
_REFUND_TIME = also(
    "Your refund follows within {policy.refund_time} after the parcel reaches us.",
    "You get your money back within {policy.refund_time} after we receive the return.",
    "Once we have it back, the refund takes {policy.refund_time}.",
)
_MONEY_BACK = also(
    "Your refund follows within {policy.refund_time} after the parcel reaches us.",
    "You get your money back within {policy.refund_time} after we receive the return.",
)
_START = also(
    "Shall I bring in a colleague who can start the return?",
    "Start here: {link.returns}",
    "You can start the return here: {link.returns}",
    "Just start it here: {link.returns}",
)
# Each of them answers what it costs, whether it is free, and who pays.
_COST_ANSWER = (
    say(
        "I don't know what a return costs, but a colleague can tell you. Shall I bring one in?",
        "policy.return_shipping=free? Returns are free: we pay the shipping.",
        "policy.return_shipping=free? Return shipping is free for you, we pay for it.",
        "policy.return_shipping=paid? Returns aren't free: you pay the shipping yourself.",
        "policy.return_shipping=paid? Returns aren't free: you pay {policy.return_cost} for the shipping.",
        "policy.return_shipping=paid? You pay the return shipping, which costs {policy.return_cost}.",
    ),
)
_TIME_ANSWER = (
    say(
        "I don't know how long a refund takes, but a colleague can tell you. Shall I bring one in?",
        "Refunds take {policy.refund_time} after your return reaches us.",
        "You get your money back within {policy.refund_time} after we receive the return.",
        "It takes {policy.refund_time} from the day your return reaches us.",
    ),
)
_CAN_RETURN = say(
    "Yes, you can send it back.",
    "You can send it back.",
    "Yes, you can return order {order.number}.",
    "You can return order {order.number}.",
    "Your order {order.number} can be returned.",
    "You can return order {order.number} ({order.item}).",
    "Yes, order {order.number} ({order.item}) can be returned.",
)
_REFUNDABLE = say(
    "Yes, you can send it back for a refund.",
    "You can send it back for a refund.",
    "Yes, you can send order {order.number} back for a refund.",
    "You can send order {order.number} back for a refund.",
    "You can get a refund for order {order.number} by sending it back.",
    "You can send order {order.number} ({order.item}) back for a refund.",
    "Yes, you can send order {order.number} ({order.item}) back for a refund.",
)
_CANNOT = (
    say(
        "I'm afraid this order can no longer be returned.",
        "I'm afraid order {order.number} can no longer be returned.",
        "Unfortunately order {order.number} can't be returned anymore.",
        "I'm afraid the return window of {policy.return_window} for order {order.number} is over.",
    ),
    say(
        "If something is wrong with it, I can bring in a colleague.",
        "If it is faulty, tell me and a colleague will look into it.",
    ),
)
_NOT_YET = (
    say(
        "Your order is not with you yet; once it arrives, you can send it back.",
        "Order {order.number} is not with you yet; once it arrives, you can send it back.",
        "As soon as order {order.number} arrives, you can return it.",
        "Once order {order.number} arrives, you have {policy.return_window} to send it back.",
    ),
    _SHIPPING,
    _START,
)
_NO_REFUND_YET = (
    say(
        "Your order is not with you yet; once it arrives, you can send it back for a refund.",
        "Order {order.number} is not with you yet; once it arrives, you can send it back for a refund.",
        "Once order {order.number} arrives, you have {policy.return_window} to send it back for a refund.",
    ),
    _SHIPPING,
    _MONEY_BACK,
    _START,
)
_NO_SWAP = "I don't know whether a swap is possible, but a colleague can tell you."
_EXCHANGE_ANSWER = (
    say(
        f"{_NO_SWAP} Shall I bring one in?",
        f"{_NO_SWAP} You can also return it within {{policy.return_window}} of delivery and order again.",
    ),
    _SHIPPING,
    also("A return starts here: {link.returns}"),
)
_KEEP = also(
    "You have {policy.return_window} from delivery.", "The return window is {policy.return_window} from delivery."
)

_STATES: Mapping[str, tuple[Slot, ...]] = {
    "requested": (
        say(
            "We have your refund request and are checking it.",
            "We have your refund request for order {order.number} and are checking it.",
            "Your refund request for order {order.number} has reached us and is being checked.",
        ),
        also(
            "After approval it takes {policy.refund_time}.",
            "Once it is approved, the refund takes {policy.refund_time}.",
        ),
    ),
    "approved": (
        say(
            "Your refund has been approved.",
            "Your refund for order {order.number} has been approved.",
            "Your refund of {refund.amount} has been approved.",
            "Your refund of {refund.amount} for order {order.number} has been approved.",
        ),
        also(
            "It takes {policy.refund_time} to reach you.",
            "The money should be with you by {refund.expected}.",
            "You should have it by {refund.expected}.",
            "A refund takes {policy.refund_time}, so the money should be with you by {refund.expected}.",
            "It takes {policy.refund_time}; you should have it by {refund.expected}.",
        ),
    ),
    "sent": (
        say(
            "Your refund is on its way.",
            "Your refund for order {order.number} has been sent.",
            "We have sent your refund of {refund.amount} for order {order.number}.",
            "Your refund of {refund.amount} for order {order.number} has been sent.",
        ),
        also(
            "It should reach your account by {refund.expected}.",
            "The money should be in your account by {refund.expected}.",
        ),
    ),
    "none": (
        say(
            "I can't see a refund for this order yet.",
            "I can't see a refund for order {order.number} yet.",
            "There is no refund for order {order.number} yet.",
        ),
        also(
            "Refunds take {policy.refund_time} after your return reaches us.",
            "A refund takes {policy.refund_time} from the day your return reaches us.",
        ),
        say("If you think that's wrong, I can bring in a colleague.", "If that looks wrong, a colleague can check it."),
    ),
}
_DAMAGED_ANSWER = (
    say(
        "I'm sorry about that, that's not how it should arrive.",
        "I'm really sorry, that should not have happened.",
        "Sorry about that, we'll put it right.",
    ),
    say(
        "I'm passing this to a colleague who will sort it out.",
        "I'm handing order {order.number} to a colleague who will sort it out.",
        "A colleague will take care of order {order.number}.",
    ),
    *TAKES_OVER,
    maybe("A photo of what arrived helps us.", "If you can, please send us a photo of what arrived.", chance=0.6),
)
_WARRANTY_ANSWER = (
    say(
        "I don't have the warranty terms here, but a colleague can tell you. Shall I bring one in?",
        "Our products come with a warranty of {policy.warranty}.",
        "You have a warranty of {policy.warranty} on everything you buy here.",
        "We give you a warranty of {policy.warranty} on the {product.1.title}.",
        "You get a warranty of {policy.warranty} on the {product.1.title}.",
    ),
)


def _general() -> list[Scene]:
    policy_next = (
        "and (what about|) returns?",
        "can I return it?",
        "and if it doesn't fit?",
        "what if I don't like it?",
    )
    cost_next = (
        "(and|) is that free?",
        "do I have to pay for that?",
        "who pays the shipping?",
        "and what does it cost?",
    )
    time_next = ("(and|) when do I get my money back?", "how long does the refund take?", "and the money?")
    how = ("how?", "and how do I do that?")
    return [
        Scene("refund_policy/general", POLICY, (_WINDOW, _SHIPPING, _REFUND_TIME), policy_next, weight=5.0),
        Scene("refund_policy/general", WINDOW, _WINDOW_ANSWER, ("and until when?", "how long do I have?"),
              {"asks": "when"}, weight=1.5),
        Scene("refund_policy/general", COST, _COST_ANSWER, cost_next, {"asks": "cost"}, weight=2.0),
        Scene("refund_policy/general", TIME, _TIME_ANSWER, time_next, {"asks": "time"}, weight=2.0),
        Scene("return_or_exchange/general", RETURN, (_RETURN_TERMS, _SHIPPING, _START), how, weight=4.0),
        Scene("return_or_exchange/general", EXCHANGE, _EXCHANGE_ANSWER, ("can I swap it?", "and exchange it?"),
              {"asks": "exchange"}, weight=1.5),
        Scene("return_or_exchange/general", WINDOW, _WINDOW_ANSWER, ("and until when?", "how long do I have?"),
              {"asks": "when"}, weight=0.8),
        Scene("return_or_exchange/general", COST, _COST_ANSWER, cost_next, {"asks": "cost"}, weight=0.8),
        Scene("return_or_exchange/general", TIME, _TIME_ANSWER, time_next, {"asks": "time"}, weight=0.6),
        Scene("warranty/general", WARRANTY, _WARRANTY_ANSWER, ("and the warranty?", "how long is the guarantee?"),
              weight=2.5),
    ]  # fmt: skip


def _of_order() -> list[Scene]:
    """Make the scenes about one order of a verified customer, by what its state allows."""
    scenes = []
    flag = "order.returnable"
    kinds = (
        (
            "return_or_exchange/verified",
            RETURN,
            ("can I return it?", "I want to send it back", "{order.number}, {email}"),
            _CAN_RETURN,
            (_KEEP, _SHIPPING, _START),
            _NOT_YET,
        ),
        (
            "refund_request/verified",
            REQUEST,
            ("I want my money back", "can I get a refund?", "{order.number}, {email}"),
            _REFUNDABLE,
            (_KEEP, _SHIPPING, _MONEY_BACK, _START),
            _NO_REFUND_YET,
        ),
    )
    for situation, asks, follow_ups, can, told, later in kinds:
        for state, answer, value, weight in (
            ("delivered", (can, *told), "yes", 2.5),
            ("delivered", _CANNOT, "no", 1.2),
            ("shipped", later, "yes", 1.0),
            ("processing", later, "yes", 0.6),
            ("out for delivery", later, "yes", 0.4),
            ("delayed", later, "yes", 0.4),
        ):
            scenes.append(
                Scene(situation, asks, answer, follow_ups, {"order.state": state, flag: value},
                      always=("order.state", flag), weight=weight)
            )  # fmt: skip
        refunded = (
            say("Order {order.number} has already been refunded.", "We have already refunded order {order.number}."),
            say(
                "If the money or the parcel is still an open question, I can bring in a colleague.",
                "Is there something left to sort out? Then I can bring in a colleague.",
            ),
        )
        if situation.startswith("return_or_exchange"):
            scenes += _swapped(follow_ups)
        scenes.append(
            Scene(situation, asks, refunded, follow_ups, {"order.state": "refunded", flag: "no"},
                  always=("order.state", "order.number", flag), weight=0.4)
        )  # fmt: skip
    return scenes


def _swapped(follow_ups: tuple[str, ...]) -> list[Scene]:
    """Make the scenes of an exchange where an order is known, which can be returned instead or not."""
    place, asks, flag = "return_or_exchange/verified", {"asks": "exchange"}, "order.returnable"
    states = (("delivered", 1.0), ("shipped", 0.3), ("processing", 0.3), ("out for delivery", 0.2), ("delayed", 0.2))
    always = ("order.state", flag)
    return [
        *(
            Scene(place, EXCHANGE, _EXCHANGE_ANSWER, follow_ups, {"order.state": state, flag: "yes", **asks},
                  always=always, weight=weight)
            for state, weight in states
        ),
        Scene(place, EXCHANGE, _CANNOT, follow_ups, {"order.state": "delivered", flag: "no", **asks}, always=always,
              weight=0.3),
    ]  # fmt: skip


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    status = [
        Scene("refund_status/verified", STATUS, answer, ("and my refund?", "{order.number}, {email}", "is it paid?"),
              {"refund.state": state}, always=("refund.state",), apology="wait", weight=1.3)
        for state, answer in _STATES.items()
    ]  # fmt: skip
    damaged = Scene("damaged_or_wrong_item/verified", DAMAGED, _DAMAGED_ANSWER, ("{order.number}, {email}",),
                    apology="", weight=3.5)  # fmt: skip
    return [
        *_general(),
        *_of_order(),
        *status,
        damaged,
        *unverified("refund_request", REQUEST, 2.0),
        *unverified("refund_status", STATUS, 2.0),
        *unverified("return_or_exchange", RETURN, 1.0),
        *unverified("damaged_or_wrong_item", DAMAGED, 2.0, sorry=True),
    ]
