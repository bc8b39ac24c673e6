"""The dialogue policy: what the answer does and about what. Pure; the reasons are kept with the reply.

The situations are those of nlp.situations; the act of each is fixed there. The policy never decides about words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.catalogue import RETURNABLE_ORDER_STATES, Article, Order, Product
from app.services.answer.picking import names_no_order, pick_order, pick_shown
from app.services.answer.question import Question
from nlp.grounding import MAX_ORDERS
from nlp.prompt import Act, Mood
from nlp.situations import SITUATIONS

SURE = 0.45  # below it the bot asks what is meant; the classifiers' scores are calibrated
KEEP_TOPIC = 0.75  # below it a short message goes on with the topic of the last answer
PRODUCT_HIT = 0.42  # the product is the one that was named
SEARCH_HIT = 0.33  # the product is worth showing to somebody who looks for something
ARTICLE_HIT = 0.5
DESCRIBED_HIT = 0.2  # for countries, where the shop has no fact of them
DOUBTFUL_SCOPE = 0.9  # a question taken for foreign with less than this may still be one for an article
SHOWN_PRODUCTS = 3

ORDER_INTENTS = frozenset(
    {
        "order_status", "order_cancel", "order_change", "address_change", "refund_status", "refund_request",
        "damaged_or_wrong_item",
    }
)  # fmt: skip
PRODUCT_INTENTS = frozenset({"product_question", "product_search", "availability"})
TALK_INTENTS = frozenset({"greeting", "goodbye", "thanks"})


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answer does. `hands_off` ends the bot's control once the answer is said."""

    intent: str
    situation: str
    mood: Mood
    reasons: tuple[str, ...]
    orders: Sequence[Order] = ()
    products: Sequence[Product] = ()
    article: Article | None = None
    missing: str | None = None

    @property
    def act(self) -> Act:
        return SITUATIONS[self.situation].act

    @property
    def hands_off(self) -> bool:
        return self.act is Act.HANDOFF

    @property
    def order_number(self) -> str | None:
        return self.orders[0].number if len(self.orders) == 1 else None

    @property
    def product_id(self) -> UUID | None:
        return self.products[0].id if self.products else None


def decide(question: Question) -> Decision:
    """Choose intent and situation for one message."""
    intent, reasons = _intent(question)

    def decision(
        situation: str,
        *more: str,
        orders: Sequence[Order] = (),
        products: Sequence[Product] = (),
        article: Article | None = None,
        missing: str | None = None,
    ) -> Decision:
        return Decision(
            intent=intent,
            situation=situation,
            mood=question.understood.mood,
            reasons=(*reasons, *more),
            orders=orders,
            products=products,
            article=article,
            missing=missing,
        )

    if question.foreign is not None:
        situation = "any/offer" if question.was_handed_back else "any/handoff"
        return decision(situation, f"written in {question.foreign}, which the answer model does not write")
    if intent == "unclear":
        return _unclear(question, decision)
    if intent in ORDER_INTENTS:
        return _about_order(question, intent, decision)
    if intent in PRODUCT_INTENTS:
        return _about_product(question, intent, decision)
    return _about_shop(question, intent, decision)


Decider = Callable[..., Decision]


