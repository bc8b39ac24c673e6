"""The dialogue policy: what the answer does and about what. Pure; the reasons are kept with the reply.

The situations are those of nlp.situations; the act of each is fixed there. The policy never decides about words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.catalogue import RETURNABLE_ORDER_STATES, Article, Order, Product
from app.services.answer.beyond import asks_beyond, asks_for_service
from app.services.answer.comparing import answer_score, compared_products
from app.services.answer.picking import SPOKEN_OF, holding_what_is_named, names_no_order, pick_order, pick_shown
from app.services.answer.question import Question
from app.services.answer.reading import (
    ARTICLE_HIT,
    SENTENCE_LEAD,
    SURE_ARTICLE_HIT,
    best_article,
    intent_of,
    named_products,
)
from app.services.answer.searching import asks_of_those_shown, found_products, shown_products
from app.services.answer.topics import ORDER_INTENTS, PRODUCT_INTENTS, TALK_INTENTS
from app.services.answer.wording import asks_for_help, asks_why, language_asked_for
from nlp.aspects import aspect_of
from nlp.grounding import MAX_ORDERS
from nlp.prompt import Act, Mood
from nlp.situations import SITUATIONS

GOES_ON_HIT = 0.4  # for what is asked on, together with the question before it
_TOLD_AT_ONCE = frozenset({"warranty", "payment_methods", "account_delete"})  # their general facts are one sentence
DESCRIBED_HIT = 0.3  # for countries, where the shop has no fact of them


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
    intent, reasons = intent_of(question)

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

    if not question.text:
        return decision("any/handoff", "a file without words, which takes a person to look at it")
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


def _unclear(question: Question, decision: Decider) -> Decision:
    if asks_for_help(question.text):
        return decision("any/help", "says what it can do, and asks")
    article = best_article(question)
    if article is not None:
        return decision("product_question/article", "an article matches", article=article)
    if asks_for_service(question.text):
        return decision("any/unknown", "a service that the shop says nothing of")
    if question.previous is not None and question.previous.asked_for_meaning:
        return decision("any/offer", "not understood twice")
    return decision("any/clarify", "asks what is meant")


def _about_order(question: Question, intent: str, decision: Decider) -> Decision:
    if not question.customer.verified:
        if question.proven_order is not None:
            return _with_order(question, question.proven_order, intent, decision, "number and e-mail match")
        if question.has_given_both:
            return decision(f"{intent}/unmatched", "number and e-mail match no order")
        if question.lacks_proof:
            return decision("any/unproven", "cannot tell the number or the address that was asked for")
        missing = "email" if question.numbers else "order number" if question.emails else None
        return decision(f"{intent}/unverified", "the customer is not verified", missing=missing)
    if question.numbers:
        named = _named(question)
        if not named:
            reason = "the number is not one of the customer's orders"
            return decision(f"{intent}/unmatched", reason, missing="order number")
        return _with_order(question, named[0], intent, decision, "the number is the customer's order")
    if not question.orders:
        if intent == "order_status":
            return decision("order_status/none", "the customer has no orders")
        return decision("any/handoff", "no order to speak of")
    return _unnamed_order(question, intent, decision)


def _unnamed_order(question: Question, intent: str, decision: Decider) -> Decision:
    """No number was given: the order spoken of before, or the newest one that fits."""
    fitting = [order for order in question.orders if _fits(order, intent)]
    all_meant = intent == "order_status" and question.means_all_orders and len(question.orders) > 1
    is_open = len(fitting) > 1 and names_no_order(question) and not holding_what_is_named(question)
    if all_meant or (intent == "order_status" and is_open):
        listed = (question.orders if all_meant else fitting)[:MAX_ORDERS]
        return decision("order_status/several", f"{len(listed)} orders are meant", orders=listed)
    order, reason = pick_order(question, fitting)
    return _with_order(question, order, intent, decision, reason)


def _fits(order: Order, intent: str) -> bool:
    if intent == "order_status":
        return order.is_open
    if intent in ("order_cancel", "order_change", "address_change"):
        return order.is_unpacked
    if intent == "refund_status":
        return order.refund_state is not None
    return order.state in RETURNABLE_ORDER_STATES


def _with_order(question: Question, order: Order, intent: str, decision: Decider, reason: str) -> Decision:
    if intent == "order_status" and question.order_spoken_of == order and asks_why(question.text):
        return decision("any/unknown", "asks for a cause, and the records hold none", orders=(order,))
    if intent in ("order_cancel", "order_change", "address_change"):
        row = "possible" if order.is_unpacked else "too_late"
        return decision(f"{intent}/{row}", reason, f"state {order.state}", orders=(order,))
    return decision(f"{intent}/verified", reason, orders=(order,))


def _about_product(question: Question, intent: str, decision: Decider) -> Decision:
    compared = compared_products(question)
    if compared:
        return decision("product_question/compared", "two products are compared", products=compared)
    if intent == "product_search":
        return _search(question, decision)
    picked = pick_shown(question)
    if picked is not None:
        return _with_product(question, picked, intent, decision, "one of the products shown")
    named = named_products(question)
    article = _article_for(question, named or _pointed_at(question)) if intent == "product_question" else None
    if article is not None:
        return decision("product_question/article", "an article answers it", article=article)
    if named:
        return _with_product(question, named[0], intent, decision, "the product was named")
    on_screen = _on_screen(question)
    if on_screen:
        of_page = on_screen[0] == question.page_product
        reason = "the product of the page" if of_page else "the product spoken of before"
        return _with_product(question, on_screen[0], intent, decision, reason)
    if asks_for_service(question.text):
        return decision("any/unknown", "a service that the shop says nothing of")
    return decision(f"{intent}/which", "no product was named", missing="product")


def _spoken_of(question: Question) -> list[Product]:
    """Return the product of the last answer."""
    known = question.previous.product_id if question.previous is not None else None
    return [one for one in question.shown if one.id == known]


def _pointed_at(question: Question) -> list[Product]:
    """Return the product that `it` is."""
    return _on_screen(question)[:1] if question.points_back or asks_of_those_shown(question) else []


def _on_screen(question: Question) -> list[Product]:
    """Return the product of the page and that of the last answer; where that was a search, in the other order."""
    page = [question.page_product] if question.page_product is not None else []
    found = question.previous is not None and question.previous.situation == "product_search/found"
    return [*_spoken_of(question), *page] if found else [*page, *_spoken_of(question)]


def _article_for(question: Question, named: Sequence[Product]) -> Article | None:
    """Return the article that answers a question on a product better than what is said of the product."""
    article = best_article(question)
    if article is not None and (not named or question.understood.intent == "out_of_scope"):
        return article
    if question.asks_in_general or aspect_of("product_question", question.text) is not None:
        return None
    own = max((answer_score(question, one.id) for one in named[:1]), default=0.0)
    return best_article(question, max(SURE_ARTICLE_HIT, own + SENTENCE_LEAD))


def _with_product(question: Question, product: Product, intent: str, decision: Decider, reason: str) -> Decision:
    return decision(f"{intent}/found", reason, products=(product,))


def _search(question: Question, decision: Decider) -> Decision:
    shown = shown_products(question)
    if shown:
        return decision("product_search/found", f"{len(shown)} products found", products=shown)
    if question.is_short and not question.names_kind and not found_products(question):
        return decision("product_search/vague", "nothing to search by", missing="product")
    return decision("product_search/unmatched", "no product in stock matches")


def _about_shop(question: Question, intent: str, decision: Decider) -> Decision:
    if intent == "out_of_scope":
        return _out_of_scope(question, decision)
    if intent in TALK_INTENTS:
        return decision(f"{intent}/talk")
    if intent == "contact_human":
        return decision("contact_human/handoff", "a person was asked for")
    if intent == "complaint":
        asked_already = question.previous is not None and question.previous.situation == "complaint/offer"
        if question.was_handed_back and not asked_already:
            return decision("complaint/offer", "a person had it a moment ago: asks before handing it off again")
        return decision("complaint/handoff", "a complaint goes to a person")
    if intent == "return_or_exchange" and (question.customer.verified or question.proven_order is not None):
        return _return(question, decision)
    if intent == "invoice":
        return _invoice(question, decision)
    if intent == "discount" and question.asks_special_discount:
        return decision("any/unknown", "a discount of which the shop's facts say nothing")
    return _trouble(question, intent, decision) or _from_general_facts(question, intent, decision)


def _out_of_scope(question: Question, decision: Decider) -> Decision:
    language = language_asked_for(question.text)
    if language is not None:
        row = "out_of_scope/english" if language == "english" else "any/language"
        return decision(row, f"asks for {language}")
    if question.asks_who_answers:
        return decision("out_of_scope/assistant", "asks who answers")
    if asks_for_service(question.text):
        return decision("any/unknown", "a service that the shop says nothing of")
    return decision("out_of_scope/decline")


def _invoice(question: Question, decision: Decider) -> Decision:
    if "link.orders" not in question.shop.facts:
        return _from_article(question, "invoice", decision)
    if question.customer.verified and question.orders:
        order, reason = pick_order(question, question.orders)
        return decision("invoice/verified", reason, orders=(_named(question) or [order])[:1])
    return decision("invoice/unverified")


def _trouble(question: Question, intent: str, decision: Decider) -> Decision | None:
    if intent == "payment_problem" and question.was_charged_wrongly:
        return decision("payment_problem/handoff", "money was taken that should not have been")
    if intent == "payment_problem" and question.understood.mood is Mood.NEGATIVE and question.shop.people_available:
        return decision("payment_problem/handoff", "an unhappy customer cannot pay")
    if intent == "payment_problem" and question.still_fails:
        return decision("payment_problem/handoff", "what was advised did not help")
    if intent in ("signup_problem", "password_reset") and question.still_fails:
        return decision("any/handoff", "what was advised did not help")
    return None


def _named(question: Question) -> list[Order]:
    """Return those of the customer's own orders whose number stands in the message."""
    numbers = {_bare(number) for number in question.numbers}
    return [order for order in question.orders if _bare(order.number) in numbers]


