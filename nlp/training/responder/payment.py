"""Scenes on paying: methods, failures, invoices, discounts, the fee for cancelling."""

from __future__ import annotations

from nlp.training.responder.changes import TAKES_OVER
from nlp.training.responder.grammar import Scene, also, maybe, say

METHODS = (
    "(which|what) payment (methods|options) do you (accept|have|offer|take)?",
    "how can I pay?",
    "payment (methods|options|)",
    "(ways to pay|paying)",
    "(what|which) cards do you (take|accept)?",
    "what can I pay with?",
)
ONE_UNKNOWN = (
    "(can|could) I pay (with|by) (paypal|credit card|visa|klarna|apple pay|bank transfer|invoice|cash|google pay)?",
    "do you (accept|take) (paypal|amex|mastercard|credit cards|apple pay|gift cards|bitcoin)?",
    "is (paypal|klarna|apple pay|pay later) possible?",
)
PROBLEM = (
    "my (payment|card) (failed|was declined|didn't go through|doesn't work|was rejected)",
    "(I can't|cannot|unable to) pay",
    "(payment|checkout) (error|problem|failed|not working|issue)",
    "the (checkout|payment page) (doesn't work|is broken|keeps loading|shows an error)",
    "there's a problem with my payment",
    "(the paypal|my card) payment keeps failing",
)
# Money is gone: no advice on paying helps, a person has to look.
CHARGED = (
    "I (was|got) charged twice",
    "you (charged|billed) me (twice|two times|too much)",
    "I paid but (got no confirmation|the order isn't there|nothing happened)",
    "money was taken but there is no order",
    "I have a charge I don't recognise",
)
INVOICE = (
    "(can|could) I (get|have) (an invoice|a receipt|my invoice|a bill) (for my order|for {order.number}|please|)?",
    "I need (an invoice|a receipt|the invoice|my bill) (for my tax|for work|for order {order.number}|)",
    "where (is|can I find) (my|the) (invoice|receipt|bill)?",
    "(invoice|receipt|bill) (please|for {order.number}|)",
    "(send|email) me (the|my) (invoice|receipt)",
    "how do I download (my|the) invoice?",
    "I didn't get (a|my) receipt",
    "the invoice is missing",
)
DISCOUNT = (
    "do you have (a|any) (discount|discounts|coupon|voucher|promo) (codes|code|)?",
    "(any|are there any) (discounts|deals|offers|sales|promotions) (right now|at the moment|)?",
    "(discount|promo|coupon|voucher) code (please|?|)",
    "(can|could) I get (a discount|something off|a better price)?",
    "is there a sale (on|going on|)?",
    "give me a (discount|coupon)",
    "how can I save (money|something) (on my order|)?",
)
FEE = (
    "(is there|do you charge|do I pay) (a|any) (cancellation|cancelation|cancelling) fee?",
    "(what|how much) does (it cost to cancel|cancelling cost|a cancellation cost)?",
    "(is|are) (cancelling|cancellation|cancellations) free?",
    "cancellation (fee|cost|charge|penalty)",
    "(how long|until when) can I cancel for free?",
    "do I have to pay if I cancel (my order|)?",
    "does it cost me anything if I cancel?",
)
ONE_METHOD = {
    "yes": (
        "(can|could) I pay (with|by) (paypal|visa|mastercard|card)?",
        "do you (take|accept) (paypal|visa|mastercard|credit cards)?",
        "is paypal possible?",
    ),
    "no": (
        "(can|could) I pay (with|by) (bitcoin|apple pay|cheque|cash)?",
        "do you (take|accept) (bitcoin|google pay|american express)?",
        "is apple pay possible?",
    ),
}
UNTIL = (
    "(how long|until when) can I cancel (an order|my order|)?",
    "what's the deadline for cancelling?",
    "is there a time limit for (cancelling|a cancellation)?",
    "how late can I cancel?",
)


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    methods = (
        say(
            "I can't see here how you can pay, but a colleague can tell you. Shall I bring one in?",
            "You can pay with {payment.methods}.",
            "We accept {payment.methods}.",
            "You can choose between {payment.methods} at the checkout.",
        ),
    )
    problem = (
        say(
            "I'm sorry the payment isn't working.",
            "Sorry about the trouble with your payment.",
            "I'm sorry about the problem with your payment.",
        ),
        say(
            "Please check your details and try again, or use another method.",
            "Please try it once more, or choose another method; we accept {payment.methods}.",
            "Please try again or use another way to pay: {payment.methods}.",
        ),
        say(
            "If it still fails, tell me and I'll bring in a colleague.",
            "If it still fails, you can reach us here: {link.contact}",
            "If that doesn't help, write to us here: {link.contact}",
        ),
    )
    problem_handoff = (
        say(
            "I'm sorry about the problem with your payment.",
            "Sorry about the trouble with your payment.",
            "I understand that's worrying.",
        ),
        say(
            "I'm passing this to a colleague who can look into it.",
            "I'm handing you over to a colleague who can check it.",
        ),
        *TAKES_OVER,
    )
    invoice = (
        say(
            "I don't have your invoice here, but a colleague can send it to you. Shall I bring one in?",
            "You can download your invoice here: {link.orders}",
            "Your invoices are here: {link.orders}",
            "You'll find your invoice under your orders: {link.orders}",
            "You can download the invoice for order {order.number} here: {link.orders}",
            "The invoice for order {order.number} is here: {link.orders}",
        ),
    )
    discount = (
        say(
            "There is no discount running right now that I know of.",
            "I don't know of a discount code at the moment.",
            "Yes, the code {discount.code} gives you a discount.",
            "The code {discount.code} gives you a discount.",
            "Yes! With the code {discount.code} you get {discount.amount} off.",
            "Yes, use the code {discount.code} at the checkout for {discount.amount} off.",
            "With the code {discount.code} you save {discount.amount}.",
            "Yes, use the code {discount.code} for {discount.amount} off orders from {discount.minimum}.",
            "With the code {discount.code} you get {discount.amount} off orders from {discount.minimum}.",
        ),
        maybe("It is valid until {discount.ends}.", "The code is valid until {discount.ends}."),
    )
    fee_unknown = "I don't know what cancelling costs, but a colleague can tell you. Shall I bring one in?"
    fee = (
        say(
            fee_unknown,
            f"You can cancel within {{policy.cancel_window}} of ordering. {fee_unknown}",
            # `Is there a fee?` and `is it free?`: a yes to one is a no to the other, so neither is said.
            "policy.cancellation=free? Cancelling is free, there is no fee.",
            "policy.cancellation=free? There is no fee: cancelling is free within {policy.cancel_window} of ordering.",
            "policy.cancellation=free? There is no fee if you cancel within {policy.cancel_window} of ordering.",
            "policy.cancellation=fee? There is a fee for cancelling.",
            "policy.cancellation=fee? There is a cancellation fee of {policy.cancel_fee}.",
            "policy.cancellation=fee? Cancelling isn't free: there is a fee of {policy.cancel_fee}.",
            "policy.cancellation=fee? Cancelling isn't free: it costs {policy.cancel_fee} and is possible within "
            "{policy.cancel_window} of ordering.",
            "policy.cancellation=fee? There is a fee for cancelling of {policy.cancel_fee}, and it is possible within "
            "{policy.cancel_window} of ordering.",
        ),
    )
    fee_time = (
        say(
            "I don't know how long an order can be cancelled, but a colleague can tell you. Shall I bring one in?",
            "You can cancel within {policy.cancel_window} of ordering.",
        ),
        also(
            "policy.cancellation=free? It is free.",
            "policy.cancellation=fee? The cancellation fee is {policy.cancel_fee}.",
        ),
    )
    accepted = {
        "yes": say(
            "Yes. You can pay with {payment.methods}.",
            "Yes. We accept {payment.methods}.",
            "That's possible: you can pay with {payment.methods}.",
        ),
        "no": say(
            "I'm afraid that's not possible. You can pay with {payment.methods}.",
            "I'm afraid we don't take that. We accept {payment.methods}.",
        ),
    }
    return [
        Scene("payment_methods/general", METHODS, methods, ("(and|) how can I pay?",), weight=3.0),
        Scene("payment_methods/general", ONE_UNKNOWN, methods, ("can I pay with paypal?",), never=("payment.methods",),
              weight=0.5),
        *(
            Scene("payment_methods/general", ONE_METHOD[word], (answer,), given={"confirms": word},
                  always=("payment.methods",), weight=0.8)
            for word, answer in accepted.items()
        ),
        Scene("payment_problem/general", PROBLEM, problem, apology="", weight=2.0),
        Scene("payment_problem/handoff", PROBLEM + CHARGED, problem_handoff,
              ("still not working", "it still doesn't work"), apology="", weight=2.0),
        Scene("invoice/unverified", INVOICE, invoice, ("and the invoice?",), weight=2.0),
        Scene("invoice/verified", INVOICE, invoice, ("and the invoice for it?", "can I get a receipt?"),
              always=("order.number",), weight=1.5),
        Scene("discount/general", DISCOUNT, discount, ("is there a discount?", "any code for that?"),
              always=("discount.code",), weight=2.5),
        Scene("discount/general", DISCOUNT, discount, ("is there a discount?",),
              never=("discount.code", "discount.amount", "discount.minimum", "discount.ends"), weight=1.5),
        Scene("cancellation_fee/general", FEE, fee, ("and does that cost anything?", "is that free?"), weight=1.0),
        Scene("cancellation_fee/general", FEE, fee, ("and does that cost anything?", "is that free?"),
              {"asks": "cost"}, weight=2.0),
        Scene("cancellation_fee/general", UNTIL, fee_time, ("and until when?",), {"asks": "time"}, weight=0.7),
    ]  # fmt: skip