def _intent(question: Question) -> tuple[str, tuple[str, ...]]:
    """Take the classifier's intent, unless the conversation says better."""
    understood, previous = question.understood, question.previous
    label, score = understood.intent, understood.intent_score
    reasons = (f"intent {label} {score:.2f}", f"mood {understood.mood} {understood.mood_score:.2f}")
    if question.accepts_person:
        return "contact_human", (*reasons, "yes to the offer of a colleague")
    on_products = label in PRODUCT_INTENTS | {"out_of_scope"} or score < KEEP_TOPIC
    if question.is_short and on_products and pick_shown(question) is not None:
        of_product = label if label in ("product_question", "availability") and score >= SURE else None
        return of_product or "availability", (*reasons, "one of the products shown")
    if previous is not None and previous.asked_for_order and (question.numbers or question.emails):
        if question.is_bare_reference or label not in ORDER_INTENTS:
            return previous.intent, (*reasons, f"answers the question for the order ({previous.intent})")
    elif question.is_bare_reference or (label == "out_of_scope" and question.is_short and question.numbers):
        return "order_status", (*reasons, "hardly more than an order number")
    continues = (
        previous is not None
        and previous.intent in ORDER_INTENTS | PRODUCT_INTENTS
        and question.is_short
        and (score < KEEP_TOPIC or question.means_other)
        and label not in TALK_INTENTS | {"contact_human"}
    )
    if previous is not None and continues and (label == "out_of_scope" or score < SURE or question.means_other):
        return previous.intent, (*reasons, f"goes on with {previous.intent}")
    if label == "out_of_scope" and score < DOUBTFUL_SCOPE and _best_article(question) is not None:
        return "product_question", (*reasons, "an article matches")
    if score < SURE and label not in ("out_of_scope", "contact_human"):
        return "unclear", (*reasons, f"below {SURE}")
    return label, reasons


def _unclear(question: Question, decision: Decider) -> Decision:
    article = _best_article(question)
    if article is not None:
        return decision("product_question/article", "an article matches", article=article)
    if question.previous is not None and question.previous.asked_for_meaning:
        return decision("any/offer", "not understood twice")
    return decision("any/clarify", "asks what is meant")


def _about_order(question: Question, intent: str, decision: Decider) -> Decision:
    if not question.customer.verified:
        if question.proven_order is not None:
            return _with_order(question.proven_order, intent, decision, "number and e-mail match")
        if question.numbers and question.emails:
            return decision(f"{intent}/unmatched", "number and e-mail match no order")
        missing = "email" if question.numbers else "order number" if question.emails else None
        return decision(f"{intent}/unverified", "the customer is not verified", missing=missing)
    if question.numbers:
        named = [order for order in question.orders if _bare(order.number) in {_bare(n) for n in question.numbers}]
        if not named:
            return decision(f"{intent}/unmatched", "the number is not one of the customer's orders")
        return _with_order(named[0], intent, decision, "the number is the customer's order")
    if not question.orders:
        if intent == "order_status":
            return decision("order_status/none", "the customer has no orders")
        return decision("any/handoff", "no order to speak of")
    return _unnamed_order(question, intent, decision)


def _unnamed_order(question: Question, intent: str, decision: Decider) -> Decision:
    """No number was given: the order spoken of before, or the newest one that fits."""
    fitting = [order for order in question.orders if _fits(order, intent)]
    if intent == "order_status" and len(fitting) > 1 and names_no_order(question):
        listed = fitting[:MAX_ORDERS]
        return decision("order_status/several", f"{len(fitting)} orders on their way", orders=listed)
    order, reason = pick_order(question, fitting)
    return _with_order(order, intent, decision, reason)


def _fits(order: Order, intent: str) -> bool:
    if intent == "order_status":
        return order.is_open
    if intent in ("order_cancel", "order_change", "address_change"):
        return order.is_unpacked
    if intent == "refund_status":
        return order.refund_state is not None
    return order.state in RETURNABLE_ORDER_STATES


def _with_order(order: Order, intent: str, decision: Decider, reason: str) -> Decision:
    if intent in ("order_cancel", "order_change", "address_change"):
        row = "possible" if order.is_unpacked else "too_late"
        return decision(f"{intent}/{row}", reason, f"state {order.state}", orders=(order,))
    return decision(f"{intent}/verified", reason, orders=(order,))


def _about_product(question: Question, intent: str, decision: Decider) -> Decision:
    picked = pick_shown(question)
    if picked is not None and intent != "product_search":
        return _with_product(question, picked, intent, decision, "one of the products shown")
    hits = [hit.item for hit in question.products if hit.score >= PRODUCT_HIT]
    if intent == "product_search":
        return _search(question, decision)
    article = _best_article(question) if intent == "product_question" else None
    if article is not None and (not hits or question.understood.intent == "out_of_scope"):
        return decision("product_question/article", "an article matches", article=article)
    if hits:
        return _with_product(question, hits[0], intent, decision, "the product was named")
    if question.page_product is not None:
        return _with_product(question, question.page_product, intent, decision, "the product of the page")
    if question.previous is not None and question.previous.product_id is not None:
        spoken_of = [one for one in question.shown if one.id == question.previous.product_id]
        if spoken_of:
            return _with_product(question, spoken_of[0], intent, decision, "the product spoken of before")
    return decision(f"{intent}/which", "no product was named", missing="product")


