"""What a message is about: the classifier's word, unless the conversation says better. Pure, like the policy."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.catalogue import Article, Product
from app.services.answer.beyond import asks_for_service
from app.services.answer.comparing import answer_score, compared_products
from app.services.answer.confirming import names_variant
from app.services.answer.picking import listed_orders, pick_shown
from app.services.answer.question import Question
from app.services.answer.searching import asks_of_those_shown, refines_search
from app.services.answer.topics import (
    KEEP_TOPIC,
    NARROW_WORDS,
    ORDER_INTENTS,
    PRODUCT_INTENTS,
    SURE,
    TALK_INTENTS,
    Read,
    is_of_shop,
    next_likely,
)
from app.services.answer.worded import WORDED_RULES
from app.services.answer.wording import asks_for_help, asks_for_sale
from nlp.aspects import aspect_of
from nlp.retrieval import roots, terms

PRODUCT_HIT = 0.42  # the product is the one that was named
ARTICLE_HIT = 0.46  # of a sentence of an article: it answers the message; see docs/measurements/quoting.md
CERTAIN_ARTICLE_HIT = 0.65  # whatever the message was taken for
ABOUT_EQUAL = 0.9  # of the best sentence's score
SURE_ARTICLE_HIT = 0.55  # where there is another answer, or the message was taken for something else
SENTENCE_HIT = 0.42  # of a sentence of a product's description: it answers the message
SENTENCE_LEAD = 0.1  # by which the sentence of an article has to be better than what is said of the product
FEW_WORDS_OF_FAILING = 12
YES_WORDS = 2  # more of them may want something else: `ok where is my order`
DOUBTFUL_SCOPE = 0.9  # a question taken for foreign with less than this may still be one for an article
FOREIGN = 0.95  # whatever was spoken of: `what is the capital of France?`

_NO_MATTER = TALK_INTENTS | {"contact_human", "complaint", "out_of_scope"}
_LOOSE = PRODUCT_INTENTS | {"out_of_scope"}
# What `how much was it?` is taken for where nothing says what "it" is.
_TOPICLESS = frozenset({"product_question", "availability", "delivery_options", "order_status", "out_of_scope"})
_OF_MONEY = _TOPICLESS | {"payment_problem", "payment_methods"}  # and `what did I pay?`
_LASTING_TOPICS = frozenset({"total", "items", "placed", "tracking"})  # of an order, whatever was said of it last
_ORDER_TOPICS = _LASTING_TOPICS | {"carrier", "when"}
_GENERAL_TOPICS = frozenset({"delivery_options", "refund_policy", "return_or_exchange"})


def intent_of(question: Question) -> tuple[str, tuple[str, ...]]:
    """Return the intent, or `unclear`, with its reasons."""
    understood = question.understood
    label, score = understood.intent, understood.intent_score
    reasons = (f"intent {label} {score:.2f}", f"mood {understood.mood} {understood.mood_score:.2f}")
    for rule in _RULES:
        read = rule(question, label, score)
        if read is not None:
            return read[0], (*reasons, read[1])
    if score < SURE and label not in ("out_of_scope", "contact_human"):
        return "unclear", (*reasons, f"below {SURE}")
    return label, reasons


def best_article(question: Question, floor: float = ARTICLE_HIT) -> Article | None:
    """Return the article with the sentence that answers the message best, if one does.

    Of sentences that answer about equally well it is the one whose article is about the matter.
    """
    scores = {hit.item.id: answer_score(question, hit.item.id) for hit in question.articles}
    best = max(scores.values(), default=0.0)
    if not scores or best < floor:
        return None
    close = [hit for hit in question.articles if scores[hit.item.id] >= best * ABOUT_EQUAL]
    return max(close, key=lambda hit: hit.score).item


def named_products(question: Question) -> list[Product]:
    """Return the products that the message names, the one whose whole title stands in it first."""
    hits = [hit.item for hit in question.products if hit.score >= PRODUCT_HIT]
    said = roots(question.text)
    named = [one for one in hits if said & roots(f"{one.title} {one.category}")]
    is_spoken_of = question.page_product is not None or (question.previous is not None and question.previous.product_id)
    # Where one is spoken of, another with the same words in its description is not meant: `is it machine washable?`.
    found = named or ([] if is_spoken_of else hits)
    whole = question.text.lower()
    return sorted(found, key=lambda one: (one.title.lower() not in whole, -len(said & roots(one.title))))


def _accepts_person(question: Question, label: str, score: float) -> Read | None:
    is_more = len(question.text.split()) > YES_WORDS and score >= KEEP_TOPIC and label not in _NO_MATTER
    return ("contact_human", "yes to the offer of a colleague") if question.accepts_person and not is_more else None


def _goes_on_searching(question: Question, label: str, score: float) -> Read | None:
    return ("product_search", "goes on with the search") if label in _LOOSE and refines_search(question) else None


def _means_shown_product(question: Question, label: str, score: float) -> Read | None:
    if not question.is_short or not (label in _LOOSE or score < KEEP_TOPIC) or pick_shown(question) is None:
        return None
    asks = label in ("product_question", "availability") and score >= SURE
    return label if asks else "availability", "one of the products shown"


def _asks_of_those_shown(question: Question, label: str, score: float) -> Read | None:
    """`which sizes?`, `are they waterproof?`, of what is on the customer's screen: no new search."""
    is_loose = label in ("product_search", "out_of_scope") and score < FOREIGN
    is_sale = asks_for_sale(question.text) and question.points_back and label in ("discount", *_LOOSE)
    if not (is_loose or is_sale) or not asks_of_those_shown(question):
        return None
    return "product_question", "about what was shown"


