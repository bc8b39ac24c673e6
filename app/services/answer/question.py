"""What the policy knows when it decides: the message, what was said before, and what the models made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from app.domain.catalogue import Article, CustomerView, Order, Product, ShopProfile
from app.services.answer.wording import mentions_person
from nlp.prompt import Act, Mood, Speaker, Turn
from nlp.situations import SITUATIONS
from nlp.tone import is_yes_no_question

_ORDER_NUMBER = re.compile(r"(?<![\w.,@-])#?([A-Z]{0,4}-?\d{3,12})(?![\w@]|[.,]\d)", re.IGNORECASE)
# Whole only: what goes on after an address is another one, `ana@shop.test@else.test`.
_EMAIL = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w@-]|\.\w)")
_PRICE_LIMIT = re.compile(
    r"\b(?:under|below|less than|cheaper than|max(?:imum|imal)?|up to|(?:not|no) more than|not over|within"
    r"|budget(?: is)?|(?P<about>about|around|roughly|approximately|approx\.?))"
    r"\s*(?:of\s*)?[€$£]?\s*(?P<most>\d{1,6})\b|[€$£]?\b(?P<top>\d{1,6})\s*[€$£]?\s*(?:euros?|dollars?|pounds?|bucks)?\s*"
    r"(?:or less|max|at most|at the most|tops)\b",
    re.IGNORECASE,
)
_CHEAPER = re.compile(r"\b(?:cheaper|less expensive|lower price|too expensive|more affordable)\b", re.IGNORECASE)
_EMPTY_IT = re.compile(
    r"\b(?:is|was|would|will) it (?:still |be )?(?:possible|ok|okay|too late|allowed|true)\b", re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    r"\b(?:price|costs?|how much|expensive|cheap|sizes?|colou?rs?|material|fabric|made of|made from|in stock"
    r"|available)\b",
    re.IGNORECASE,
)
_COUNTRIES = re.compile(
    r"\b(?:ship|deliver|send)\w*\s+(?:it\s+|orders?\s+|packages?\s+)?(?:to|in|within|outside)\b|countr|abroad|overseas"
    r"|worldwide|international",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"\b(?:tell|know|say|info|information|details?|describe|description|more|about|like|special|features?"
    r"|any good|worth|quality)\b",
    re.IGNORECASE,
)
_CHARGED = re.compile(
    r"\b(?:charged|debited|billed|paid|deducted|taken)\b.{0,30}\b(?:twice|two times|double|again|too much|wrong\w*)\b"
    r"|\b(?:double|twice|wrong\w*) (?:charge|charged|payment|debit)"
    r"|\b(?:charges?|payments?|debits?|transactions?)\b.{0,30}(?:(?:not|n'?t|never) (?:recogni[sz]|authori[sz])"
    r"|(?:did not|didn'?t|never) ma[dk]e)|\b(?:unknown|unrecogni[sz]ed) (?:charge|payment|debit)"
    r"|\bmoney (?:was|has been|got) (?:taken|debited|deducted)|\bi(?:'ve| have)? paid but\b",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"\bstill\b|\bkeeps?\b|\bfail\w* again\b|\btried (?:that|it|this|already|everything)"
    r"|(?:did|does)(?:n'?t| not) (?:help|work)"
    r"|\bno (?:luck|success|change)\b|\bsame (?:error|problem|thing|issue)\b"
    r"|\bchecked (?:(?:my|the|in) )?(?:spam|junk)|\bnothing (?:came|there|arrived|in (?:my |the )?(?:spam|junk|inbox))",
    re.IGNORECASE,
)
_ALL_ORDERS = re.compile(
    r"\b(?:what|which|any|list|all) (?:of )?(?:my )?orders\b"
    r"|\b(?:both|all)(?: (?:of )?my)? (?:orders|parcels|packages)\b|\bmy (?:\w+ )?orders\b",
    re.IGNORECASE,
)
_ORDER_ALONE = re.compile(
    r"\W*(?:(?:hi|hello|hey|and|so|ok|my|the|about|what|latest|last)\W+)*(orders?)\W*", re.IGNORECASE
)
_SOONER = re.compile(
    r"\b(?:faster|sooner|quicker|hurry|rush|speed (?:it |this |that |things )?up"
    r"|(?:come|arrive|deliver\w*|get (?:it|this|them)|have it|be here) (?:\w+ )?earlier)\b",
    re.IGNORECASE,
)
_SPECIAL_DISCOUNT = re.compile(
    r"\b(?:students?|military|employees?|seniors?|birthday|price.?match\w*|match (?:the |their |your )?prices?"
    r"|combine\w*|stack\w*|together|along with|on top|other (?:codes?|offers?|discounts?)"
    r"|(?:sale|reduced|discounted) (?:items?|products?|things?)|twice|bulk)\b",
    re.IGNORECASE,
)
_WHO_ANSWERS = re.compile(
    r"\b(?:are|r) (?:you|u) (?:really |actually )?(?:an? )?(?:real|human|person|robot|bot|chat ?bot|machine|ai|computer"
    r"|chat ?gpt)\b|\b(?:is this|(?:am i )?(?:talking|chatting|speaking) (?:to|with)) (?:an? )?(?:real |actual )?"
    r"(?:human|person|robot|bot|chat ?bot|machine|ai|computer)\b|^\W*(?:who|what) (?:are|r) (?:you|u)\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:my|mine|I|our|we)\b", re.IGNORECASE)
_OWN_PAST = re.compile(r"\bI (?:pay|paid|order|ordered|buy|bought|spend|spent)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\b(?:other|another)\b(?! (?:ways?|means|methods?|cards?|address(?:es)?|payments?|questions?|time|days?)\b)"
    r"|\b(?:else|second|2nd)\b",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(?:first|1st|oldest|older|earlier|previous)\b", re.IGNORECASE)
_LAST = re.compile(r"\b(?:last|latest|newest|newer|recent)\b", re.IGNORECASE)
_ONE = re.compile(r"\b(?:ones?|it|that|this|them|these|those)\b", re.IGNORECASE)
_OFFERS_PERSON = re.compile(r"colleague\b.*\?|\?.*colleague|\bbring in a colleague", re.DOTALL)
_YES = re.compile(r"\W*(?:yes|yeah|yep|yup|sure|ok|okay|please|do it|go ahead|that would be)\b", re.IGNORECASE)
_YES_WORDS = re.compile(r"^(?:\W*(?:yes|yeah|yep|yup|sure|ok|okay|please|do (?:it|that|so))\b)+", re.IGNORECASE)
_LEAVES = re.compile(
    r"\b(?:bye\w*|goodbye|good ?night|see (?:you|ya)|cya|take care|never ?mind|forget it|leave it|no need"
    r"|not (?:now|needed)|don'?t (?:need|bother)|maybe later|another time|that'?s (?:all|it)|i'?m (?:done|good)"
    r"|i'?ll wait)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|^\W*(?:(?:ok|okay|fine|and|but|so|well|hm+)\W+)*(?:what|which|when|where|who|why|how|can|could|do|does|is|are"
    r"|will|would)\b|\band (?:the|my|for|in|to|with)\b",
    re.IGNORECASE,
)
_SWAPS = re.compile(r"\b(?:exchang\w*|swap\w*)\b", re.IGNORECASE)
FEW_WORDS = 6
_LACKS_PROOF = re.compile(
    r"\b(?:do(?:n'?t| not)|no longer|can'?t|cannot|couldn'?t) (?:\w+ )?(?:have|know|remember|find|got)\b"
    r"|\b(?:lost|forgot|deleted) (?:it|the|my|that)\b|\bno (?:order )?(?:number|idea|clue)\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"\b(?:sorry|oops|typo|mistake|mistyped|i meant?|should be|wrong (?:one|number|order|e-?mail|address))\b",
    re.IGNORECASE,
)
ROUGHLY = 120  # per cent of the price that was named
PROOF_TURNS = 3  # of the customer's, in which number and e-mail address may have come
ADVISED = ("payment_problem", "signup_problem", "password_reset")  # intents whose answer tells what to try

T = TypeVar("T")

_VAGUE = frozenset(
    {
        "a", "about", "and", "can", "do", "don", "dunno", "else", "er", "for", "got", "have", "help", "hm", "hmm",
        "how", "huh", "i", "idk", "is", "issue", "it", "its", "it's", "just", "know", "maybe", "me", "my", "no", "not",
        "of", "ok", "please", "problem", "question", "s", "so", "some", "something", "stuff", "sure", "t", "that",
        "the", "there", "thing", "things", "this", "to", "uh", "um", "umm", "ve", "well", "what", "why", "with", "yes",
        "you",
    }
)  # fmt: skip
_FILLERS = frozenset(
    {
        "it", "its", "is", "s", "order", "number", "no", "nr", "the", "my", "and", "email", "e", "mail", "address",
        "for", "here", "yes", "ok", "sure", "hi", "hello", "please", "thanks", "are", "a", "with",
    }
)  # fmt: skip


def order_numbers(text: str) -> list[str]:
    """Return what looks like order numbers, without `#`, in upper case and in their order."""
    return [match.group(1).upper() for match in _ORDER_NUMBER.finditer(_EMAIL.sub(" ", text))]


def email_addresses(text: str) -> list[str]:
    """Return the e-mail addresses in a text, in lower case."""
    return [match.group().rstrip(".").lower() for match in _EMAIL.finditer(text)]


def has_form_of_question(text: str) -> bool:
    """Tell whether a text asks."""
    return bool(_ASKS.search(text))


def wants_cheaper(text: str) -> bool:
    """Tell whether a text is about something that costs less."""
    return bool(_CHEAPER.search(text))


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the classifiers say about the message."""

    intent: str
    intent_score: float
    mood: Mood
    mood_score: float
    ranking: Sequence[tuple[str, float]] = ()  # the likeliest intents with their scores, best first


