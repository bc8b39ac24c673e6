"""The intents and what they mean. Labels are stable API; needs no model."""

from __future__ import annotations

from typing import Final

INTENTS: Final[dict[str, str]] = {
    "greeting": "says hello, and nothing else",
    "goodbye": "takes leave or ends the conversation",
    "thanks": "thanks, or says that it is solved",
    "order_status": "asks where an order is or when it arrives",
    "order_cancel": "wants an order stopped before it is used or sent",
    "order_change": "wants other items, sizes or quantities in an order already made",
    "order_place": "wants to buy, or asks how buying works",
    "address_change": "wants a delivery address entered, corrected or replaced",
    "delivery_options": "asks about ways, countries, times or costs of delivery in general",
    "refund_policy": "asks for the rules of refunds and returns",
    "refund_request": "wants money back",
    "refund_status": "asks about a refund that is under way",
    "return_or_exchange": "wants to send an item back or swap one that was received",
    "damaged_or_wrong_item": "received something broken, wrong or incomplete",
    "payment_methods": "asks how one may pay",
    "payment_problem": "could not pay, or was charged wrongly",
    "invoice": "wants an invoice or a receipt, or a correction of one",
    "cancellation_fee": "asks what cancelling costs",
    "account_create": "wants to open an account, or asks how",
    "account_edit": "wants personal data or settings of an account changed",
    "account_delete": "wants an account closed or personal data erased",
    "account_switch": "wants to use another account, or another kind of account",
    "password_reset": "cannot sign in, or forgot a password",
    "signup_problem": "tried to register and it failed",
    "newsletter": "wants to get, or no longer get, newsletters and advertising",
    "review": "wants to leave, see or change a review or feedback",
    "complaint": "complains about the shop or its people, formally or in anger",
    "contact_human": "wants to talk to a person",
    "contact_info": "asks for a telephone number, an address, opening hours or other ways to reach the shop",
    "product_question": "asks about a property, the use or the price of a product",
    "product_search": "looks for a product or wants a recommendation",
    "availability": "asks whether something is, or will be, in stock",
    "discount": "asks about codes, sales, points or a lower price",
    "warranty": "asks about guarantee and repair",
    "out_of_scope": "nothing that a shop's support deals with",
}