def _compares(question: Question, label: str, score: float) -> Read | None:
    is_of_products = label in _LOOSE or score < KEEP_TOPIC
    return ("product_question", "compares two products") if is_of_products and compared_products(question) else None


def _asks_for_help(question: Question, label: str, score: float) -> Read | None:
    """`help`: neither thanks nor foreign, whatever the classifier takes it for."""
    is_other = label not in ("contact_human", "complaint") or score < KEEP_TOPIC
    return ("unclear", "asks for help and says no more") if is_other and asks_for_help(question.text) else None


def _is_vague(question: Question, label: str, score: float) -> Read | None:
    is_odd = label in ("out_of_scope", "goodbye") and question.is_vague
    return ("unclear", "says nothing of its matter") if is_odd else None


def _tells_order(question: Question, label: str, score: float) -> Read | None:
    previous = question.previous
    if previous is not None and previous.asked_for_order and (question.numbers or question.emails):
        corrects = question.is_short and question.corrects_itself
        if question.is_bare_reference or corrects or label not in ORDER_INTENTS:
            return previous.intent, f"answers the question for the order ({previous.intent})"
    elif question.is_bare_reference or (label == "out_of_scope" and question.is_short and question.numbers):
        return "order_status", "hardly more than an order number"
    return None


def _asks_after_own_order(question: Question, label: str, score: float) -> Read | None:
    """`order?`, by who has ordered: no question how to."""
    is_own = label == "order_place" and question.is_order_alone and question.customer.verified and question.orders
    return ("order_status", "who has orders asks after them") if is_own else None


def _picks_listed_order(question: Question, label: str, score: float) -> Read | None:
    """`the older one`, after several orders were listed."""
    picks = question.means_first or question.means_last or question.means_other
    is_loose = label in _LOOSE or score < KEEP_TOPIC
    if not (picks and is_loose and question.is_short and listed_orders(question)):
        return None
    return "order_status", "one of the orders listed"


def _lacks_proof(question: Question, label: str, score: float) -> Read | None:
    if question.previous is None or not question.lacks_proof or not question.is_short:
        return None
    return question.previous.intent, "cannot tell what was asked for"


def _names_code(question: Question, label: str, score: float) -> Read | None:
    """The shop's discount code stands in it: `SUMMER10 does not work`."""
    code = question.shop.facts.get("discount.code", "").lower()
    return ("discount", "names the discount code") if code and code in question.words else None


def _still_fails(question: Question, label: str, score: float) -> Read | None:
    """The advice of the last answer did not help: `it still doesn't work`."""
    previous = question.previous
    is_brief = len(question.text.split()) <= FEW_WORDS_OF_FAILING
    if previous is None or not question.still_fails or not (is_brief or label == previous.intent):
        return None
    return previous.intent, "what was advised did not help"


def _asks_of_order(question: Question, label: str, score: float) -> Read | None:
    """A short question without a topic of its own (`how much was it?`), about the order of the last answer."""
    previous = question.previous
    if previous is None or previous.order_number is None or label not in _OF_MONEY or not question.is_short:
        return None
    topics = _ORDER_TOPICS if previous.intent == "order_status" else _LASTING_TOPICS
    order = question.order_spoken_of
    state = order.state if order is not None else None
    points_back = question.points_back and label in _TOPICLESS
    if (points_back or question.speaks_of_own_past) and aspect_of("order_status", question.text, state) in topics:
        return "order_status", "about the order spoken of before"
    return None


def _wants_sent_order_sooner(question: Question, label: str, score: float) -> Read | None:
    """`can I get it faster`, of an order that is on its way: express is nothing for it any more."""
    order = question.order_spoken_of
    is_loose = label in _OF_MONEY or score < KEEP_TOPIC
    if order is None or order.is_unpacked or not order.is_open or not (question.wants_sooner and is_loose):
        return None
    return ("order_status", "sent already") if len(question.text.split()) <= NARROW_WORDS else None


def _asks_variant(question: Question, label: str, score: float) -> Read | None:
    """A size or a colour alone (`and in 42?`), of the product of the last answer."""
    previous = question.previous
    if previous is None or previous.product_id is None or not question.shown or not question.is_short:
        return None
    is_loose = label in _LOOSE or score < KEEP_TOPIC
    return ("availability", "another size or colour") if is_loose and names_variant(question.text) else None