@dataclass(frozen=True, slots=True)
class Previous:
    """The bot's last answer in this conversation: its situation, and the order it was about."""

    situation: str
    order_number: str | None = None
    product_id: UUID | None = None
    product_ids: tuple[UUID, ...] = ()  # all that were shown
    label: str | None = None  # the intent that was understood, where the situation is of another
    told_orders: tuple[str, ...] = ()  # numbers of the orders that this conversation was told of, the last one first

    @property
    def topic(self) -> str:
        """The intent that was answered: an article or an offer says nothing of its matter."""
        is_any = self.situation in ("product_question/article", "any/unknown")
        return self.label if is_any and self.label is not None else self.intent

    @property
    def handed_off(self) -> bool:
        return SITUATIONS[self.situation].act is Act.HANDOFF if self.situation in SITUATIONS else False

    @property
    def intent(self) -> str:
        return self.situation.partition("/")[0]

    @property
    def asked_for_order(self) -> bool:
        return self.situation.endswith(("/unverified", "/unmatched"))

    @property
    def asked_for_meaning(self) -> bool:
        return self.situation in ("any/clarify", "any/offer")

    @property
    def asked_for_detail(self) -> bool:
        return self.situation.endswith(("/which", "/vague"))


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A search hit with its score in 0..1."""

    item: T
    score: float


@dataclass(frozen=True, slots=True)
class Question:
    """Everything the decision is made from. `orders` are the verified customer's own, newest first."""

    text: str
    history: Sequence[Turn]
    understood: Understanding
    shop: ShopProfile
    customer: CustomerView
    today: date
    orders: Sequence[Order] = ()
    proven_order: Order | None = None  # number and e-mail address were given and match
    previous: Previous | None = None
    page_product: Product | None = None
    shown: Sequence[Product] = ()  # the products of the last answer
    foreign: str | None = None  # the language of the message, when it is none that the answer model writes
    products: Sequence[Found[Product]] = ()
    of_kind: Sequence[Found[Product]] = ()  # those of the kind that the message names: `a jacket`
    names_kind: bool = False
    search_text: str | None = None  # what was searched for, when the message only goes on with it: `anything cheaper?`
    goes_on_with: str | None = None  # the question before, when this one names no matter of its own: `and is it free?`
    articles: Sequence[Found[Article]] = ()
    sentences: Mapping[UUID, Found[str]] = field(default_factory=dict)  # by article or product: the one that fits best

    @property
    def numbers(self) -> list[str]:
        return order_numbers(self.text)

    @property
    def emails(self) -> list[str]:
        return email_addresses(self.text)

    @property
    def has_given_both(self) -> bool:
        """Whether this message completes an order number and an e-mail address, the other having come before."""
        said = [self.text]
        if (self.numbers or self.emails) and self.previous is not None and self.previous.asked_for_order:
            said += [turn.text for turn in self.history if turn.speaker is Speaker.CUSTOMER][-PROOF_TURNS:]
        return any(map(order_numbers, said)) and any(map(email_addresses, said))

    @property
    def lacks_proof(self) -> bool:
        """Whether the customer cannot tell the order number or the e-mail address that we asked for."""
        asked = self.previous is not None and self.previous.asked_for_order
        return asked and not (self.numbers or self.emails) and bool(_LACKS_PROOF.search(self.text))

    @property
    def corrects_itself(self) -> bool:
        """Whether it takes back what was said before: `sorry, wrong one, 1042`."""
        return bool(_CORRECTS.search(self.text))

    @property
    def price_limit_minor(self) -> int | None:
        """The most the customer wants to spend, in minor units: `under 150`. A search that goes on keeps its limit."""
        said = (_PRICE_LIMIT.search(text) for text in (self.text, self.search_text or ""))
        limits = [int(found["most"] or found["top"]) * (ROUGHLY if found["about"] else 100) for found in said if found][
            :1
        ]
        if self.wants_cheaper:
            limits += [product.price_minor - 1 for product in self.shown]
        return min(limits, default=None)

    @property
    def wants_cheaper(self) -> bool:
        """Whether it is about something that costs less than what was shown."""
        return wants_cheaper(self.text)

    @property
    def order_spoken_of(self) -> Order | None:
        """The order of the last answer, if the customer may hear of it."""
        if self.previous is None or self.previous.order_number is None:
            return None
        number = self.previous.order_number.lstrip("#").upper()
        known = [*self.orders, *([self.proven_order] if self.proven_order else [])]
        return next((order for order in known if order.number.lstrip("#").upper() == number), None)

    @property
    def order_told_of(self) -> Order | None:
        """The customer's own order that this conversation spoke of last, in whichever answer."""
        told = self.previous.told_orders if self.previous is not None else ()
        number = told[0].lstrip("#").upper() if told else None
        found = (order for order in self.orders if order.number.lstrip("#").upper() == number)
        return self.order_spoken_of or next(found, None)

    @property
    def asks_attribute(self) -> bool:
        """Whether it is about what every product has: price, stock, sizes, colours, material."""
        return bool(_ATTRIBUTE.search(self.text))

    @property
    def asks_in_general(self) -> bool:
        """Whether it wants to hear about a product whatever there is to say: `tell me about it`."""
        asks_one_thing = is_yes_no_question(self.text)  # `is it waterproof`
        return bool(_GENERAL.search(self.text)) or (len(self.text.split()) <= 3 and not asks_one_thing)

    @property
    def means_all_orders(self) -> bool:
        """Whether it is about more than one order: `both my orders please`."""
        alone = _ORDER_ALONE.fullmatch(self.text)
        return bool(_ALL_ORDERS.search(self.text)) or (alone is not None and alone[1].lower() == "orders")

    @property
    def is_order_alone(self) -> bool:
        """Whether it is no more than the word, as who has one asks after it: `order?`."""
        return bool(_ORDER_ALONE.fullmatch(self.text))

    @property
    def wants_sooner(self) -> bool:
        """Whether something is to come faster than it does; who asks what that costs asks in general."""
        return bool(_SOONER.search(self.text)) and not self.asks_attribute

    @property
    def asks_special_discount(self) -> bool:
        """Whether it is about a discount for some people or things, of which the shop's facts say nothing."""
        return bool(_SPECIAL_DISCOUNT.search(self.text))

    @property
    def asks_who_answers(self) -> bool:
        """Whether it wants to know if this is a person."""
        return bool(_WHO_ANSWERS.search(self.text))

    @property
    def is_vague(self) -> bool:
        """Whether it holds no word that says what it is about: `hmm`, `it's about the thing`."""
        return self.words <= _VAGUE

    @property
    def speaks_of_own_past(self) -> bool:
        """Whether it is about what the customer did: `what did I pay?`."""
        return bool(_OWN_PAST.search(self.text))

    @property
    def speaks_of_own(self) -> bool:
        """Whether it is about what is the customer's: `my jacket`."""
        return bool(_OWN.search(self.text))

    @property
    def was_charged_wrongly(self) -> bool:
        """Whether money went that should not have: only people can put that right."""
        return bool(_CHARGED.search(self.text))

    @property
    def still_fails(self) -> bool:
        """Whether what the last answer advised against a failing payment or sign-up did not help."""
        advised = self.previous is not None and self.previous.intent in ADVISED
        return advised and bool(_STILL.search(self.text))

    @property
    def asks_for_countries(self) -> bool:
        """Whether it is about where the shop delivers to."""
        return bool(_COUNTRIES.search(self.text))

    @property
    def accepts_person(self) -> bool:
        """Whether this is a yes to the bot's offer of a colleague."""
        last = self.history[-1] if self.history else None
        offered = last is not None and last.speaker is Speaker.BOT and _OFFERS_PERSON.search(last.text) is not None
        return offered and bool(_YES.match(self.text)) and not self.leaves and not self._asks_something_else

    @property
    def _asks_something_else(self) -> bool:
        """Whether more than a yes is said, and it is no word on the person offered: `ok and the price?`."""
        rest = _YES_WORDS.sub("", self.text)
        return bool(_ASKS.search(rest)) and not mentions_person(rest)

    @property
    def leaves(self) -> bool:
        """Whether the customer has done with the matter: `ok thanks bye`, `ok never mind`."""
        return bool(_LEAVES.search(self.text))

    @property
    def is_farewell(self) -> bool:
        """Whether its words can be a goodbye: it asks for nothing and wants no exchange."""
        return self.leaves or not (self.wants_exchange or _ASKS.search(self.text))

    @property
    def asks(self) -> bool:
        """Whether it has the form of a question."""
        return has_form_of_question(self.text)

    @property
    def wants_exchange(self) -> bool:
        """Whether it names an exchange."""
        return bool(_SWAPS.search(self.text))

    @property
    def was_handed_back(self) -> bool:
        """Whether people had this conversation a moment ago and gave it back to the bot."""
        said = any(turn.speaker is Speaker.AGENT for turn in self.history)
        return said or (self.previous is not None and self.previous.handed_off)

    @property
    def means_other(self) -> bool:
        """Whether it is about another one than the last answer was: `and the other one?`."""
        return bool(_OTHER.search(self.text))

    @property
    def means_first(self) -> bool:
        """Whether the oldest is meant."""
        return bool(_FIRST.search(_SOONER.sub(" ", self.text)))

    @property
    def means_last(self) -> bool:
        """Whether the newest is meant."""
        return bool(_LAST.search(self.text))

    @property
    def points_back(self) -> bool:
        """Whether it names what was spoken of by a pronoun: `no, the blue one`, `is it warm?`."""
        return bool(_ONE.search(_EMPTY_IT.sub(" ", self.text)))

    @property
    def words(self) -> frozenset[str]:
        """The words of the text, in lower case."""
        return frozenset(re.findall(r"[\w-]+", self.text.lower()))

    @property
    def is_short(self) -> bool:
        return len(self.text.split()) <= FEW_WORDS

    @property
    def is_bare_reference(self) -> bool:
        """Only an order number or an e-mail address, as one answers a question for it."""
        rest = _ORDER_NUMBER.sub(" ", _EMAIL.sub(" ", self.text))
        words = [word for word in re.findall(r"[A-Za-z]+", rest) if word.lower() not in _FILLERS]
        return bool(self.numbers or self.emails) and not words