def _with_product(question: Question, product: Product, intent: str, decision: Decider, reason: str) -> Decision:
    return decision(f"{intent}/found", reason, products=(product,))


def _search(question: Question, decision: Decider) -> Decision:
    """Show up to three products in stock, within the price the customer named."""
    found = [hit.item for hit in question.products if hit.score >= SEARCH_HIT]
    limit = question.price_limit_minor
    shown = [one for one in found if one.stock > 0 and (limit is None or one.price_minor <= limit)][:SHOWN_PRODUCTS]
    if shown:
        return decision("product_search/found", f"{len(shown)} products found", products=shown)
    if question.is_short and not found:
        return decision("product_search/vague", "nothing to search by", missing="product")
    return decision("product_search/unmatched", "no product in stock matches")


def _about_shop(question: Question, intent: str, decision: Decider) -> Decision:
    if intent == "out_of_scope":
        return decision("out_of_scope/decline")
    if intent in TALK_INTENTS:
        return decision(f"{intent}/talk")
    if intent == "contact_human":
        return decision("contact_human/handoff", "a person was asked for")
    if intent == "complaint":
        if question.was_handed_back:
            return decision("complaint/offer", "a person had it a moment ago: asks before handing it off again")
        return decision("complaint/handoff", "a complaint goes to a person")
    if intent == "return_or_exchange" and question.customer.verified:
        return _return(question, decision)
    if intent == "invoice":
        if question.customer.verified and question.orders:
            return decision("invoice/verified", orders=question.orders[:1])
        return decision("invoice/unverified")
    if intent == "payment_problem" and question.understood.mood is Mood.NEGATIVE and question.shop.people_available:
        return decision("payment_problem/handoff", "an unhappy customer cannot pay")
    return _from_general_facts(question, intent, decision)


def _return(question: Question, decision: Decider) -> Decision:
    delivered = [order for order in question.orders if order.state in RETURNABLE_ORDER_STATES]
    named = [order for order in question.orders if _bare(order.number) in {_bare(n) for n in question.numbers}]
    if named:
        return decision("return_or_exchange/verified", "the number is the customer's order", orders=named[:1])
    if delivered:
        order, reason = pick_order(question, delivered)
        return decision("return_or_exchange/verified", reason, orders=(order,))
    return _from_general_facts(question, "return_or_exchange", decision)


def _from_general_facts(question: Question, intent: str, decision: Decider) -> Decision:
    """Answer from the shop's general facts where it has those of the row, else from an article, else by a person."""
    quotes = intent == "delivery_options" and question.asks_for_countries
    quotes = quotes and "delivery.countries" not in question.shop.facts
    floor = DESCRIBED_HIT if quotes else ARTICLE_HIT
    situation, article = f"{intent}/general", _best_article(question, floor)
    row = f"{intent}/article" if f"{intent}/article" in SITUATIONS else "product_question/article"
    if article is not None and (quotes or not article.states_facts):
        return decision(row, "an article that says more than the general facts", article=article)
    if any(key in question.shop.facts for key in SITUATIONS[situation].keys):
        return decision(situation, article=article)
    if article is not None:
        return decision(row, "the shop's article", article=article)
    if question.was_handed_back:
        return decision("any/offer", f"the shop has no facts for {intent}, and a person had it a moment ago")
    return decision("any/handoff", f"the shop has no facts for {intent}")


def _best_article(question: Question, floor: float = ARTICLE_HIT) -> Article | None:
    best = max(question.articles, key=lambda hit: hit.score, default=None)
    return best.item if best is not None and best.score >= floor else None


def _bare(number: str) -> str:
    return number.lstrip("#").upper()
