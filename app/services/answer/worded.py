"""Rules of reading by words that leave no doubt: they hold whichever of two close intents the classifier chose."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.services.answer.beyond import asks_beyond
from app.services.answer.comparing import asks_to_compare
from app.services.answer.confirming import names_payment
from app.services.answer.following import names_no_matter, names_only_which
from app.services.answer.picking import holding_what_is_named
from app.services.answer.question import Question
from app.services.answer.topics import KEEP_TOPIC, ORDER_INTENTS, PRODUCT_INTENTS, SURE, TALK_INTENTS, Read, is_of_shop
from app.services.answer.wording import (
    asks_after_parcel,
    asks_for_other_payment,
    asks_for_shop,
    asks_for_stock,
    asks_when_money_comes,
    asks_when_team_answers,
    asks_why,
    greets,
    names_refund,
    owns_mistake,
    speaks_of_mail,
    wants_similar,
)
from nlp.aspects import COUNTRY, aspect_of
from nlp.tone import is_yes_no_question

_TALK = TALK_INTENTS | {"contact_human", "complaint"}
_OF_OTHER_ORDERS = ORDER_INTENTS | {"return_or_exchange", "invoice"}
_LOOSE = PRODUCT_INTENTS | {"out_of_scope", "delivery_options"}
_TRYING = frozenset({"password_reset", "signup_problem"})
_OF_RETURN = frozenset({"return_or_exchange", "refund_policy", "refund_request"})
_MOST_WORDS_OF_MAIL = 10
_COUNTRY = re.compile(COUNTRY, re.IGNORECASE)
_ARRIVAL = re.compile(
    r"\b(?:where|when|way|arriv\w+|come|coming|here|sent|shipped|deliver\w*|track\w*|status)\b", re.IGNORECASE
)
_ARRIVED = re.compile(r"\b(?:arrived|received|came|got it|fits?|too (?:small|big|large|tight))\b", re.IGNORECASE)


def _goes_on_with_topic(question: Question, label: str, score: float) -> Read | None:
    """All its words go with any matter: `do I have to pay for it?`, after a question on the warranty."""
    previous = question.previous
    if question.goes_on_with is None or previous is None or (label == previous.topic and score >= SURE):
        return None
    if label in _TALK and not (question.asks and label in TALK_INTENTS):
        return None
    knows_order = bool(question.orders) or question.proven_order is not None
    if knows_order and label in ORDER_INTENTS and score >= KEEP_TOPIC:
        return None
    return previous.topic, f"names no matter of its own: goes on with {previous.topic}"


def _names_country(question: Question, label: str, score: float) -> Read | None:
    """`what about Austria?`, after a question on delivery."""
    previous = question.previous
    goes_on = previous is not None and previous.topic == "delivery_options" and question.is_short
    if not goes_on or label in _TALK or not _COUNTRY.search(question.text):
        return None
    rest = _COUNTRY.sub(" it ", question.text)  # all but the country goes with any matter: no `capital of France`
    return ("delivery_options", "another country") if names_no_matter(rest) else None


def _names_payment(question: Question, label: str, score: float) -> Read | None:
    """`and with American Express?`, after a question on paying."""
    previous = question.previous
    goes_on = previous is not None and previous.topic == "payment_methods" and question.is_short
    is_method = goes_on and label not in _TALK and names_payment(question.text)
    return ("payment_methods", "another way to pay") if is_method else None


def _names_which_order(question: Question, label: str, score: float) -> Read | None:
    """`the one from October`, of the matter of the last answer."""
    previous = question.previous
    if previous is None or previous.topic not in _OF_OTHER_ORDERS or label in (*_TALK, previous.topic):
        return None
    knows_order = bool(question.orders) or question.proven_order is not None
    is_which = knows_order and names_only_which(question.text)
    return (previous.topic, f"says which order is meant ({previous.topic})") if is_which else None


def _asks_after_parcel(question: Question, label: str, score: float) -> Read | None:
    is_loose = label in (*_LOOSE, "contact_info") or score < SURE
    is_parcel = is_loose and score < KEEP_TOPIC and asks_after_parcel(question.text)
    return ("order_status", "about a parcel on its way") if is_parcel else None


def _asks_after_item(question: Question, label: str, score: float) -> Read | None:
    """`is my jacket on its way?`, by who has ordered one."""
    is_loose = label in _LOOSE or score < SURE
    if not is_loose or score >= KEEP_TOPIC or not _ARRIVAL.search(question.text) or not question.speaks_of_own:
        return None
    return ("order_status", "about what was ordered") if holding_what_is_named(question) else None


def _asks_why(question: Question, label: str, score: float) -> Read | None:
    """`why is that?`, of the order of the last answer."""
    is_of_order = (
        question.order_spoken_of is not None and question.is_short and label not in ("complaint", "order_cancel")
    )
    return ("order_status", "asks for a cause") if is_of_order and asks_why(question.text) else None


def _names_order(question: Question, label: str, score: float) -> Read | None:
    """`I want to know about order 1088`: one that was placed already."""
    is_one = label == "order_place" and len(question.numbers) == 1 and "order" in question.words
    return ("order_status", "names an order that was placed") if is_one else None


def _asks_after_refund(question: Question, label: str, score: float) -> Read | None:
    """`what about my refund`, by who has one under way."""
    is_loose = label in ("refund_request", "refund_policy", "return_or_exchange") or score < SURE
    has_one = any(order.refund_state is not None for order in question.orders)
    return ("refund_status", "has a refund under way") if is_loose and has_one and names_refund(question.text) else None


def _asks_for_choice(question: Question, label: str, score: float) -> Read | None:
    """`what size would you recommend?`, of the product spoken of: no search, and no question whether there are any."""
    is_open = not is_yes_no_question(question.text) and not asks_for_stock(question.text)
    is_asked = label == "product_search" or (is_open and label in PRODUCT_INTENTS)
    is_of_product = is_asked and (question.shown or question.page_product is not None)
    aspect = aspect_of("product_question", question.text) if is_of_product else None
    names_kind = question.names_kind and question.search_text is None
    asks = aspect == "sizes" or (aspect == "colours" and is_open)
    return ("product_question", f"asks for {aspect}") if asks and not names_kind else None


def _owns_mistake(question: Question, label: str, score: float) -> Read | None:
    """`I chose the wrong size`: nothing wrong was sent."""
    if label not in ("damaged_or_wrong_item", "complaint") or not owns_mistake(question.text):
        return None
    return "return_or_exchange" if _ARRIVED.search(question.text) else "order_change", "the customer's own mistake"


def _asks_for_other_payment(question: Question, label: str, score: float) -> Read | None:
    """`can I pay for it another way?`, whatever order was spoken of."""
    is_other = label not in ("payment_methods", "payment_problem", *_TALK) and asks_for_other_payment(question.text)
    return ("payment_methods", "asks for another way to pay") if is_other else None


def _asks_when_money_comes(question: Question, label: str, score: float) -> Read | None:
    """`when will I have my money?`, of the return that is spoken of: none of a refund of another order."""
    previous = question.previous
    if previous is None or label != "refund_status" or not asks_when_money_comes(question.text):
        return None
    order = question.order_told_of if previous.topic in _OF_RETURN and not question.numbers else None
    is_to_come = order is not None and order.refund_state is None
    return ("refund_policy", "of the return that is spoken of, which is not under way") if is_to_come else None


def _waits_for_mail(question: Question, label: str, score: float) -> Read | None:
    """`nothing in my spam folder`, after being told how to set a password."""
    previous = question.previous
    is_trying = previous is not None and previous.topic in _TRYING and label not in (*_TALK, *_TRYING)
    if previous is None or not is_trying or len(question.text.split()) > _MOST_WORDS_OF_MAIL:
        return None
    return (previous.topic, "the mail did not come") if speaks_of_mail(question.text) else None


def _wants_similar(question: Question, label: str, score: float) -> Read | None:
    """`is there something similar?`, to the product spoken of."""
    is_of_product = label in (*_LOOSE, "discount") and question.shown and question.is_short
    wants = wants_similar(question.text) or (question.wants_cheaper and not asks_to_compare(question.text))
    return ("product_search", "wants others of the kind") if is_of_product and wants else None


def _asks_for_stock(question: Question, label: str, score: float) -> Read | None:
    is_of_product = label in ("product_question", "out_of_scope") and (
        score < KEEP_TOPIC or label == "product_question"
    )
    if not is_of_product or not asks_for_stock(question.text) or aspect_of("product_question", question.text):
        return None
    return "availability", "asks whether it is in stock"


def _asks_for_shop(question: Question, label: str, score: float) -> Read | None:
    is_other = label in PRODUCT_INTENTS or score < SURE
    return ("contact_info", "asks for a shop to go to") if is_other and asks_for_shop(question.text) else None


def _asks_when_team_answers(question: Question, label: str, score: float) -> Read | None:
    """`how fast do you answer`: the hours, and no delivery. Who wants a person gets one."""
    is_other = label not in _TALK and asks_when_team_answers(question.text)
    return ("contact_info", "asks when the team answers") if is_other else None


def _asks_beyond_delivery(question: Question, label: str, score: float) -> Read | None:
    """`what if I'm not at home?`: no matter of others, while the shop is spoken of."""
    is_of_hours = question.previous is not None and question.previous.topic == "contact_info"  # `also on Sundays?`
    is_foreign = label == "out_of_scope" and is_of_shop(question) and not is_of_hours
    is_delivery = is_foreign and asks_beyond(question.text, "delivery_options")
    return ("delivery_options", "about how a parcel is handed over") if is_delivery else None


def _is_no_greeting(question: Question, label: str, score: float) -> Read | None:
    is_odd = label == "greeting" and score < KEEP_TOPIC and not greets(question.text)
    return ("unclear", "no word of greeting") if is_odd else None


WORDED_RULES: tuple[Callable[[Question, str, float], Read | None], ...] = (
    _names_which_order,
    _goes_on_with_topic,
    _names_country,
    _names_payment,
    _asks_after_parcel,
    _asks_after_item,
    _asks_why,
    _names_order,
    _asks_after_refund,
    _asks_for_choice,
    _owns_mistake,
    _asks_for_other_payment,
    _asks_when_money_comes,
    _waits_for_mail,
    _wants_similar,
    _asks_for_stock,
    _asks_for_shop,
    _asks_when_team_answers,
    _asks_beyond_delivery,
    _is_no_greeting,
)