def _return(question: Question, decision: Decider) -> Decision:
    if not question.customer.verified:
        return _return_of_proven(question, decision)
    delivered = [order for order in question.orders if order.state in RETURNABLE_ORDER_STATES]
    named = _named(question)
    if named:
        return decision("return_or_exchange/verified", "the number is the customer's order", orders=named[:1])
    if _on_exchange(question) is not None:
        return _from_general_facts(question, "return_or_exchange", decision)
    if question.names_kind and not holding_what_is_named(question):
        return _from_general_facts(question, "return_or_exchange", decision)
    order, reason = pick_order(question, delivered) if question.orders else (None, "")
    if order is not None and (delivered or reason == SPOKEN_OF):
        return decision("return_or_exchange/verified", reason, orders=(order,))
    return _from_general_facts(question, "return_or_exchange", decision)


def _return_of_proven(question: Question, decision: Decider) -> Decision:
    """The order that number and e-mail address unlocked, where the message points to it."""
    order = question.proven_order
    is_meant = order is not None and (question.numbers or question.points_back or question.order_spoken_of == order)
    if order is None or not is_meant or _on_exchange(question) is not None:
        return _from_general_facts(question, "return_or_exchange", decision)
    return decision("return_or_exchange/verified", "number and e-mail match", orders=(order,))


