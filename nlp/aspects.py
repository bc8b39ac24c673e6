"""Which one thing a question is about, where its intent has several: the price of a product, the carrier of an order.

Found by words, after the classifier found the intent. The answer model is told the result as the fact `asks`; a
question that names nothing, or several things, gets the general answer of its intent, which tells the most.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_CARRIERS = r"ups|dhl|fedex|dpd|gls|hermes|evri|usps|royal mail|postnord"
COUNTRY = (
    r"\b(?:albania|argentina|australia|austria|belgium|bosnia|brazil|bulgaria|canada|chile|china|croatia|cyprus|czechia"
    r"|czech republic|denmark|egypt|england|estonia|finland|france|germany|greece|hungary|iceland|india|indonesia"
    r"|ireland|israel|italy|japan|kenya|latvia|lithuania|luxembourg|malaysia|malta|mexico|morocco|(?:the )?netherlands"
    r"|holland|new zealand|nigeria|norway|poland|portugal|romania|russia|saudi arabia|scotland|serbia|singapore"
    r"|slovakia|slovenia|south africa|south korea|spain|sweden|switzerland|thailand|turkey|ukraine"
    r"|united arab emirates|united kingdom|united states|wales|uk|usa|uae)\b|\b(?-i:US)\b"
)  # as people write it; US in capitals only
_MATERIALS = r"leather|cotton|wool|merino|polyester|linen|silk|down|plastic|steel|wood(?:en)?|vegan"

# Per topic, the most special first: a match takes its words away from the aspects after it.
_ORDER = (
    (
        "lost",
        r"(?:says?|marked|shows?|shown|status|app|supposedly|apparently)\b.{0,30}\bdelivered\b|^\W*delivered\s*\?"
        r"|delivered\b.{0,20}\bbut\b|\bgot nothing\b"
        r"|\bnever (?:got|received|came|arrived|showed)\b(?! (?:a|the|my) tracking)|\b(?:is"
        r"|got|gone|been|was) (?:lost|missing|stolen)"
        r"|\blost in\b|nothing (?:here|arrived|in my mailbox)|(?:didn'?t|did not) (?:get|receive) (?:it|anything|the"
        r"|my)|(?:but )?it'?s not here",
    ),
    (
        "placed",
        r"when (?:did|have) (?:i|we) (?:\w+ )?(?:order|buy|bought|place|purchase)|\border(?:ed)? date"
        r"|(?<!delivery )(?<!arrival )date of (?:my|the) order"
        r"|when was (?:it|that|this|my order|[\w#-]+) (?:ordered|placed|bought)|(?:date|day) (?:did i|i) (?:order"
        r"|place|bought)\w*",
    ),
    (
        "items",
        r"what (?:did|have) (?:i|we) (?:\w+ )?(?:order|buy|bought)|what i (?:ordered|bought)|what(?:'?s| is| was"
        r"| are) (?:actually )?in (?:it|my|the|that|order|#?[\w-]*\d)"
        r"|(?:which|what) (?:items?|things?|products?|articles?)|contents? of",
    ),
    (
        "total",
        r"how much (?:was|is|did|have)|what (?:did|have) i (?:pay|paid|spen[dt])|\btotal\b|order (?:amount|value)"
        r"|i paid for",
    ),
    (
        "tracking",
        r"\btracking\b(?! (?:my|the|an?|of|says|shows|page|status|info(?:rmation)? (?:says|shows|hasn))\b)"
        r"|track(?:ing)? (?:number|nr|no\b|code|id|link|#)"
        r"|(?:number|code|link) to (?:track|follow)|(?:can|how do|how can) i (?:track|follow) it",
    ),
    (
        "carrier",
        r"\bcarrier\b|\bcourier\b|(?:delivery|shipping|parcel) (?:company|service|firm|provider)"
        rf"|who(?:'?s| is| will| are| does)? (?:\w+ )?(?:deliver|bring|ship|carry|handl)\w*|(?:with|by|via|through"
        rf"|is it) (?:{_CARRIERS})\b|\b(?:{_CARRIERS}) or\b",
    ),
    (
        "when",
        r"\bwhen\b|how (?:much )?(?:long|soon|many (?:more )?days)|(?:what|which) (?:day|date|time)|\beta\b|arrival"
        r"|delivery (?:date|day)"
        r"|(?:estimated|expected|due)\b|(?:will|is|should|gonna|going to)\b.{0,40}\b(?:today|tonight|tomorrow|tmrw"
        r"|this week|next week|weekend|in time|on time"
        r"|by (?:mon|tues|wednes|thurs|fri|satur|sun)day|before)\b",
    ),
)
_DELIVERY = (
    (
        "cutoff",
        r"cut.?off|(?:until|till|by) (?:when|what time)|latest time|(?:ship|dispatch|send|sent|go out"
        r"|leave)\w* (?:out )?(?:it )?(?:the )?(?:same day|today)\b"
        r"|today'?s shipping",
    ),
    (
        "soon",
        r"next.?day|same.?day|overnight|\b(?:by|until|till|before|arrive|here|get it|have it|need it|in time for"
        r"|deliver(?:ed|y)?) (?:tomorrow|tmrw|tonight|today|(?:this|the) (?:week|weekend)|(?:mon|tues|wednes|thurs|fri"
        r"|satur|sun)day)\b",
    ),
    (
        "countries",
        rf"{COUNTRY}|countr(?:y|ies)|abroad|overseas|inter-?national|world.?wide|globally"
        r"|\bi(?:'m| am)? (?:live|based) in\b"
        r"|outside (?:of )?(?:the|europe)"
        r"|\b(?:ship|deliver|send|post|mail)\w*\b(?: \w+){0,3} (?:to|in|within)\b(?! (?:me|my|get|arrive|a (?:po"
        r"|packing)|time|the (?:next|same)))|\b(?:also|and|what about) to \w+",
    ),
    (
        "express",
        r"express|\bfaster\b|quicker|urgent|\brush|priority|expedit\w*|asap"
        r"|need it (?:fast|quick|soon)",
    ),
    (
        "free",
        r"how much (?:do|must|should) (?:i|we) (?:have to |need to |must |should )?(?:spend|order|buy)\b.*\bfree\b"
        r"|(?:when|from|at|above|over) .{0,40}\bfree\b|\bfree\b",
    ),
    (
        "cost",
        r"how much is|how much (?:does|do|for)|how much\W*$|\bcosts?\b|\bfees?\b|charges?\b|\bprices?\b|\bpay(?:ing)?\b"
        r"|expensive|\brates?\b",
    ),
    (
        "time",
        r"how (?:long|fast|quick|soon|many (?:business |working )?days)\w*|\bwhen\b|delivery times?|shipping times?"
        r"|turnaround|speed",
    ),
)
_RETURNS = (
    (
        "when",
        r"return (?:window|period|deadline)|(?:time limit|deadline) (?:for|to)|(?:until|till|by) when"
        r"|how (?:long|many days)\b.{0,20}\b(?:return|send|bring)\b|how (?:long|many days) do i have",
    ),
    (
        "time",
        r"(?:how (?:long|fast|quick|soon|many (?:business |working )?days)|when)\w*\b.{0,60}\b(?:refund\w*|money"
        r"|paid back|reimburs\w*|credit\w*)"
        r"|refunds?\b.{0,20}\b(?:time|take|takes|how long|duration)|and the money",
    ),
    ("cost", r"\bfree\b|\bcosts?\b|who pays|\bpay(?:ing)?\b|\bcharged?\b|\bfees?\b|postage|how much"),
)
_EXCHANGE = (
    "exchange",
    r"exchang\w*|\bswap\w*|\brather have\b|(?:different|bigger|smaller|larger|another|other) (?:size|colou?r)\b",
)
_STOCK = (
    (
        "when",
        r"\bwhen\b|\bhow (?:long|soon)\b|\bbe back\b|back in stock|re-?stock\w*|available again|(?:get|have) more\b",
    ),
    ("count", r"how many|how much (?:stock|is left)|number (?:left|in stock)"),
)
_SIGN_UP = (
    (
        "email",
        r"\b(?:confirmation|activation|verification|reset)\b.{0,12}\b(?:e-?mail|mail|link|code)\b"
        r"|(?:n't|\bnot|\bnever) (?:get|got|receive\w*|see|find|have) (?:\w+ ){0,2}(?:e-?mail|mail|link|code)\b"
        r"|\b(?:e-?mail|mail|link|code)\b.{0,10}(?:n't|\bnot|\bnever) (?:come|came|arrive\w*)"
        r"|\bno (?:e-?mail|mail|link)\b",
    ),
    ("taken", r"already (?:used|taken|registered|exists?|in use|have an account)|\btaken\b"),
)
_PASSWORD = (_SIGN_UP[0],)
_CANCELLING = (
    (
        "time",
        r"how (?:long|soon|quick\w*|late|many (?:hours|days|minutes))|(?:until|till|by) when"
        r"|\bwhen (?:can|could|do|may)\b"
        r"|deadline|time (?:limit|frame|window)",
    ),
    ("cost", r"\bfree\b|\bcosts?\b|charg\w*|\bfees?\b|\bpay(?:ing)?\b|penalt\w+|how much|\bprices?\b|\bmoney\b"),
)
_CONTACT = (
    ("email", r"e-?mail(?: address)?|\bmail (?:you|address)|write (?:to )?you"),
    ("phone", r"(?<!on my )phone|\bcall(?:ing)?\b|telephone|hotline|helpline|\b(?:number|nr)\b|\bring (?:you|up)"),
    (
        "hours",
        r"\bhours?\b|\bopen(?:ing)?\b|\bclosed?\b|what times?|weekends?|until when|(?:public|bank) holiday"
        r"|how (?:fast|quick\w*|soon|long)\b.{0,30}\b(?:answer|reply|respond)\b|(?:response|reply) times?|\bworking\b"
        r"|\bholidays\b|(?:mon|tues|wednes|thurs"
        r"|fri|satur|sun)days?",
    ),
    (
        "address",
        r"\badd?ress?\b|located|location|where (?:are|r) (?:you|u)\b|where(?:'?s| is) (?:your|ur|the) (?:shop|store"
        r"|office|headquarters?|hq)|(?:physical|real|local) (?:shop|store)s?"
        r"|\b(?:a|an|any) (?:\w+ )?(?:shop|store|showroom|branch)s? (?:in|near|where|that i|i can)\b"
        r"|\bbased\b|visit|come by|in person",
    ),
)
_ORDERING = (
    ("phone", r"\b(?:by|over|on) (?:the )?(?:tele)?phone\b|\bcall(?:ing)?\b|\b(?:tele)?phone (?:order|number)"),
)
_PRODUCT = (
    (
        "opinion",
        r"\bany good\b|good quality|worth (?:it|buying|the (?:money|price))|\b(?:you|u) recommend (?:it|this|the)\b",
    ),
    (
        "price",
        r"\bprices?\b|\bcosts?\b|how much (?:is|are|does|do|for|r)\b(?!.*\bweigh)|how much\W*$|expensive"
        r"|\bpriced\b|\bon (?:sale|offer)\b|\breduced\b|\bdiscount\w*",
    ),
    ("sizes", r"\b(?:which|what|other|all|available|bigger|smaller) sizes?\b|\bsizes\b|size (?:chart|guide|range)"),
    ("colours", r"\bcolou?rs?\b|\bshades?\b"),
    (
        "material",
        rf"\bmaterials?\b|\bfabrics?\b|made (?:of|from|out of|with)|(?:real|genuine|pure|faux) (?:{_MATERIALS})\b"
        rf"|is (?:it|this|that|the [\w ]+) (?:{_MATERIALS})\b",
    ),
)  # fmt: skip

_TOPICS: Mapping[str, tuple[tuple[str, re.Pattern[str]], ...]] = MappingProxyType(
    {
        intent: tuple((aspect, re.compile(words, re.IGNORECASE)) for aspect, words in rows)
        for intents, rows in (
            (("order_status",), _ORDER),
            (("delivery_options",), _DELIVERY),
            (("refund_policy",), _RETURNS),
            (("return_or_exchange",), (_EXCHANGE, *_RETURNS)),
            (("availability",), _STOCK),
            (("order_place",), _ORDERING),
            (("cancellation_fee",), _CANCELLING),
            (("contact_info",), _CONTACT),
            (("signup_problem",), _SIGN_UP),
            (("password_reset",), _PASSWORD),
            (("product_question",), _PRODUCT),
        )
        for intent in intents
    }
)
_IN_GENERAL = re.compile(r"\b(?:differences?|differ|compare[sd]?|comparison|versus|vs|better|best)\b", re.IGNORECASE)
_GOOD_FOR = re.compile(r"\b(?:better|best) (?:for|in|when|at)\b", re.IGNORECASE)
_CHEAPER = re.compile(r"\b(?:cheap\w*|expensive|prices?|costs?|afford\w*|money)\b|\bhow much\b", re.IGNORECASE)
_MADE_OF = re.compile(r"\bmaterials?\b|\bfabrics?\b|\bmade (?:of|from)\b", re.IGNORECASE)
_TELLS_ONE = frozenset({"product_question"})  # their general answer names none of the aspects: the first is told


def _slips(word: str) -> set[str]:
    """Return how the word looks with two inner letters swapped, one left out or one doubled."""
    found = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)}
    found |= {word[:at] + word[at + 1 :] for at in range(1, len(word) - 1)}
    return (found | {word[:at] + word[at] + word[at:] for at in range(len(word))}) - {word}


# Words on which the aspect hangs, as they are mistyped; what is a word itself is left alone.
_WORD = re.compile(r"\w+")
_MEANT: Mapping[str, str] = MappingProxyType(
    {
        slip: word
        for word in ("sizes", "colours", "colors", "material", "placed", "ordered", "tracking", "carrier", "courier",
                     "items", "phone", "hotline", "which", "things", "email", "price", "where", "many", "exchange",
                     "refund", "express", "available")
        for slip in _slips(word) - {"paced", "tacking", "pone", "were", "may"}
    }
)  # fmt: skip
_TRAVELLING = frozenset({"shipped", "out for delivery", "delayed"})
_ONLY_IN: Mapping[str, frozenset[str]] = MappingProxyType({"lost": frozenset({"delivered"}), "carrier": _TRAVELLING})


def compared_aspect(text: str) -> str | None:
    """Return what a comparison of two products is about: `price`, `material`, another `property`, or all there is."""
    for aspect, words in (("price", _CHEAPER), ("material", _MADE_OF)):
        if words.search(text):
            return aspect
    return None if _IN_GENERAL.search(_GOOD_FOR.sub("", text)) else "property"


def aspect_of(intent: str, text: str, order_state: str | None = None) -> str | None:
    """Return the one thing (of `nlp.grounding.ASPECTS`) that a message of this intent asks for, if it is one.

    `order_state` is that of the order it is about: only what was delivered can be lost, and only what travels has a
    carrier.
    """
    text = _WORD.sub(lambda match: _MEANT.get(match.group().lower(), match.group()), text)
    found: list[str] = []
    for aspect, words in _TOPICS.get(intent, ()):
        text, times = words.subn(" ; ", text)
        if times:
            found.append(aspect)
    for aspect in ("soon", "express"):  # cost and time are told with these
        if aspect in found:
            return aspect
    if found == ["free", "cost"]:  # the cost tells from what amount on it is none
        return "cost"
    if len(found) > 1 and intent not in _TELLS_ONE:
        return None
    if not found or order_state not in _ONLY_IN.get(found[0], (order_state,)):
        return None
    return found[0]