def _says_lost(question: Question, label: str, score: float) -> Read | None:
    """`I never got it`, after being told that the order was delivered."""
    previous = question.previous
    if previous is None or previous.intent != "order_status" or previous.order_number is None or not question.is_short:
        return None
    is_lost = aspect_of("order_status", question.text, "delivered") == "lost"
    return ("order_status", "did not get what was delivered") if is_lost else None


def _asks_of_topic(question: Question, label: str, score: float) -> Read | None:
    """A short question (`and is that free?`) about the delivery or the return of the last answer."""
    previous = question.previous
    if previous is None or previous.topic not in _GENERAL_TOPICS or label not in _TOPICLESS or not question.is_short:
        return None
    is_foreign = label == "out_of_scope" and score >= FOREIGN
    aspect = aspect_of(previous.topic, question.text)
    if is_foreign or named_products(question) or aspect is None:
        return None
    # What a return costs and how long it takes holds for every order.
    is_general = previous.topic == "return_or_exchange" and aspect != "exchange"
    return "refund_policy" if is_general else previous.topic, f"goes on with {previous.topic}"


def _asks_of_product(question: Question, label: str, score: float) -> Read | None:
    """Taken for out of scope, but it names a product, or the shop's words of the one spoken of answer it."""
    if label != "out_of_scope":
        return None
    if any(one.title.lower() in question.text.lower() for one in named_products(question)):
        return "product_question", "names a product"
    if any(answer_score(question, one.id) >= SENTENCE_HIT for one in question.shown[:1]):
        return "product_question", "about the product spoken of before"
    return None


def _next_likely(question: Question, label: str, score: float) -> Read | None:
    """Only narrowly taken for foreign, while the shop is spoken of: the next intent, where it goes with the topic."""
    if not _is_hardly_foreign(question, label, score):
        return None
    likely = next_likely(question)
    return (likely, f"hardly foreign: the next likely that goes with the topic, {likely}") if likely else None


def _is_hardly_foreign(question: Question, label: str, score: float) -> bool:
    is_narrow = label == "out_of_scope" and score < KEEP_TOPIC and len(question.text.split()) <= NARROW_WORDS
    return is_narrow and is_of_shop(question) and not question.asks_who_answers and not asks_for_service(question.text)


def _asks_meaning(question: Question, label: str, score: float) -> Read | None:
    return ("unclear", "hardly foreign") if _is_hardly_foreign(question, label, score) else None


def _is_no_goodbye(question: Question, label: str, score: float) -> Read | None:
    """Taken for a goodbye, while the shop is spoken of, but it wants something: `fine, exchange then`."""
    if label != "goodbye" or question.is_farewell or question.previous is None or not is_of_shop(question):
        return None
    if question.wants_exchange:
        return "return_or_exchange", "wants an exchange"
    likely, topic = next_likely(question), question.previous.intent
    goes_on = topic in ORDER_INTENTS | PRODUCT_INTENTS | _GENERAL_TOPICS and question.is_short
    return likely or (topic if goes_on else "unclear"), "no goodbye: it asks for something"


def _talks_much(question: Question, label: str, score: float) -> Read | None:
    is_doubtful = label in TALK_INTENTS and score < KEEP_TOPIC and not question.is_short
    return ("unclear", f"a {label} of many words") if is_doubtful else None


def _continues(question: Question, label: str, score: float) -> Read | None:
    previous = question.previous
    is_brief = question.is_short or (question.points_back and len(question.text.split()) <= NARROW_WORDS)
    if previous is None or previous.intent not in ORDER_INTENTS | PRODUCT_INTENTS or not is_brief:
        return None
    if label in TALK_INTENTS | {"contact_human"} or (score >= KEEP_TOPIC and not question.means_other):
        return None
    if label == "out_of_scope" or score < SURE or question.means_other:
        return previous.intent, f"goes on with {previous.intent}"
    return None


def _asks_article(question: Question, label: str, score: float) -> Read | None:
    said = set(terms(question.text))
    is_named = any(set(terms(hit.item.title)) <= said for hit in question.articles if terms(hit.item.title))
    floor = SURE_ARTICLE_HIT if score < DOUBTFUL_SCOPE else CERTAIN_ARTICLE_HIT
    floor = ARTICLE_HIT if is_named else floor
    answers = label == "out_of_scope" and best_article(question, floor) is not None
    return ("product_question", "an article answers it") if answers else None


_RULES: tuple[Callable[[Question, str, float], Read | None], ...] = (
    _accepts_person,
    _asks_for_help,
    _compares,
    _means_shown_product,
    _asks_of_those_shown,
    _goes_on_searching,
    _asks_variant,
    _tells_order,
    _asks_after_own_order,
    _picks_listed_order,
    _lacks_proof,
    _names_code,
    _still_fails,
    _says_lost,
    _wants_sent_order_sooner,
    _asks_of_order,
    *WORDED_RULES,
    _asks_of_topic,
    _asks_of_product,
    _is_no_goodbye,
    _talks_much,
    _next_likely,
    _continues,
    _asks_article,
    _asks_meaning,
    _is_vague,
)