def _from_general_facts(question: Question, intent: str, decision: Decider) -> Decision:
    """Answer from the shop's general facts where it has those of the row, else from an article, else by a person.

    What the general facts of the intent never tell is answered by an article or not at all.
    """
    beyond = asks_beyond(question.text, intent)
    swaps = _on_exchange(question) if intent == "return_or_exchange" else None
    quotes = intent == "delivery_options" and question.asks_for_countries
    quotes = quotes and "delivery.countries" not in question.shop.facts
    situation, article = f"{intent}/general", best_article(question, DESCRIBED_HIT if quotes else ARTICLE_HIT)
    row = f"{intent}/article" if f"{intent}/article" in SITUATIONS else "product_question/article"
    if swaps is not None:
        return decision(row, "an article on exchanging", article=swaps)
    goes_on = _article_gone_on_with(question, intent)
    if goes_on is not None:
        return decision(row, "goes on with what an article says", article=goes_on)
    says_more = article is not None and not article.states_facts
    is_sure = article is not None and answer_score(question, article.id) >= SURE_ARTICLE_HIT
    has_told = question.goes_on_with and question.previous is not None and question.previous.situation == situation
    is_sure = is_sure and not has_told and not (intent == "contact_info" and aspect_of(intent, question.text))
    if article is not None and (beyond or quotes or (says_more and is_sure)):
        return decision(row, "an article that says more than the general facts", article=article)
    if beyond:
        return decision("any/unknown", f"the general facts of {intent} do not tell it, and no article does")
    has_own = intent == "contact_info"  # elsewhere the phone number is only told beside what answers
    if any(key in question.shop.facts for key in SITUATIONS[situation].keys if has_own or key != "shop.phone"):
        return decision(situation, article=article)
    return _from_article(question, intent, decision)


def _article_gone_on_with(question: Question, intent: str) -> Article | None:
    """Return the article on the matter that a message goes on with, where the general facts have said theirs."""
    previous = question.previous
    if question.goes_on_with is None or previous is None or aspect_of(intent, question.text) is not None:
        return None
    told = previous.situation.endswith("/article") or intent in _TOLD_AT_ONCE
    of_matter = replace(question, articles=[hit for hit in question.articles if hit.item.topic == intent])
    return best_article(of_matter, GOES_ON_HIT) if told else None


def _on_exchange(question: Question) -> Article | None:
    """Return the article on exchanging, where that is what is asked for."""
    asked = f"{question.goes_on_with or ''} {question.text}"
    if aspect_of("return_or_exchange", asked) != "exchange" and not question.wants_exchange:
        return None
    found = [hit.item for hit in question.articles]
    return next((one for one in found if aspect_of("return_or_exchange", one.title) == "exchange"), None)


def _from_article(question: Question, intent: str, decision: Decider) -> Decision:
    """Answer what the shop states no fact of by its article, else by a person."""
    article = best_article(question)
    row = f"{intent}/article" if f"{intent}/article" in SITUATIONS else "product_question/article"
    if article is not None:
        return decision(row, "the shop's article", article=article)
    if question.was_handed_back:
        return decision("any/offer", f"the shop has no facts for {intent}, and a person had it a moment ago")
    return decision("any/handoff", f"the shop has no facts for {intent}")


def _bare(number: str) -> str:
    return number.lstrip("#").upper()
