"""What a conversation is about, and which intents go with it: a short message is read in the light of it."""

from __future__ import annotations

from app.services.answer.question import Question

SURE = 0.45  # below it the bot asks what is meant; the classifiers' scores are calibrated
KEEP_TOPIC = 0.75  # below it a short message goes on with the topic of the last answer
NARROW_WORDS = 8  # a longer message that was taken for foreign has said enough to be so
LIKELY = 0.15  # of an intent that goes with the topic
LIKELY_ANYWHERE = 0.3  # of one in a conversation whose last answer was on nothing in particular
ORDER_INTENTS = frozenset(
    {
        "order_status", "order_cancel", "order_change", "address_change", "refund_status", "refund_request",
        "damaged_or_wrong_item",
    }
)  # fmt: skip
PRODUCT_INTENTS = frozenset({"product_question", "product_search", "availability"})
TALK_INTENTS = frozenset({"greeting", "goodbye", "thanks"})

Read = tuple[str, str]  # the intent of a message, and why it is not the classifier's

_NO_TOPIC = frozenset({"any", "greeting", "thanks", "goodbye", "out_of_scope", "contact_human", "complaint"})
_MATTERS = (
    frozenset(
        {
            "order_status", "delivery_options", "address_change", "order_change", "order_cancel", "cancellation_fee",
            "order_place", "damaged_or_wrong_item", "invoice",
        }
    ),
    frozenset(
        {
            "refund_policy", "refund_request", "refund_status", "return_or_exchange", "damaged_or_wrong_item",
            "warranty", "order_cancel", "order_change", "cancellation_fee",
        }
    ),
    frozenset(
        {
            "product_question", "product_search", "availability", "warranty", "discount", "review", "order_place",
            "delivery_options",
        }
    ),
    frozenset({"payment_methods", "payment_problem", "invoice", "discount", "order_place", "refund_status"}),
    frozenset(
        {
            "account_create", "account_edit", "account_delete", "account_switch", "password_reset", "signup_problem",
            "newsletter",
        }
    ),
)  # fmt: skip


def is_of_shop(question: Question) -> bool:
    """Tell whether the shop is spoken of: the last answer was on it, or a product is on the customer's screen."""
    previous = question.previous
    if previous is None or previous.intent == "greeting":
        return question.page_product is not None
    return previous.intent != "out_of_scope" or question.page_product is not None


def next_likely(question: Question) -> str | None:
    """Return the likeliest intent on the shop's matters, but the first, that goes with what is spoken of."""
    topic = question.previous.intent if question.previous is not None else "product_question"
    for label, score in question.understood.ranking[1:]:
        if label in _NO_TOPIC:
            continue
        if topic in _NO_TOPIC and score >= LIKELY_ANYWHERE:
            return label
        together = label == topic or any({label, topic} <= matter for matter in _MATTERS)
        if together and score >= LIKELY:
            return label
    return None
