"""Scenes on orders that nobody has proven to be theirs: number and e-mail address are asked for, or match none."""

from __future__ import annotations

from nlp.training.responder.grammar import Scene, every_alternative, say

_ASK_EMAIL = (
    "Thanks! Which e-mail address did you use for the order?",
    "Thank you! Which e-mail address did you use for the order?",
    "Please also send me the e-mail address you ordered with.",
    "Thanks, I also need the e-mail address you used for the order.",
)
_ASK_NUMBER = (
    "Thanks! What is your order number?",
    "Please also send me your order number.",
    "Thanks, now I just need your order number.",
)
UNVERIFIED_ANSWER = (
    say(
        "(Sure, I can|I can) (look that up|check that) (for you|).",
        "I'll check that for you.",
        "Let me look that up (for you|).",
    ),
    say(
        "(Could you send me|What are) your order number and the e-mail address you (used|ordered with)?",
        "I need your order number and the e-mail address you used for the order.",
        "Please tell me your order number and the e-mail address you ordered with.",
    ),
)
UNMATCHED_ANSWER = (
    say(
        "I couldn't find an order with these details.",
        "These details don't match any order (I can see|here).",
        "I can't find an order with these details.",
    ),
    say(
        "Could you check the order number and the e-mail address and send me both again?",
        "Please check the order number and the e-mail address and try again, or I can bring in a colleague.",
        "Would you like to try again with order number and e-mail address, or shall I bring in a colleague?",
    ),
)
UNKNOWN_NUMBER = (
    say(
        "I can't find an order with that number in your account.", "I don't see an order with that number among yours."
    ),
    say("Could you check the number?", "Is it the right number?"),
)
DETAILS = (
    "{order.number}",
    "{order.number} {email}",
    "it's {order.number} and {email}",
    "order {order.number} email {email}",
    "here you go: {order.number}, {email}",
    "the number is {order.number}",
    "I think {order.number}",
)


_SORRY = say("I'm sorry about that.", "Sorry about that.", "I'm sorry, that should not have happened.")


def unverified(intent: str, asks: tuple[str, ...], weight: float, *, sorry: bool = False) -> list[Scene]:
    """Make the scenes of an intent for customers who have not proven that the order is theirs."""
    first = (_SORRY, UNVERIFIED_ANSWER[1]) if sorry else UNVERIFIED_ANSWER
    apology = "" if sorry else "trouble"
    place = f"{intent}/unverified"
    every = [one for ask in asks for one in every_alternative(ask)]
    number = tuple(one for one in every if "{order.number}" in one) or ("it's about order {order.number}",)
    bare = (
        "{order.number}",
        "it's {order.number}",
        "order {order.number}",
        "the number is {order.number}",
        "{order.number} i think",
    )
    plain = tuple(ask for ask in asks if "{order.number}" not in ask)
    mail = ("my email is {email}", "{email}", "it's under {email}", "I ordered with {email}")
    return [
        Scene(place, plain, first, never=("missing",), apology=apology, weight=weight),
        Scene(
            place, number + bare, (say(*_ASK_EMAIL),), bare, {"missing": "email"}, weight=weight * 0.5,
        ),
        Scene(place, mail, (say(*_ASK_NUMBER),), mail, {"missing": "order number"}, weight=weight * 0.3),
        Scene(
            f"{intent}/unmatched", DETAILS, UNMATCHED_ANSWER, DETAILS, never=("missing",), weight=weight * 0.3,
        ),
        Scene(
            f"{intent}/unmatched", number, UNKNOWN_NUMBER, bare, {"missing": "order number"}, weight=weight * 0.1,
        ),
    ]  # fmt: skip
